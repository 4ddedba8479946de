// What of an element can be set: its attributes, each of which is a setting of a run, and the fields of those that a reader may change.
import type { Config } from "../protocol";
import type { Settings } from "../module/session";
import { type Plain, type Setting, settings as all, understand } from "../settings/settings";
import { written } from "../settings/numbers";
import { el } from "../ui/dom";

export const names = ["model", "epsilon", "delta", "mechanism", "clip", "batch", "epochs", "rate", "nonprivate", "audit"] as const;
export type Name = (typeof names)[number];

export const isName = (word: string): word is Name => (names as readonly string[]).includes(word);
export const settingOf = (name: Name): Setting => all.find(({ key }) => key === name)!;

/** What an attribute means; a fault is an Error for whoever wrote the page, or the reader. */
export function meant(name: Name, text: string): Plain {
  const setting = settingOf(name);
  const read = understand(setting, setting.kind === "switch" ? (text === "false" || text === "0" ? "0" : "1") : text);
  if ("words" in read) throw new RangeError(read.words);
  return read.value;
}

/** A field for a setting; changed hears what was typed. */
export function field(name: Name, text: string, options: [value: string, label: string][], locked: boolean, changed: (text: string) => void): HTMLElement {
  const setting = settingOf(name);
  const hear = ({ target }: { target: HTMLInputElement }) => changed(target.type === "checkbox" ? (target.checked ? "1" : "0") : target.value);
  const input =
    setting.kind === "switch"
      ? el("input", { type: "checkbox", checked: text !== "" && text !== "0" && text !== "false", disabled: locked, change: hear })
      : options.length > 0
        ? el("select", { disabled: locked, change: hear }, ...options.map(([value, label]) => el("option", { value, selected: value === text }, label)))
        : el("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: text, disabled: locked, change: hear });
  return el("label", { part: "field", class: `field ${setting.kind}` }, el("span", {}, setting.label), input);
}

/** Settings of a run, of what is set. */
export function settingsOf(texts: Map<Name, string>): Settings {
  const settings: Record<string, unknown> = {};
  for (const [name, text] of texts) {
    const value = meant(name, text);
    if (value !== undefined && value !== false) settings[settingOf(name).path] = value;
  }
  return settings as Settings;
}

/** What a run was, as its fields show it. */
export function shownOf(config: Config, name: Name): string {
  const value = name === "mechanism" ? config.mechanism.name : (config[settingOf(name).path] as Plain);
  return typeof value === "number" ? written(value) : value === true ? "yes" : String(value ?? "no");
}
