// The bench's page: cmd/bench opens contenders here and times them by turns. A contender is one or more workers that do
// a known amount of work when asked; what the work is, cmd/bench has decided.
import type { Model } from "./model";
import type { TfjsRequest } from "./tfjs";

// The site's own compute workers (static/src/workers/compute-worker.js), one for each job.
interface ComputeSpec {
  kind: "compute";
  script: string;
  module: string;
  pages: number;
  slices: { url: string; at: number }[];
  jobs: { call: string; args: number[]; payload: string; write: number[]; read: number[]; units: number }[];
}

// TF.js: the batch size that is quickest of those given.
interface TfjsSpec {
  kind: "tfjs";
  script: string;
  model: Model;
  tuned: boolean; // with our form of the gradient of a convolution's input, too
  params: string;
  images: string; // float32, normalised
  labels: string;
  batches: number[];
}

// A Go program of its own in a worker (cmd/bench/plain).
interface GoSpec {
  kind: "go";
  script: string;
  wasm: string;
  call: string; // one of the program's functions
  question: unknown;
}

type Spec = ComputeSpec | TfjsSpec | GoSpec;

interface Contender {
  units(): Promise<number>; // does the work once, says how much it was
  ask(message: unknown): Promise<any>;
  close(): void;
  about: unknown;
}

const contenders = new Map<string, Contender>();
const median = (a: number[]) => [...a].sort((x, y) => x - y)[a.length >> 1]!;

async function bytes(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return response.arrayBuffer();
}

// One worker that answers every message with one message.
class Peer {
  private readonly worker: Worker;
  constructor(script: string) {
    this.worker = new Worker(script);
  }
  ask(message: unknown, transfer: Transferable[] = []): Promise<any> {
    return new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.postMessage(message, transfer);
    });
  }
  close(): void {
    this.worker.terminate();
  }
}

async function openCompute(spec: ComputeSpec): Promise<Contender> {
  const wasm = await bytes(spec.module);
  const started = performance.now();
  const module = await WebAssembly.compile(wasm);
  const slices = await Promise.all(spec.slices.map(async ({ url, at }) => ({ blob: new Blob([await bytes(url)]), at })));
  const crew = await Promise.all(
    spec.jobs.map(async ({ payload, units, ...job }) => {
      const peer = new Peer(spec.script);
      await peer.ask({ module, pages: spec.pages, slices });
      const given = new Uint8Array(await bytes(payload));
      const room = Math.max(given.length, sum(job.read.filter((_, i) => i % 2 === 1)));
      let buffer = new ArrayBuffer(room);
      const run = async () => {
        new Uint8Array(buffer).set(given); // the trainer writes parameters anew at every step, so this is part of a step
        const reply = await peer.ask({ ...job, buffer }, [buffer]);
        buffer = reply.buffer;
        return units;
      };
      return { peer, run };
    }),
  );
  return {
    units: async () => sum(await Promise.all(crew.map((c) => c.run()))),
    ask: (message) => crew[0]!.peer.ask(message),
    close: () => crew.forEach((c) => c.peer.close()),
    about: { bytes: wasm.byteLength, openMs: performance.now() - started },
  };
}

async function openTfjs(spec: TfjsSpec): Promise<Contender> {
  const peer = new Peer(spec.script);
  const ask = (request: TfjsRequest) => peer.ask(request);
  const about = await ask({
    op: "open",
    model: spec.model,
    tuned: spec.tuned,
    params: new Float32Array(await bytes(spec.params)),
    images: new Float32Array(await bytes(spec.images)),
    labels: new Uint8Array(await bytes(spec.labels)),
  });
  const rates: Record<number, number> = {};
  let best = spec.batches[0]!;
  for (const count of spec.batches) {
    const unit = async () => (await ask({ op: "step", count }), count);
    await unit();
    rates[count] = median([await rate(unit, 300), await rate(unit, 300), await rate(unit, 300)]);
    if (rates[count] > rates[best]!) best = count;
  }
  return {
    units: async () => (await ask({ op: "step", count: best }), best),
    ask: (message) => peer.ask(message),
    close: () => peer.close(),
    about: { ...about, batch: best, rates },
  };
}

async function openGo(spec: GoSpec): Promise<Contender> {
  const peer = new Peer(spec.script);
  const about = await peer.ask({ wasm: spec.wasm });
  const ask = () => peer.ask({ call: spec.call, question: spec.question });
  return { units: async () => (await ask()).units, ask, close: () => peer.close(), about };
}

const sum = (a: number[]) => a.reduce((x, y) => x + y, 0);

// rate is units a second, over at least one round of work and about ms milliseconds. What has waited for others is slow at
// first, its memory and its thread being cold: the first fifth of a second does not count, where there is more.
async function rate(units: () => Promise<number>, ms: number): Promise<number> {
  const begun = performance.now();
  for (let start = begun, done = 0; ; ) {
    done += await units();
    const now = performance.now();
    if (now - start >= ms) return (done / (now - start)) * 1000;
    if (start === begun && now - begun >= 200) [start, done] = [now, 0];
  }
}

const opened = (id: string) => {
  const contender = contenders.get(id);
  if (!contender) throw new Error(`no contender ${id}`);
  return contender;
};

const bench = {
  async open(id: string, spec: Spec): Promise<unknown> {
    const contender = await (spec.kind === "compute" ? openCompute(spec) : spec.kind === "tfjs" ? openTfjs(spec) : openGo(spec));
    contenders.set(id, contender);
    return contender.about;
  },

  // One round: every contender in turn, units a second.
  async round(ids: string[], ms: number): Promise<Record<string, number>> {
    const rates: Record<string, number> = {};
    for (const id of ids) rates[id] = await rate(opened(id).units, ms);
    return rates;
  },

  ask: (id: string, message: unknown): Promise<unknown> => opened(id).ask(message),

  close(id: string): void {
    opened(id).close();
    contenders.delete(id);
  },

  async validates(module: string): Promise<boolean> {
    return WebAssembly.validate(await bytes(module));
  },

  // Milliseconds to compile and to instantiate a module, each a median of several.
  async startUp(module: string, times: number): Promise<{ bytes: number; compileMs: number; instantiateMs: number }> {
    const wasm = await bytes(module);
    const compileMs: number[] = [];
    const instantiateMs: number[] = [];
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      const compiled = await WebAssembly.compile(wasm);
      const between = performance.now();
      await WebAssembly.instantiate(compiled, {});
      compileMs.push(between - start);
      instantiateMs.push(performance.now() - between);
    }
    return { bytes: wasm.byteLength, compileMs: median(compileMs), instantiateMs: median(instantiateMs) };
  },
};

Object.assign(globalThis, { bench });
