// Settings as a person changes them: by field, by preset, by link.
import type { Config } from "../protocol";
import { type Address, applied } from "../settings/address";
import { mechanismFaults, partsOf, sentence, withParam, withPart } from "../settings/mechanism";
import { readNumber } from "../settings/numbers";
import { type Setting, fallback, settings, understand, write } from "../settings/settings";
import type { PageEvent, Settings, State } from "./model";
import type { Turn } from "./turn";

const without = (drafts: Record<string, string>, test: (key: string) => boolean) => Object.fromEntries(Object.entries(drafts).filter(([key]) => !test(key)));

/** The first preset of a model is where its settings start. */
export function presetOf({ presets }: Settings, model: string): Config {
  return presets.find(({ config }) => config.model === model)?.config ?? { ...fallback, model };
}

function change(turn: Turn, part: Partial<Settings>) {
  turn.set({ settings: { ...turn.state.settings, ...part } });
}

/** What can be chosen for a setting. */
export function choicesOf({ dataset }: State, setting: Setting): [string, string][] | undefined {
  return setting.key === "model" ? dataset?.models.map((name) => [name, name]) : setting.choices;
}

export function set(turn: Turn, { key, text }: Extract<PageEvent, { type: "set" }>) {
  const { settings: now } = turn.state;
  const setting = settings.find((s) => s.key === key)!;
  const meant = understand(setting, text, choicesOf(turn.state, setting));
  const drafts = without(now.drafts, (k) => k === key);
  if ("words" in meant) return change(turn, { drafts: { ...drafts, [key]: text } });
  change(turn, { config: write(now.config, setting, meant.value), drafts });
  if (key === "model") useModel(turn, String(meant.value));
  if (key === "nonprivate") useSteps(turn, now.config);
}

/**
 * Without privacy nothing is clipped, and gradients are as long as they are: what is the right rate for short ones leads nowhere. With the preset for
 * recordings FSDD came to 94 % at this rate, and at its own, of 1, to guessing.
 */
const unclippedRate = 0.1;

/** A learning rate that nobody has changed goes with the clipping, and comes back with it. */
function useSteps(turn: Turn, before: Config) {
  const { config, preset } = turn.state.settings;
  if (!config.nonPrivate === !before.nonPrivate || ownRate(turn.state, config) !== undefined) return;
  const [clipped, unclipped] = [preset.learningRate, Math.min(preset.learningRate, unclippedRate)];
  const [from, to] = config.nonPrivate ? [clipped, unclipped] : [unclipped, clipped];
  if (config.learningRate === from) change(turn, { config: { ...config, learningRate: to } });
}

/** Another model brings how it is trained; what is promised, and how it is kept, stay as they were chosen. */
function useModel(turn: Turn, model: string) {
  const { settings: now } = turn.state;
  const preset = presetOf(now, model);
  if (!now.presets.some((p) => p.config.model === model)) return change(turn, { preset });
  const { epochs, batchSize, fullBatch, clipNorm, optimizer, learningRate, momentum, schedule } = preset;
  const rate = ownRate(turn.state, now.config) ?? (now.config.nonPrivate ? Math.min(learningRate, unclippedRate) : learningRate);
  const { fullBatch: _, ...kept } = now.config;
  const drafts = without(now.drafts, (key) => settings.some((s) => s.key === key && s.group === "training"));
  change(turn, { preset, drafts, config: { ...kept, ...(fullBatch && { fullBatch }), epochs, batchSize, clipNorm, optimizer, learningRate: rate, momentum, schedule } });
}

/** A learning rate for the optimiser that the mechanism brings, if it brings one. */
function ownRate({ catalogue }: State, { mechanism }: Config): number | undefined {
  return catalogue.find((m) => m.name === partsOf(mechanism, catalogue)[0])?.learningRate;
}

