// Data of the person's own that this browser keeps, because the person said so: the packed files, and last what they are, so
// that half of them is never taken for the whole.
import type { Choice } from "../trainer/datasets";
import type { Keeper } from "./keeper";

const prefix = "data ";

interface Told {
  title: string;
  collection?: string; // whose ledger they are charged to
  recipe?: Choice["recipe"];
  files: { name: string; size: number }[];
}

const nameOf = (choice: string, file = "") => `${prefix}${choice}/${file}`;

export const sizeOf = ({ source }: Choice): number => (source.files ?? []).reduce((sum, { blob }) => sum + blob.size, 0);

/** Choices as they were kept. Their files are read when they are opened. */
export async function keptData(keeper: Keeper): Promise<Choice[]> {
  const names = (await keeper.list()).map(({ name }) => name).filter((name) => name.startsWith(prefix) && name.endsWith("/"));
  const choices = await Promise.all(names.map((name) => choice(keeper, name.slice(prefix.length, -1)).catch(() => undefined)));
  return choices.filter((found) => found !== undefined);
}

async function choice(keeper: Keeper, name: string): Promise<Choice | undefined> {
  const told: Told = JSON.parse((await (await keeper.read(nameOf(name)))?.text()) ?? "null");
  const files = await Promise.all(told.files.map(async (file) => ({ name: file.name, blob: await keeper.read(nameOf(name, file.name)), size: file.size })));
  if (files.some(({ blob, size }) => blob?.size !== size)) return undefined;
  return { name, title: told.title, recipe: told.recipe, kept: true, source: { kind: "own", collection: told.collection, files: files.map(({ name, blob }) => ({ name, blob: blob! })) } };
}

/** Keeps them all, or nothing. */
export async function keepData(keeper: Keeper, { name, title, recipe, source }: Choice) {
  const files = source.files ?? [];
  try {
    for (const file of files) await keeper.write(nameOf(name, file.name), [file.blob]);
    const told: Told = { title, collection: source.collection, recipe, files: files.map(({ name, blob }) => ({ name, size: blob.size })) };
    await keeper.write(nameOf(name), [JSON.stringify(told)]);
  } catch (error) {
    await dropData(keeper, name).catch(() => {});
    throw error;
  }
}

export async function dropData(keeper: Keeper, choice: string) {
  const names = (await keeper.list()).map(({ name }) => name).filter((name) => name.startsWith(nameOf(choice)));
  for (const name of names.sort()) await keeper.remove(name); // what they are goes first
}
