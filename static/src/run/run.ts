// What the page knows of a run, put together from the trainer's events.
import type { AuditAnswer, Config, DatasetInfo, EpochEvent, Event, LedgerTotal, Planned, Spend, StepEvent } from "../protocol";

export type State = NonNullable<Event["state"]>;

export interface Run {
  config: Config;
  dataset: DatasetInfo;
  planned?: Planned;
  ledger?: LedgerTotal; // as it was last read
  first?: StepEvent;
  last?: StepEvent;
  spending: Spend[]; // the curve of epsilon
  steps: StepEvent[]; // of a run with diagnostics only: the others tell how long steps take
  epochs: EpochEvent[];
  over?: boolean; // it was stopped, or is through
  audited?: AuditAnswer; // what an attacker found who watched it
}

export function newRun(config: Config, dataset: DatasetInfo): Run {
  return { config, dataset, spending: [], steps: [], epochs: [] };
}

/** Adds what an event tells of a run. */
export function addEvent(run: Run, event: Event) {
  if (event.planned) {
    run.planned = event.planned;
    run.config = event.planned.config; // a restored run brings its own
  }
  if (event.ledger) run.ledger = event.ledger;
  if (event.step) addStep(run, event.step);
  if (event.epoch) run.epochs.push(event.epoch);
  if (event.type === "done") {
    run.over = true;
    run.audited = event.audit;
  }
}

function addStep(run: Run, step: StepEvent) {
  run.first ??= step;
  run.last = step;
  run.spending.push(...(step.curve ?? []));
  if (run.config.diagnostics) run.steps.push(step);
}

export const lastEpoch = (run: Run): EpochEvent | undefined => run.epochs.at(-1);

/**
 * Epsilon as it may be told: what is spent so far while a run goes on, what was planned once it is over. That somebody
 * stopped early may have hung on what they saw, so that the smaller figure would promise too much.
 */
export function spent(run: Run): number | undefined {
  if (run.planned?.private === false) return undefined;
  return run.over ? run.planned?.epsilonUpper : run.last?.epsilon;
}

/** Seconds of training still to come, from the pace so far; undefined without diagnostics, whose clock it needs. */
export function remaining(run: Run): number | undefined {
  const { first, last } = run;
  if (!first || !last?.step || !run.planned) return undefined;
  // A resumed run starts at a later step: its pace is measured from there.
  const seconds = (last.seconds ?? 0) - (first.seconds ?? 0);
  if (seconds < 2) return undefined;
  return (seconds / (last.step - first.step)) * (run.planned.steps - last.step);
}
