// The form made from the table of settings: a label, a control and a line that explains, for each.
import { el } from "../ui/dom";
import { MechanismChooser } from "./mechanism-chooser";
import type { Config, MechanismInfo } from "../protocol";
import { type Plain, type Setting, fault, read, settings, write } from "./settings";

type Control = HTMLInputElement | HTMLSelectElement;

export class SettingsForm {
  #base: Config;
  #controls = new Map<Setting, Control>();
  #faults = new Map<Setting, HTMLElement>();
  #mechanism = new MechanismChooser();

  /** Fills every element with a data-group attribute under root; tells onchange which setting a person changed. */
  constructor(root: HTMLElement, config: Config, onchange: (setting: Setting) => void) {
    this.#base = config;
    for (const setting of settings) {
      const group = root.querySelector(`[data-group="${setting.group}"]`);
      group!.append(this.#row(setting));
      this.#controls.get(setting)!.addEventListener("change", () => {
        this.#showFault(setting);
        onchange(setting);
      });
    }
    this.fill(config);
  }

  fill(config: Config) {
    this.#base = config;
    for (const [setting, control] of this.#controls) {
      const value = read(config, setting);
      if (setting.kind === "mechanism") this.#mechanism.show(String(value));
      else if (control.type === "checkbox") (control as HTMLInputElement).checked = value === true;
      else control.value = written(value);
      this.#showFault(setting);
    }
  }

  /** The configuration as it stands; what is out of its limits keeps its last good value (see valid). */
  get config(): Config {
    return settings.reduce((config, setting) => {
      const value = this.#value(setting);
      return typeof value === "number" && fault(setting, value) ? config : write(config, setting, value);
    }, this.#base);
  }

  /** True when every field is within its limits; otherwise the first that is not gets the focus. */
  get valid(): boolean {
    for (const [setting, control] of this.#controls) {
      if (!this.#showFault(setting)) continue;
      control.closest("details")?.setAttribute("open", "");
      control.focus();
      return false;
    }
    return true;
  }

  /** Replaces what can be chosen, keeping the choice where it is still there. */
  offer(key: string, choices: [value: string, label: string][]) {
    const setting = settings.find((s) => s.key === key)!;
    const select = this.#controls.get(setting)!;
    const chosen = select.value;
    select.replaceChildren(...choices.map(([value, label]) => el("option", { value }, label)));
    if (choices.some(([value]) => value === chosen)) select.value = chosen;
  }

  /** The mechanisms that there are, once the trainer has told. */
  offerMechanisms(catalogue: MechanismInfo[]) {
    this.#mechanism.offer(catalogue);
  }

  /** A learning rate for the optimiser that the chosen mechanism brings, if it brings one. */
  get ownRate(): number | undefined {
    return this.#mechanism.ownRate;
  }

  #row(setting: Setting): HTMLElement {
    if (setting.kind === "mechanism") {
      this.#controls.set(setting, this.#mechanism.input);
      return this.#mechanism.root;
    }
    const id = `setting-${setting.key}`;
    const described = { id, "aria-describedby": `${id}-why ${id}-fault` };
    const control: Control =
      setting.kind === "choice"
        ? el("select", described, ...(setting.choices ?? []).map(([value, label]) => el("option", { value }, label)))
        : setting.kind === "switch"
          ? el("input", { ...described, type: "checkbox", role: "switch" })
          : el("input", { ...described, type: "number", step: "any", inputmode: setting.whole ? "numeric" : "decimal" });
    const problem = el("p", { class: "fault", id: `${id}-fault`, hidden: true });
    this.#controls.set(setting, control);
    this.#faults.set(setting, problem);
    return el(
      "div",
      { class: `setting ${setting.kind}` },
      el("label", { for: id }, setting.label),
      control,
      el("p", { class: "why", id: `${id}-why` }, setting.why),
      problem,
    );
  }

  #value(setting: Setting): Plain {
    const control = this.#controls.get(setting)!;
    if (setting.kind === "switch") return (control as HTMLInputElement).checked;
    if (setting.kind !== "number") return control.value;
    if (control.value === "" && setting.optional) return undefined;
    return control.value === "" ? NaN : Number(control.value);
  }

  #showFault(setting: Setting): boolean {
    const value = this.#value(setting);
    const words = typeof value === "number" ? fault(setting, value) : undefined;
    const place = this.#faults.get(setting);
    if (!place) return false; // a mechanism shows what is wrong itself
    place.textContent = words ?? "";
    place.hidden = !words;
    this.#controls.get(setting)!.toggleAttribute("aria-invalid", false);
    if (words) this.#controls.get(setting)!.setAttribute("aria-invalid", "true");
    return words !== undefined;
  }
}

function written(value: Plain): string {
  if (typeof value !== "number") return String(value ?? "");
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
