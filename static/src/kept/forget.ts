// Removes all that this browser keeps for the page: runs, data, the ledger, keys. Databases are emptied, not deleted, which
// another open tab would hold up; a run in such a tab finds no ledger and stops.
import { clear } from "../features/store";
import type { Keeper } from "./keeper";

export async function forgetEverything(keeper: Keeper) {
  const keeps = await keeper.list().catch(() => undefined); // where nothing can be kept there is nothing to forget
  if (keeps) await keeper.clear();
  await clear(); // features that were computed
  await dropCaches();
  for (const name of await databases()) await empty(name);
  for (const key of localKeys()) localStorage.removeItem(key);
}

/** What the service worker keeps of the site and of the data that it serves. */
async function dropCaches() {
  if (!("caches" in globalThis)) return; // on a plain http host
  for (const name of await caches.keys()) if (name.startsWith("cloister ")) await caches.delete(name);
}

function localKeys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith("cloister"));
  } catch {
    return []; // denied, and so empty
  }
}

async function databases(): Promise<string[]> {
  const all = await indexedDB.databases?.().catch(() => undefined);
  return all ? all.flatMap(({ name }) => (name?.startsWith("cloister") ? [name] : [])) : ["cloister", "cloister-kept"];
}

function empty(name: string): Promise<void> {
  return new Promise((done, fail) => {
    const request = indexedDB.open(name);
    request.onerror = () => fail(request.error);
    request.onsuccess = () => {
      const db = request.result;
      const close = () => (db.close(), done());
      const stores = [...db.objectStoreNames];
      if (stores.length === 0) return close();
      const transaction = db.transaction(stores, "readwrite", { durability: "strict" });
      for (const store of stores) transaction.objectStore(store).clear();
      transaction.oncomplete = close;
      transaction.onabort = () => (db.close(), fail(transaction.error));
    };
  });
}
