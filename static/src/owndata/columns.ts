// A table's columns: what each is used as, with the bounds or categories that are stated for it.
import { el } from "../ui/dom";
import { choice, numberField, textField } from "./fields";
import type { LookedColumn, Settings, StatedColumn } from "./messages";

type Stated = Record<string, StatedColumn>;

const looks: Record<LookedColumn["kind"], string> = { number: "numbers", category: "categories", date: "dates", text: "texts", empty: "nothing" };

export function columnsTable(columns: LookedColumn[], settings: Settings, change: (stated: Stated) => void): HTMLElement {
  const stated: Stated = structuredClone(settings.columns);
  const used = columns.filter(({ name }) => name !== settings.label && name !== settings.person);
  const rows = used.map((column, i) => {
    const own = (stated[column.name] ??= column.kind === "number" || column.kind === "category" ? {} : { out: true });
    return row(column, i, own, () => change(structuredClone(stated)));
  });
  return el("div", { class: "own-columns" },
    el("p", { class: "note" }, "State the bounds of numbers from what you know, not from the data: values beyond them are moved to them. A number without bounds is left out."),
    el("ul", {}, ...rows));
}

function row(column: LookedColumn, i: number, own: StatedColumn, changed: () => void): HTMLElement {
  const id = `own-column-${i}`;
  const numeric = column.kind === "number";
  const uses: [string, string][] = [["number", "Number"], ["category", "Categories"], ["out", "Leave out"]];
  const now = own.out ? "out" : own.categories || !numeric ? "category" : "number";
  const fields = el("span", { class: "stated" });
  const show = (use: string) => {
    own.out = use === "out";
    if (use === "number") delete own.categories;
    if (use !== "number") delete own.low, delete own.high, delete own.missing;
    const field = (label: string, input: HTMLInputElement) => el("label", { for: input.id }, label, input);
    const number = (key: "low" | "high" | "missing") => numberField(`${id}-${key}`, own[key], (value) => {
      if (value === undefined) delete own[key];
      else own[key] = value;
      changed();
    });
    if (use === "number") {
      fields.replaceChildren(field("from", number("low")), field("to", number("high")), ...(column.missing ? [field("where missing", number("missing"))] : []));
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
