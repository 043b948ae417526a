/* Runs side by side: a column for each, a row for each requirement or case. */
const DATA = JSON.parse($("index").textContent);
const CODES = { p: "pass", w: "warn", f: "fail", i: "inconclusive", n: "not_applicable", e: "error", u: "untested" };
const asked = new URLSearchParams(location.hash.split("?")[1] || "");
const state = {
  q: asked.get("q") || "",
  level: asked.get("level") || "",
  rows: asked.get("rows") === "cases" ? "cases" : "requirements",
  show: ["differ", "fail"].includes(asked.get("show")) ? asked.get("show") : "all",
  table: Math.min(Math.max(0, Number(asked.get("table")) || 0), DATA.tables.length - 1),
};

for (const table of DATA.tables) {
  for (const row of [...table.requirements, ...table.cases]) row.hay = (row.id + "\n" + row.words + "\n" + row.section).toLowerCase();
}

function head(run) {
  const count = run.must;
  const bar = h("div.bar", { role: "img", "aria-label": `MUST: ${count.good} of ${count.applicable} hold` },
    Object.entries(count.verdicts).filter(([, n]) => n).map(([verdict, n]) => { const part = h("i.v-" + verdict); part.style.flexGrow = n; return part; }));
  return h("th", { scope: "col" }, h("b.iso", null, run.href ? h("a", { href: run.href }, run.name) : run.name), h("small.iso", null, run.version || ""),
    DATA.dated && h("small", null, run.started.slice(0, 16).replace("T", " ")), h("small", null, `${count.good} of ${count.applicable} MUST`), bar);
}

function cellOf(code, row, run) {
  const verdict = CODES[code];
  if (!verdict) return h("td", null, spoken("no such row"));
  const target = run.href && run.href + (state.rows === "cases" ? "#/c/" : "#/r/") + encodeURIComponent(row.id);
  const inside = [h("span", { "aria-hidden": "true" }, GLYPH[verdict]), spoken(LABEL[verdict])];
  const title = `${run.name}: ${LABEL[verdict]}`;
  return h("td", null, target ? h("a.mark.v-" + verdict, { href: target, title }, inside) : h("span.mark.v-" + verdict, { title }, inside));
}

function wanted(row, words) {
  if (state.level && row.group !== state.level) return false;
  if (state.show === "fail" && !/[fe]/.test(row.cells)) return false;
  if (state.show === "differ" && new Set(row.cells.replace(/[ nu]/g, "")).size < 2) return false;
  return matches(row, words);
}

function show() {
  const table = DATA.tables[state.table];
  const words = wordsOf(state.q);
  const all = table[state.rows];
  const found = all.filter((row) => wanted(row, words));
  $("count").textContent = `${found.length} of ${all.length} ${state.rows}, ${plural(table.runs.length, "run")}`;
  const body = h("tbody");
  const element = h("table.matrix", null, h("thead", null, h("tr", null, h("th", { scope: "col" }, state.rows === "cases" ? "Case" : "Requirement"), table.runs.map(head))), body);
  $("holder").replaceChildren(element);
  fillRows(body, found, table);
  if (!found.length) $("holder").append(h("p.empty", null, "Nothing matches."));
  for (const button of document.querySelectorAll("[data-key]")) button.setAttribute("aria-pressed", String(state[button.dataset.key] === button.dataset.value));
  save();
}

/* As many rows as a look needs now, the others while the page idles or is scrolled. */
function fillRows(body, found, table) {
  let next = 0;
  const turn = show.turn = (show.turn || 0) + 1;
  const more = () => {
    if (turn !== show.turn) return;
    for (const row of found.slice(next, next + 60)) {
      const before = found[next - 1];
      if (state.rows === "requirements" && (!before || before.section !== row.section)) {
        body.append(h("tr.section", null, h("th", { scope: "rowgroup", colspan: table.runs.length + 1 }, `${row.section} ${DATA.sections[row.section] || ""}`)));
      }
      body.append(h("tr", null, h("th", { scope: "row" }, h("span.id", null, row.id), row.level && h("span.tag", null, row.level), h("span.what", { title: row.words }, row.words)),
        table.runs.map((run, i) => cellOf(row.cells[i], row, run))));
      next++;
    }
    if (next < found.length) setTimeout(more, 0);
  };
  more();
}

function save() {
  const params = new URLSearchParams();
  if (state.table) params.set("table", state.table);
  if (state.rows !== "requirements") params.set("rows", state.rows);
  if (state.level) params.set("level", state.level);
  if (state.show !== "all") params.set("show", state.show);
  if (state.q) params.set("q", state.q);
  const query = params.toString();
  history.replaceState(null, "", query ? "#/?" + query : "#/");
}

function segment(key, label, options) {
  return h("div.seg", { role: "group", "aria-label": label }, options.map(([value, name]) =>
    h("button", { type: "button", "data-key": key, "data-value": value, "aria-pressed": "false", onclick: () => { state[key] = value; show(); } }, name)));
}

$("tabs").append(...DATA.tables.map((table, i) => h("li", null, h("a", { href: "#/?table=" + i, onclick: (event) => {
  event.preventDefault();
  state.table = i;
  [...$("tabs").querySelectorAll("a")].forEach((link, k) => (k === i ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current")));
  show();
}, "aria-current": i === state.table ? "page" : null }, table.name, h("span.n", null, String(table.runs.length))))));
$("filters").append(searchBox(state, "Search", show),
  segment("rows", "Rows", [["requirements", "Requirements"], ["cases", "Cases"]]),
  segment("level", "Level", [["", "All"], ["MUST", "MUST"], ["SHOULD", "SHOULD"], ["MAY", "MAY"]]),
  segment("show", "Show", [["all", "Everything"], ["differ", "Differences"], ["fail", "Failures"]]));
addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input, select")) { event.preventDefault(); $("q").focus(); }
  if (event.key === "Escape" && event.target.matches("input")) event.target.blur();
});
show();
