// What is claimed of a mechanism's epsilon and what can be proven, in words; the same wherever a published one shows.
import * as format from "../ui/format";
import type { Privacy } from "../protocol";

/** The claim; some mechanisms, by the benchmark's formula, do not even claim the budget that they were given. */
export function claimWords({ claimed }: Privacy, budget: number): string {
  const claim = format.epsilon(claimed);
  const asked = claim === format.epsilon(budget) ? "" : `, where ${format.epsilon(budget)} was asked for`;
  return `Claimed, by the benchmark's own formula: ε = ${claim}${asked}.`;
}

/** The bound with what it rests on, and what is left of it for batches that were shuffled. */
export function proofWords({ proven, why, shuffled }: Privacy): string {
  const proof = Number.isFinite(proven) ? `Proven: ε ≤ ${format.epsilon(proven)}; ${why}.` : `Proven: ${why}.`;
  if (!shuffled) return proof;
  const bound = `ε ≤ ${format.epsilon(shuffled)}`;
  const left = Number.isFinite(proven)
    ? `The benchmark shuffled its batches instead: for those, ${bound} can be proven, counting a record as blanked out.`
    : `Even for clips that ignore the data, nothing better than ${bound} can be proven of the benchmark's shuffled batches.`;
  return `${proof} ${left}`;
}
