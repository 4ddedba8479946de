// The curves of a run: accuracy on the public test split, which matters most; epsilon against what was promised; loss, one
// click away. All run along epochs, beside those of kept runs, each in its own colour.
import type { EpochEvent } from "../protocol";
import { colourOf, colours, nameOf } from "../state/list";
import type { PageEvent, State } from "../state/model";
import { type Run, isPrivate } from "../state/run";
import { Chart, type ChartSpec, type Columns, type Series, joined } from "../ui/chart";
import { el } from "../ui/dom";
import * as format from "../ui/format";

const loss = (y: number) => y.toFixed(3);
const start = "Press Train: here you see the network learn.";

/** The run's own curve, a place for a kept run in each colour, and what else there is. */
function spec(title: string, empty: string, first: Series, more: Partial<ChartSpec>): ChartSpec {
  const kept = Array.from({ length: colours }, (_, i): Series => ({ label: "Kept run", colour: `--run-${i}`, format: first.format, points: first.points }));
  const x = { label: "Epoch", format: (x: number) => String(Number(x.toFixed(2))) };
  return { title, empty, x, axis: (y) => format.figure(y, 3), bottom: 0, ...more, series: [first, ...kept, ...(more.series ?? [])] };
}

export class Curves {
  readonly #accuracy = new Chart(
    spec("Test accuracy", start, { label: "Accuracy", colour: "--accent", format: format.percent, points: true, strong: true }, {
      axis: (y) => format.percent(y, 0), bottom: 0, top: 1,
    }),
  );
  readonly #loss = new Chart(spec("Test loss", start, { label: "Test loss", colour: "--accent", format: loss, points: true }, {}));
  readonly #epsilon = new Chart(
    spec("Epsilon spent", "And here what it costs.", { label: "Spent", colour: "--accent", format: format.epsilon, area: true }, {
      series: [{ label: "Promised", colour: "--ink", format: format.epsilon, dashed: true, quiet: true }],
    }),
  );
  // Raw figures of private records: shown only in a run whose diagnostics are on.
  readonly #trainLoss = new Chart(spec("Training loss (raw, not private)", start, { label: "Training loss", colour: "--alarm", format: loss }, {}));
  readonly #all = [this.#accuracy, this.#loss, this.#epsilon, this.#trainLoss];
  #shown: Run[] = [];
  readonly #choice = el("fieldset", { class: "segmented small" });

  constructor(learning: HTMLElement, spending: HTMLElement, dispatch: (event: PageEvent) => void) {
    const option = (name: string, label: string) =>
      el("label", {}, el("input", { type: "radio", name: "chart", value: name, change: () => dispatch({ type: "turned panel", name: "loss", open: name === "loss" }) }), el("span", {}, label));
    this.#choice.append(el("legend", { class: "sr-only" }, "Curve"), option("accuracy", "Accuracy"), option("loss", "Loss"));
    for (const chart of this.#all) chart.saved = (what) => this.#shown.forEach((run) => dispatch({ type: "took along", run, what }));
    this.#loss.root.hidden = this.#trainLoss.root.hidden = true; // until they are asked for: nothing jumps
    learning.append(this.#choice, this.#accuracy.root, this.#loss.root, this.#trainLoss.root);
    spending.append(this.#epsilon.root);
  }

  show({ run, kept, compared, panels }: State) {
    const shown = panels.includes("loss") ? "loss" : "accuracy";
    this.#accuracy.root.hidden = shown === "loss";
    this.#loss.root.hidden = shown !== "loss";
    this.#choice.querySelector<HTMLInputElement>(`[value="${shown}"]`)!.checked = true;
    this.#epsilon.root.hidden = run !== undefined && !isPrivate(run);
    this.#trainLoss.root.hidden = !run?.config.diagnostics;
    if (run && !run.planned) return; // until it is planned, what there was stays
    const beside = Array.from({ length: colours }, (_, i) => kept.find((k) => compared.includes(k.id) && colourOf(k) === i));
    const runs = [run, ...beside];
    const names = [undefined, ...beside.map((k) => k && nameOf(k))];
    this.#shown = runs.filter((r) => r !== undefined);
    for (const chart of this.#all) chart.rename(names);
    const longest = Math.max(...runs.map((r) => (r ? length(r) : 0)));
    const range: [number, number] | undefined = longest ? [0, longest] : undefined;
    const both = (columns: (run: Run) => Columns) => joined(...runs.map((r): Columns => (r ? columns(r) : [[], []])));
    if (shown === "accuracy") this.#accuracy.set(both((r) => perEpoch(r, (e) => e.accuracy)), range);
    else this.#loss.set(both((r) => perEpoch(r, (e) => (Number.isFinite(e.loss) ? e.loss : null))), range);
    const promised: Columns = range && run && isPrivate(run) ? [range, [run.config.epsilon, run.config.epsilon]] : [[], []];
    this.#epsilon.set(joined(both(spending), promised), range);
    if (run?.config.diagnostics) this.#trainLoss.set(both(trainLoss), range);
  }
}

const length = ({ planned }: Run) => (planned ? planned.steps / planned.stepsPerEpoch : 0);

function perEpoch(run: Run, y: (e: EpochEvent) => number | null): Columns {
  return [run.epochs.map((e) => e.epoch), run.epochs.map(y)];
}

/** From nothing spent before the first step. */
function spending({ planned, spending }: Run): Columns {
  if (!planned?.private || spending.length === 0) return [[], []];
  return [[0, ...spending.map((s) => s.step / planned.stepsPerEpoch)], [0, ...spending.map((s) => s.epsilon)]];
}

function trainLoss({ planned, steps }: Run): Columns {
  return [steps.map((s) => s.step / planned!.stepsPerEpoch), steps.map((s) => s.trainLoss ?? null)];
}
