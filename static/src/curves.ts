// The curves of a run: accuracy and loss on the public test split, and epsilon against its target. All run along epochs.
import { Chart, type Columns } from "./chart";
import * as format from "./format";
import type { EpochEvent, Planned, StepEvent } from "./protocol";
import type { Run } from "./run";

const epochs = (x: number) => String(Number(x.toFixed(2)));
const loss = (y: number) => y.toFixed(3);
const whole = (y: number) => format.percent(y, 0);

export class Curves {
  readonly accuracy = new Chart({
    title: "Test accuracy",
    empty: "appears after the first epoch",
    x: { label: "Epoch", format: epochs },
    series: [{ label: "Accuracy", colour: "--accent", format: format.percent, points: true }],
    axis: whole,
    top: 1,
  });
  readonly epsilon = new Chart({
    title: "Epsilon spent",
    empty: "appears with the first step",
    x: { label: "Epoch", format: epochs },
    series: [
      { label: "Spent", colour: "--accent", format: format.epsilon },
      { label: "Target", colour: "--soft", format: format.epsilon, dashed: true, quiet: true },
    ],
    axis: (y) => format.figure(y, 3),
    bottom: 0,
  });
  readonly loss = new Chart({
    title: "Test loss",
    empty: "appears after the first epoch",
    x: { label: "Epoch", format: epochs },
    series: [{ label: "Test loss", colour: "--accent", format: loss, points: true }],
    axis: (y) => format.figure(y, 3),
    bottom: 0,
  });
  // Raw figures of private records: exists on the page only in a run whose diagnostics are on.
  readonly trainLoss = new Chart({
    title: "Training loss (raw, not private)",
    empty: "appears with the first step",
    x: { label: "Epoch", format: epochs },
    series: [{ label: "Training loss", colour: "--alarm", format: loss }],
    axis: (y) => format.figure(y, 3),
    bottom: 0,
  });

  show(run: Run) {
    const { planned, config } = run;
    if (!planned) return;
    const range: [number, number] = [0, planned.steps / planned.stepsPerEpoch];
    this.accuracy.set(perEpoch(run, (e) => e.accuracy), range);
    this.loss.set(perEpoch(run, (e) => e.loss), range);
    this.epsilon.set(spent(run, planned), range);
    this.trainLoss.root.hidden = !config.diagnostics;
    if (config.diagnostics) {
      this.trainLoss.set(perStep(run, planned, (s) => s.trainLoss ?? null), range);
    }
  }
}

function perEpoch(run: Run, y: (e: EpochEvent) => number): Columns {
  return [run.epochs.map((e) => e.epoch), run.epochs.map(y)];
}

function perStep(run: Run, planned: Planned, y: (s: StepEvent) => number | null): Columns {
  return [run.steps.map((s) => s.step / planned.stepsPerEpoch), run.steps.map(y)];
}

// The target's line runs through the whole chart, further than the steps that have been done.
function spent(run: Run, planned: Planned): Columns {
  const [x, y] = perStep(run, planned, (s) => s.epsilon);
  if (!planned.private) return [x, y, x.map(() => null)];
  const end = planned.steps / planned.stepsPerEpoch;
  const target = run.config.epsilon;
  return x.at(-1) === end ? [x, y, x.map(() => target)] : [[...x, end], [...y, null], [...x.map(() => target), target]];
}
