// What was promised: the frozen plan, in the terms that an auditor asks for, and what it means for an attacker.
import { el } from "../ui/dom";
import * as format from "../ui/format";
import type { Planned } from "../protocol";
import { type Run, spent } from "./run";
import type { Trainer } from "../trainer/client";

export class EpsilonPanel {
  #list: HTMLElement;
  #meaning: HTMLElement;
  #empty: Node[]; // what stands in the list while there is no plan
  #shown?: Planned;

  constructor(list: HTMLElement, meaning: HTMLElement) {
    this.#list = list;
    this.#empty = [...list.childNodes];
    this.#meaning = meaning;
  }

  show(run: Run | undefined, trainer: Trainer) {
    if (!run) return this.#clear();
    const { planned } = run;
    if (!planned) return;
    this.#list.replaceChildren(...rows(run, planned).flatMap(([term, words]) => [el("dt", {}, term), el("dd", {}, words)]));
    if (planned === this.#shown) return;
    this.#shown = planned;
    this.#explain(planned, trainer);
  }

  #clear() {
    this.#shown = undefined;
    this.#list.replaceChildren(...this.#empty);
    this.#meaning.textContent = "";
  }

  // The accountant works out the best attacker's advantage; until it answers, or if it cannot, nothing is claimed.
  async #explain(planned: Planned, trainer: Trainer) {
    this.#meaning.textContent = "";
    if (!planned.private) {
      this.#meaning.textContent = "No promise is made for this run: do not share its model or its results as private.";
      return;
    }
    try {
      const { advantage } = await trainer.ask({ kind: "curve", segments: planned.segments, delta: planned.delta });
      if (planned !== this.#shown || !advantage) return;
      this.#meaning.textContent =
        `Someone who sees the finished model, and knows all records but one, guesses whether that one took part with ` +
        `an advantage of at most ${format.percentage(advantage)} over a coin toss.`;
    } catch {}
  }
}

const atMost = (epsilon: number) => (Number.isFinite(epsilon) ? `ε ≤ ${format.epsilon(epsilon)}` : "no limit: a run on them was not private");

function rows(run: Run, planned: Planned): [string, string][] {
  const so = spent(run);
  const varies = planned.noiseMultipliers?.some((sigma) => sigma !== planned.noiseMultiplier);
  const bounds: [string, string][] = planned.private
    ? [
        [run.over ? "Certified" : "Spent so far", so === undefined ? "nothing yet" : `ε ≤ ${format.epsilon(so)}`],
        ["Planned, upper bound", `ε ≤ ${format.epsilonUpper(planned.epsilonUpper)}`],
        ["Planned, lower bound", planned.epsilonLower > 0 ? `ε ≥ ${format.epsilonLower(planned.epsilonLower)}` : "no lower bound is known"],
        ["Delta (δ)", format.given(planned.delta)],
      ]
    : [["Epsilon", `none: ${planned.notPrivate ?? "the run is not private"}`]];
  const { ledger } = run;
  if (ledger?.forgets) {
    bounds.push(["Spent before, on these records", "unknown: this browser keeps no ledger for this page"]);
  } else if (ledger && ledger.others > 0) {
    bounds.push(["Spent by other runs, on these records", atMost(ledger.others)]);
    bounds.push(["Together with this run", ledger.none ? `none: ${ledger.none}` : atMost(ledger.total)]);
  }
  return [
    ...bounds,
    ["Neighbouring datasets", planned.relation],
    ["Sampler", planned.sampler],
    ["Sampling rate (q)", format.given(planned.samplingRate)],
    ["Noise multiplier (σ)", format.noise(planned.noiseMultiplier) + (varies ? ", then as scheduled" : "")],
    ["Steps", `${format.count(planned.steps)}, ${format.count(planned.stepsPerEpoch)} an epoch`],
    ["Parameters", format.count(planned.parameters)],
    ["Compute workers", format.count(planned.workers)],
  ];
}
