// The ledger of what was spent lives in the browser's storage, which the browser may clear when space runs short: a
// forgotten ledger understates. This asks it not to, once for each page, before the first run.
let asked = false;

/** Asks the browser to keep what is stored; tell hears it if it does not promise. Firefox asks its user in turn: no run waits for this. */
export async function keepLedger(tell: (words: string) => void) {
  if (asked) return;
  asked = true;
  if (!(await persist())) {
    tell("This browser does not promise to keep the ledger of what was spent: it may be lost when site data is cleared. Export it from the Budget drawer, or note the epsilon of each run yourself.");
  }
}

async function persist(): Promise<boolean> {
  return (await navigator.storage?.persist?.().catch(() => false)) ?? false;
}

/** Whether the browser has promised; nothing is asked of it. */
export async function isPersistent(): Promise<boolean> {
  return (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
}
