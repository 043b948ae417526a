/* The first view: the map of the specification, what is broken, what changed. */
function overview() {
  for (const part of document.querySelectorAll(".bar i")) part.style.flexGrow = part.dataset.n;
  $("more").replaceChildren(...[changesBlock(), brokenBlock(), mapBlock()].filter(Boolean));
}

function block(title, note, ...kids) {
  return h("section.block", null, h("header", null, h("h2", null, title), note && h("span.muted", null, note)), kids);
}

function brokenBlock() {
  const rules = ["MUST", "SHOULD", "MAY"].flatMap((name) => DATA.requirements.filter((row) => row.verdict === "fail" && level(row) === name));
  const cases = worstFirst(DATA.cases.filter((row) => ["fail", "error", "inconclusive", "warn"].includes(row.verdict)));
  if (!rules.length && !cases.length) return null;
  return h("div.block.two", null,
    rules.length > 0 && h("section", null, h("header", null, h("h2", null, "Broken requirements")),
      h("div.rows", null, rules.slice(0, 6).map((row) => ruleRow(row))),
      rules.length > 6 && h("a.more", { href: "#/requirements?verdict=fail" }, `All ${rules.length} broken requirements`)),
    cases.length > 0 && h("section", null, h("header", null, h("h2", null, "Cases to look at")),
      h("div.rows", null, cases.slice(0, 6).map((row) => caseRow(row))),
      cases.length > 6 && h("a.more", { href: "#/cases?verdict=fail,error,inconclusive,warn" }, `All ${cases.length} cases that did not pass`)));
}

function changesBlock() {
  if (!DATA.comparison) return null;
  const counts = {};
  for (const row of DATA.comparison.cases) counts[row.change] = (counts[row.change] || 0) + 1;
  const told = CHANGES.filter(([key]) => counts[key]).map(([key, name]) => `${counts[key]} ${name.toLowerCase()}`);
  return block("Since the baseline", DATA.comparison.baseline.started.slice(0, 10),
    h("p", null, told.length ? told.join(", ") + ". " : "No case changed. ", h("a", { href: "#/changes" }, "See the changes")));
}

function mapBlock() {
  const groups = new Map();
  for (const row of DATA.requirements) {
    const head = row.section.split(".").slice(0, 2).join(".");
    if (!groups.has(head)) groups.set(head, []);
    groups.get(head).push(row);
  }
  const map = h("div.map", { role: "group", "aria-label": "All requirements by section" });
  for (const head of [...groups.keys()].sort(bySection)) {
    map.append(h("div.name", null, h("b", null, head), " ", DATA.sections[head] || ""),
      h("div.cells", null, groups.get(head).map((row) => h(`a.cell.v-${row.verdict}.l-${level(row)}`,
        { href: ruleLink(row.id), tabindex: "-1", title: `${row.id}: ${LABEL[row.verdict]}`,
          "aria-label": `${row.id}, ${row.level}, ${LABEL[row.verdict]}` }))));
  }
  roving(map, ".cell");
  return block("The specification", plural(DATA.requirements.length, "requirement") + ", one mark each", mapKey(), h("br"), map);
}

function mapKey() {
  const present = WORST.filter((verdict) => DATA.requirements.some((row) => row.verdict === verdict));
  const mark = (shape) => h(`span.cell.shape.${shape}`);
  return h("p.key", { "aria-hidden": "true" },
    h("span", null, mark("l-MUST"), "MUST"), h("span", null, mark("l-SHOULD"), "SHOULD"), h("span", null, mark("l-MAY"), "MAY"),
    present.map((verdict) => h("span", null, h("span.cell.v-" + verdict), LABEL[verdict])));
}

/* One stop for the Tab key, arrows inside. */
function roving(holder, selector) {
  const all = () => [...holder.querySelectorAll(selector)];
  const first = holder.querySelector(selector);
  if (first) first.tabIndex = 0;
  holder.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const items = all();
    const to = items[items.indexOf(document.activeElement) + step];
    if (!to) return;
    event.preventDefault();
    items.forEach((item) => { item.tabIndex = -1; });
    to.tabIndex = 0;
    to.focus();
  });
}
