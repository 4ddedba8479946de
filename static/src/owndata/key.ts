// The key that decides which records are held out for testing: made at random, kept in this browser with the ledger, so that reading
// the same files again gives the same split. Where storage is refused it lasts as long as the page.
const place = "cloister-split-key";
let key: string | undefined;

export function splitKey(): string {
  key ??= remembered() ?? make();
  return key;
}

function remembered(): string | undefined {
  try {
    const found = localStorage.getItem(place);
    return found && atob(found).length === 32 ? found : undefined;
  } catch {
    return undefined;
  }
}

function make(): string {
  const made = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  try {
    localStorage.setItem(place, made);
  } catch {}
  return made;
}
