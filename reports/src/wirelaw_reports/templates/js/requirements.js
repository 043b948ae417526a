/* By requirement: the section tree, the filtered list, and one requirement with its proofs. */
function ruleRow(row) {
  const more = row.verdict === "pass" || row.verdict === "warn" ? null : row.violations[0]?.detail || row.reason;
  return h("a.row.v-" + row.verdict, { href: ruleLink(row.id) }, glyph(row.verdict),
    h("span", null, spoken(LABEL[row.verdict] + ": "), h("span.id", null, row.id), " ", h("span.tag", null, row.level),
      h("span.what", null, row.statement), more && h("span.line.iso", null, more)),
    h("span.side", null, row.cases.length ? plural(row.cases.length, "case") : ""));
}

function viewRequirements(query) {
  const state = readState(query);
  const rows = h("div.rows");
  const count = h("p.count", { role: "status" });
  const tree = h("nav.tree", { "aria-label": "Sections" });
  const chips = verdictChips(state, () => show());
  const levels = h("div.seg", { role: "group", "aria-label": "Level" }, ["", "MUST", "SHOULD", "MAY"].map((name) =>
    h("button", { type: "button", "data-level": name, onclick: () => { state.level = name; show(); } }, name || "All")));
  chips.fill(new Set(DATA.requirements.map((row) => row.verdict)));
  const show = () => {
    const words = wordsOf(state.q);
    const wide = DATA.requirements.filter((row) => (!state.level || level(row) === state.level) && matches(row, words));
    const inside = wide.filter((row) => !state.section || row.section === state.section || row.section.startsWith(state.section + "."));
    const found = state.verdicts.size ? inside.filter((row) => state.verdicts.has(row.verdict)) : inside;
    chips.count(inside);
    for (const button of levels.children) button.setAttribute("aria-pressed", button.dataset.level === state.level);
    count.textContent = `${found.length} of ${DATA.requirements.length} requirements`;
    found.sort((a, b) => bySection(a.section, b.section) || a.order - b.order);
    progressive(rows, found, (row, before) => [
      (!before || before.section !== row.section) && groupHead(row.section, found),
      ruleRow(row),
    ].filter(Boolean));
    if (!found.length) rows.append(h("p.empty", null, "No requirement matches."));
    buildTree(tree, wide, state, show);
    writeState("requirements", state);
    remember("requirements", found.map((row) => row.id));
  };
  const view = h("div.split", null, tree, h("div", null,
    h("h2.hidden", null, "Requirements"),
    h("div.filters", null, searchBox(state, "Search requirements", show), levels, chips), count, rows));
  show();
  return { view, title: "Requirements" };
}

function groupHead(section, found) {
  const here = found.filter((row) => row.section === section);
  const tested = here.filter((row) => ["pass", "warn", "fail"].includes(row.verdict)).length;
  return h("div.group", null, h("h3", null, section + " " + (DATA.sections[section] || "")),
    h("span", null, `${tested} of ${here.length} tested`));
}

function buildTree(tree, rows, state, show) {
  const nodes = new Map();
  for (const row of rows) for (const name of row.section ? ancestors(row.section) : []) {
    const node = nodes.get(name) || { bad: 0 };
    if (row.verdict === "fail") node.bad++;
    nodes.set(name, node);
  }
  const open = state.section ? ancestors(state.section) : [];
  const shown = [...nodes.keys()].sort(bySection).filter((name) => {
    const above = ancestors(name).slice(0, -1);
    return above.length < 2 || above.every((each) => open.includes(each));
  });
  const link = (name, label, title, bad) => h(`a.d${name ? Math.min(4, ancestors(name).length) : 1}`, {
    href: "#/requirements" + (name ? "?section=" + name : ""), "aria-current": state.section === name ? "true" : null,
    onclick: (event) => { event.preventDefault(); state.section = state.section === name ? "" : name; show(); },
  }, h("span.num", null, label), h("span.t", null, title), bad > 0 && h("span.bad", { title: plural(bad, "broken requirement") }, String(bad)));
  const opened = tree.classList.contains("open");
  tree.replaceChildren(
    h("button.copy", { type: "button", "aria-expanded": String(opened), onclick: (event) => {
      event.currentTarget.setAttribute("aria-expanded", String(tree.classList.toggle("open")));
    } }, state.section ? `Section ${state.section}` : "Sections"),
    h("ul", null, h("li", null, link("", "All", "", 0)),
      shown.map((name) => h("li", null, link(name, name, DATA.sections[name] || "", nodes.get(name).bad)))));
}

function viewRule(id) {
  const row = REQUIREMENTS.get(id);
  if (!row) return missing("requirement", id);
  const view = h("article.detail.v-" + row.verdict, null, crumbs("requirements", "Requirements", id, ruleLink),
    pill(row.verdict), " ", h("span.tag", null, row.level),
    row.origin !== "official" && [" ", h("span.tag", { title: "The specification gives it no number; this id was made from its section." }, row.origin)],
    h("h2", null, id), h("p.lead", null, row.statement),
    row.reason && h("p.why.iso", null, row.reason),
    h("p.facts", null, h("a", { href: "#/requirements?section=" + encodeURIComponent(row.section) }, `Section ${row.section} ${DATA.sections[row.section] || ""}`)),
    row.violations.length > 0 && h("section", null, h("h3", null, "Where it was broken"),
      h("div.rows", null, row.violations.map(proofRow))),
    h("section", null, h("h3", null, row.cases.length ? plural(row.cases.length, "case") + " that test it" : "No case of this run tests it"),
      h("div.rows", null, worstFirst(row.cases.map((name) => CASES.get(name))).map(caseRow))));
  return { view, title: id };
}

function proofRow(proof) {
  const where = [proof.frame && `packet ${proof.frame}`, proof.offset !== null && `byte ${proof.offset}`].filter(Boolean).join(", ");
  const words = h("span", null, h("span.id", null, proof.source === "monitor" ? "seen by the monitor" : proof.case),
    h("span.what.iso", null, proof.detail || ""));
  const target = proof.source === "monitor" ? "#/monitor" : caseLink(proof.case) + (proof.message !== null ? `?m=${proof.message}` : "");
  return h("a.row.v-fail", { href: target }, glyph("fail"), words, h("span.side", null, where));
}
