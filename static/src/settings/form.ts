// The form made from the table of settings: one line each, with what explains it behind a "?", and the way back to the
// preset where it differs. The state decides what a line shows; a line only tells what a person did.
import type { PageEvent, State } from "../state/model";
import { busy } from "../state/model";
import { choicesOf, faults } from "../state/settings";
import { byId, el, isTypedInto, say } from "../ui/dom";
import * as format from "../ui/format";
import { helpButton } from "../ui/help";
import { icon } from "../ui/icons";
import { showCourses } from "./courses";
import { epsilonSlider } from "./epsilon-slider";
import { MechanismChooser } from "./mechanism-chooser";
import { written } from "./numbers";
import { type Setting, modelTitle, read, same, settings, shown } from "./settings";

type Control = HTMLInputElement | HTMLSelectElement;
type Dispatch = (event: PageEvent) => void;

interface Row {
  setting: Setting;
  root: HTMLElement;
  control: Control;
  reset: HTMLButtonElement;
  fault: HTMLElement;
  text?: string; // as last shown
}

export class SettingsForm {
  #rows: Row[] = [];
  #mechanism: MechanismChooser;
  #slider: ReturnType<typeof epsilonSlider>;
  #rateCourse = el("div", { class: "courses" });
  #data = byId<HTMLSelectElement>("data");
  #preset = byId<HTMLSelectElement>("preset");

