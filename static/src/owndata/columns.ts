// A table's columns: what each is used as, with the bounds or categories that are stated for it. Bounds that nobody can state may be
// asked of the data, for a part of the budget.
import { el } from "../ui/dom";
import * as format from "../ui/format";
import { choice, numberField, textField } from "./fields";
import type { LookedColumn, Settings, StatedColumn } from "./messages";

type Stated = Record<string, StatedColumn>;

/** Asks the data for bounds of a column, for so much epsilon. */
export type Find = (column: string, epsilon: number) => void;

const looks: Record<LookedColumn["kind"], string> = { number: "numbers", category: "categories", date: "dates", text: "texts", empty: "nothing" };

export const boundsDelta = 1e-6;
const offered = { epsilon: 0.1 }; // for bounds of one column, as last typed

export function columnsTable(columns: LookedColumn[], settings: Settings, change: (stated: Stated) => void, find: Find): HTMLElement {
  const stated: Stated = structuredClone(settings.columns);
  const used = columns.filter(({ name }) => name !== settings.label && name !== settings.person);
  const rows = used.map((column, i) => {
    const own = (stated[column.name] ??= column.kind === "number" || column.kind === "category" ? {} : { out: true });
    return row(column, i, own, () => change(structuredClone(stated)), find);
  });
  const numbers = used.some(({ kind }) => kind === "number");
  return el("div", { class: "own-columns" },
    el("p", { class: "note" }, "State the bounds of numbers from what you know, not from the data: values beyond them are moved to them. A number without bounds is left out."),
    ...(numbers ? [price()] : []),
    el("ul", {}, ...rows));
}

/** What asking costs, before anybody asks. */
function price(): HTMLElement {
  const field = numberField("own-bounds-epsilon", offered.epsilon, (value) => {
    if (value !== undefined && value > 0) offered.epsilon = value;
  });
  return el("p", { class: "note" }, "Bounds that you do not know can be found by noised counts. Each column that you press Find for costs ", el("label", { for: field.id }, "ε = "), field,
    ` (at δ of ${format.figure(boundsDelta)} or less). That is charged to the ledger of your own data before the answer is shown, and adds up with every training.`);
}

function row(column: LookedColumn, i: number, own: StatedColumn, changed: () => void, find: Find): HTMLElement {
  const id = `own-column-${i}`;
  const numeric = column.kind === "number";
  const uses: [string, string][] = [["number", "Number"], ["category", "Categories"], ["out", "Leave out"]];
  const now = own.out ? "out" : own.categories || !numeric ? "category" : "number";
  const fields = el("span", { class: "stated" });
  const show = (use: string) => {
    own.out = use === "out";
    if (use === "number") delete own.categories;
    if (use !== "number") delete own.low, delete own.high, delete own.missing, delete own.released;
    const field = (label: string, input: HTMLInputElement) => el("label", { for: input.id }, label, input);
    const number = (key: "low" | "high" | "missing") => numberField(`${id}-${key}`, own[key], (value) => {
      if (value === undefined) delete own[key];
      else own[key] = value;
      if (key !== "missing") delete own.released; // they are the person's now
      changed();
    });
    if (use === "number") {
      fields.replaceChildren(field("from", number("low")), field("to", number("high")), ...(column.missing ? [field("where missing", number("missing"))] : []),
        own.released ? el("small", {}, "found, noised") : el("button", { type: "button", class: "quiet", "aria-label": `Find bounds of ${column.name} by noised counts`, click: () => find(column.name, offered.epsilon) }, "Find"));
    } else if (use === "category") {
      const texts = own.categories ?? column.texts ?? [];
      fields.replaceChildren(field("each of", textField(`${id}-texts`, texts.join(", "), (text) => {
        own.categories = text.split(",").map((t) => t.trim()).filter(Boolean);
        changed();
      })));
    } else fields.replaceChildren();
  };
  const select = choice(id, uses, now, (use) => {
    if (use === "category" && numeric) own.categories = column.texts?.slice() ?? [];
    show(use);
    changed();
  });
  select.setAttribute("aria-label", `${column.name} is used as`);
  show(now);
  return el("li", {}, el("span", { class: "column" }, el("strong", {}, column.name), el("small", {}, ` ${looks[column.kind]}${column.missing ? ", some missing" : ""}`)), select, fields);
}
