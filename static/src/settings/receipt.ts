// What a run will be and what it will cost, before anything is spent.
import { type State, busy } from "../state/model";
import { hasFaults, seconds } from "../state/preview";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";
import { roughly } from "../ui/roughly";

export function showReceipt(state: State) {
  const { preview, dataset } = state;
  const receipt = byId("receipt");
  receipt.hidden = !dataset || busy(state);
  receipt.classList.toggle("stale", preview.asked !== preview.answered);
  const refusal = hasFaults(state) ? "Something above is to be mended first." : preview.refusal;
  byId("refusal").hidden = !refusal;
  say(byId("refusal"), refusal ?? "");
  const list = receipt.querySelector("dl")!;
  list.hidden = !preview.plan || refusal !== undefined;
  if (preview.plan) fill(list, rows(state));
}

function rows(state: State): [string, string][] {
  const plan = state.preview.plan!;
  const evaluations = Math.ceil(plan.steps / plan.stepsPerEpoch) + 1;
  const takes = seconds(state.preview, plan.steps, evaluations);
  const noise: [string, string] = ["Noise multiplier (σ)", plan.private ? format.noise(plan.noiseMultiplier) : "no promise"];
  return [
    state.settings.config.nonPrivate ? ["Noise", "none"] : noise,
    ["Steps", `${format.count(plan.steps)}, ${format.count(plan.stepsPerEpoch)} an epoch`],
    ["Takes about", takes === undefined ? "…" : roughly(takes)],
    ["All runs on these records", totalWords(plan)],
  ];
}

/** What the ledger will hold after the run. */
export function totalWords({ ledgerForgets, private: isPrivate, epsilonTotal, epsilonBefore }: NonNullable<State["preview"]["plan"]>): string {
  if (ledgerForgets) return "unknown: no ledger here";
  if (!Number.isFinite(epsilonBefore) || !isPrivate) return "no limit";
  return `ε ≤ ${format.epsilon(epsilonTotal)}`;
}

/** Terms with their words; replaced only where they are others. */
export function fill(list: HTMLElement, rows: [string, string][]) {
  const words = rows.flat().join("\n");
  if (list.dataset.words === words) return;
  list.dataset.words = words;
  list.replaceChildren(...rows.flatMap(([term, words]) => [el("dt", {}, term), el("dd", {}, words)]));
}
