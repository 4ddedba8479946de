// What a run would be: asked of the trainer whenever settings or ledger change. One question at a time: what changes
// meanwhile is asked when the answer is there.
import type { EventOf } from "../protocol";
import { mechanismFaults } from "../settings/mechanism";
import { type State, busy } from "./model";
import type { Turn } from "./turn";

export const hasFaults = ({ settings, catalogue }: State): boolean =>
  Object.keys(settings.drafts).length > 0 || mechanismFaults(settings.config.mechanism, catalogue).size > 0;

/** Asks what the settings would come to. */
export function propose(turn: Turn) {
  const { preview, dataset, settings, dead } = turn.state;
  if (!dataset || dead || busy(turn.state) || hasFaults(turn.state)) return turn.set({ preview: { ...preview, again: false } });
  if (preview.asked !== preview.answered) return turn.set({ preview: { ...preview, again: true } });
  const asked = preview.asked + 1;
  turn.set({ preview: { ...preview, asked, again: false } });
  turn.send({ type: "propose", config: settings.config, id: asked });
}

/** Forgets what was asked of a trainer that is gone, or of other data. */
export function forget(turn: Turn) {
  const { asked } = turn.state.preview;
  turn.set({ preview: { asked, answered: asked, again: false, tries: 0 } });
}

export function proposed(turn: Turn, { id, proposal, ledger, message }: EventOf<"proposal">) {
  const { preview } = turn.state;
  if (id !== preview.asked) return;
  turn.set({ preview: { ...preview, answered: id, plan: proposal, ledger, refusal: proposal ? undefined : (message ?? "") } });
  if (preview.again) return propose(turn);
  if (proposal) rehearse(turn);
}

const paceOf = ({ data, settings: { config } }: State) =>
  [data, config.model, config.mechanism.name, config.fullBatch ? "full" : config.batchSize, config.workers, config.optimizer].join(" ");

/** Has a few steps on synthetic records timed, where that was not done yet. */
function rehearse(turn: Turn, tries = 0) {
  const of = paceOf(turn.state);
  const { preview, settings } = turn.state;
  if (busy(turn.state) || (preview.paceOf === of && tries === 0)) return;
  turn.set({ preview: { ...preview, pace: undefined, paceOf: of, tries } });
  turn.send({ type: "rehearse", config: settings.config, id: preview.asked });
}

export function rehearsed(turn: Turn, { rehearsal }: EventOf<"rehearsal">) {
  const { preview } = turn.state;
  if (preview.paceOf !== paceOf(turn.state)) return turn.set({ preview: { ...preview, paceOf: undefined } });
  if (rehearsal) return turn.set({ preview: { ...preview, pace: rehearsal } });
  if (preview.tries < 3) rehearse(turn, preview.tries + 1); // it gave way to another question
}

/** Seconds that so many steps and evaluations take, from synthetic records; undefined while nobody knows. */
export function seconds({ pace }: State["preview"], steps: number, evaluations: number): number | undefined {
  return pace && steps * pace.stepSeconds + evaluations * pace.evaluationSeconds;
}
