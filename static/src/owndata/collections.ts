// Which collection of a person's own their records belong to. Of each collection its name is kept, and a mark of every record that was
// put into it: 64 bits of HMAC-SHA-256 of the record's source bytes, under the secret of key.ts. By them the owner is told when new
// data share records with a collection. Secret and marks stay in this browser: they are in no file, plan, total or certificate.

interface Collection {
  name: string;
  marks: ArrayBuffer; // sorted uint64s, each once
}

/** A collection that shares records with new data. */
export interface Overlap {
  name: string;
  shared: number; // distinct records of the new data that are in it
}

export const firstCollection = "Own data"; // that of train/own.go

/** As train/own.go tells names apart. */
const keyOf = (name: string) => tidied(name).toLowerCase();
export const tidied = (name: string) => name.trim().replace(/\s+/g, " ") || firstCollection;

const store = "collections";

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open("cloister-collections", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(store);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function all(): Promise<Collection[]> {
  const db = await open();
  try {
    return await settled(db.transaction(store).objectStore(store).getAll());
  } finally {
    db.close();
  }
}

/** The names of all collections; none where the browser keeps nothing. */
export async function names(): Promise<string[]> {
  return (await all().catch(() => [])).map(({ name }) => name);
}

/** The collections that share records with these, those with most first. */
export async function overlaps(marks: BigUint64Array): Promise<Overlap[]> {
  const found = (await all()).map((c) => ({ name: c.name, shared: shared(marks, new BigUint64Array(c.marks)) }));
  return found.filter((o) => o.shared > 0).sort((a, b) => b.shared - a.shared);
}

/** Puts records into a collection, made if there is none of the name. It is remembered when this returns. */
export async function remember(name: string, marks: BigUint64Array): Promise<void> {
  const db = await open();
  try {
    const transaction = db.transaction(store, "readwrite", { durability: "strict" });
    const collections = transaction.objectStore(store);
    const before: Collection | undefined = await settled(collections.get(keyOf(name)));
    const together: Collection = { name: before?.name ?? tidied(name), marks: union(before ? new BigUint64Array(before.marks) : new BigUint64Array(), marks).buffer as ArrayBuffer };
    await settled(collections.put(together, keyOf(name)));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    db.close();
  }
}

// Lists may hold millions of marks, and are gone through where a page is drawn: as pairs of 32 bits, which are plain numbers, the low half first
// (every machine that runs a browser is little-endian).
const halves = (list: BigUint64Array) => new Uint32Array(list.buffer, list.byteOffset, 2 * list.length);

/** Below 0 where the mark at i of a comes before the one at j of b, above 0 where after, 0 where they are the same. */
const order = (a: Uint32Array, i: number, b: Uint32Array, j: number) => a[2 * i + 1] - b[2 * j + 1] || a[2 * i] - b[2 * j];

/** How many of two sorted lists are in both. */
export function shared(a: BigUint64Array, b: BigUint64Array): number {
  const [left, right] = [halves(a), halves(b)];
  let both = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const d = order(left, i, right, j);
    if (d === 0) both++;
    if (d <= 0) i++;
    if (d >= 0) j++;
  }
  return both;
}

/** Two sorted lists in one, each value once. */
export function union(a: BigUint64Array, b: BigUint64Array): BigUint64Array {
  const together = new BigUint64Array(a.length + b.length - shared(a, b));
  const [left, right, all] = [halves(a), halves(b), halves(together)];
  for (let i = 0, j = 0, k = 0; k < together.length; k++) {
    const d = j === b.length ? -1 : i === a.length ? 1 : order(left, i, right, j);
    const [from, at] = d <= 0 ? [left, i] : [right, j];
    all[2 * k] = from[2 * at];
    all[2 * k + 1] = from[2 * at + 1];
    if (d <= 0) i++;
    if (d >= 0) j++;
  }
  return together;
}
