// A Go program with a worker of its own, that few people need. It is loaded when it is first asked for, and then kept: after that the page
// needs no network to start it again.
import { pageName } from "./bound";
import { programScript } from "./home";

interface Loaded {
  wasm: Blob; // compiled where it runs: megabytes are not the page's to copy while somebody looks at it
  script: string; // address of the worker's script, in memory
}

export class Program {
  #what: string;
  #wasm: string;
  #loaded?: Promise<Loaded>;

  /** what it is, for the person who waits for it; wasm: its address. */
  constructor(what: string, wasm: string) {
    this.#what = what;
    this.#wasm = wasm;
  }

  /** A worker that runs it, and listens. */
  async start(): Promise<Worker> {
    try {
      const { wasm, script } = await (this.#loaded ??= this.#load());
      const worker = new Worker(script, { name: pageName });
      await new Promise<void>((ready, fail) => {
        worker.onerror = (error) => fail(new Error(error.message || "its script did not start"));
        worker.onmessage = ({ data }) => (data.ready ? ready() : fail(new Error(data.failed)));
        worker.postMessage({ wasm });
      });
      return worker;
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }

  async #load(): Promise<Loaded> {
    const program = async () => {
      const response = await fetch(this.#wasm);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return response.blob();
    };
    const [wasm, script] = await Promise.all([program(), programScript()]).catch((error) => {
      throw new Error(`${this.#what} did not load: ${error.message}`);
    });
    // Started from a blob, a worker is bound by the page's policy.
    return { wasm, script: URL.createObjectURL(new Blob([script], { type: "text/javascript" })) };
  }
}
