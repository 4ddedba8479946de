// What the page's address says after #: data, settings and open panels. A link opens the page as it was. Only what
// differs from the preset is written. Nothing after # is ever sent to a server.
import type { Config } from "../protocol";
import { type Setting, read, settings, shown, understand, write } from "./settings";

export interface Address {
  data?: string;
  model?: string;
  panels: string[];
  words: Map<string, string>; // of the other settings, as they stand there
  unknown: string[]; // names that are no setting
  carried?: boolean; // from the page's own settings, not from a link: what other data do not have is left behind
}

export function readAddress(hash: string): Address {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const words = new Map<string, string>();
  const unknown: string[] = [];
  for (const [key, word] of given) {
    if (key === "data" || key === "model" || key === "open") continue;
    if (settings.some((s) => s.key === key)) words.set(key, word);
    else if (key) unknown.push(key);
  }
  const panels = given.get("open")?.split(".").filter(Boolean) ?? [];
  return { data: given.get("data") ?? undefined, model: given.get("model") ?? undefined, panels, words, unknown };
}

/** A preset with what an address states in its place, and the texts that mean nothing, by setting. */
export function applied(preset: Config, address: Address): { config: Config; drafts: Record<string, string> } {
  let config = preset;
  const drafts: Record<string, string> = {};
  for (const setting of settings) {
    const word = address.words.get(setting.key);
    if (word === undefined) continue;
    const meant = understand(setting, word);
    if ("words" in meant) drafts[setting.key] = word;
    else config = write(config, setting, meant.value);
  }
  return { config, drafts };
}

/** The address of settings, beside the preset that they are compared with. */
export function writeAddress(data: string, config: Config, preset: Config, drafts: Record<string, string>, panels: string[]): string {
  const words = new URLSearchParams({ data, model: drafts.model ?? config.model });
  for (const setting of settings) {
    if (setting.key === "model") continue;
    const draft = drafts[setting.key];
    if (draft !== undefined) words.set(setting.key, draft);
    else if (read(config, setting) !== read(preset, setting)) words.set(setting.key, wordOf(config, setting));
  }
  if (panels.length > 0) words.set("open", panels.join("."));
  return `#${words}`;
}

/** The address of a whole configuration, beside no preset; workers are left to the machine. */
export function addressOf(data: string, config: Config): string {
  const stated = settings.filter((s) => s.key !== "model" && s.key !== "workers" && read(config, s) !== undefined);
  return `#${new URLSearchParams({ data, model: config.model, ...Object.fromEntries(stated.map((s) => [s.key, wordOf(config, s)])) })}`;
}

function wordOf(config: Config, setting: Setting): string {
  const value = read(config, setting);
  return setting.kind === "switch" ? shown(config, setting) : String(value ?? "");
}
