// The mechanisms in groups: those that did best in docs/experiments first, then by what they do.

const members: Record<string, string[]> = {
  Recommended: ["cloister", "fixed", "bandmf", "psac"],
  "Fixed clip": ["auto-s", "auto-v", "normalised", "per-layer"],
  "Adaptive clip": ["quantile", "quantile-layer"],
  "Filtered gradients": ["disk"],
  "With Adam": ["dp-adam", "dp-adam-bc"],
  "The benchmark's, made sound": ["noise-decay", "alds", "amc-ns", "alc-mvr", "alc-mvr-2", "ac-van", "alc-nd"],
};

const others = "Others";

export const families = [...Object.keys(members), others];

export const familyOf = (name: string): string => families.find((family) => members[family]?.includes(name)) ?? others;
