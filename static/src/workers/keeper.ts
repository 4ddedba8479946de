// The worker that keeps files in this browser: in the Origin Private File System, each written beside its place, flushed
// and then renamed, so that at any moment there is the old one or the new one, whole; in IndexedDB where that is missing.
// It answers on a port, one request after the other.
import "./guard";
import type { KeptFile, Reply, Request } from "../kept/messages";

interface Place {
  list(): Promise<KeptFile[]>;
  read(name: string): Promise<Blob | undefined>;
  write(name: string, content: Blob): Promise<void>;
  remove(name: string): Promise<void>;
  clear(): Promise<void>;
}

const pieceBytes = 2 ** 20;
const draftEnd = ".new";
const oldDraft = 86_400_000; // milliseconds: nobody writes it any more

class PrivateFiles implements Place {
  #folder: FileSystemDirectoryHandle;

  private constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder;
  }

  static async open(): Promise<PrivateFiles> {
    if (!("createSyncAccessHandle" in FileSystemFileHandle.prototype && "move" in FileSystemFileHandle.prototype)) throw new Error("no files that can be flushed and renamed");
    const root = await navigator.storage.getDirectory();
    return new PrivateFiles(await root.getDirectoryHandle("cloister", { create: true }));
  }

  async list(): Promise<KeptFile[]> {
    const files: KeptFile[] = [];
    for await (const [name, handle] of (this.#folder as any).entries()) {
      const file: File = await handle.getFile();
      if (!name.endsWith(draftEnd)) files.push({ name: decodeURIComponent(name), size: file.size });
      else if (Date.now() - file.lastModified > oldDraft) await this.#folder.removeEntry(name).catch(() => {});
    }
    return files;
  }

  async read(name: string): Promise<Blob | undefined> {
    try {
      return await (await this.#folder.getFileHandle(encodeURIComponent(name))).getFile();
    } catch (error) {
      if ((error as DOMException).name === "NotFoundError") return undefined;
      throw error;
    }
  }

  async write(name: string, content: Blob) {
    const target = encodeURIComponent(name);
    const draft: any = await this.#folder.getFileHandle(target + draftEnd, { create: true });
    try {
      await fill(draft, content);
      await draft.move(target);
    } catch (error) {
      await this.#folder.removeEntry(target + draftEnd).catch(() => {});
      throw error;
    }
  }

  async remove(name: string) {
    for (const entry of [encodeURIComponent(name), encodeURIComponent(name) + draftEnd]) {
      await this.#folder.removeEntry(entry).catch((error: DOMException) => {
        if (error.name !== "NotFoundError") throw error;
      });
    }
  }

  async clear() {
    const names: string[] = [];
    for await (const name of (this.#folder as any).keys()) names.push(name); // half-written ones too
    for (const name of names) await this.#folder.removeEntry(name);
  }
}

async function fill(draft: any, content: Blob) {
  const file = await draft.createSyncAccessHandle();
  try {
    file.truncate(0);
    for (let at = 0; at < content.size; at += pieceBytes) {
      const piece = new Uint8Array(await content.slice(at, at + pieceBytes).arrayBuffer());
      if (file.write(piece, { at }) !== piece.length) throw new DOMException("the storage is full", "QuotaExceededError");
    }
    file.flush();
  } finally {
    file.close();
  }
}

class Database implements Place {
  #db: IDBDatabase;

  private constructor(db: IDBDatabase) {
    this.#db = db;
  }

  static async open(): Promise<Database> {
    const request = indexedDB.open("cloister-kept", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("files");
    return new Database(await result(request));
  }

  async list(): Promise<KeptFile[]> {
    const files: KeptFile[] = [];
    await this.#transact("readonly", async (store) => {
      const [names, contents] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
      names.forEach((name, i) => files.push({ name: String(name), size: contents[i].byteLength }));
    });
    return files;
  }

  async read(name: string): Promise<Blob | undefined> {
    let content: ArrayBuffer | undefined;
    await this.#transact("readonly", async (store) => (content = await result(store.get(name))));
    return content && new Blob([content]);
  }

  async write(name: string, content: Blob) {
    const bytes = await content.arrayBuffer(); // a transaction waits for nothing else
    await this.#transact("readwrite", (store) => result(store.put(bytes, name)));
  }

  async remove(name: string) {
    await this.#transact("readwrite", (store) => result(store.delete(name)));
  }

  async clear() {
    await this.#transact("readwrite", (store) => result(store.clear()));
  }

  async #transact(mode: IDBTransactionMode, act: (store: IDBObjectStore) => Promise<unknown>) {
    const transaction = this.#db.transaction("files", mode, { durability: "strict" });
    const over = new Promise<void>((resolve, fail) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => fail(transaction.error ?? new DOMException("the storage gave up", "AbortError"));
    });
    await Promise.all([act(transaction.objectStore("files")), over]);
  }
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, fail) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => fail(request.error);
  });
}

let place: Promise<Place> | undefined;

/** Files where there are such, else the database; what keeps neither is asked again next time. */
function opened(): Promise<Place> {
  place ??= PrivateFiles.open().catch(() => Database.open());
  place.catch(() => (place = undefined));
  return place;
}

async function answer(request: Request): Promise<Omit<Reply, "id">> {
  const kept = await opened();
  switch (request.do) {
    case "list":
      return { files: await kept.list() };
    case "read":
      return { content: await kept.read(request.name) };
    case "write":
      await kept.write(request.name, new Blob(request.content));
      return {};
    case "remove":
      await kept.remove(request.name);
      return {};
    case "clear":
      await kept.clear();
      return {};
  }
}

let last: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data: port }: MessageEvent<MessagePort>) => {
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    last = last.then(async () => {
      try {
        port.postMessage({ id: data.id, ...(await answer(data)) });
      } catch (error) {
        const { name, message } = error as DOMException;
        port.postMessage({ id: data.id, failed: { name, message } });
      }
    });
  };
};
