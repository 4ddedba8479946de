// The accountant as functions. They need no data, and share one trainer, which is started by the first question.
import type { AccountAnswer, AccountQuestion } from "../protocol.js";
import { Trainer } from "../trainer/client.js";
import { abortable } from "./abort.js";

/** A stretch of equal steps. */
export interface Stretch {
  /** Noise multiplier; "?" where it is what is asked for. */
  sigma: number | "?";
  /** Sampling rate q, from 0 to 1: every record joins a step by its own coin toss (Poisson sampling). */
  rate: number;
  steps: number;
}

/** A schedule: its stretches one after the other, or as text, "sigma:q:steps;...". */
export type Schedule = Stretch[] | string;

/** Both bounds on epsilon: no smaller one than lower is true, and upper is proven. */
export interface Epsilon {
  lower: number;
  upper: number;
  /** What Renyi accounting alone would prove. */
  rdp: number;
}

/** What no attacker exceeds who wants to know whether one record took part. */
export interface Tradeoff {
  /** Members found less false alarms, at most. */
  advantage: number;
  /** False-positive rates, rising from 0 to 1. */
  fpr: number[];
  /** At each of them, the best true-positive rate. */
  tpr: number[];
}

export interface Asking {
  signal?: AbortSignal;
}

/** Tight bounds on epsilon at a delta. */
export async function epsilon(schedule: Schedule, delta: number, options: Asking = {}): Promise<Epsilon> {
  const { lower, upper, rdp } = await ask({ kind: "epsilon", segments: written(schedule), delta }, options);
  return { lower, upper, rdp };
}

/** The least noise multiplier that keeps a schedule, whose unknown ones are "?", within epsilon; rounded up. */
export async function sigma(schedule: Schedule, target: { epsilon: number; delta: number }, options: Asking = {}): Promise<number> {
  return (await ask({ kind: "sigma", segments: written(schedule), ...target }, options)).sigma!;
}

/** The best attacker's odds. */
export async function tradeoff(schedule: Schedule, options: Asking = {}): Promise<Tradeoff> {
  const { advantage, fpr, tpr } = await ask({ kind: "curve", segments: written(schedule) }, options);
  return { advantage: advantage!, fpr: fpr!, tpr: tpr! };
}

/** Sampling rate and number of steps, as training counts them. */
export async function steps(of: { records: number; batchSize: number; epochs: number }, options: Asking = {}): Promise<{ rate: number; steps: number }> {
  const { rate, steps } = await ask({ kind: "steps", ...of }, options);
  return { rate: rate!, steps: steps! };
}

const written = (schedule: Schedule): string => (typeof schedule === "string" ? schedule : schedule.map(({ sigma, rate, steps }) => `${sigma}:${rate}:${steps}`).join(";"));

let trainer: Trainer | undefined;

async function ask(question: AccountQuestion, { signal }: Asking): Promise<AccountAnswer> {
  signal?.throwIfAborted();
  trainer ??= new Trainer((event) => {
    if (event.type === "error" && event.fatal) trainer = undefined; // the next question starts another one
  });
  return abortable(trainer.ask(question), signal);
}
