// The choice of settings to start from. It says "Own settings" as soon as they differ from every preset.
import { el } from "../ui/dom";
import type { Config, Preset } from "../protocol";
import { read, settings } from "./settings";

const own = "Own settings";

export class Presets {
  #select: HTMLSelectElement;
  #presets: Preset[] = [];

  constructor(select: HTMLSelectElement, onchoose: (config: Config) => void) {
    this.#select = select;
    select.addEventListener("change", () => {
      const chosen = this.#presets[select.selectedIndex];
      if (chosen) onchoose(chosen.config);
    });
  }

  offer(presets: Preset[]) {
    this.#presets = presets;
    const titles = [...presets.map(({ title, config }) => (repeated(title, presets) ? `${title}: ${config.model}` : title)), own];
    this.#select.replaceChildren(...titles.map((title) => el("option", {}, title)));
  }

  /** The first preset of a model is where its settings start. */
  of(model: string): Config | undefined {
    return this.#presets.find(({ config }) => config.model === model)?.config;
  }

  /** Shows which preset a configuration is. */
  show(config: Config) {
    const at = this.#presets.findIndex((preset) => settings.every((s) => (read(preset.config, s) || 0) === (read(config, s) || 0)));
    this.#select.selectedIndex = at < 0 ? this.#presets.length : at;
  }
}

const repeated = (title: string, presets: Preset[]) => presets.filter((p) => p.title === title).length > 1;
