// Light or dark: what the system prefers, until the person chooses. Runs before the page is drawn, so nothing flashes.
const key = "cloister-theme";
const root = document.documentElement;

// A browser may refuse storage altogether; the choice then lasts as long as the page.
function remembered(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(theme: string) {
  try {
    localStorage.setItem(key, theme);
  } catch {}
}

const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

const chosen = remembered();
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  if (!button) return;
  const press = () => button.setAttribute("aria-pressed", String(isDark()));
  const show = () => {
    press();
    document.dispatchEvent(new CustomEvent("themechange")); // charts are drawn on canvas: they ask for their colours again
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    show();
  });
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", show);
  // Paper is light, whatever the screen was.
  let screen: string | undefined;
  addEventListener("beforeprint", () => {
    screen = root.dataset.theme;
    root.dataset.theme = "light";
    show();
  });
  addEventListener("afterprint", () => {
    if (screen) root.dataset.theme = screen;
    else delete root.dataset.theme;
    show();
  });
  press();
});
