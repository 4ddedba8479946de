// Features of published data, kept in the origin's private files: a folder for each set, whole or not at all. What a folder is called says
// which records and which map it is of; its mark is written last.
import type { Packed } from "./messages";

const mark = "complete";

async function folder(create: boolean): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle("features", { create });
}

/** A set that is there and whole. */
export async function find(key: string): Promise<Packed[] | undefined> {
  try {
    const set = await (await folder(false)).getDirectoryHandle(key);
    await set.getFileHandle(mark);
    const files: Packed[] = [];
    for await (const [name, handle] of (set as any).entries()) if (name !== mark) files.push({ name, blob: await handle.getFile() });
    return files;
  } catch {
    return undefined; // not there, or this browser keeps nothing
  }
}

/** A set in the making. Where it cannot be kept, for want of room or of leave, write says so once and end does nothing. */
export class Writer {
  #set?: Promise<FileSystemDirectoryHandle>;
  #key: string;

  constructor(key: string) {
    this.#key = key;
    this.#set = folder(true).then(async (all) => {
      await all.removeEntry(key, { recursive: true }).catch(() => {}); // half of one
      return all.getDirectoryHandle(key, { create: true });
    });
    this.#set.catch(() => (this.#set = undefined));
  }

  async write(name: string, bytes: Uint8Array) {
    try {
      const set = await this.#set;
      if (!set) return;
      const to = await (await set.getFileHandle(name, { create: true })).createWritable();
      await to.write(bytes as BufferSource);
      await to.close();
    } catch {
      this.#set = undefined;
      await folder(false).then((all) => all.removeEntry(this.#key, { recursive: true })).catch(() => {});
    }
  }

  /** What was written, as files on the disk rather than in memory; nothing where it was not kept. */
  async end(): Promise<Packed[] | undefined> {
    await this.write(mark, new Uint8Array(1));
    return this.#set && find(this.#key);
  }
}

/** How many bytes are kept. */
export async function size(): Promise<number> {
  let bytes = 0;
  try {
    for await (const set of (await folder(false) as any).values()) {
      for await (const file of set.values()) bytes += (await file.getFile()).size;
    }
  } catch {
    // nothing is kept
  }
  return bytes;
}

/** Removes all that is kept; throws where something is left. */
export async function clear() {
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  await root?.removeEntry("features", { recursive: true }).catch((error: DOMException) => {
    if (error.name !== "NotFoundError") throw error;
  });
}
