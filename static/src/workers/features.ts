// The worker that computes fixed features: runs the Go program whose compiled module the page hands over, with compute workers of its
// own. It is ended when its files have been handed over, or when nobody has questions any more.
import "./guard";
import "../../../build/wasm_exec.js";
import { Encoders } from "../features/encoders";
import type { Answer, Brought, Order, Packed, Question, Task } from "../features/messages";
import { Pool } from "../features/pool";
import { Writer, find } from "../features/store";
import { tellPage } from "./asked";

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

tellPage();
const tell = (answer: Answer) => postMessage(answer);
const failed = (error: unknown) => tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });

async function read(order: Order, name: string, again: boolean): Promise<Uint8Array> {
  if (order.files) {
    const file = order.files.find((f) => f.name === name);
    if (!file) throw new Error(`no file ${name} was handed over`);
    return new Uint8Array(await file.blob.arrayBuffer());
  }
  const response = await fetch(new URL(name, order.url), again ? { cache: "reload" } : {});
  if (!response.ok) throw new Error(`fetching ${name}: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** What it finds besides where a person brought an encoder. */
function encoding(brought: Brought) {
  const { file, blob, trainedOn, values, positions } = brought;
  let encoders: Encoders | undefined;
  let length = 0;
  const bytes = async (part: Blob) => new Uint8Array(await part.arrayBuffer());
  return {
    encoder: { file, trainedOn, values, positions, size: blob.size, part: (first: number, end: number) => bytes(blob.slice(first, end)) },
    /** Has the encoder ready for records of this shape, and tells how many values it gives for each. */
    begin: said(async (channels: number, height: number, width: number) => {
      ({ encoders, length } = await Encoders.start(brought, { channels, height, width }));
      return length;
    }),
    encode: said(async (records: Uint8Array, recordBytes: number) => new Uint8Array((await encoders!.run(records, recordBytes, length)).buffer)),
  };
}

/** Fails with words alone, as they are to be read. */
const said = <A extends unknown[], R>(f: (...args: A) => Promise<R>) => (...args: A): Promise<R> =>
  f(...args).catch((error: Error) => {
    throw error.message;
  });

// What the Go program finds: wasm/features calls it by these names.

let pool: Pool | undefined;

const always = (compute: string) => ({
  async load(module: Uint8Array, data: number) {
    pool?.end();
    pool = await Pool.start(compute, await WebAssembly.compile(module as BufferSource), data);
  },
  compute: (call: string, records: Uint8Array, recordBytes: number, outBytes: number) => pool!.run(call, records, recordBytes, outBytes),
  tell: (progress: string) => tell({ type: "progress", progress: JSON.parse(progress) }),
  fail: failed,
});

function computing(order: Order) {
  const files: Packed[] = [];
  let writer: Writer | undefined;
  let fingerprint = "";
  return {
    digits: !order.url && !order.files,
    mirrored: order.mirrored,
    ...(order.encoder && encoding(order.encoder)),
    read: (name: string, again: boolean) => read(order, name, again),
    /** Whether the features of this name are there: then they are handed over, and all is done. */
    async kept(key: string, by: string): Promise<boolean> {
      fingerprint = by;
      if (!order.keep) return false;
      const there = await find(key);
      if (there) tell({ type: "done", files: there, kept: true, fingerprint });
      else writer = new Writer(key);
      return there !== undefined;
    },
    async put(name: string, bytes: Uint8Array) {
      files.push({ name, blob: new Blob([bytes as BlobPart]) });
      await writer?.write(name, bytes);
    },
    async done() {
      pool?.end();
      const kept = await writer?.end();
      tell({ type: "done", files: kept ?? files, kept: kept !== undefined, fingerprint });
    },
  };
}

function viewing() {
  const waiting: Question[] = [];
  let take: ((question: string) => void) | undefined;
  self.onmessage = ({ data }: MessageEvent<Question>) => {
    if (take) take(JSON.stringify(data));
    else waiting.push(data);
    take = undefined;
  };
  return {
    view: true,
    question: () => new Promise<string>((go) => (waiting.length > 0 ? go(JSON.stringify(waiting.shift())) : (take = go))),
    answer: (facts: string, arrays: Uint8Array[]) => tell({ type: "shown", facts: JSON.parse(facts), arrays }),
  };
}

self.onmessage = async ({ data: task }: MessageEvent<Task>) => {
  try {
    Object.assign(globalThis, { cloister: { ...always(task.compute), ...("order" in task ? computing(task.order) : viewing()) } });
    const go = new Go();
    await go.run(await WebAssembly.instantiate(task.module, go.importObject));
    throw new Error("it stopped; its last words are in the browser's console");
  } catch (error) {
    failed(error);
  }
};
