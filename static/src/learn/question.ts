// A question whose answer a reader finds by running what stands above it: the answer is whatever came out there, in this tab.
import { readNumber } from "../settings/numbers";
import { el, say } from "../ui/dom";

/** An element that has something to answer by, undefined until it was run: of a trainer, its accuracy. */
export interface Answering extends HTMLElement {
  answer?: number;
  accuracy?: number;
}

let many = 0;

export class Question extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("form")) return;
    const words = el("p", { role: "status" });
    const id = `answer-${++many}`;
    const input = el("input", { id, type: "text", inputmode: "decimal", autocomplete: "off" });
    const check = (event: Event) => {
      event.preventDefault();
      say(words, this.#verdict(input.value));
    };
    this.append(el("form", { submit: check }, el("label", { for: id }, this.getAttribute("unit") ?? "Your answer"), input, el("button", {}, "Check"), words));
  }

  #verdict(text: string): string {
    const reading = readNumber("Your answer", text.replace("%", ""));
    if ("words" in reading) return reading.words;
    const of = document.querySelector<Answering>(this.getAttribute("of")!);
    const right = of?.answer ?? (of?.accuracy === undefined ? undefined : 100 * of.accuracy);
    if (right === undefined) return this.getAttribute("first") ?? "Run it first: the answer comes from there.";
    const off = Math.abs(reading.value! - right);
    return off <= Number(this.getAttribute("within") ?? 0) + 1e-9 ? "Right." : "Not what came out above. Look again.";
  }
}
