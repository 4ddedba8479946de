// What is claimed of a mechanism's epsilon and what can be proven, in words; the same wherever a published one shows.
import * as format from "./format";
import type { Privacy } from "./protocol";

export const claimWords = ({ claimed }: Privacy) => `Claimed, by the benchmark's own formula: ε = ${format.epsilon(claimed)}.`;

/** The bound with what it rests on, and what is left of it for batches that were shuffled. */
export function proofWords({ proven, why, shuffled }: Privacy): string {
  const proof = Number.isFinite(proven) ? `Proven: ε ≤ ${format.epsilon(proven)}; ${why}.` : `Proven: ${why}.`;
  if (!shuffled) return proof;
  const bound = `ε ≤ ${format.epsilon(shuffled)}`;
  const left = Number.isFinite(proven)
    ? `The benchmark shuffled its batches instead: for those, ${bound} can be proven, counting a record as blanked out.`
    : `Even for clips that ignore the data, no more than ${bound} can be proven of the benchmark's shuffled batches.`;
  return `${proof} ${left}`;
}
