// What the page knows of a run, put together from the trainer's events. A run is replaced, never changed.
import type { AuditAnswer, Config, DatasetInfo, EpochEvent, Event, LedgerTotal, Planned, Spend, StepEvent } from "../protocol";

export interface Run {
  id: number; // on this page
  key: string; // in this browser
  order: number; // later runs have a larger one
  data: string; // name of the choice of data
  name?: string; // what the person calls it
  notes?: string;
  colour?: number; // among those of list.ts
  config: Config;
  dataset: DatasetInfo;
  planned?: Planned;
  ledger?: LedgerTotal; // as it was last read
  last?: StepEvent;
  spending: Spend[]; // the curve of epsilon
  steps: StepEvent[]; // of a run with diagnostics only: the others tell how long steps take
  epochs: EpochEvent[];
  over?: boolean; // it was stopped, or is through
  audited?: AuditAnswer; // what an attacker found who watched it
  checkpoint?: Uint8Array; // as it was when it ended
  saved?: boolean; // as it ended, to a file
  stored?: boolean; // this browser keeps it as it is, or has a checkpoint to go on from
  elsewhere?: boolean; // another tab had it when that was last looked at
}

type Beginning = Pick<Run, "id" | "key" | "order" | "data" | "config" | "dataset">;

export const newRun = (beginning: Beginning): Run => ({ ...beginning, spending: [], steps: [], epochs: [] });

/** Whether its model is at hand, in memory or in this browser. */
export const hasModel = ({ checkpoint, stored, planned }: Run): boolean => checkpoint !== undefined || (stored === true && planned !== undefined);

/** The run after an event. */
export function withEvent(run: Run, event: Event): Run {
  switch (event.type) {
    case "planned": // a restored run brings its own configuration
      return { ...run, planned: event.planned, config: event.planned.config };
    case "history": // of a run that was restored from a file; one that was kept knows more
      return run.epochs.length > 0 ? run : { ...run, epochs: event.history.map((e) => ({ ...e, confusion: [], predictions: [] })) };
    case "ledger":
      return { ...run, ledger: event.ledger };
    case "step":
      return withStep(run, event.step);
    case "epoch":
      return { ...run, epochs: [...run.epochs.filter((e) => e.step < event.epoch.step), event.epoch] };
    case "done":
      return { ...withStep(run, event.step), planned: event.planned, over: true, stored: false, audited: event.audit };
  }
  return run;
}

function withStep(run: Run, step: StepEvent): Run {
  const reached = run.spending.at(-1)?.step ?? 0;
  const spending = [...run.spending, ...(step.curve ?? []).filter((s) => s.step > reached)];
  return { ...run, last: step, spending, steps: run.config.diagnostics ? [...run.steps, step] : run.steps };
}

export const lastEpoch = (run: Run): EpochEvent | undefined => run.epochs.at(-1);

export const isPrivate = (run: Run): boolean => run.planned?.private !== false;

/**
 * Epsilon as it may be told: what is spent so far while a run goes on, what was planned once it is over. That somebody
 * stopped early may have hung on what they saw, so that the smaller figure would promise too much.
 */
export function spent(run: Run): number | undefined {
  if (!isPrivate(run)) return undefined;
  return run.over ? run.planned?.epsilonUpper : run.last?.epsilon;
}

/** Whether leaving would lose what nobody can get back: a run that goes on, or a model that was not saved. */
export function wouldLose(run: Run | undefined): boolean {
  return run?.planned !== undefined && (run.over ? run.checkpoint !== undefined && !run.saved && !run.stored : true);
}
