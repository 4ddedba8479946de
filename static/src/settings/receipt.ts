// What a run will be and what it will cost, before anything is spent.
import type { LedgerTotal, Planned } from "../protocol";
import { partsOf } from "./mechanism";
import { type PageEvent, type State, busy } from "../state/model";
import { hasFaults, seconds } from "../state/preview";
import { byId, el, fill } from "../ui/dom";
import * as format from "../ui/format";
import { roughly } from "../ui/roughly";

export function showReceipt(state: State, dispatch: (event: PageEvent) => void) {
  const { preview, dataset, phase } = state;
  const receipt = byId("receipt");
  const shown = dataset !== undefined && !busy(state) && phase !== "loading";
  receipt.hidden = !shown;
  byId("progress").hidden = shown;
  receipt.classList.toggle("stale", preview.asked !== preview.answered);
  if (!shown) return;
  fill(receipt, rows(state));
  offerFewerBands(receipt, state, dispatch);
}

/** A run with correlated noise loses a round at a break; with fewer bands, less. */
function offerFewerBands(receipt: HTMLElement, { preview: { plan }, settings: { config }, catalogue }: State, dispatch: (event: PageEvent) => void) {
  const part = partsOf(config.mechanism, catalogue)[0];
  const can = plan && plan.bands > 1 && catalogue.some((m) => m.name === part && m.params.some((p) => p.name === "bands"));
  if (!can || receipt.querySelector("button")) return;
  const fewer = String(Math.floor(plan.bands / 2));
  receipt.lastElementChild!.append(el("button", { type: "button", class: "quiet", click: () => dispatch({ type: "set param", part, param: "bands", text: fewer }) }, "Fewer bands"));
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
    ...(plan.bands > 1 ? [["A break loses", `the rest of a round of ${format.count(plan.bands)} steps`] as [string, string]] : []),
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
