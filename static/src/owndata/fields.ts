// The fields of the form: each says what was typed when it is left.
import { readNumber } from "../settings/numbers";
import { el } from "../ui/dom";

type Field = HTMLInputElement | HTMLSelectElement;

export function line(label: string, field: Field): HTMLElement {
  return el("div", { class: "own-line" }, el("label", { for: field.id }, label), field);
}

export function choice(id: string, options: [value: string, words: string][], now: string, act: (value: string) => void): HTMLSelectElement {
  const all = options.some(([value]) => value === now) ? options : [...options, [now, now] as [string, string]];
  const select = el("select", { id }, ...all.map(([value, words]) => el("option", { value }, words)));
  select.value = now;
  select.addEventListener("change", () => act(select.value));
  return select;
}

export function textField(id: string, now: string, act: (text: string) => void): HTMLInputElement {
  const field = el("input", { id, type: "text", value: now, autocomplete: "off", spellcheck: "false" });
  field.addEventListener("change", () => act(field.value.trim()));
  return field;
}

/** A number, or nothing; what is neither is marked, and told as nothing. */
export function numberField(id: string, now: number | undefined, act: (value: number | undefined) => void, whole = false): HTMLInputElement {
  const field = el("input", { id, type: "text", inputmode: whole ? "numeric" : "decimal", value: now === undefined ? "" : String(now), autocomplete: "off" });
  field.addEventListener("change", () => {
    const read = readNumber("This", field.value, true);
    const value = "value" in read ? read.value : undefined;
    const bad = "words" in read || (whole && value !== undefined && !(Number.isInteger(value) && value > 0));
    if (bad) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    field.title = "words" in read ? read.words : bad ? "A whole number is wanted." : "";
    act(bad ? undefined : value);
  });
  return field;
}
