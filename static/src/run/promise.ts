// What is promised, in three sentences; the frozen plan, in the terms that an auditor asks for, behind a fold.
import type { DatasetInfo, Planned } from "../protocol";
import { partsOf } from "../settings/mechanism";
import type { State } from "../state/model";
import { type Run, isPrivate, spent } from "../state/run";
import type { Trainer } from "../trainer/client";
import { byId, el, fill } from "../ui/dom";
import * as format from "../ui/format";

export class PromisePanel {
  #asked?: Planned; // whose advantage the accountant was asked for
  #advantage?: number;
  #words = "";

  show(state: State, trainer: Trainer) {
    const run = state.run?.planned ? state.run : (state.before?.run ?? state.run); // until it is planned, what there was stays
    const planned = run?.planned;
    if (planned?.private && planned.segments !== this.#asked?.segments) void this.#ask(planned, trainer, () => this.show(state, trainer));
    const sentences = !run || !planned ? before(state) : isPrivate(run) ? promised(state, run, planned, this.#asked?.segments === planned.segments ? this.#advantage : undefined) : notPromised(planned);
    const words = sentences.flat().join("\n");
    if (words !== this.#words) {
      this.#words = words;
      byId("sentences").replaceChildren(...sentences.map((parts) => el("p", {}, ...parts.map((part, i) => (i % 2 ? el("strong", {}, part) : part)))));
    }
    const fold = byId("plan").parentElement as HTMLDetailsElement;
    fold.hidden = !planned;
    fill(byId("plan"), run && planned ? rows(run, planned) : []);
    byId("attack").hidden = !planned?.private;
  }

  // The accountant works out the best attacker's advantage; until it answers, or if it cannot, nothing is claimed.
  async #ask(planned: Planned, trainer: Trainer, redraw: () => void) {
    this.#asked = planned;
    this.#advantage = undefined;
    try {
      const { advantage } = await trainer.ask({ kind: "curve", segments: planned.segments, delta: planned.delta });
      if (planned !== this.#asked) return;
      this.#advantage = advantage;
      redraw();
    } catch {}
  }
}

type Sentence = string[]; // every second part is strong

/** Whose privacy it is, in words: a record's, or a person's with all that is theirs. */
const protectedOne = (dataset: DatasetInfo | undefined) => (dataset?.unit === "person" ? "person, with all their records," : "record");

function before({ dataset, settings: { config }, catalogue }: State): Sentence[] {
  const one = protectedOne(dataset);
  return [
    [`With any one ${one} or without, training will give almost the same models: `, `ε ≤ ${format.epsilon(config.epsilon)}`, ` at δ = ${format.given(config.delta)}.`],
    [`Kept by ${mechanismTitle(config.mechanism, catalogue)}: the pull of every ${dataset?.unit ?? "record"} is limited, and noise is added to every step before anything is shown.`],
    ["Worked out and frozen when you press Train, before the first step."],
    ...outside(dataset),
  ];
}

function mechanismTitle(mechanism: Planned["config"]["mechanism"], catalogue: State["catalogue"]): string {
  const titles = partsOf(mechanism, catalogue).filter(Boolean).map((name) => catalogue.find((m) => m.name === name)?.title ?? name);
  return titles.join(" with ");
}

function promised(state: State, run: Run, planned: Planned, advantage: number | undefined): Sentence[] {
  const epsilon = run.over ? planned.epsilonUpper : run.config.epsilon;
  return [
    [`With any one ${protectedOne(run.dataset)} or without, this training gives almost the same models: `, `ε ≤ ${format.epsilon(epsilon)}`, ` at δ = ${format.given(planned.delta)}, kept by ${mechanismTitle(run.config.mechanism, state.catalogue)}.`],
    advantage === undefined
      ? ["What the best attacker could make of it is being worked out …"]
      : [`Someone who sees the finished model, and knows all ${run.dataset.unit}s but one, guesses whether that one took part with an advantage of `, `at most ${format.percentage(advantage)}`, " over a coin toss."],
    [ledgerWords(run)],
    ...outside(run.dataset),
  ];
}

/** Of what made the records' vectors, where a person brought it. */
const outside = (dataset: DatasetInfo | undefined): Sentence[] => (dataset?.encoder ? [["Nothing is promised of what made the records’ vectors, nor of what that was trained on: ", dataset.encoder, "."]] : []);

/** What all runs on these records come to, as the ledger was last read. */
function ledgerWords({ ledger }: Run): string {
  if (!ledger) return "";
  if (ledger.forgets) return "This browser keeps no ledger for this page: what earlier runs on these records spent is unknown.";
  if (ledger.none) return `No limit holds for all runs on these records together: ${ledger.none}.`;
  return `All runs on these records together, this one with them: ε ≤ ${format.epsilon(ledger.total)} at δ = ${format.given(ledger.delta)}.`;
}

function notPromised({ notPrivate }: Planned): Sentence[] {
  return [["", "Nothing is promised for this run", `: ${notPrivate ?? "it is not private"}.`], ["Do not share its model or its results as private."]];
}

function rows(run: Run, planned: Planned): [string, string][] {
  const so = spent(run);
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
    ["Noise multiplier (σ)", format.noise(planned.noiseMultiplier) + (planned.courses.noiseMultiplier ? ", then as scheduled" : "")],
    ["Steps", `${format.count(planned.steps)}, ${format.count(planned.stepsPerEpoch)} an epoch`],
    ...(planned.bands > 1 ? [["Noise", `correlated over rounds of ${format.count(planned.bands)} steps; a break loses the rest of a round`] as [string, string]] : []),
    ["Parameters", format.count(planned.parameters)],
    ["Compute workers", format.count(planned.workers)],
  ];
}

const atMost = (epsilon: number) => (Number.isFinite(epsilon) ? `ε ≤ ${format.epsilon(epsilon)}` : "no limit: a run on them was not private");
