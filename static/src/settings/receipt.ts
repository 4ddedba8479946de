// What a run will be and what it will cost, before anything is spent.
import type { LedgerTotal, Planned } from "../protocol";
import { type State, busy } from "../state/model";
import { hasFaults, seconds } from "../state/preview";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";
import { roughly } from "../ui/roughly";

export function showReceipt(state: State) {
  const { preview, dataset, phase } = state;
  const receipt = byId("receipt");
  const shown = dataset !== undefined && !busy(state) && phase !== "loading";
  receipt.hidden = !shown;
  byId("progress").hidden = shown;
  receipt.classList.toggle("stale", preview.asked !== preview.answered);
  if (shown) fill(receipt, rows(state));
}

function rows(state: State): [string, string][] {
  const { preview } = state;
  const { plan, refusal } = preview;
  if (hasFaults(state)) return [["Not yet", "a setting is to be mended first"]];
  if (refusal) return [["Not so", refusal]];
  if (!plan) return [["Noise multiplier", "…"]];
  const takes = seconds(state.preview, plan.steps, Math.ceil(plan.steps / plan.stepsPerEpoch) + 1);
  return [
    ["Noise multiplier", state.settings.config.nonPrivate ? "none" : format.noise(plan.noiseMultiplier)],
    ["Steps", format.count(plan.steps)],
    ["Takes about", takes === undefined ? "…" : roughly(takes)],
    ...expectedRow(plan),
    ["All runs on these records", preview.ledger ? totalWords(preview.ledger) : "…"],
  ];
}

/** What runs like it reached, where any were measured. */
function expectedRow({ expected, noAccuracy }: Planned): [string, string][] {
  if (noAccuracy) return [["Accuracy", "none"]];
  if (!expected) return [];
  const [low, high] = [format.percent(expected.low, 0), format.percent(expected.high, 0)];
  return [["Others reached", low === high ? low : `${low.replace(" %", "")}–${high}`]];
}

/** What the ledger will hold after the run. */
function totalWords({ forgets, none, total }: LedgerTotal): string {
  if (forgets) return "unknown: no ledger here";
  return none ? "no limit" : `ε ≤ ${format.epsilon(total)}`;
}

/** Terms with their words; replaced only where they are others. */
export function fill(list: HTMLElement, rows: [string, string][]) {
  const words = rows.flat().join("\n");
  if (list.dataset.words === words) return;
  list.dataset.words = words;
  list.replaceChildren(...rows.map(([term, words]) => el("div", {}, el("dt", {}, term), el("dd", {}, words))));
}
