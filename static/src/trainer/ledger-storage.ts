// The ledger of what was spent lives in the browser's storage, which the browser may clear when space runs short: a
// forgotten ledger understates. This asks it not to, once for each page.
let asked = false;

export async function keepLedger(tell: (words: string) => void) {
  if (asked) return;
  asked = true;
  const kept = await navigator.storage?.persist?.().catch(() => false);
  if (!kept) {
    tell("This browser does not promise to keep the ledger of what was spent: it may be lost when site data is cleared. Note the epsilon of each run yourself.");
  }
}
