/* Building pages. Every text goes through visible(), and no markup is ever made from a string, so
   nothing that an implementation sent can script, reorder or hide anything here. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\p{Cs}\u{e0000}-\u{e007f}]/gu;
const GLYPH = {
  pass: "✓", warn: "!", fail: "✗", inconclusive: "?", not_applicable: "–", error: "‼", untested: "○",
};
const LABEL = {
  pass: "pass", warn: "warn", fail: "fail", inconclusive: "inconclusive",
  not_applicable: "not applicable", error: "error", untested: "untested",
};
const WORST = ["fail", "error", "inconclusive", "warn", "untested", "not_applicable", "pass"];

function visible(text) {
  return String(text).replace(UNSAFE, (char) => {
    const code = char.codePointAt(0).toString(16);
    if (code.length <= 2) return "\\x" + code.padStart(2, "0");
    return code.length <= 4 ? "\\u" + code.padStart(4, "0") : "\\U" + code.padStart(8, "0");
  });
}

/* h("a.row", {href}, kids...): kids are texts, elements, lists of both, or null. */
function h(what, attrs, ...kids) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : visible(value));
  }
  element.append(...kids.flat(4).filter((kid) => kid !== null && kid !== undefined && kid !== false)
    .map((kid) => (kid instanceof Node ? kid : visible(kid))));
  return element;
}

const $ = (id) => document.getElementById(id);
const text = (value, tag = "span") => h(tag + ".iso", null, value);
const lines = (value) => value.split("\n").map(visible).join("\n");
const glyph = (verdict) => h("span.glyph.v-" + verdict, { "aria-hidden": "true" }, verdict === "untested" ? "" : GLYPH[verdict]);
const pill = (verdict) => h("span.pill.v-" + verdict, null, glyph(verdict), LABEL[verdict]);
const spoken = (value) => h("span.hidden", null, value);
const plural = (number, name) => `${number} ${name}${number === 1 ? "" : "s"}`;

function seconds(value) {
  if (value < 0.0995) return Math.round(value * 1000) + " ms";
  return value < 60 ? value.toFixed(1) + " s" : Math.floor(value / 60) + ":" + String(Math.round(value % 60)).padStart(2, "0");
}

function say(message) { $("say").textContent = message; }

/* A text with a button that copies it. */
function command(value) {
  const code = h("code", null, value);
  const copy = h("button.copy", { type: "button", onclick: async () => {
    try {
      await navigator.clipboard.writeText(value);
      copy.textContent = "Copied";
      say("Copied");
    } catch {
      getSelection().selectAllChildren(code);
    }
  } }, "Copy");
  return h("div.cmd", null, code, copy);
}
