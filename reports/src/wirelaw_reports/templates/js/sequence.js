/* The conversation as a message sequence diagram: a lane for each connection, the implementation at
   the right. Each message is a button that shows its bytes. */
function conversation(row, detail, failed, wanted) {
  const messages = detail.messages;
  const lanes = [...new Set(messages.map((message) => message.conn))];
  const place = (i) => ((i + 0.5) / (lanes.length + 1)) * 100;
  const start = messages[0].time_ns;
  const list = h("ol", { "aria-label": "Messages" });
  const buttons = messages.map((message, i) => messageRow(message, i, lanes, place, start, () => select(i)));
  const side = h("div.inspect", { "aria-live": "polite" });
  const after = failed && failed.message !== null ? failed.message : messages.length - 1;
  buttons.forEach((item, i) => {
    list.append(item);
    if (failed && i === after) {
      list.append(h("li.verdict-line.v-" + row.verdict, null, glyph(row.verdict), h("span.iso", null, `step ${failed.index}, ${failed.text}`)));
    }
  });
  const holder = h("div.talk", null, h("div", null, laneHeads(lanes, place), list), side);
  const narrow = matchMedia("(max-width: 1080px)");
  const seat = (i) => { if (narrow.matches) buttons[i].append(side); else holder.append(side); };
  function select(i, go) {
    if (i < 0 || i >= messages.length) return;
    buttons.forEach((item, k) => item.firstChild.setAttribute("aria-pressed", String(k === i)));
    side.replaceChildren(...inspector(messages[i], i, start));
    seat(i);
    if (go) buttons[i].scrollIntoView({ block: "center" });
  }
  narrow.addEventListener("change", () => { const i = buttons.findIndex((item) => item.firstChild.getAttribute("aria-pressed") === "true"); if (i >= 0) seat(i); });
  const broken = messages.findIndex((message) => message.violation && message.direction === "from_iut");
  const decided = failed && failed.message !== null && messages[failed.message]?.hex ? failed.message : -1;
  const first = wanted !== null ? Number(wanted) : decided >= 0 ? decided : broken >= 0 ? broken : failed ? after : messages.findIndex((message) => message.hex);
  select(Math.min(Math.max(0, first), messages.length - 1), wanted !== null);
  return { element: holder, select };
}

function laneHeads(lanes, place) {
  const heads = h("div", { "aria-hidden": "true" });
  lanes.forEach((name, i) => { const head = h("span", null, name); head.style.left = place(i) + "%"; heads.append(head); });
  const iut = h("span.iut", null, DATA.iut.role);
  iut.style.left = place(lanes.length) + "%";
  heads.append(iut);
  return h("div.lanes", { "aria-hidden": "true" }, h("div"), heads, h("div"));
}

function lifelines(count, place) {
  const line = "linear-gradient(var(--strong), var(--strong))";
  return Array.from({ length: count }, (_, i) => `${line} ${place(i)}% 0 / 1px 100% no-repeat`).join(",");
}

const EVENTS = ["open", "close", "reset"];

function messageRow(message, i, lanes, place, start, select) {
  const from = place(lanes.indexOf(message.conn)), to = place(lanes.length);
  const toIut = message.direction === "to_iut";
  const arrow = h(`span.arrow.${toIut ? "right" : "left"}`);
  const label = h("span.text", null, h("i", null, h("b", null, message.type), " ", h("span.iso", null, shortened(message))));
  for (const part of [arrow, label]) { part.style.left = from + "%"; part.style.width = to - from + "%"; }
  const lane = h("span.lane", null, label, arrow);
  lane.style.background = lifelines(lanes.length + 1, place);
  const kind = message.violation ? (toIut ? ".odd" : ".bad") : EVENTS.includes(message.type) ? ".event" : "";
  return h("li.msg" + kind, null, h("button", { type: "button", "aria-pressed": "false", onclick: select },
    h("span.t", null, millis(message.time_ns - start)),
    spoken(toIut ? `${message.conn} to ${DATA.iut.role}: ` : `${DATA.iut.role} to ${message.conn}: `), lane,
    h("span.f", { title: "packet in the capture" }, message.frame ? "#" + message.frame : "")));
}

function shortened(message) {
  const said = message.summary || "";
  return said.startsWith(message.type) ? said.slice(message.type.length).trim() : said;
}

function millis(nanoseconds) {
  const value = nanoseconds / 1e6;
  return value < 1000 ? value.toFixed(value < 100 ? 1 : 0) + " ms" : (value / 1000).toFixed(2) + " s";
}