export function reset(turn: Turn, key: string) {
  const { settings: now } = turn.state;
  const setting = settings.find((s) => s.key === key)!;
  const { [setting.path]: _, ...others } = now.config;
  const usual = now.preset[setting.path];
  const config = (usual === undefined ? others : { ...others, [setting.path]: usual }) as Config;
  change(turn, { config, drafts: without(now.drafts, (k) => k === key || k.startsWith(`${key}.`)) });
  if (key === "mechanism") useRate(turn, now.config);
  if (key === "nonprivate") useSteps(turn, now.config);
}

export function choosePreset(turn: Turn, index: number) {
  const chosen = turn.state.settings.presets[index]?.config;
  if (chosen) change(turn, { config: chosen, preset: presetOf(turn.state.settings, chosen.model), drafts: {} });
}

export function choosePart(turn: Turn, { kind, name }: Extract<PageEvent, { type: "chose part" }>) {
  const { settings: now, catalogue } = turn.state;
  const mechanism = withPart(now.config.mechanism, catalogue, kind, name);
  change(turn, { config: { ...now.config, mechanism }, drafts: without(now.drafts, (key) => key.startsWith("mechanism.")) });
  useRate(turn, now.config);
}

/** A mechanism that brings its own optimiser brings a learning rate too, which leaves with it. */
function useRate(turn: Turn, before: Config) {
  const { settings: now } = turn.state;
  const rate = ownRate(turn.state, now.config);
  if (rate === ownRate(turn.state, before)) return;
  change(turn, { config: { ...now.config, learningRate: rate ?? now.preset.learningRate } });
}

export function setParam(turn: Turn, { part, param, text }: Extract<PageEvent, { type: "set param" }>) {
  const { settings: now, catalogue } = turn.state;
  const info = catalogue.find((m) => m.name === part)?.params.find((p) => p.name === param);
  if (!info) return;
  const key = `mechanism.${part}.${param}`;
  const drafts = without(now.drafts, (k) => k === key);
  const reading = readNumber(sentence(info.title), text);
  if ("words" in reading) return change(turn, { drafts: { ...drafts, [key]: text } });
  change(turn, { drafts, config: { ...now.config, mechanism: withParam(now.config.mechanism, catalogue, part, param, reading.value!) } });
}

/** Takes the settings of an address, once it is known what its data offer. Says what of it means nothing. */
export function useAddress(turn: Turn, address: Address, carried = false) {
  const { dataset, settings: now } = turn.state;
  if (!dataset) return;
  const known = address.model !== undefined && dataset.models.includes(address.model);
  const preset = presetOf(now, known ? address.model! : (now.presets[0]?.config.model ?? dataset.models[0]));
  const { config, drafts } = applied(preset, address);
  if (address.model !== undefined && !known && !carried) drafts.model = address.model;
  change(turn, { preset, config, drafts });
  if (carried) return;
  const told = [...address.unknown.map((key) => `“${key}” is no setting.`), ...faults(turn.state).values()];
  if (told.length > 0) turn.problem(`This link says what cannot be: ${told.join(" ")}`);
}

/** What is wrong with the settings, in words, by field: a setting's key, or "mechanism.part.param". */
export function faults(state: State): Map<string, string> {
  const { settings: now, catalogue } = state;
  const found = new Map<string, string>();
  for (const setting of settings) {
    const draft = now.drafts[setting.key];
    const meant = draft === undefined ? undefined : understand(setting, draft, choicesOf(state, setting));
    if (meant && "words" in meant) found.set(setting.key, meant.words);
  }
  for (const [at, words] of mechanismFaults(now.config.mechanism, catalogue)) found.set(`mechanism.${at}`, words);
  for (const m of catalogue) {
    for (const p of m.params) {
      const draft = now.drafts[`mechanism.${m.name}.${p.name}`];
      const reading = draft === undefined ? undefined : readNumber(sentence(p.title), draft);
      if (reading && "words" in reading) found.set(`mechanism.${m.name}.${p.name}`, reading.words);
    }
  }
  return found;
}
