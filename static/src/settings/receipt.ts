// What a run will be and what it will cost, before anything is spent.
import type { Expected, LedgerTotal, Planned } from "../protocol";
import { partsOf } from "./mechanism";
import { type PageEvent, type State, busy } from "../state/model";
import { hasFaults, seconds } from "../state/preview";
import { byId, el, fill, say } from "../ui/dom";
import * as format from "../ui/format";
import { helpButton } from "../ui/help";
import { roughly } from "../ui/roughly";

export function showReceipt(state: State, dispatch: (event: PageEvent) => void) {
  const { preview, dataset, phase } = state;
  const receipt = byId("receipt");
  const shown = dataset !== undefined && !busy(state) && phase !== "loading";
  receipt.hidden = !shown;
  byId("progress").hidden = shown;
  receipt.classList.toggle("stale", preview.asked !== preview.answered);
  if (!shown) byId("expected-words").hidden = true;
  if (!shown) return;
  fill(receipt, rows(state));
  offerFewerBands(receipt, state, dispatch);
  explainExpected(receipt, state);
}

/** Where the figure of what others reached comes from, behind a "?"; that noise will drown everything is said openly. */
function explainExpected(receipt: HTMLElement, { preview: { plan } }: State) {
  const words = byId("expected-words");
  const text = plan && !plan.config.nonPrivate && !plan.noAccuracy ? expectedWords(plan.expected) : "";
  const row = [...receipt.children].find(({ firstChild }) => firstChild?.textContent === others);
  if (words.textContent !== text) words.hidden = !plan?.expected?.drowned;
  if (!text || !row) words.hidden = true;
  say(words, text);
  if (text && row && !row.querySelector("button")) row.lastElementChild!.append(helpButton("what others reached", words.id));
  row?.querySelector("button")?.setAttribute("aria-expanded", String(!words.hidden));
}

function expectedWords(e: Expected | undefined): string {
  if (!e) return "No run of this model was measured on records of this kind and number, so that nothing is told of what it may reach.";
  const drowned = e.drowned ? "The noise will drown the signal: even the easiest of the sets that were measured came out hardly better than guessing. More records, a smaller model, fixed features or a larger epsilon help. " : "";
  const points = e.curve.map(({ records, low, high }) => `${format.count(records)}: ${range(low, high)}`);
  return `${drowned}${e.basis} By number of records, at this ε: ${points.join("; ")}.`;
}

/** A run with correlated noise loses a round at a break; with fewer bands, less. */
function offerFewerBands(receipt: HTMLElement, { preview: { plan }, settings: { config }, catalogue }: State, dispatch: (event: PageEvent) => void) {
  const part = partsOf(config.mechanism, catalogue)[0];
  const can = plan && plan.bands > 1 && catalogue.some((m) => m.name === part && m.params.some((p) => p.name === "bands"));
  const last = receipt.lastElementChild!;
  if (!can || last.querySelector("button")) return;
  const fewer = String(Math.floor(plan.bands / 2));
  last.lastElementChild!.append(el("button", { type: "button", class: "quiet", click: () => dispatch({ type: "set param", part, param: "bands", text: fewer }) }, "Fewer bands"));
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
    ...(state.dataset?.encoder ? [["Outside the guarantee", `what made the vectors, and all that it was trained on: ${state.dataset.encoder}`] as [string, string]] : []),
    ["All runs on these records", preview.ledger ? totalWords(preview.ledger) : "…"],
    ...(plan.bands > 1 ? [["A break loses", `the rest of a round of ${format.count(plan.bands)} steps`] as [string, string]] : []),
  ];
}

/** What runs like it reached, where any were measured. */
function expectedRow({ config, expected, noAccuracy }: Planned): [string, string][] {
  if (noAccuracy) return [["Accuracy", "none"]];
  if (config.nonPrivate) return [];
  return [[others, expected ? range(expected.low, expected.high) : "not measured"]];
}

const others = "Others reached";

/** From one share to another: 60–85 %. */
function range(from: number, to: number): string {
  const [low, high] = [format.percent(from, 0), format.percent(to, 0)];
  return low === high ? low : `${low.replace(" %", "")}–${high}`;
}

/** What the ledger will hold after the run. */
function totalWords({ forgets, none, total }: LedgerTotal): string {
  if (forgets) return "unknown: no ledger here";
  return none ? "no limit" : `ε ≤ ${format.epsilon(total)}`;
}
