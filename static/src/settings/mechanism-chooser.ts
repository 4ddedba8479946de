// Puts a mechanism together from the trainer's catalogue: one that clips and noises, then, if wanted, a schedule for the
// noise, one for the clip norm, a filter and an average. Each says what it does, what it costs and where it is from.
import type { Courses, MechanismInfo, MechanismParam } from "../protocol";
import type { PageEvent, State } from "../state/model";
import { busy } from "../state/model";
import { byId, el, isTypedInto, say } from "../ui/dom";
import { helpButton } from "../ui/help";
import { icon } from "../ui/icons";
import { showCourses } from "./courses";
import { kinds, mechanismWord, paramValue, partsOf } from "./mechanism";
import { written } from "./numbers";

type Dispatch = (event: PageEvent) => void;
type Field = HTMLInputElement | HTMLSelectElement;

interface Part {
  select: HTMLSelectElement;
  row: HTMLElement;
  about: HTMLElement;
  courses: HTMLElement; // what it changes over the run
  fault: HTMLElement;
  params: HTMLElement;
  fields: Map<MechanismParam, { field: Field; fault: HTMLElement }>;
  of?: MechanismInfo; // what the fields are of
}

export class MechanismChooser {
  readonly root = el("div", { class: "mechanism" });
  #dispatch: Dispatch;
  #parts: Part[];
  #reset: HTMLButtonElement;
  #catalogue?: MechanismInfo[];

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
    this.#parts = kinds.map(({ label }, kind) => this.#part(label, kind));
    this.#reset = el("button", { class: "quiet", type: "button", hidden: true, click: () => dispatch({ type: "reset", key: "mechanism" }) }, icon("reset"), "Back to the preset's mechanism");
    this.root.append(this.#reset);
  }

  show(state: State, found: Map<string, string>) {
    const { catalogue, settings: { config, preset, drafts }, preview } = state;
    if (catalogue !== this.#catalogue && catalogue.length > 0) this.#offer(catalogue);
    const names = partsOf(config.mechanism, catalogue);
    for (const [kind, part] of this.#parts.entries()) {
      this.#showPart(part, names[kind], state);
      const words = found.get(`mechanism.${kind}`);
      mark(part.select, part.fault, words);
      for (const [param, { field, fault }] of part.fields) {
        const key = `mechanism.${part.of!.name}.${param.name}`;
        const text = drafts[key] ?? number(paramValue(config.mechanism, part.of!.name, param));
        if (field.value !== text && !isTypedInto(field)) field.value = text;
        mark(field, fault, found.get(key));
      }
    }
    this.#showCourses(names, preview.plan?.courses);
    this.#reset.hidden = mechanismWord(config.mechanism) === mechanismWord(preset.mechanism) || busy(state);
    const title = catalogue.find((m) => m.name === names[0])?.title ?? config.mechanism.name;
    const more = config.mechanism.name.split("+").length - 1;
    say(byId("mechanism-words"), title + (more ? ` +${more}` : ""));
  }

  /** What a schedule changes is drawn beside it; what the mechanism changes by itself, beside that. */
  #showCourses([, noise, clip]: string[], { noiseMultiplier, clipNorm }: Courses = {}) {
    const [mechanism, noiseSchedule, clipSchedule] = this.#parts;
    showCourses(mechanism.courses, ["Noise multiplier", noise ? undefined : noiseMultiplier], ["Clip norm", clip ? undefined : clipNorm]);
    showCourses(noiseSchedule.courses, ["Noise multiplier", noise ? noiseMultiplier : undefined]);
    showCourses(clipSchedule.courses, ["Clip norm", clip ? clipNorm : undefined]);
  }

  /** The control of a field: "mechanism.0" for a part, "mechanism.part.param" for a parameter. */
  control(field: string): Field {
    const name = field.replace(/^mechanism\./, "");
    for (const part of this.#parts) {
      for (const [param, { field }] of part.fields) if (`${part.of!.name}.${param.name}` === name) return field;
    }
    return this.#parts[Number(name)]?.select ?? this.#parts[0].select;
  }

