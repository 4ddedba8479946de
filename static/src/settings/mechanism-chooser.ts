// Puts a mechanism together from the trainer's catalogue: one that clips and noises, then, if wanted, a schedule for the
// noise, one for the clip norm, a filter and an average. Each says what it does, what it costs and where it is from.
import { el } from "../ui/dom";
import { figure } from "../ui/format";
import { mechanismWord, parseMechanism } from "./mechanism";
import type { MechanismInfo, MechanismParam } from "../protocol";

const kinds: [kind: string, label: string, none: string][] = [
  ["mechanism", "Mechanism", ""],
  ["noise schedule", "Noise over the run", "Constant"],
  ["clip schedule", "Clip norm over the run", "Constant"],
  ["filter", "Filter of the gradients", "None"],
  ["averaging", "Average of the models", "None"],
];

const onlyFixed: MechanismInfo[] = [
  { name: "fixed", kind: "mechanism", title: "Fixed clip (DP-SGD)", summary: "", pays: "", paper: "", params: [] },
];

interface Part {
  kind: string;
  select: HTMLSelectElement;
  about: HTMLElement;
  fields: Map<MechanismParam, HTMLInputElement>;
}

export class MechanismChooser {
  readonly root = el("div", { class: "mechanism" });
  /** Holds the word; changes with the choice, and tells of it. */
  readonly input = el("input", { type: "hidden" });
  #catalogue = onlyFixed;
  #parts: Part[];

  constructor() {
    this.#parts = kinds.map(([kind, label], i) => {
      const id = `mechanism-part-${i}`;
      const part: Part = { kind, select: el("select", { id, "aria-describedby": `${id}-about` }), about: el("div", { id: `${id}-about` }), fields: new Map() };
      part.select.addEventListener("change", () => (this.#explain(part, {}), this.#tell()));
      this.root.append(el("div", { class: "setting choice" }, el("label", { for: id }, label), part.select), part.about);
      return part;
    });
    this.root.append(this.input);
    this.offer(onlyFixed);
  }

  offer(catalogue: MechanismInfo[]) {
    const word = this.input.value || "fixed";
    this.#catalogue = catalogue;
    for (const [i, { kind, select }] of this.#parts.entries()) {
      const none = kinds[i][2];
      const entries = catalogue.filter((m) => m.kind === kind).map(({ name, title }) => el("option", { value: name }, title));
      select.replaceChildren(...(none ? [el("option", { value: "" }, none)] : []), ...entries);
      (select.parentElement as HTMLElement).hidden = entries.length === 0;
    }
    this.show(word);
  }

  show(word: string) {
    const { name, params = {} } = parseMechanism(word);
    const names = name.split("+");
    for (const part of this.#parts) {
      part.select.value = names.find((n) => this.#catalogue.some((m) => m.name === n && m.kind === part.kind)) ?? "";
      if (part.select.selectedIndex < 0) part.select.selectedIndex = 0;
      this.#explain(part, params);
    }
    this.input.value = word;
  }

  /** A learning rate for the optimiser that the mechanism brings, if it brings one. */
  get ownRate(): number | undefined {
    return this.#chosen(this.#parts[0])?.learningRate;
  }

  #chosen(part: Part): MechanismInfo | undefined {
    return this.#catalogue.find(({ name, kind }) => name === part.select.value && kind === part.kind);
  }

  #explain(part: Part, params: Record<string, number>) {
    const chosen = this.#chosen(part);
    part.fields = new Map(chosen?.params.map((p) => [p, this.#field(part, p, params[`${chosen.name}.${p.name}`] ?? params[p.name] ?? p.default)]));
    part.about.hidden = !chosen?.summary;
    if (!chosen) return;
    const own = chosen.learningRate ? [`It brings its own optimiser; a learning rate of about ${chosen.learningRate} suits it.`] : [];
    const lines = [chosen.summary, `It costs ${chosen.pays}.`, ...own, chosen.paper].map((text) => el("p", { class: "why" }, text));
    const rows = [...part.fields].map(([p, field]) =>
      el("div", { class: "setting" }, el("label", { for: field.id }, p.title), field),
    );
    part.about.replaceChildren(...lines, ...rows);
  }

  #field(part: Part, { name, min, max, whole }: MechanismParam, value: number): HTMLInputElement {
    const field = el("input", { id: `${part.select.id}-${name}`, type: "number", step: whole ? 1 : "any", min, max, required: true, inputmode: whole ? "numeric" : "decimal" });
    field.value = String(value);
    field.addEventListener("change", () => {
      const wrong = !field.validity.valid;
      field.toggleAttribute("aria-invalid", false);
      if (wrong) field.setAttribute("aria-invalid", "true");
      field.title = wrong ? `${whole ? "a whole number " : ""}from ${figure(min)} to ${figure(max)}` : "";
      this.#tell();
    });
    return field;
  }

  #tell() {
    const chosen = this.#parts.flatMap((part) => (part.select.value ? [part.select.value] : []));
    const params: Record<string, number> = {};
    for (const part of this.#parts) {
      for (const [{ name, default: usual }, field] of part.fields) {
        const value = field.valueAsNumber;
        if (Number.isFinite(value) && value !== usual) params[`${part.select.value}.${name}`] = value;
      }
    }
    this.input.value = mechanismWord({ name: chosen.join("+"), params });
    this.input.dispatchEvent(new Event("change"));
  }
}
