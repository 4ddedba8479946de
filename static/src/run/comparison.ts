// Runs side by side in a table: what each came to, by how much it differs from the first, and the settings that differ.
import type { Config } from "../protocol";
import { type Setting, modelTitle, read, settings } from "../settings/settings";
import { nameOf } from "../state/list";
import { type Run, isPrivate, lastEpoch, spent } from "../state/run";
import { el } from "../ui/dom";
import * as format from "../ui/format";

/** The rows of the table; `shown` is the run on the page. */
export function comparison(runs: Run[], shown: Run | undefined): Node[] {
  const row = (name: string, of: (run: Run) => string) => el("tr", {}, el("th", { scope: "row" }, name), ...runs.map((run) => el("td", {}, of(run))));
  const differ = (of: (run: Run) => string) => new Set(runs.map(of)).size > 1;
  const different = settings.filter((s) => differ((run) => written(run.config, s)));
  return [
    el("thead", {}, el("tr", {}, el("td"), ...runs.map((run) => el("th", { scope: "col" }, run === shown ? "This run" : nameOf(run))))),
    el(
      "tbody",
      {},
      row("Test accuracy", (run) => accuracy(run, runs[0])),
      row("Test loss", (run) => (Number.isFinite(lastEpoch(run)?.loss) ? lastEpoch(run)!.loss.toFixed(3) : "")),
      row("Epsilon", (run) => (!isPrivate(run) ? "not private" : spent(run) === undefined ? "" : `≤ ${format.epsilon(spent(run)!)}`)),
      row("Steps", (run) => `${format.count(run.last?.step ?? 0)} of ${format.count(run.planned!.steps)}`),
      ...(differ((run) => run.dataset.name + run.dataset.title) ? [row("Data", (run) => run.dataset.title)] : []),
      ...different.map((s) => row(s.label, (run) => written(run.config, s))),
    ),
  ];
}

function accuracy(run: Run, first: Run): string {
  const [own, other] = [lastEpoch(run)?.accuracy, lastEpoch(first)?.accuracy];
  if (own === undefined) return "";
  if (run === first || other === undefined) return format.percent(own);
  const points = 100 * (own - other);
  return `${format.percent(own)} (${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(2)})`;
}

function written(config: Config, setting: Setting): string {
  const value = read(config, setting);
  if (setting.key === "model") return modelTitle(String(value));
  if (typeof value === "number") return format.given(value);
  return value === undefined || value === false ? "–" : value === true ? "on" : value;
}
