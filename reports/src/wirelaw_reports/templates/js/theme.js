/* The theme: the system's, or the one that was chosen. */
function chosenTheme() { try { return localStorage.getItem("wirelaw-theme"); } catch { return null; } }

function applyTheme(name) {
  if (name) document.documentElement.dataset.theme = name; else delete document.documentElement.dataset.theme;
  $("theme").replaceChildren("◐ ", h("span", null, name || "auto"));
  $("theme").setAttribute("aria-label", "Theme: " + (name || "auto"));
  try { if (name) localStorage.setItem("wirelaw-theme", name); else localStorage.removeItem("wirelaw-theme"); } catch { /* private mode */ }
}

$("theme").addEventListener("click", () => {
  const order = [null, "light", "dark"];
  applyTheme(order[(order.indexOf(document.documentElement.dataset.theme || null) + 1) % order.length]);
});
applyTheme(["light", "dark"].includes(chosenTheme()) ? chosenTheme() : null);
