/* One message: its bytes, the decoded tree beside them, the byte that is wrong. */
const WIDTH = 8, FIRST = 512;

function inspector(message, i, start) {
  const broken = message.violation;
  const head = h("div.head", null, h("b", null, message.type),
    h("span.muted", null, message.direction === "to_iut" ? `${message.conn} → ${DATA.iut.role}` : `${DATA.iut.role} → ${message.conn}`),
    h("span.muted", null, millis(message.time_ns - start)),
    message.frame && h("span.muted", null, `packet ${message.frame}`));
  const parts = [head, h("p.iso", null, message.summary)];
  if (broken) {
    const meant = message.direction === "to_iut";
    parts.push(h(meant ? "p.broken.odd" : "p.broken", null, meant && "Sent on purpose. ", h("b", null, broken.length === 0 ? `Missing at byte ${broken.offset}: ` : `Byte ${broken.offset}: `),
      broken.detail || "", " ", rule(broken.requirement)));
  }
  if (message.hex) parts.push(wireView(message));
  return parts;
}

function wireView(message) {
  const bytes = message.hex.match(/../g);
  const broken = message.violation;
  const isBad = (at) => broken && at >= broken.offset && at < broken.offset + Math.max(1, broken.length);
  const wrong = message.direction === "to_iut" ? "span.b.odd" : "span.b.bad";
  const dump = h("div.hex", { tabindex: "0", role: "region", "aria-label": plural(bytes.length, "byte") });
  const cells = [];
  const enough = broken ? Math.max(FIRST, broken.offset + 64) : FIRST;
  const fill = (until) => {
    for (let at = cells.length; at < Math.min(until, bytes.length); at += WIDTH) dump.append(hexRow(bytes, at, (i) => (isBad(i) ? wrong : "span.b"), cells), "\n");
  };
  fill(enough);
  const fields = message.tree ? tree(message.tree, broken, (span) => mark(cells, span)) : null;
  if (fields) linkBytes(dump, message.tree, fields);
  const rest = bytes.length > cells.length && h("button.copy", { type: "button", onclick: (event) => { fill(bytes.length); event.target.remove(); } },
    `Show all ${bytes.length} bytes`);
  return h("div.wire", null, h("div", null, dump, rest), fields && fields.element);
}

function hexRow(bytes, at, kindOf, cells) {
  const row = document.createDocumentFragment();
  row.append(h("span.off", null, at.toString(16).padStart(4, "0") + "  "));
  const ascii = document.createDocumentFragment();
  for (let i = at; i < at + WIDTH; i++) {
    if (i >= bytes.length) { row.append("   "); continue; }
    const code = parseInt(bytes[i], 16);
    const kind = kindOf(i);
    const byte = h(kind, { "data-at": i }, bytes[i]);
    const char = h(kind, { "data-at": i }, code >= 32 && code < 127 ? String.fromCharCode(code) : "·");
    cells.push([byte, char]);
    row.append(byte, " ");
    ascii.append(char);
  }
  row.append(" ", ascii);
  return row;
}

function mark(cells, span) {
  cells.forEach((pair, at) => pair.forEach((cell) => cell.classList.toggle("on", span !== null && at >= span.at && at < span.at + span.len)));
}

/* The fields as nested lists of buttons. */
function tree(spans, broken, show) {
  const kids = new Map();
  spans.forEach((span, i) => { const key = span.parent ?? -1; kids.set(key, [...(kids.get(key) || []), i]); });
  const bad = broken ? deepest(spans, broken.offset) : -1;
  const buttons = [];
  let pinned = -1;
  const press = (i) => {
    pinned = pinned === i ? -1 : i;
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(k === pinned)));
    show(pinned < 0 ? null : spans[pinned]);
  };
  const item = (i, depth) => {
    const span = spans[i];
    buttons[i] = h("button", { type: "button", "aria-pressed": "false", onclick: () => press(i),
      onpointerenter: () => show(span), onpointerleave: () => show(pinned < 0 ? null : spans[pinned]), onfocus: () => show(span) },
    h("span.name.iso", null, span.name), span.value !== null && [" ", h("span.val.iso", null, clipped(span.value))],
    h("span.range", null, span.len === 1 ? `${span.at}` : `${span.at}+${span.len}`));
    return h("li" + (i === bad ? ".bad" : ""), null, buttons[i], depth < 40 && kids.has(i) && h("ul", null, kids.get(i).map((kid) => item(kid, depth + 1))));
  };
  const element = h("div.fields", { role: "group", "aria-label": "Fields" }, h("ul", null, (kids.get(-1) || []).map((i) => item(i, 0))));
  return { element, press, buttons };
}

function clipped(value) {
  const said = String(value);
  return said.length > 300 ? said.slice(0, 300) + "…" : said;
}

/* The innermost field that holds a byte. */
function deepest(spans, at) {
  let found = -1;
  spans.forEach((span, i) => {
    const holds = at >= span.at && at < span.at + span.len;
    if (holds && (found < 0 || span.len <= spans[found].len)) found = i;
  });
  return found;
}

function linkBytes(dump, spans, fields) {
  dump.addEventListener("click", (event) => {
    const at = event.target.dataset?.at;
    if (at === undefined) return;
    const i = deepest(spans, Number(at));
    if (i >= 0) { fields.press(i); fields.buttons[i].scrollIntoView({ block: "nearest" }); }
  });
}
