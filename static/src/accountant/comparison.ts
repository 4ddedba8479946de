// Attackers on several runs in one chart: that of the answer, and those that were kept to compare.
import { type Curve, power, tradeoffChart } from "../results/tradeoff";
import { joined } from "../ui/chart";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";

export interface Attacker {
  curve: Curve;
  question: string;
  epsilon: number;
  advantage: number;
}

const letters = ["A", "B", "C"];

export class Comparison {
  #chart = tradeoffChart(["This run", ...letters], ["--accent", "--alarm", "--second", "--third"]);
  #current?: Attacker;
  #kept: Attacker[] = [];
  #keep = byId<HTMLButtonElement>("keep");

  constructor(host: HTMLElement) {
    host.append(this.#chart.root);
    this.#keep.addEventListener("click", () => {
      if (!this.#current || this.#kept.length === letters.length) return;
      this.#kept.push(this.#current);
      this.#show();
    });
    this.#show();
  }

  /** The attacker of the answer that is shown; none while there is no answer. */
  set(attacker: Attacker | undefined) {
    this.#current = attacker;
    this.#show();
  }

  #show() {
    const shown = [this.#current, ...letters.map((_, i) => this.#kept[i])];
    const columns = shown.map((a): [number[], number[]] => (a ? [a.curve.fpr, a.curve.tpr] : [[], []]));
    const any = shown.some(Boolean);
    this.#chart.set(joined(...columns, any ? [[0, 1], [0, 1]] : [[], []]), [0, 1]);
    this.#chart.root.hidden = !any;
    const full = this.#kept.length === letters.length;
    this.#keep.disabled = !this.#current || full || this.#kept.some(({ question }) => question === this.#current!.question);
    this.#keep.textContent = full ? "Three curves are kept" : "Keep this curve to compare";
    byId("compared").hidden = this.#kept.length === 0;
    byId("compare").replaceChildren(...this.#table());
  }

  #table(): Node[] {
    if (!this.#kept.length) return [];
    const rows = [...(this.#current ? [["This run", this.#current] as const] : []), ...this.#kept.map((a, i) => [letters[i], a] as const)];
    const head = ["", "Run", "Epsilon, at most", "Advantage, at most", "Found at 1 % false alarms, at most", ""];
    return [
      el("thead", {}, el("tr", {}, ...head.map((text) => (text ? el("th", { scope: "col" }, text) : el("td"))))),
      el("tbody", {}, ...rows.map(([name, attacker]) => this.#row(name, attacker))),
    ];
  }

  #row(name: string, attacker: Attacker): HTMLElement {
    const { question, epsilon, advantage, curve } = attacker;
    const cells = [question, format.epsilon(epsilon), format.percentage(advantage), format.percentage(power(curve, 0.01))];
    const drop = () => {
      this.#kept = this.#kept.filter((a) => a !== attacker);
      this.#show();
      (this.#keep.disabled ? byId("answer-title") : this.#keep).focus();
    };
    const last = this.#kept.includes(attacker) && name !== "This run" ? [el("button", { type: "button", class: "quiet", "aria-label": `Remove curve ${name}`, click: drop }, "Remove")] : [];
    return el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((text) => el("td", {}, text)), el("td", {}, ...last));
  }
}
