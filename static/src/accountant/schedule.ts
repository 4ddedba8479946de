// A schedule as rows, one for each stretch of equal steps; beneath them the same as text, which the trainer reads.
import type { AccountAnswer } from "../protocol";
import { debounced, el } from "../ui/dom";
import { type Kind, type Row, toRows, writeRows } from "./question";

const columns = [
  ["noise", "Noise"],
  ["rate", "Rate"],
  ["steps", "Steps"],
] as const;

export class Schedule {
  rows: Row[] = [{ noise: "1", rate: "0.01", steps: "500" }, { noise: "0.8", rate: "0.01", steps: "500" }];
  #body = el("div", { class: "stretches" });
  #noise = el("span");
  #text: HTMLTextAreaElement;
  #fault = el("p", { class: "fault", id: "segments-fault", role: "alert", hidden: true });
  #parse: (text: string) => Promise<AccountAnswer>;
  #changed: (kind?: Kind) => void;
  #kind: Kind = "epsilon";
  #latest = 0;

  /** parse reads a schedule's text; changed hears of every change, and of the kind of question that a text asks. */
  constructor(host: HTMLElement, parse: (text: string) => Promise<AccountAnswer>, changed: (kind?: Kind) => void) {
    this.#parse = parse;
    this.#changed = changed;
    const head = el("div", { class: "stretch", "aria-hidden": "true" }, this.#noise, el("span", {}, "Rate q"), el("span", {}, "Steps"));
    const add = el("button", { type: "button", class: "quiet", id: "add-row", click: () => this.#add() }, "Add a stretch");
    this.#text = el("textarea", { id: "segments", rows: 3, spellcheck: "false", "aria-describedby": "segments-why segments-fault", input: debounced(300, () => this.read(this.#text.value)) });
    host.replaceChildren(
      head,
      this.#body,
      add,
      el("details", {}, el("summary", {}, "As text"), el("label", { class: "sr-only", for: "segments" }, "Schedule as text"), this.#text, this.#fault,
        el("p", { class: "why", id: "segments-why" }, "Noise, rate and steps of each stretch, as in 1.1:0.01:500, joined by semicolons. Where noise is what is asked, ? stands for it: ?:0.01:500; 0.8*?:0.01:500.")),
    );
    this.show("epsilon");
  }

  /** Draws the rows for a kind of question, and writes them as text. */
  show(kind: Kind) {
    this.#kind = kind;
    this.#noise.textContent = kind === "sigma" ? "Times σ" : "Noise σ";
    this.#body.replaceChildren(...this.rows.map((row, i) => this.#row(row, i)));
    this.#write();
  }

  /** The kind of question has changed, or not. */
  ask(kind: Kind) {
    if (kind !== this.#kind) this.show(kind);
  }

  /** Marks rows that are at fault, by their index. */
  mark(faults: Record<number, string>) {
    for (const [i, row] of [...this.#body.children].entries()) {
      const fault = row.querySelector<HTMLElement>(".fault")!;
      fault.textContent = faults[i] ?? "";
      fault.hidden = !faults[i];
      for (const field of row.querySelectorAll("input")) field.setAttribute("aria-invalid", String(faults[i] !== undefined));
    }
  }

  /** Takes a schedule's text; one that cannot be read changes nothing but what is said beneath it. */
  async read(text: string) {
    const mine = ++this.#latest;
    let answer: AccountAnswer;
    try {
      answer = await this.#parse(text);
    } catch (error) {
      if (mine === this.#latest) this.#say((error as Error).message);
      return;
    }
    if (mine !== this.#latest) return;
    const schedule = answer.schedule!;
    if (schedule.length > 200) return this.#say(`This page shows schedules of at most 200 stretches; this one has ${schedule.length}. The terminal takes more.`);
    if (schedule.some(({ unknown }) => unknown !== schedule[0].unknown)) return this.#say("Either every stretch has a ? for its noise, or none.");
    this.rows = toRows(schedule);
    this.show(schedule[0].unknown ? "sigma" : "epsilon");
    this.#changed(this.#kind);
  }

  #say(fault: string) {
    this.#fault.textContent = fault;
    this.#fault.hidden = fault === "";
    this.#text.setAttribute("aria-invalid", String(fault !== ""));
  }

  #write() {
    this.#say("");
    if (document.activeElement !== this.#text) this.#text.value = writeRows(this.#kind, this.rows).text;
  }

  #add() {
    this.rows.push({ ...this.rows.at(-1)! });
    this.show(this.#kind);
    this.#body.lastElementChild!.querySelector("input")!.focus();
    this.#changed();
  }

  #row(row: Row, i: number): HTMLElement {
    const cells = columns.map(([name, title]) => {
      const field = el("input", {
        type: "text", inputmode: "decimal", value: row[name], "aria-label": `${title} of stretch ${i + 1}`, "aria-describedby": `row-fault-${i}`,
        input: (event: InputEvent) => {
          row[name] = (event.target as HTMLInputElement).value;
          this.#write();
          this.#changed();
        },
      });
      return field;
    });
    const drop = () => {
      this.rows.splice(i, 1);
      this.show(this.#kind);
      this.#body.querySelectorAll("input")[0].focus();
      this.#changed();
    };
    const remove = el("button", { type: "button", class: "quiet icon", "aria-label": `Remove stretch ${i + 1}`, disabled: this.rows.length < 2, click: drop }, "×");
    const fault = el("p", { class: "fault", id: `row-fault-${i}`, hidden: true });
    return el("div", { class: "stretch", role: "group", "aria-label": `Stretch ${i + 1}` }, ...cells, remove, fault);
  }
}
