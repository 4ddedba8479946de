// What the page knows of a run, put together from the trainer's events.
import type { Config, DatasetInfo, EpochEvent, Event, Planned, StepEvent } from "./protocol";

export type State = NonNullable<Event["state"]>;

export interface Run {
  config: Config;
  dataset: DatasetInfo;
  planned?: Planned;
  steps: StepEvent[];
  epochs: EpochEvent[];
  over?: boolean; // it was stopped, or is through
}

export function newRun(config: Config, dataset: DatasetInfo): Run {
  return { config, dataset, steps: [], epochs: [] };
}

/** Adds what an event tells of a run. */
export function addEvent(run: Run, event: Event) {
  if (event.planned) {
    run.planned = event.planned;
    run.config = event.planned.config; // a restored run brings its own
  }
  if (event.step) run.steps.push(event.step);
  if (event.epoch) run.epochs.push(event.epoch);
  if (event.type === "done") run.over = true;
}

export const lastStep = (run: Run): StepEvent | undefined => run.steps.at(-1);
export const lastEpoch = (run: Run): EpochEvent | undefined => run.epochs.at(-1);

/**
 * Epsilon as it may be told: what is spent so far while a run goes on, what was planned once it is over. That somebody
 * stopped early may have hung on what they saw, so that the smaller figure would promise too much.
 */
export function spent(run: Run): number | undefined {
  if (run.planned?.private === false) return undefined;
  return run.over ? run.planned?.epsilonUpper : lastStep(run)?.epsilon;
}

/** Seconds of training still to come, from the pace so far; undefined until some seconds tell it. */
export function remaining(run: Run): number | undefined {
  const last = lastStep(run);
  if (!last?.step || !run.planned) return undefined;
  const first = run.steps[0];
  // A resumed run starts at a later step: its pace is measured from there.
  const seconds = last.seconds - first.seconds;
  if (seconds < 2) return undefined;
  return (seconds / (last.step - first.step)) * (run.planned.steps - last.step);
}
