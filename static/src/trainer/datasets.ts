// The datasets that a person can choose: the built-in one, and what was packed beside the page (data/index.json).
import type { Recipe } from "../owndata/messages";
import type { Source } from "../protocol";

export interface Choice {
  name: string; // in the address and as the option's value
  title: string;
  source: Source;
  recipe?: Recipe; // of own data: how one more record is made
  kept?: boolean; // of own data: this browser keeps them
}

const builtIn: Choice = { name: "digits", title: "Built-in digits", source: { kind: "digits" } };

/** The built-in set first; a site without packed data has no index, which is no error. */
export async function datasets(): Promise<Choice[]> {
  return [builtIn, ...(await packed())];
}

async function packed(): Promise<Choice[]> {
  const index = new URL("data/index.json", document.baseURI);
  const response = await fetch(index).catch(() => undefined);
  if (!response?.ok) return [];
  const list: unknown = await response.json().catch(() => []);
  if (!Array.isArray(list)) return [];
  return list
    .filter((entry) => typeof entry?.name === "string" && typeof entry?.title === "string")
    .map(({ name, title }) => ({ name, title, source: { kind: "url", url: new URL(`${encodeURIComponent(name)}/`, index).href } }));
}
