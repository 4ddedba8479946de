// The page's end of the worker that computes fixed features. Its program is loaded when it is first asked for.
import { pageName } from "../trainer/bound";
import * as addresses from "../trainer/addresses";
import type { Answer, Made, Order, Progress } from "./messages";

interface Program {
  module: WebAssembly.Module;
  script: string; // address of the worker's script, in memory
  compute: string;
}

let program: Promise<Program> | undefined;

async function load(): Promise<Program> {
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

/** One computation. Ended before it is done, it fails. */
export class Stage {
  #worker?: Worker;
  #over = false;
  #cancel!: () => void;
  #cancelled = new Promise<never>((_, fail) => (this.#cancel = () => fail(new Cancelled())));

  async run(order: Omit<Order, "module" | "compute">, progress: (p: Progress) => void): Promise<Made> {
    try {
      return await Promise.race([this.#cancelled, this.#compute(order, progress)]);
    } finally {
      this.#worker?.terminate(); // and its compute workers with it
    }
  }

  async #compute(order: Omit<Order, "module" | "compute">, progress: (p: Progress) => void): Promise<Made> {
    const { module, script, compute } = await (program ??= load()).catch((error) => {
      program = undefined;
      throw error;
    });
    if (this.#over) throw new Cancelled(); // while the program was loading
    const worker = (this.#worker = new Worker(script, { name: pageName }));
    return new Promise((resolve, fail) => {
      worker.onerror = (event) => fail(new Error(event.message || "its script did not start"));
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        if (data.type === "progress") progress(data.progress);
        else if (data.type === "done") resolve(data);
        else fail(new Error(data.message));
      };
      worker.postMessage({ ...order, module, compute });
    });
  }

  cancel() {
    this.#over = true;
    this.#cancel();
  }
}

export class Cancelled extends Error {}
