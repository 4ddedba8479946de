// The two figures of a run: what it has learned, and what that has cost of what was promised.
import type { EpochEvent } from "../protocol";
import type { State } from "../state/model";
import { isPrivate, lastEpoch, spent } from "../state/run";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";

export function showHeadline({ run, settings: { config } }: State) {
  const epoch = run && lastEpoch(run);
  say(byId("tile-accuracy"), epoch ? format.percent(epoch.accuracy) : "–");
  say(byId("accuracy-words"), epoch ? accuracyWords(epoch) : (run?.planned?.noAccuracy ?? ""));
  showBudget(run && isPrivate(run) ? (spent(run) ?? 0) : undefined, (run?.config ?? config).epsilon, run !== undefined && !isPrivate(run));
}

function accuracyWords({ epoch, noised, stdError, loss }: EpochEvent): string {
  const when = `after epoch ${Number(epoch.toFixed(2))}`;
  if (noised) return `± ${format.percent(stdError ?? 0, 1)}, noised; ${when}`;
  return `${when}; loss ${loss.toFixed(3)}`;
}

function showBudget(spent: number | undefined, promised: number, none: boolean) {
  const words = byId("budget-words");
  if (none !== (words.dataset.none === "1")) {
    words.dataset.none = none ? "1" : "0";
    const parts = [el("span", { id: "tile-epsilon" }), el("small", {}, " spent of "), el("span", { id: "tile-target" }), el("small", {}, " promised")];
    words.replaceChildren(...(none ? [el("span", { id: "tile-epsilon" }, "–"), el("small", {}, " nothing is promised")] : parts));
  }
  const meter = byId("meter");
  meter.hidden = none;
  if (none) return;
  say(byId("tile-epsilon"), spent === undefined ? "0" : format.epsilon(spent));
  say(byId("tile-target"), format.epsilon(promised));
  const share = Math.min(1, (spent ?? 0) / promised);
  (meter.firstElementChild as HTMLElement).style.inlineSize = `${(100 * share).toFixed(1)}%`;
  meter.setAttribute("aria-valuemax", String(promised));
  meter.setAttribute("aria-valuenow", String(Math.min(promised, spent ?? 0)));
  meter.setAttribute("aria-valuetext", `${format.epsilon(spent ?? 0)} spent of ${format.epsilon(promised)} promised`);
}
