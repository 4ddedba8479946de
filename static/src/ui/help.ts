// The "?" of a line: a button that unfolds what explains it. Keyboard and touch reach it like any button.
import { el } from "./dom";

export function helpButton(what: string, controls: string): HTMLButtonElement {
  return el("button", { class: "help", type: "button", "aria-expanded": "false", "aria-controls": controls, "aria-label": `About ${what}` }, "?");
}

/** Makes every such button below root work, those that come later too. */
export function listenForHelp(root: HTMLElement) {
  root.addEventListener("click", ({ target }) => {
    const button = (target as Element).closest<HTMLButtonElement>("button.help");
    const text = button && document.getElementById(button.getAttribute("aria-controls")!);
    if (!button || !text) return;
    text.hidden = !text.hidden;
    button.setAttribute("aria-expanded", String(!text.hidden));
  });
}
