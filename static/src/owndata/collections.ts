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

/** How many of two sorted lists are in both. */
export function shared(a: BigUint64Array, b: BigUint64Array): number {
  let both = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      both++;
      i++;
      j++;
    } else if (a[i] < b[j]) i++;
    else j++;
  }
  return both;
}

/** Two sorted lists in one, each value once. */
export function union(a: BigUint64Array, b: BigUint64Array): BigUint64Array {
  const together = new BigUint64Array(a.length + b.length - shared(a, b));
  for (let i = 0, j = 0, k = 0; k < together.length; k++) {
    const next = i < a.length && (j === b.length || a[i] <= b[j]) ? a[i] : b[j];
    if (a[i] === next) i++;
    if (b[j] === next) j++;
    together[k] = next;
  }
  return together;
}
