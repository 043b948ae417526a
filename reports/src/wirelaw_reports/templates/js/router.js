/* Addresses, keys, and what was looked at before. */
const lists = { requirements: DATA.requirements.map((row) => row.id), cases: worstFirst(DATA.cases).map((row) => row.id) };
const addresses = {}, scrolls = new Map();
let here = null;

function remember(name, ids) { lists[name] = ids; addresses[name] = here = location.hash; }

function crumbs(name, title, id, link) {
  const ids = lists[name], at = ids.indexOf(id);
  const go = (to, label, key) => (ids[to] && at >= 0 ? h("a", { href: link(ids[to]), "data-key": key }, label) : null);
  return h("nav.crumbs", { "aria-label": "Neighbours" }, h("a", { href: addresses[name] || "#/" + name, "data-key": "Escape" }, "← " + title),
    h("span.nav", null, go(at - 1, "Previous", "p"), at >= 0 && h("span.muted", null, `${at + 1} of ${ids.length}`), go(at + 1, "Next", "n")));
}

const ROUTES = { requirements: viewRequirements, cases: viewCases, monitor: viewMonitor, changes: viewChanges, deviations: viewDeviations, run: viewRun };
const TITLE = document.title;

function route() {
  if (here !== null) scrolls.set(here, scrollY);
  const fresh = here === null;
  here = location.hash;
  const [path, query = ""] = here.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [head, ...rest] = path.split("/");
  const id = safeDecode(rest.join("/"));
  const made = head === "r" ? viewRule(id) : head === "c" ? viewCase(id, query) : ROUTES[head] ? ROUTES[head](query) : null;
  document.body.classList.toggle("inner", Boolean(made));
  $("overview").hidden = Boolean(made);
  $("view").hidden = !made;
  $("view").replaceChildren(...(made ? [made.view] : []));
  here = location.hash;
  document.title = made ? visible(made.title) + " · " + TITLE : TITLE;
  const tab = { r: "requirements", c: "cases" }[head] || (made ? head : "");
  for (const link of $("tabs").querySelectorAll("a")) {
    const current = link.getAttribute("href") === "#/" + tab;
    if (current) { link.setAttribute("aria-current", "page"); $("tabs").scrollLeft = link.parentNode.offsetLeft - 40; } else link.removeAttribute("aria-current");
  }
  settle();
  if (!fresh) { $("main").focus({ preventScroll: true }); say(document.title); }
}

/* Back to where one was on a page; at the top of the content on a new one. */
function settle() {
  const saved = scrolls.get(here);
  if (saved !== undefined) scrollTo(0, saved);
  else if (here !== "" && here !== "#/") { const top = document.querySelector(".tabs").offsetTop; if (scrollY > top) scrollTo(0, top); }
}

function safeDecode(value) { try { return decodeURIComponent(value); } catch { return value; } }

function moveRow(step) {
  const view = $("view").hidden ? $("overview") : $("view");
  const items = [...view.querySelectorAll("a.row, .msg > button")];
  const at = items.indexOf(document.activeElement);
  const to = items[at < 0 ? 0 : at + step];
  if (!to) return;
  to.focus();
  to.scrollIntoView({ block: "nearest" });
  if (to.matches(".msg > button")) to.click();
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const typing = event.target.matches("input, select, textarea");
  if (typing) { if (event.key === "Escape") event.target.blur(); return; }
  const link = document.querySelector(`#view [data-key="${CSS.escape(event.key)}"]`);
  if (link) { event.preventDefault(); link.click(); return; }
  if (event.key === "/") {
    event.preventDefault();
    if (!$("q")) location.hash = "#/cases";
    setTimeout(() => $("q")?.focus(), 0);
  } else if (event.key === "j" || event.key === "k") moveRow(event.key === "j" ? 1 : -1);
  else if (event.key === "?") $("keys").showModal();
  else if (/^[1-9]$/.test(event.key)) $("tabs").querySelectorAll("a")[Number(event.key) - 1]?.click();
});
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
$("help").addEventListener("click", () => $("keys").showModal());
addEventListener("hashchange", route);
history.scrollRestoration = "manual";
overview();
route();
