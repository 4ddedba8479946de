// A question that the accountant cannot answer.
import type { AccountAnswer } from "../protocol.js";

/** Why the accountant has no answer, for a person to read: without the name of the part that says so. */
export class AccountError extends Error {
  readonly segment?: number; // of the schedule, from 1, where that is at fault

  constructor({ error, segment }: AccountAnswer) {
    const words = error!.replace(/^[a-z]+: /, "");
    super(`${words[0].toUpperCase()}${words.slice(1)}.`);
    this.segment = segment;
  }
}
