// Runs that this browser keeps: written as they go on, found again after a reload, and held by one tab at a time. A lock
// that ends with its tab says which; the ledger would refuse a second one too, but only when it has lost its steps.
import type { PageEvent } from "../state/model";
import type { Run } from "../state/run";
import { decodeRun, encodeRun } from "./file";
import { Keeper, StorageError } from "./keeper";

const prefix = "run ";
const nameOf = (key: string) => prefix + key;
const lockOf = (key: string) => `cloister run ${key}`;

interface Draft {
  run: Run;
  checkpoint?: Uint8Array; // undefined: the one that is kept stays
}

export class KeptRuns {
  #dispatch: (event: PageEvent) => void;
  #keeper: Keeper;
  #held = new Map<string, Promise<boolean>>();
  #drafts = new Map<string, Draft>(); // not yet being written
  #writing = new Map<string, Promise<void>>();
  #removing = 0;

  /** Whether something is not yet written, or not yet removed: it would stay as it was if the page were left now. */
  get busy(): boolean {
    return this.#writing.size + this.#removing > 0;
  }

  constructor(keeper: Keeper, dispatch: (event: PageEvent) => void) {
    this.#keeper = keeper;
    this.#dispatch = dispatch;
  }

  /** Tells what is kept, the latest first; nothing where nothing can be. */
  async find() {
    try {
      const files = (await this.#keeper.list()).filter(({ name }) => name.startsWith(prefix));
      const elsewhere = await heldElsewhere();
      const runs: Omit<Run, "id">[] = [];
      let damaged = 0;
      for (const { name } of files) {
        const file = await this.#keeper.read(name);
        if (!file) continue;
        try {
          const { run } = await decodeRun(file);
          runs.push({ ...run, stored: true, elsewhere: elsewhere.has(lockOf(run.key)) });
        } catch {
          damaged++;
        }
      }
      runs.sort((a, b) => b.order - a.order || (a.key < b.key ? -1 : 1));
      this.#dispatch({ type: "found kept", runs, damaged });
    } catch (error) {
      this.#dispatch({ type: "cannot keep", words: (error as Error).message });
    }
  }

  /** Writes a run as it now is. Of several versions that wait, the last is written, with the last checkpoint. */
  keep(run: Run, checkpoint?: Uint8Array, handedOver = false) {
    const own = handedOver ? checkpoint : checkpoint?.slice(); // writing takes it away
    this.#drafts.set(run.key, { run, checkpoint: own ?? this.#drafts.get(run.key)?.checkpoint });
    if (!this.#writing.has(run.key)) this.#writing.set(run.key, this.#write(run.key));
  }

  /** Returns when what waits to be written has been, or could not be. */
  async settled() {
    while (this.#writing.size > 0) await Promise.all(this.#writing.values());
  }

  async #write(key: string) {
    try {
      if (!(await this.#hold(key))) return this.#elsewhere(key);
      for (let draft; (draft = this.#drafts.get(key)); ) {
        this.#drafts.delete(key);
        const { run } = draft;
        const checkpoint = draft.checkpoint ?? (await this.#checkpoint(key));
        await this.#keeper.write(nameOf(key), encodeRun(run, checkpoint));
        this.#dispatch({ type: "stored", run: run.id, over: run.over === true, checkpoint: draft.checkpoint !== undefined });
      }
    } catch (error) {
      this.#drafts.delete(key);
      this.#dispatch({ type: "cannot keep", words: (error as Error).message, full: error instanceof StorageError && error.full });
    } finally {
      this.#writing.delete(key);
    }
  }

  #elsewhere(key: string) {
    const { run } = this.#drafts.get(key)!;
    this.#drafts.delete(key);
    this.#dispatch({ type: "is elsewhere", run: run.id });
  }

  async #checkpoint(key: string): Promise<Blob | undefined> {
    const file = await this.#keeper.read(nameOf(key));
    return file && (await decodeRun(file)).checkpoint;
  }

  /** Takes a run to go on with, unless another tab has it. */
  async take({ id, key }: Run) {
    try {
      await this.#writing.get(key);
      if (!(await this.#hold(key))) return this.#dispatch({ type: "is elsewhere", run: id });
      const file = await this.#keeper.read(nameOf(key));
      if (!file) throw new Error("it is not there any more");
      const { run, checkpoint } = await decodeRun(file);
      if (checkpoint.size === 0) throw new Error("it was interrupted before its first checkpoint");
      this.#dispatch({ type: "took kept", run: { ...run, id, stored: true }, checkpoint: new Uint8Array(await checkpoint.arrayBuffer()) });
    } catch (error) {
      this.#dispatch({ type: "failed", words: `The run cannot go on: ${(error as Error).message}. What it was charged stays charged.` });
    }
  }

  async remove(key: string) {
    this.#removing++;
    try {
      this.#drafts.delete(key);
      await this.#writing.get(key);
      if (!(await this.#hold(key))) return this.#dispatch({ type: "failed", words: "The run goes on in another tab and stays there: delete it in that tab, or after that tab is closed." });
      await this.#keeper.remove(nameOf(key));
    } catch (error) {
      this.#dispatch({ type: "failed", words: `The run could not be deleted: ${(error as Error).message}.` });
    } finally {
      this.#removing--;
    }
  }

  /** The checkpoint of a kept run, for a file. */
  async checkpoint({ key }: Run): Promise<Uint8Array | undefined> {
    const blob = await this.#checkpoint(key);
    return blob && blob.size > 0 ? new Uint8Array(await blob.arrayBuffer()) : undefined;
  }

  /** Holds a run for as long as this page is open; false: another tab does. */
  #hold(key: string): Promise<boolean> {
    let held = this.#held.get(key);
    if (!held) {
      held = hold(lockOf(key));
      this.#held.set(key, held);
      held.then((got) => got || this.#held.delete(key));
    }
    return held;
  }
}

function hold(name: string): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true); // the ledger still lets one go on only
  return new Promise((resolve) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise(() => {}) : undefined;
      })
      .catch(() => resolve(true)); // no locks here
  });
}

/** Names of locks that other tabs hold. A page that was just left may take a moment to let go of its own. */
async function heldElsewhere(): Promise<Set<string>> {
  const held = async () => (await navigator.locks?.query().catch(() => undefined))?.held?.map(({ name }) => name ?? "") ?? [];
  if ((await held()).length > 0) await new Promise((go) => setTimeout(go, 300));
  return new Set(await held());
}
