/* Long lists: what is on the screen is built at once, the rest as it is scrolled to. */
const BATCH = 80;
let watcher = null;

function progressive(holder, rows, build) {
  if (watcher) watcher.disconnect();
  holder.replaceChildren();
  let next = 0;
  const sentinel = h("div", { "aria-hidden": "true" });
  const more = () => {
    const batch = rows.slice(next, next + BATCH).map((row, i) => build(row, rows[next + i - 1]));
    next += batch.length;
    sentinel.before(...batch.flat());
    if (next >= rows.length) { watcher?.disconnect(); sentinel.remove(); }
  };
  holder.append(sentinel);
  watcher = new IntersectionObserver((seen) => { if (seen.some((entry) => entry.isIntersecting)) more(); },
    { rootMargin: "1200px" });
  more();
  if (next < rows.length) watcher.observe(sentinel);
  holder.more = () => { if (next < rows.length) more(); return next < rows.length; };
}

/* The state of a list lives in the address, so that it can be sent to somebody. */
function readState(query) {
  const params = new URLSearchParams(query);
  return {
    q: params.get("q") || "",
    level: params.get("level") || "",
    section: params.get("section") || "",
    sort: params.get("sort") || "",
    verdicts: new Set((params.get("verdict") || "").split(",").filter(Boolean)),
  };
}

function writeState(path, state) {
  const params = new URLSearchParams();
  for (const name of ["q", "level", "section", "sort"]) if (state[name]) params.set(name, state[name]);
  if (state.verdicts.size) params.set("verdict", [...state.verdicts].join(","));
  const query = params.toString();
  history.replaceState(null, "", "#/" + path + (query ? "?" + query : ""));
}

function searchBox(state, label, changed) {
  const input = h("input", { type: "search", id: "q", placeholder: label, "aria-label": label, autocomplete: "off",
    spellcheck: "false" });
  input.value = state.q;
  input.addEventListener("input", () => { state.q = input.value; changed(); });
  return h("div.search", null, input, h("kbd", { "aria-hidden": "true" }, "/"));
}

/* Buttons for the verdicts that there are, with how many each would show. */
function verdictChips(state, changed) {
  const holder = h("div.chips", { role: "group", "aria-label": "Verdicts" });
  const chips = new Map();
  holder.count = (rows) => {
    const counts = {};
    for (const row of rows) counts[row.verdict] = (counts[row.verdict] || 0) + 1;
    for (const [verdict, chip] of chips) {
      chip.lastChild.textContent = String(counts[verdict] || 0);
      chip.setAttribute("aria-pressed", state.verdicts.has(verdict));
    }
  };
  holder.fill = (present) => {
    for (const verdict of WORST.filter((each) => present.has(each))) {
      const chip = h("button.chip.v-" + verdict, { type: "button", "aria-pressed": "false", onclick: () => {
        state.verdicts.has(verdict) ? state.verdicts.delete(verdict) : state.verdicts.add(verdict);
        changed();
      } }, h("span.swatch.v-" + verdict), LABEL[verdict] + " ", h("b", null, "0"));
      chips.set(verdict, chip);
      holder.append(chip);
    }
  };
  return holder;
}

function matches(row, words) { return words.every((word) => row.hay.includes(word)); }

const wordsOf = (query) => query.toLowerCase().split(/\s+/).filter(Boolean);
