/* By case: the filtered list. */
function worstFirst(rows) {
  return [...rows].sort((a, b) => Boolean(a.deviation) - Boolean(b.deviation)
    || WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict) || a.order - b.order);
}

function caseRow(row) {
  const why = row.deviation ? "deviation: " + row.deviation : row.line;
  return h("a.row.v-" + row.verdict, { href: caseLink(row.id) }, glyph(row.verdict),
    h("span", null, spoken(LABEL[row.verdict] + ": "), h("span.id", null, row.id), row.deviation && [" ", h("span.tag", null, "deviation")],
      h("span.what.iso", null, row.title), row.verdict !== "pass" && why && h("span.line.iso", null, why)),
    h("span.side", null, row.verdict === "untested" || row.verdict === "not_applicable" ? "" : seconds(row.seconds)));
}

const SORTS = {
  "": ["Worst first", worstFirst],
  suite: ["Order of the suite", (rows) => rows],
  slow: ["Slowest first", (rows) => [...rows].sort((a, b) => b.seconds - a.seconds)],
};

function viewCases(query) {
  const state = readState(query);
  const rows = h("div.rows");
  const count = h("p.count", { role: "status" });
  const chips = verdictChips(state, () => show());
  chips.fill(new Set(DATA.cases.map((row) => row.verdict)));
  const sort = h("select", { "aria-label": "Order" }, Object.entries(SORTS).map(([key, [name]]) =>
    h("option", { value: key, selected: key === state.sort }, name)));
  sort.addEventListener("change", () => { state.sort = sort.value; show(); });
  const show = () => {
    const words = wordsOf(state.q);
    const wide = DATA.cases.filter((row) => matches(row, words));
    const found = (SORTS[state.sort] || SORTS[""])[1](state.verdicts.size ? wide.filter((row) => state.verdicts.has(row.verdict)) : wide);
    chips.count(wide);
    count.textContent = `${found.length} of ${DATA.cases.length} cases`;
    progressive(rows, found, (row) => caseRow(row));
    if (!found.length) rows.append(h("p.empty", null, "No case matches."));
    writeState("cases", state);
    remember("cases", found.map((row) => row.id));
  };
  const view = h("div", null, h("h2.hidden", null, "Cases"),
    h("div.filters", null, searchBox(state, "Search cases, requirements, causes", show), sort, chips), count, rows);
  show();
  return { view, title: "Cases" };
}
