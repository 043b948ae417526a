/* One case: what was expected, the steps, the conversation, the bytes. */
function viewCase(id, query) {
  const row = CASES.get(id);
  if (!row) return missing("case", id);
  const rest = h("div", null, h("p.empty", null, "Unpacking…"));
  const view = h("article.detail.v-" + row.verdict, null, crumbs("cases", "Cases", id, caseLink),
    pill(row.verdict), h("h2.iso", null, id), h("p.lead.iso", null, row.title),
    row.deviation && h("p.why.iso", null, h("b", null, "Deviation: "), row.deviation), rest);
  const wanted = new URLSearchParams(query).get("m");
  details(row).then((detail) => { rest.replaceChildren(...caseParts(row, detail, wanted)); settle(); },
    () => rest.replaceChildren(h("p.empty", null, "This browser can't unpack the details (it lacks DecompressionStream). They are in results.json.")));
  return { view, title: id };
}

function caseParts(row, detail, wanted) {
  const failed = detail.steps.find((step) => step.index === row.failed_step);
  const talk = detail.messages.length ? conversation(row, detail, failed, wanted) : null;
  return [
    row.verdict !== "pass" && diff(row, failed),
    section("What the specification asks", row.requirements.map(words)),
    talk && section("Conversation", talk.element),
    detail.steps.length > 0 && section("Steps", h("ol.steps", null, detail.steps.map((step) => stepRow(step, talk)))),
    section("Evidence", evidence(row, detail)),
    detail.log && section("What the implementation wrote meanwhile", h("pre.log", { tabindex: "0" }, logText(detail.log))),
  ].filter(Boolean);
}

function section(title, ...kids) { return h("section", null, h("h3", null, title), kids); }

function logText(log) {
  const holder = document.createElement("span");
  holder.textContent = lines(log);
  return holder;
}

function diff(row, failed) {
  if (failed?.expected || failed?.got) {
    return h("dl.diff.v-" + row.verdict, null,
      h("div", null, h("dt", null, "EXPECTED"), h("dd.iso", null, failed.expected || failed.text)),
      h("div.got", null, h("dt", null, "GOT" + (row.cause ? " (" + row.cause + ")" : "")), h("dd.iso", null, failed.got || failed.detail || "nothing")));
  }
  return row.line ? h("p.told.iso.v-" + row.verdict, null, row.line) : null;
}

function words(id) {
  const found = REQUIREMENTS.get(id);
  if (!found) return h("p", null, id);
  return h("div.words.v-" + found.verdict, null, h("p", null, found.statement), h("div", null, rule(id), " ", h("span.tag", null, found.level), " ",
    h("span.muted", null, `${found.section} ${DATA.sections[found.section] || ""}`)));
}

function stepRow(step, talk) {
  return h("li.v-" + step.verdict, null, glyph(step.verdict), h("span.conn", null, step.conn || ""),
    h("span", null, spoken(LABEL[step.verdict] + ": "), text(step.text), step.requirement && h("span.bound", null, rule(step.requirement)),
      step.detail && h("span.what.iso.muted", null, step.detail)),
    step.message !== null && talk ? h("button.at", { type: "button", onclick: () => talk.select(step.message, true) }, "show message") : h("span"));
}

function evidence(row, detail) {
  const facts = h("dl.kv");
  const add = (name, ...value) => facts.append(h("dt", null, name), h("dd", null, value));
  if (detail.capture) {
    const { file, first, last } = detail.capture;
    add("Packets", `${first} to ${last} of `, captureLink(file));
    add("Display filter", h("code", null, `frame.number >= ${first} && frame.number <= ${last}`));
  }
  add("Time", seconds(row.seconds));
  if (detail.repeat) add("Again, alone", command(detail.repeat));
  return facts;
}

/* Only a plain file name beside this page becomes a link. */
function captureLink(file) {
  return /^[\w-][\w.-]*$/.test(file) ? h("a", { href: file }, file) : text(file);
}
