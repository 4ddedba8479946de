// Where the programs come from in Node, which has threads instead of workers. There the package answers the accountant's questions
// and trains nothing: the compute workers are a browser's.
import { Worker as Thread } from "node:worker_threads";
import type { RequestOf } from "../protocol";

declare const SCRIPTS: { trainer: string; program: string };

export const intakeWasm = "";
export const takeWasm = "";

// What a worker finds in a browser: its messages, and files by fetch.
const browserLike = `
const { parentPort } = require("node:worker_threads");
const { readFile } = require("node:fs/promises");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => globalThis.onmessage?.({ data }));
const usual = globalThis.fetch;
globalThis.fetch = async (url) => String(url).startsWith("file:")
  ? new Response(await readFile(new URL(url)), { headers: { "content-type": "application/wasm" } })
  : usual(url);
`;

/** A thread that looks like a browser's worker. It keeps the process alive while a question waits for its answer. */
class NodeWorker {
  onmessage: (event: { data: any }) => void = () => {};
  onerror: (error: Error) => void = () => {};
  #thread = new Thread(browserLike + SCRIPTS.trainer, { eval: true, name: "cloister" });
  #waiting = new Set<number>();

  constructor() {
    this.#thread.on("message", (data) => {
      this.onmessage({ data });
      this.#waiting.delete(data.id);
      if (data.fatal) this.#waiting.clear();
      this.#hold();
    });
    this.#thread.on("error", (error) => this.onerror(error as Error));
    this.#hold();
  }

  postMessage(message: any) {
    if (message.id !== undefined) this.#waiting.add(message.id);
    this.#hold();
    this.#thread.postMessage(message);
  }

  terminate() {
    void this.#thread.terminate();
  }

  #hold() {
    if (this.#waiting.size > 0) this.#thread.ref();
    else this.#thread.unref();
  }
}

export const startTrainer = (): Worker => new NodeWorker() as unknown as Worker;
export const boot = (): RequestOf<"boot"> => ({ type: "boot", wasm: new URL("./trainer.wasm", import.meta.url).href, compute: "" });
export const programScript = async (): Promise<Blob> => new Blob([SCRIPTS.program]);
export const arrived = () => {};
