// The runs beside the one that is shown: a line each, with a name, a colour and notes of the person's own. Those that are
// ticked are in the curves and side by side in a table.
import { isOf } from "../state/kept";
import { type Order, colourOf, colours, nameOf, ordered } from "../state/list";
import { type PageEvent, type State, busy } from "../state/model";
import { type Run, hasModel, isPrivate, lastEpoch, spent } from "../state/run";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";
import { comparison } from "./comparison";

const orders: [Order, string][] = [["latest", "Latest first"], ["accuracy", "Most accurate first"], ["epsilon", "Least epsilon first"], ["name", "By name"]];

export class RunList {
  #dispatch: (event: PageEvent) => void;
  #list = byId("kept");
  #table = byId("compare");
  #shown: unknown[] = [];

  constructor(dispatch: (event: PageEvent) => void) {
    this.#dispatch = dispatch;
    const sort = el("select", { id: "sort-runs", "aria-label": "Order of the runs", change: () => dispatch({ type: "sorted", by: sort.value as Order }) }, ...orders.map(([value, words]) => el("option", { value }, words)));
    byId("sort").append(sort);
  }

  show(state: State) {
    const { kept, compared, run, dataset, sorted } = state;
    byId("compare-panel").hidden = kept.length === 0;
    byId("sort").hidden = kept.length < 2;
    const now = [kept, compared, run, dataset, sorted, busy(state)];
    if (now.every((part, i) => part === this.#shown[i])) return;
    if (this.#list.contains(document.activeElement) && isWriting(document.activeElement!)) return; // somebody is naming a run
    this.#shown = now;
    const open = new Set([...this.#list.querySelectorAll<HTMLElement>("details[open]")].map((notes) => notes.dataset.run));
    this.#list.replaceChildren(...ordered(state).map((k) => this.#row(k, state, open.has(String(k.id)))));
    const beside = kept.filter((k) => compared.includes(k.id));
    const all = [...beside, ...(run?.planned ? [run] : [])];
    this.#table.parentElement!.hidden = all.length < 2 || beside.length === 0;
    this.#table.replaceChildren(...(all.length < 2 ? [] : comparison(all, run)));
  }

  #row(run: Run, state: State, open: boolean): HTMLElement {
    const { compared, dataset } = state;
    const button = (words: string, event: PageEvent, disabled = false) => el("button", { type: "button", class: "quiet", disabled, click: () => this.#dispatch(event) }, words);
    const describe = (what: Partial<Run>) => this.#dispatch({ type: "described", run: run.id, what });
    const colour = colourOf(run);
    const drawn = compared.includes(run.id);
    const show = el("input", { type: "checkbox", checked: drawn, id: `kept-${run.id}`, change: () => this.#dispatch({ type: "compared", run: run.id, on: show.checked }) });
    const swatch = el("button", { type: "button", class: `swatch-button run-${colour}`, title: "Another colour", "aria-label": `Another colour for ${nameOf(run)}`, click: () => describe({ colour: (colour + 1) % colours }) });
    const name: HTMLInputElement = el("input", { type: "text", class: "run-name", value: nameOf(run), maxlength: 80, "aria-label": "Name of the run", change: () => (name.blur(), describe({ name: name.value.trim() || undefined })) });
    const notes: HTMLTextAreaElement = el("textarea", { rows: 2, maxlength: 2000, "aria-label": `Notes on ${nameOf(run)}`, change: () => (notes.blur(), describe({ notes: notes.value })) }, run.notes ?? "");
    return el(
      "li",
      { class: drawn ? "drawn" : "" },
      el("span", { class: "run-head" }, el("label", { for: show.id }, show, el("span", { class: "sr-only" }, `Compare ${nameOf(run)}`)), swatch, name),
      el("span", { class: "run-facts" }, facts(run)),
      el(
        "span",
        { class: "ways" },
        button("Go on with it", { type: "took back", run: run.id }, busy(state) || !dataset || !isOf(run, dataset) || !hasModel(run)),
        button("Duplicate", { type: "duplicated", run: run.id }, busy(state)),
        button("Save", { type: "saved kept", run: run.id }, !hasModel(run)),
        button("Discard", { type: "discarded", run: run.id }),
      ),
      el("details", { open, "data-run": run.id }, el("summary", {}, run.notes ? "Notes" : "Add notes"), notes),
    );
  }
}

const isWriting = (element: Element) => element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type === "text");

function facts(run: Run): HTMLElement {
  const accuracy = lastEpoch(run) ? format.percent(lastEpoch(run)!.accuracy) : "–";
  const cost = isPrivate(run) ? `ε ≤ ${format.epsilon(spent(run) ?? 0)}` : "not private";
  const where = run.over ? "" : ` · ${run.elsewhere ? "open in another tab" : `interrupted at step ${format.count(run.last?.step ?? 0)} of ${format.count(run.planned!.steps)}`}`;
  const outside = run.dataset.encoder ? ` · ${run.dataset.encoder}, whose training data are outside the guarantee` : "";
  return el("span", {}, el("strong", {}, accuracy), ` ${cost}${where}${outside}`);
}
