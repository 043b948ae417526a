/* The smaller views: monitor, changes, deviations, the run itself. */
const CHANGES = [
  ["newly_failing", "Newly failing"], ["newly_passing", "Newly passing"], ["changed", "Changed"],
  ["new_case", "New cases"], ["gone", "Gone"],
];

function table(heads, rows) {
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": heads[0] }, h("table.plain", null,
    h("thead", null, h("tr", null, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", null, rows.map((cells) => h("tr", null, cells.map((cell, i) => h("td", { "data-label": heads[i] }, cell)))))));
}

function viewMonitor() {
  const rows = DATA.monitor_violations;
  const list = h("div");
  if (rows.length) progressive(list, rows, violationBlock); else list.append(h("p.empty", null, "Nothing."));
  const view = h("div", null, h("h2", null, "Seen by the monitor"),
    h("p.why", null, "The monitor judges all traffic of the implementation, also where no step looks. What it sees marks the requirement, not the case that happened to run."),
    h("br"), list);
  return { view, title: "Monitor" };
}

function violationBlock(row) {
  const found = REQUIREMENTS.get(row.requirement);
  const message = { conn: row.conn || "?", direction: "from_iut", time_ns: row.time_ns || 0, type: row.type || "message", summary: row.summary || "",
    hex: row.hex || "", frame: row.frame, tree: null,
    violation: row.offset === null ? null : { requirement: row.requirement, offset: row.offset, length: row.length ?? 1, detail: row.detail } };
  return h("section.card", null, found ? words(row.requirement) : rule(row.requirement),
    row.offset === null && row.detail && h("p.told.iso.v-fail", null, row.detail), inspector(message, 0, 0),
    h("p.facts", null, row.case && h("span", null, "during ", h("a", { href: caseLink(row.case) }, row.case)),
      row.deviation && h("span", null, "deviation: " + row.deviation)));
}

function viewChanges() {
  const told = DATA.comparison;
  if (!told) return { view: h("p.empty", null, "This run was not compared with a baseline."), title: "Changes" };
  const base = told.baseline;
  const part = (rows, link) => CHANGES.map(([key, name]) => {
    const these = rows.filter((row) => row.change === key);
    return these.length > 0 && section(`${name}: ${these.length}`, h("div.rows", null, these.map((row) => changeRow(row, link))));
  }).filter(Boolean);
  const view = h("div.detail", null, h("h2.hidden", null, "Changes"),
    h("p.facts", null, h("span", null, `Compared with the run of ${base.started.slice(0, 16).replace("T", " ")}`), h("span", null, "suite " + base.suite_version),
      base.iut_version && h("span", null, "version " + base.iut_version)),
    h("div.two", null, h("div", null, section("Cases"), part(told.cases, caseLink)), h("div", null, section("Requirements"), part(told.requirements, ruleLink))));
  return { view, title: "Changes" };
}

function changeRow(row, link) {
  const now = row.after || row.before;
  const body = [glyph(now), h("span", null, h("span.id", null, row.id)),
    h("span.side", null, `${row.before ? LABEL[row.before] : "not there"} → ${row.after ? LABEL[row.after] : "not there"}`)];
  return row.after ? h("a.row.v-" + now, { href: link(row.id) }, body) : h("div.row.v-" + now, null, body);
}

const STATES = { applied: "in force", expired: "expired", passing: "passes now: take it out", unused: "names nothing that was run" };

function viewDeviations() {
  const rows = DATA.deviations;
  const list = (names) => names.slice(0, 12).map((name) => h("div", null, CASES.has(name) ? h("a.mono", { href: caseLink(name) }, name) : name));
  const view = h("div", null, h("h2", null, "Deviations"),
    h("p.why", null, "Known failures, each with its reason. A deviation changes no verdict; until it expires it keeps the failure out of the exit status."), h("br"),
    rows.length ? table(["Reason", "State", "What", "Cases", "Owner", "Expires"], rows.map((row) => [text(row.reason),
      h("b" + (row.state === "expired" ? ".tone.v-fail" : ""), null, STATES[row.state]), h("code", null, row.case || row.requirement), list(row.cases), row.owner || "", row.expires || "never"]))
      : h("p.empty", null, "None."));
  return { view, title: "Deviations" };
}

function viewRun() {
  const { run, iut } = DATA;
  const facts = (pairs) => h("dl.kv", null, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
  const pics = Object.entries(iut.pics);
  const view = h("div.detail", null, h("h2.hidden", null, "Run"),
    section("The implementation under test", facts([["Name", iut.name], ["Version", iut.version], ["Role", iut.role], ["Protocol", iut.protocol],
      ["Transport", iut.transport], ["Reached at", iut.url && h("code", null, iut.url)], ["Descriptor", iut.descriptor_sha256 && h("code", null, "sha256 " + iut.descriptor_sha256)]])),
    section("What it claims to support", pics.length ? h("p.key", null, pics.map(([name, on]) => h("span", null, glyph(on ? "pass" : "not_applicable"), name, spoken(on ? ": yes" : ": no")))) : h("p.muted", null, "Nothing was declared.")),
    section("The run", facts([["Id", run.id], ["Started", run.started], ["Took", seconds(run.seconds)], ["Host", run.host], ["wirelaw", run.tool_version], ["Suite", run.suite_version],
      ["Seed", run.seed === null ? null : String(run.seed)], ["Sessions", run.sessions === null ? null : String(run.sessions)], ["Capture", run.capture && captureLink(run.capture)],
      ["Exit status", run.exit && `${run.exit.status}: ${run.exit.reasons.join("; ") || "conforms, as far as tested"}`]])),
    section("Command", command(run.command.join(" "))),
    section("Catalogues", table(["Name", "Version", "Digest"], run.catalogues.map((row) => [row.name, row.version || "", h("code", null, row.sha256 || "")]))));
  return { view, title: "Run" };
}

function missing(kind, id) {
  return { view: h("p.empty", null, `There is no ${kind} `, text(id), " in this run."), title: "Not there" };
}
