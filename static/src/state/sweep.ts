// A queue of runs: one setting over several values, each value so many times, one run after another. Each is a run like any
// other: it is planned, charged and kept by itself.
import type { Config } from "../protocol";
import { notPrivate, settings, shown, understand, write } from "../settings/settings";
import { start } from "./kept";
import { type PageEvent, busy } from "./model";
import { hasFaults } from "./preview";
import { type Run, lastEpoch, spent } from "./run";
import { choicesOf } from "./settings";
import type { Turn } from "./turn";

export interface Sweep {
  label: string; // of the setting
  jobs: Job[];
  at: number; // the job that goes on; behind the last: all are over
  base: Config; // the settings before, and again at the end
  stopped?: boolean; // none begins any more
}

export interface Job {
  value: string; // as shown
  config: Config;
  over?: boolean;
  accuracy?: number;
  stdError?: number; // of the accuracy, chance in the records tried included
  epsilon?: number; // undefined: not private
  failed?: string; // why it came to nothing
}

const mostJobs = 200;

export const sweeping = ({ sweep }: { sweep?: Sweep }): boolean => sweep !== undefined && !sweep.stopped && sweep.at < sweep.jobs.length;

/** What the queue would be, or what is wrong with it. */
function planned(turn: Turn, { key, values, times }: Extract<PageEvent, { type: "swept" }>): Sweep | string {
  const setting = settings.find((s) => s.key === key)!;
  const count = Number(times);
  if (!Number.isInteger(count) || count < 1) return "How often each value is tried is a whole number from 1.";
  const texts = values.split(/[;\s]+/).map((text) => text.replace(/,$/, "")).filter(Boolean);
  const { config } = turn.state.settings;
  const jobs: Job[] = [];
  for (const text of texts) {
    const meant = understand(setting, text, choicesOf(turn.state, setting));
    if ("words" in meant) return meant.words;
    const changed = write(config, setting, meant.value);
    for (let n = 0; n < count; n++) jobs.push({ value: shown(changed, setting), config: changed });
  }
  if (jobs.length < 2) return "A queue needs at least two runs: several values, or one several times.";
  if (jobs.length > mostJobs) return `${jobs.length} runs are too many; a queue holds ${mostJobs}.`;
  return { label: setting.label, jobs, at: 0, base: config };
}

/** Asks once for the whole queue, saying what it will charge. */
export function sweep(turn: Turn, event: Extract<PageEvent, { type: "swept" }>) {
  const { dataset, dead } = turn.state;
  if (!dataset || dead || busy(turn.state) || sweeping(turn.state)) return;
  if (hasFaults(turn.state)) return turn.problem("A setting is to be mended first.");
  const queue = planned(turn, event);
  if (typeof queue === "string") return turn.problem(queue);
  if (event.sure) {
    turn.set({ sweep: queue, question: undefined });
    return next(turn);
  }
  turn.ask(chargeWords(queue, dataset.title), `Run ${queue.jobs.length}`, { ...event, sure: true });
}

function chargeWords({ jobs }: Sweep, title: string): string {
  const open = jobs.filter(({ config }) => notPrivate(config).length > 0).length;
  const sum = Number(jobs.reduce((sum, { config }) => sum + config.epsilon, 0).toPrecision(6));
  const charge = open > 0 ? `${open} of them are not private: no limit will hold for these records any more.` : `Each is charged as it is; their epsilons come to ${sum} one by one, to less in the ledger's total.`;
  return `Train ${jobs.length} runs on ${title}, one after another? ${charge} Whoever picks the best of them owes the cost of all.`;
}

/** Starts the queue's next run, where there is one and nothing is in its way. */
function next(turn: Turn) {
  const { sweep: queue, settings: now, dead, wanted } = turn.state;
  if (!queue || dead || wanted || !sweeping(turn.state) || busy(turn.state)) return;
  const { config } = queue.jobs[queue.at];
  turn.set({ settings: { ...now, config, drafts: {} } });
  start(turn, config);
}

/** The run that went on has ended and is kept, or was refused: its line is filled, and the next begins. */
export function advance(turn: Turn, run?: Run, failed?: string) {
  const { sweep: queue } = turn.state;
  if (!queue || queue.at >= queue.jobs.length || !sweeping(turn.state)) return;
  const epoch = run && lastEpoch(run);
  const done = { ...queue.jobs[queue.at], over: true, accuracy: epoch?.accuracy, stdError: epoch?.stdError, epsilon: run && spent(run), failed };
  const at = queue.at + 1;
  turn.set({ sweep: { ...queue, jobs: queue.jobs.with(queue.at, done), at } });
  if (at < queue.jobs.length) return next(turn);
  turn.set({ settings: { ...turn.state.settings, config: queue.base, drafts: {} } });
}

/** No further run begins; the one that goes on may end. */
export function stopSweep(turn: Turn) {
  const { sweep: queue } = turn.state;
  if (queue && sweeping(turn.state)) turn.set({ sweep: { ...queue, stopped: true } });
}
