// The configuration in the page's address, after #: a link opens the page with the same settings. Only what differs
// from the preset is written. Nothing after # is ever sent to a server.
import type { Config } from "../protocol";
import { fault, read, settings, write } from "./settings";

const given = () => new URLSearchParams(location.hash.slice(1));

/** The dataset that the address asks for. */
export function addressedData(): string | undefined {
  return given().get("data") ?? undefined;
}

/** The model that the address asks for: it decides which preset the rest is compared with. */
export function addressedModel(): string | undefined {
  return given().get("model") ?? undefined;
}

/** The preset, with what the address states in its place. What the address states wrongly is left out. */
export function withAddress(preset: Config): Config {
  const words = given();
  return settings.reduce((config, setting) => {
    const word = words.get(setting.key);
    if (word === null || setting.key === "model") return config; // the model has decided the preset
    if (setting.kind === "switch") return write(config, setting, word === "1");
    if (setting.choices?.every(([value]) => value !== word)) return config;
    if (setting.kind !== "number") return write(config, setting, word);
    const value = word.trim() === "" ? NaN : Number(word);
    return fault(setting, value) ? config : write(config, setting, value);
  }, preset);
}

/** Writes the address without adding to the history. */
export function putAddress(data: string, config: Config, preset: Config) {
  const words = new URLSearchParams({ data, model: config.model });
  for (const setting of settings) {
    const value = read(config, setting);
    if (setting.key === "model" || value === read(preset, setting)) continue;
    words.set(setting.key, value === true ? "1" : String(value ?? 0));
  }
  history.replaceState(null, "", `#${words}`);
}
