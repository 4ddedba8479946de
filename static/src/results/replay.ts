// Training with a mechanism as published, as a button. It has a trainer of its own, and nothing of it is private.
import { verdictWords } from "./attack";
import type { Choice } from "../trainer/datasets";
import { el } from "../ui/dom";
import * as format from "../ui/format";
import type { DatasetInfo, Event, ReplayAnswer } from "../protocol";
import { Trainer } from "../trainer/client";

/**
 * Fills host with buttons, progress and the result; asked says what to train when the button is pressed. The function
 * returned takes a result away when something else is chosen, and ends a training that goes on.
 */
export function replayButton(host: HTMLElement, asked: () => { mechanism: string; data: Choice }): () => void {
  let stop = () => {};
  let drop = () => {};
  const start = el("button", { type: "button", class: "primary", click: () => run().catch(tell) }, "Train as published");
  const end = el("button", { type: "button", disabled: true, click: () => stop() }, "Stop");
  const bar = el("progress", { max: 1, value: 0, "aria-label": "Training", hidden: true });
  const words = el("p", { class: "verdict", "aria-live": "polite" });
  const result = el("div", { class: "replayed", "aria-live": "polite" });
  host.replaceChildren(el("div", { class: "buttons" }, start, end), bar, words, result);

  return () => {
    drop();
    result.replaceChildren();
    tell("");
  };

  async function run() {
    start.disabled = true;
    bar.hidden = false;
    result.replaceChildren();
    tell("Getting the records ready …");
    let failed = (_: Error) => {};
    const failure = new Promise<never>((_, reject) => (failed = reject));
    let opened = (_: DatasetInfo) => {};
    const dataset = new Promise<DatasetInfo>((resolve) => (opened = resolve));
    const trainer = new Trainer((event: Event) => {
      if (event.type === "loading") bar.value = event.loading.done / (event.loading.total || 1);
      if (event.type === "dataset") opened(event.dataset);
      if (event.type === "error") failed(new Error(event.message));
    });
    stop = () => trainer.send({ type: "stop" });
    drop = () => failed(new Error(""));
    try {
      await Promise.race([train(trainer, dataset), failure]);
    } finally {
      trainer.terminate();
      drop = () => {};
      bar.hidden = end.disabled = true;
      start.disabled = false;
    }
  }

  async function train(trainer: Trainer, opening: Promise<DatasetInfo>) {
    const { mechanism, data } = asked();
    trainer.send({ type: "open", source: data.source });
    const dataset = await opening;
    if (!dataset.replay) throw new Error(`${dataset.title}: these records are not known to be public, and what was published protects nobody.`);
    const config = { ...dataset.replay, mechanism: { name: mechanism }, audit: true };
    end.disabled = false;
    tell("Training …");
    const answer = await trainer.replay(config, (answer) => {
      bar.value = answer.step / answer.steps;
      if (!result.firstChild) result.append(mark(answer));
      if (answer.epoch) tell(`Epoch ${answer.epoch} of ${config.epochs}: test accuracy ${format.percent(answer.accuracy)}.`);
    });
    tell(`Done: ${format.count(answer.steps)} steps on ${dataset.title}.`);
    result.replaceChildren(mark(answer), ...outcome(answer, config.epsilon));
  }

  function tell(what: string | Error) {
    const text = what instanceof Error ? what.message : what;
    if (words.textContent !== text) words.textContent = text; // a live region speaks at every change
  }
}

function mark({ notPrivate }: ReplayAnswer): Node {
  return el("div", { class: "banner" }, el("strong", {}, "Not private:"), ` ${notPrivate}.`);
}

function outcome({ accuracy, privacy, audit }: ReplayAnswer, budget: number): Node[] {
  const proven = Number.isFinite(privacy.proven) ? `≤ ${format.epsilon(privacy.proven)}` : "none";
  const tiles: [string, string][] = [
    ["Test accuracy", format.percent(accuracy)],
    ["Claimed epsilon", format.epsilon(privacy.claimed)],
    ["Proven epsilon", proven],
  ];
  return [
    el("dl", { class: "tiles" }, ...tiles.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("p", { class: "verdict" }, ...verdictWords(audit!, budget, true)),
  ];
}
