// Finished runs, which stay beside the next one until they are discarded, and two of them side by side. Settings are
// shown where they differ.
import type { Config } from "../protocol";
import { type Setting, modelTitle, read, settings } from "../settings/settings";
import { type PageEvent, type State, busy } from "../state/model";
import { type Run, isPrivate, lastEpoch, spent } from "../state/run";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";

export class KeptRuns {
  #dispatch: (event: PageEvent) => void;
  #list = byId("kept");
  #table = byId("compare");
  #shown: unknown[] = [];

  constructor(dispatch: (event: PageEvent) => void) {
    this.#dispatch = dispatch;
  }

  show(state: State) {
    const { kept, compared, run, dataset } = state;
    byId("compare-panel").hidden = kept.length === 0;
    const now = [kept, compared, run, dataset, busy(state)];
    if (now.every((part, i) => part === this.#shown[i])) return;
    this.#shown = now;
    this.#list.replaceChildren(...kept.map((k) => this.#row(k, state)));
    const beside = kept.find((k) => k.id === compared);
    this.#table.parentElement!.hidden = !beside || !run?.planned;
    this.#table.replaceChildren(...(beside && run?.planned ? table(beside, run) : []));
  }

  #row(run: Run, state: State): HTMLElement {
    const { compared, dataset } = state;
    const button = (words: string, event: PageEvent, disabled = false) => el("button", { type: "button", class: "quiet", disabled, click: () => this.#dispatch(event) }, words);
    const drawn = run.id === compared;
    const show = el("input", { type: "checkbox", checked: drawn, id: `kept-${run.id}`, change: () => this.#dispatch({ type: "compared", run: drawn ? undefined : run.id }) });
    const accuracy = lastEpoch(run) ? format.percent(lastEpoch(run)!.accuracy) : "–";
    const cost = isPrivate(run) ? `ε ≤ ${format.epsilon(spent(run) ?? 0)}` : "not private";
    return el(
      "li",
      { class: drawn ? "drawn" : "" },
      el("label", { for: show.id }, show, el("strong", {}, accuracy), ` ${cost} · ${modelTitle(run.config.model)} on ${run.dataset.title}`),
      el(
        "span",
        { class: "ways" },
        button("Go on with it", { type: "took back", run: run.id }, busy(state) || dataset?.name !== run.dataset.name || !run.checkpoint),
        button("Save", { type: "saved kept", run: run.id }, !run.checkpoint),
        button("Discard", { type: "discarded", run: run.id }),
      ),
    );
  }
}

function table(kept: Run, run: Run): Node[] {
  const pair = [kept, run];
  const cells = (of: (run: Run) => string) => pair.map((r) => el("td", {}, of(r)));
  const row = (name: string, of: (run: Run) => string) => el("tr", {}, el("th", { scope: "row" }, name), ...cells(of));
  const different = settings.filter((s) => new Set(pair.map((r) => written(r.config, s))).size > 1);
  return [
    el("thead", {}, el("tr", {}, el("td"), el("th", { scope: "col" }, "Kept run"), el("th", { scope: "col" }, "This run"))),
    el(
      "tbody",
      {},
      row("Test accuracy", (r) => (lastEpoch(r) ? format.percent(lastEpoch(r)!.accuracy) : "")),
      row("Test loss", (r) => (Number.isFinite(lastEpoch(r)?.loss) ? lastEpoch(r)!.loss.toFixed(3) : "")),
      row("Epsilon", (r) => (!isPrivate(r) ? "not private" : spent(r) === undefined ? "" : `≤ ${format.epsilon(spent(r)!)}`)),
      ...(kept.dataset.name === run.dataset.name ? [] : [row("Data", (r) => r.dataset.title)]),
      ...different.map((s) => row(s.label, (r) => written(r.config, s))),
    ),
  ];
}

function written(config: Config, setting: Setting): string {
  const value = read(config, setting);
  if (typeof value === "number") return format.given(value);
  return value === undefined || value === false ? "–" : value === true ? "on" : value;
}
