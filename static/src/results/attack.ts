// The audit: as a button, with which a mechanism is attacked in a trainer of its own, so that a run that goes on is not
// disturbed; and what an attacker found who watched a run.
import { el } from "../ui/dom";
import * as format from "../ui/format";
import { claimWords, proofWords } from "./privacy-words";
import type { AuditAnswer, AuditQuestion } from "../protocol";
import type { Run } from "../state/run";
import { Trainer } from "../trainer/client";

const asks = new Map<string, number>(); // how often a question has been asked since the page was opened

/**
 * Fills host with a button, a progress bar and the verdict; question says what to attack when the button is pressed. The
 * function returned takes a verdict away when the question is no longer the one it answers. Whoever needs the answer itself hears of both.
 */
export function attackButton(host: HTMLElement, label: string, question: () => AuditQuestion, hear: (found?: AuditAnswer) => void = () => {}): () => void {
  const bar = el("progress", { max: 1, value: 0, "aria-label": "Attack", hidden: true });
  const verdict = el("p", { class: "verdict", "aria-live": "polite" });
  const button = el("button", { type: "button", click: () => run().catch((error) => (verdict.textContent = error.message)) }, label);
  host.replaceChildren(button, bar, verdict);
  let answered: string | undefined; // the question that the verdict is on, or will be
  return () => {
    if (answered === undefined || answered === JSON.stringify(question())) return;
    answered = undefined;
    verdict.textContent = "";
    hear();
  };

  async function run() {
    const asked = question();
    const key = JSON.stringify(asked);
    const times = (asks.get(key) ?? 0) + 1;
    asks.set(key, times);
    answered = key;
    button.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    verdict.textContent = "";
    hear();
    try {
      const found = await attack({ ...asked, asked: times }, ({ step, steps }) => (bar.value = step / steps));
      if (answered !== key) return;
      verdict.replaceChildren(...verdictWords(found, asked.epsilon, asked.published), ` ${askedWords(times)}`);
      hear(found);
    } finally {
      bar.hidden = true;
      button.disabled = false;
    }
  }
}

// Whoever repeats a test until it finds something finds it.
function askedWords(times: number): string {
  const often = times === 1 ? "once" : times === 2 ? "twice" : `${times} times`;
  return `This was asked ${often} since the page was opened; every repetition is judged more strictly, so that all verdicts together are wrong at most one time in 20.`;
}

async function attack(question: AuditQuestion, progress: (answer: AuditAnswer) => void): Promise<AuditAnswer> {
  let failed = (_: Error) => {};
  const failure = new Promise<never>((_, reject) => (failed = reject));
  const trainer = new Trainer((event) => event.type === "error" && failed(new Error(event.message)));
  try {
    return await Promise.race([trainer.audit(question, progress), failure]);
  } finally {
    trainer.terminate();
  }
}

/** Shows in host that an attacker watches a run and, when it is over, what they found. */
export function showAudited(host: HTMLElement, run: Run | undefined) {
  const told = el("span", {}, ...(run?.planned && run.config.audit ? audited(run) : []));
  if (told.textContent !== host.textContent) host.replaceChildren(...told.childNodes); // what is said again is read out again
}

function audited({ config, audited, over }: Run): (Node | string)[] {
  if (!audited) return [over ? "There is no verdict: the run ended before an attacker had seen a step, or without one." : "An attacker watches this run. What they found is told when it is over."];
  const { step, steps } = audited;
  const seen = step < steps ? ` They saw ${format.count(step)} of ${format.count(steps)} steps.` : "";
  return [...verdictWords(audited, config.epsilon, false), seen];
}

/** The verdict on a budget, and what is claimed of a published mechanism and proven of any. */
export function verdictWords(found: AuditAnswer, epsilon: number, published: boolean): (Node | string)[] {
  const { guesses, correct, confidence, lower, privacy } = found;
  const sure = format.given(Number((100 * confidence).toFixed(3)));
  return [
    headline(found, epsilon, published),
    ` The attacker was right about ${correct} of ${guesses} canaries; no mechanism with an epsilon below ${format.epsilonLower(lower)} lets that ` +
      `happen more than one time in ${Math.round(1 / (1 - confidence))} (${sure} % confidence). ${ceiling(found, epsilon)}${published ? `${claimWords(privacy, epsilon)} ` : ""}${proofWords(privacy)} ${uncovered}`,
  ];
}

const uncovered =
  "Canaries do not pass through the compiled kernel that clips the records of a run: a fault there would not be caught by this attack.";

function ceiling({ guesses, correct, most }: AuditAnswer, epsilon: number): string {
  if (correct < guesses || most <= epsilon) return "";
  return "Every guess was right: this is the most that so many guesses can show, and the truth may lie far above. ";
}

function headline({ lower, most, privacy }: AuditAnswer, epsilon: number, published: boolean): Node {
  const budget = `ε = ${format.given(epsilon)}`;
  if (lower > epsilon) return el("strong", { class: "wrong" }, `Caught: ε is at least ${format.epsilonLower(lower)}, not ${format.given(epsilon)}.`);
  if (most <= epsilon) return el("strong", {}, `Undecided: no attack with so many guesses can contradict more than ε = ${format.epsilon(most)}.`);
  if (!published && !Number.isFinite(privacy.proven)) return el("strong", {}, `Not caught, by its noise alone: that does not contradict ${budget}.`);
  return el("strong", { class: "right" }, `Not caught: nothing contradicts ${budget}.`);
}
