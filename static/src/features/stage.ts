// The page's end of the worker that computes fixed features. Its program is loaded when it is first asked for.
import { pageName } from "../trainer/bound";
import * as addresses from "../trainer/addresses";
import type { Answer, Made, Order, Program, Progress, Question } from "./messages";

interface Loaded extends Program {
  script: string; // address of the worker's script, in memory
}

let loaded: Promise<Loaded> | undefined;

async function load(): Promise<Loaded> {
  const get = async (address: string) => {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`it did not load: HTTP ${response.status}`);
    return response;
  };
  const [module, script, compute] = await Promise.all([
    get(addresses.featuresWasm).then(async (response) => WebAssembly.compile(await response.arrayBuffer())),
    get(addresses.features).then((response) => response.blob()),
    get(addresses.compute).then((response) => response.text()),
  ]);
  // Started from a blob, a worker is bound by the page's policy.
  return { module, script: URL.createObjectURL(new Blob([script], { type: "text/javascript" })), compute };
}

/** A worker, and what it is to run. */
async function hired(): Promise<{ worker: () => Worker; program: Program }> {
  const { script, ...program } = await (loaded ??= load()).catch((error) => {
    loaded = undefined;
    throw error;
  });
  return { worker: () => new Worker(script, { name: pageName }), program };
}

/** Waits for what a worker comes to. */
function heard<T extends Answer["type"]>(worker: Worker, type: T, progress: (p: Progress) => void): Promise<Extract<Answer, { type: T }>> {
  return new Promise((resolve, fail) => {
    worker.onerror = (event) => fail(new Error(event.message || "its script did not start"));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.type === "progress") progress(data.progress);
      else if (data.type === type) resolve(data as Extract<Answer, { type: T }>);
      else if (data.type === "failed") fail(new Error(data.message));
    };
  });
}

/** One computation. Ended before it is done, it fails. */
export class Stage {
  #worker?: Worker;
  #over = false;
  #cancel!: () => void;
  #cancelled = new Promise<never>((_, fail) => (this.#cancel = () => fail(new Cancelled())));

  async run(order: Order, progress: (p: Progress) => void): Promise<Made> {
    try {
      return await Promise.race([this.#cancelled, this.#compute(order, progress)]);
    } finally {
      this.#worker?.terminate(); // and its compute workers with it
    }
  }

  async #compute(order: Order, progress: (p: Progress) => void): Promise<Made> {
    const { worker, program } = await hired();
    if (this.#over) throw new Cancelled(); // while the program was loading
    this.#worker = worker();
    const done = heard(this.#worker, "done", progress);
    this.#worker.postMessage({ order, ...program });
    return done;
  }

  cancel() {
    this.#over = true;
    this.#cancel();
  }
}

export class Cancelled extends Error {}

/** What a map is made of, and what it makes of one picture: questions to a worker that stays, answered one at a time. */
export class View {
  #worker?: Worker;
  #last: Promise<unknown> = Promise.resolve();

  ask<Facts>(question: Question, progress: (p: Progress) => void = () => {}): Promise<{ facts: Facts; arrays: Uint8Array[] }> {
    const answer = this.#last.catch(() => {}).then(() => this.#ask(question, progress));
    this.#last = answer;
    return answer as Promise<{ facts: Facts; arrays: Uint8Array[] }>;
  }

  async #ask(question: Question, progress: (p: Progress) => void) {
    if (!this.#worker) {
      const { worker, program } = await hired();
      this.#worker = worker();
      this.#worker.postMessage({ view: true, ...program });
    }
    const shown = heard(this.#worker, "shown", progress);
    this.#worker.postMessage(question);
    return shown.catch((error) => {
      this.#worker?.terminate(); // it answers no more
      this.#worker = undefined;
      throw error;
    });
  }
}
