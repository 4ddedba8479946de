// The curves of a run: accuracy and loss on the public test split, and epsilon against its target. All run along epochs,
// beside those of a run that was kept for comparison.
import { Chart, type ChartSpec, type Columns, type Series, joined } from "../ui/chart";
import * as format from "../ui/format";
import type { EpochEvent } from "../protocol";
import type { Run } from "./run";

const loss = (y: number) => y.toFixed(3);
const afterEpoch = "appears after the first epoch";
const withStep = "appears with the first step";

function spec(title: string, empty: string, first: Series, more: Partial<ChartSpec>): ChartSpec {
  const kept = { label: "Kept run", colour: "--soft", format: first.format, points: first.points };
  const x = { label: "Epoch", format: (x: number) => String(Number(x.toFixed(2))) };
  return { title, empty, x, axis: (y) => format.figure(y, 3), bottom: 0, ...more, series: [first, kept, ...(more.series ?? [])] };
}

export class Curves {
  readonly accuracy = new Chart(
    spec("Test accuracy", afterEpoch, { label: "Accuracy", colour: "--accent", format: format.percent, points: true }, {
      axis: (y) => format.percent(y, 0), bottom: undefined, top: 1,
    }),
  );
  readonly loss = new Chart(
    spec("Test loss", afterEpoch, { label: "Test loss", colour: "--accent", format: loss, points: true }, {}),
  );
  readonly epsilon = new Chart(
    spec("Epsilon spent", withStep, { label: "Spent", colour: "--accent", format: format.epsilon }, {
      series: [{ label: "Target", colour: "--soft", format: format.epsilon, dashed: true, quiet: true }],
    }),
  );
  // Raw figures of private records: shown only in a run whose diagnostics are on.
  readonly trainLoss = new Chart(
    spec("Training loss (raw, not private)", withStep, { label: "Training loss", colour: "--alarm", format: loss }, {}),
  );

  show(run: Run | undefined, kept: Run | undefined) {
    if (run && !run.planned) return; // until it is planned, what there was stays
    const runs = [run, kept];
    const longest = Math.max(...runs.map((r) => (r ? length(r) : 0)));
    const range: [number, number] | undefined = longest ? [0, longest] : undefined;
    const both = (columns: (run: Run) => Columns) => joined(...runs.map((r): Columns => (r ? columns(r) : [[], []])));
    this.accuracy.set(both((r) => perEpoch(r, (e) => e.accuracy)), range);
    this.loss.set(both((r) => perEpoch(r, (e) => e.loss)), range);
    const target: Columns = range && run?.planned?.private ? [range, [run.config.epsilon, run.config.epsilon]] : [[], []];
    this.epsilon.set(joined(both(spending), target), range);
    this.epsilon.root.hidden = run?.planned?.private === false;
    this.trainLoss.root.hidden = !run?.config.diagnostics;
    if (run?.config.diagnostics) this.trainLoss.set(both(trainLoss), range);
  }
}

const length = ({ planned }: Run) => (planned ? planned.steps / planned.stepsPerEpoch : 0);

function perEpoch(run: Run, y: (e: EpochEvent) => number): Columns {
  return [run.epochs.map((e) => e.epoch), run.epochs.map(y)];
}

function spending({ planned, spending }: Run): Columns {
  return [spending.map((s) => s.step / planned!.stepsPerEpoch), spending.map((s) => (planned!.private ? s.epsilon : null))];
}

function trainLoss({ planned, steps }: Run): Columns {
  return [steps.map((s) => s.step / planned!.stepsPerEpoch), steps.map((s) => s.trainLoss ?? null)];
}