  #part(label: string, kind: number): Part {
    const id = `mechanism-part-${kind}`;
    const part: Part = {
      select: el("select", { id, "aria-describedby": `${id}-about ${id}-fault` }),
      row: el("div", { class: "setting choice" }),
      about: el("div", { class: "why", id: `${id}-about`, hidden: true }),
      courses: el("div", { class: "courses" }),
      fault: el("p", { class: "fault", id: `${id}-fault`, hidden: true }),
      params: el("div", { class: "params" }),
      fields: new Map(),
    };
    part.select.addEventListener("change", () => this.#dispatch({ type: "chose part", kind, name: part.select.value }));
    part.row.append(el("label", { for: id }, label), helpButton(label, part.about.id), part.select, part.about, part.fault, part.courses);
    this.root.append(part.row, part.params);
    return part;
  }

  #offer(catalogue: MechanismInfo[]) {
    this.#catalogue = catalogue;
    for (const [i, { select, row }] of this.#parts.entries()) {
      const { kind, none } = kinds[i];
      const infos = catalogue.filter((m) => m.kind === kind);
      const option = ({ name, title }: MechanismInfo) => el("option", { value: name }, title);
      const families = [...new Set(infos.map(({ family }) => family))];
      const groups = families.flatMap((family) => {
        const members = infos.filter((m) => m.family === family).map(option);
        return family ? [el("optgroup", { label: family }, ...members)] : members;
      });
      select.replaceChildren(...(none ? [el("option", { value: "" }, none)] : []), ...groups);
      row.hidden = infos.length === 0;
    }
  }

  #showPart(part: Part, name: string, { catalogue }: State) {
    const kind = kinds[this.#parts.indexOf(part)].kind;
    const info = catalogue.find((m) => m.name === name && m.kind === kind);
    if (name && !info && ![...part.select.options].some((o) => o.value === name)) part.select.append(el("option", { value: name }, `${name} (unknown)`));
    if (part.select.value !== name) part.select.value = name;
    if (info === part.of) return;
    part.of = info;
    const own = info?.learningRate ? [`It brings its own optimiser; a learning rate of about ${info.learningRate} suits it.`] : [];
    const lines = info ? [info.summary, `It costs ${info.pays}.`, ...own, info.paper] : [];
    part.about.replaceChildren(...lines.map((text) => el("p", {}, text)));
    part.row.querySelector<HTMLElement>(".help")!.hidden = !info;
    if (!info) part.about.hidden = true;
    part.fields = new Map(info?.params.map((p) => [p, this.#field(part, info.name, p)]));
    part.params.replaceChildren(...[...part.fields].map(([p, { field, fault }]) => paramRow(p, field, fault)));
  }

  #field(part: Part, owner: string, param: MechanismParam): { field: Field; fault: HTMLElement } {
    const id = `${part.select.id}-${param.name}`;
    const words = param.choices;
    const described = { id, "aria-describedby": `${id}-fault` };
    const field = words
      ? el("select", described, ...words.map((word, i) => el("option", { value: String(param.min + i) }, word)))
      : el("input", { ...described, type: "text", inputmode: param.whole ? "numeric" : "decimal", autocomplete: "off" });
    field.addEventListener("change", () => this.#dispatch({ type: "set param", part: owner, param: param.name, text: field.value }));
    return { field, fault: el("p", { class: "fault", id: `${id}-fault`, hidden: true }) };
  }
}

const number = (value: number) => (Number.isNaN(value) ? "" : written(value));

function paramRow(param: MechanismParam, field: Field, fault: HTMLElement): HTMLElement {
  const limits = param.choices ? "" : `${written(param.min)} to ${written(param.max)}`;
  return el("div", { class: "setting" }, el("label", { for: field.id }, param.title, " ", el("small", {}, limits)), field, fault);
}

function mark(field: HTMLElement, place: HTMLElement, words: string | undefined) {
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  place.hidden = !words;
  say(place, words ?? "");
}