  constructor(dispatch: Dispatch) {
    const form = byId("setup");
    form.addEventListener("submit", (event) => event.preventDefault()); // Enter in a field starts nothing
    this.#mechanism = new MechanismChooser(dispatch);
    this.#slider = epsilonSlider((text) => dispatch({ type: "set", key: "epsilon", text }));
    for (const setting of settings) {
      const group = form.querySelector(`[data-group="${setting.group}"]`)!;
      if (setting.kind === "mechanism") {
        group.append(this.#mechanism.root);
        continue;
      }
      const row = makeRow(setting, dispatch);
      this.#rows.push(row);
      group.append(row.root);
      if (setting.key === "epsilon") group.append(this.#slider.root);
      if (setting.key === "schedule") row.root.append(this.#rateCourse);
    }
    this.#data.addEventListener("change", () => dispatch({ type: "chose data", name: this.#data.value }));
    this.#preset.addEventListener("change", () => dispatch({ type: "chose preset", index: this.#preset.selectedIndex }));
  }

  show(state: State) {
    const found = faults(state);
    const locked = busy(state);
    for (const part of byId("setup").querySelectorAll("fieldset")) if (part.disabled !== locked) part.disabled = locked;
    this.#showData(state);
    this.#showPresets(state);
    for (const row of this.#rows) showRow(row, state, found.get(row.setting.key));
    this.#slider.show(state.settings.config.epsilon);
    showCourses(this.#rateCourse, ["Learning rate", state.preview.plan?.courses.learningRate]);
    const { config, preset } = state.settings;
    const changed = settings.filter((s) => s.group === "advanced" && !same(config, preset, s)).length;
    say(byId("advanced-words"), changed ? `${changed} changed` : "");
    const dataset = state.choices.find((c) => c.name === state.data)?.title ?? "";
    say(byId("rail-words"), [dataset, modelTitle(config.model), `ε ${config.epsilon}`].filter(Boolean).join(" · "));
  }

  /** The mechanism's part of it, which takes as long to draw as the rest. */
  showMechanism(state: State) {
    this.#mechanism.show(state, faults(state));
  }

  /** Brings a field before a person's eyes. */
  focus(field: string) {
    const control = field.startsWith("mechanism.") ? this.#mechanism.control(field) : byId(`setting-${field}`);
    for (let fold = control.closest("details"); fold; fold = fold.parentElement!.closest("details")) fold.open = true;
    control.focus();
  }

  #showData({ choices, data, dataset, question }: State) {
    const options: [string, string][] = choices.map(({ name, title }) => [name, title]);
    if (data && !choices.some(({ name }) => name === data)) options.push([data, `${data} (not on this site)`]);
    if (options.length > 0) offer(this.#data, options);
    if (!question) this.#data.value = data;
    if (dataset) say(byId("provenance"), `${format.count(dataset.train)} to train on, ${format.count(dataset.test)} to test. ${dataset.provenance}`);
  }

  /** Says "Own settings" as soon as they differ from every preset. */
  #showPresets({ settings: { presets, config, drafts } }: State) {
    if (presets.length === 0) return;
    const repeated = (title: string) => presets.filter((p) => p.title === title).length > 1;
    const titles = presets.map(({ title, config }) => (repeated(title) ? `${title}: ${config.model}` : title));
    offer(this.#preset, [...titles, "Own settings"].map((title, i) => [String(i), title]));
    const at = presets.findIndex((p) => settings.every((s) => same(p.config, config, s)));
    this.#preset.selectedIndex = at < 0 || Object.keys(drafts).length > 0 ? presets.length : at;
  }
}

function makeRow(setting: Setting, dispatch: Dispatch): Row {
  const { key, kind, label, choices } = setting;
  const id = `setting-${key}`;
  const described = { id, "aria-describedby": `${id}-why ${id}-fault` };
  const control: Control =
    kind === "choice"
      ? el("select", described, ...(choices ?? []).map(([value, words]) => el("option", { value }, words)))
      : kind === "switch"
        ? el("input", { ...described, type: "checkbox", role: "switch" })
        : el("input", { ...described, type: "text", inputmode: setting.whole ? "numeric" : "decimal", autocomplete: "off", spellcheck: "false" });
  control.addEventListener("change", () => {
    const text = kind === "switch" ? ((control as HTMLInputElement).checked ? "1" : "0") : control.value;
    dispatch({ type: "set", key, text });
  });
  const reset = el("button", { class: "reset", type: "button", hidden: true, click: () => (dispatch({ type: "reset", key }), control.focus()) }, icon("reset"));
  const fault = el("p", { class: "fault", id: `${id}-fault`, hidden: true });
  const why = el("p", { class: "why", id: `${id}-why`, hidden: true }, [setting.why, limits(setting), setting.paper].filter(Boolean).join(" "));
  const root = el("div", { class: `setting ${kind}` }, el("label", { for: id }, label), reset, helpButton(label, why.id), control, why, fault);
  return { setting, root, control, reset, fault };
}

const limits = ({ min, max, kind }: Setting) => (kind === "number" ? `From ${written(min!)} to ${written(max!)}.` : "");

function showRow(row: Row, state: State, words: string | undefined) {
  const { setting, control, reset, fault, root } = row;
  const { config, preset, drafts } = state.settings;
  const text = drafts[setting.key] ?? shown(config, setting);
  if (setting.key === "model" && state.dataset) offer(control as HTMLSelectElement, state.dataset.models.map((name) => [name, modelTitle(name)]));
  if (setting.kind === "choice") {
    const choices = setting.key === "model" ? choicesOf(state, setting) : setting.choices;
    const unknown = choices && !choices.some(([value]) => value === text);
    if (unknown && ![...(control as HTMLSelectElement).options].some((o) => o.value === text)) control.append(el("option", { value: text }, `${text} (unknown)`));
  }
  if (setting.key === "batch") control.disabled = config.fullBatch === true; // which takes them all
  if (setting.kind === "switch") (control as HTMLInputElement).checked = text === "1";
  else if (text !== row.text || !isTypedInto(control)) control.value = text;
  row.text = text;
  if (words) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  fault.hidden = !words;
  say(fault, words ?? "");
  const changed = setting.key !== "model" && (drafts[setting.key] !== undefined || !same(config, preset, setting));
  root.classList.toggle("changed", changed);
  reset.hidden = !changed || busy(state);
  const usual = shown(preset, setting) || "none";
  reset.setAttribute("aria-label", `Set ${setting.label} back to ${setting.kind === "switch" ? (read(preset, setting) ? "on" : "off") : usual}`);
  reset.title = reset.getAttribute("aria-label")!;
}

/** Replaces what a select offers, if it is something else. */
function offer(select: HTMLSelectElement, options: [value: string, label: string][]) {
  const now = [...select.options].map((o) => `${o.value}\n${o.text}`).join("\n");
  if (now === options.map(([value, label]) => `${value}\n${label}`).join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}
