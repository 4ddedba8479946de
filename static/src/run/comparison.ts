// Two runs side by side: the one on the page and one that was kept. Their settings are shown where they differ.
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";
import type { Config } from "../protocol";
import { type Run, lastEpoch, spent } from "./run";
import { type Setting, read, settings } from "../settings/settings";

export class Comparison {
  kept?: Run;
  #button = byId<HTMLButtonElement>("keep");
  #table = byId("compare");
  #current?: Run;

  /** Tells onchange when another run is kept. */
  constructor(onchange: () => void) {
    this.#button.addEventListener("click", () => {
      // That it was kept may hang on what was seen, as a stop may: it is shown at its planned epsilon.
      this.kept = this.#current && { ...this.#current, over: true, steps: [...this.#current.steps], spending: [...this.#current.spending], epochs: [...this.#current.epochs] };
      onchange();
    });
  }

  show(run: Run | undefined) {
    this.#current = run;
    this.#button.disabled = !run || !run.last;
    if (!run) return this.#table.replaceChildren();
    byId("compare-panel").hidden = false;
    if (!this.kept) return;
    const pair = [this.kept, run];
    const cells = (of: (run: Run) => string) => pair.map((r) => el("td", {}, of(r)));
    const row = (name: string, of: (run: Run) => string) => el("tr", {}, el("th", { scope: "row" }, name), ...cells(of));
    const different = settings.filter((s) => new Set(pair.map((r) => written(r.config, s))).size > 1);
    this.#table.replaceChildren(
      el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, "Kept run"), el("th", { scope: "col" }, "This run"))),
      el(
        "tbody",
        {},
        row("Test accuracy", (r) => (lastEpoch(r) ? format.percent(lastEpoch(r)!.accuracy) : "")),
        row("Test loss", (r) => lastEpoch(r)?.loss.toFixed(3) ?? ""),
        row("Epsilon", (r) => (r.planned?.private === false ? "not private" : spent(r) === undefined ? "" : `≤ ${format.epsilon(spent(r)!)}`)),
        ...(this.kept.dataset.name === run.dataset.name ? [] : [row("Data", (r) => r.dataset.title)]),
        ...different.map((s) => row(s.label, (r) => written(r.config, s))),
      ),
    );
  }
}

function written(config: Config, setting: Setting): string {
  const value = read(config, setting);
  if (typeof value === "number") return format.given(value);
  return value === undefined || value === false ? "–" : value === true ? "on" : value;
}
