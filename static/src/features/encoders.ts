// Workers that run a person's own encoder: as many as there are processors and room for.
import type { Shape } from "./encoder";
import type { Brought } from "./messages";
import { answer, share } from "./pool";

const room = 768 << 20; // bytes for all workers together
const ofRuntime = 96 << 20; // that one takes besides its copies of the file

export class Encoders {
  #members: Worker[];
  #file: string;

  private constructor(members: Worker[], file: string) {
    this.#members = members;
    this.#file = file;
  }

  /** Workers that are ready, and how many values a record's vector has. */
  static async start({ file, blob, values, positions, script, runtime }: Brought, record: Shape): Promise<{ encoders: Encoders; length: number }> {
    const get = async (address: string) => {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`the runtime of encoders did not load: HTTP ${response.status}`);
      return response.blob();
    };
    const [text, binary] = await Promise.all([get(script), get(runtime)]);
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const begin = { runtime: binary, model: blob, record, values, positions };
    const most = Math.max(1, Math.floor(room / (ofRuntime + 3 * blob.size)));
    const encoders = new Encoders([], file);
    // The first alone: what it refuses, all would.
    const first = await encoders.#add(url, begin);
    const more = Math.min(navigator.hardwareConcurrency || 1, most) - 1;
    await Promise.all(Array.from({ length: more }, () => encoders.#add(url, begin)));
    URL.revokeObjectURL(url);
    return { encoders, length: first };
  }

  async #add(url: string, begin: object): Promise<number> {
    const worker = new Worker(url, { name: self.name });
    this.#members.push(worker);
    return (await this.#ask<{ values: number }>(worker, begin)).values;
  }

  /** Vectors of records, one after the other. */
  async run(records: Uint8Array, recordBytes: number, length: number): Promise<Float32Array> {
    const count = records.length / recordBytes;
    const out = new Float32Array(count * length);
    await share(this.#members, count, 1, async (worker, at) => {
      const one = records.slice(at * recordBytes, (at + 1) * recordBytes);
      const { vectors } = await this.#ask<{ vectors: Float32Array }>(worker, { records: one }, [one.buffer]);
      if (vectors.length !== length) throw new Error(`${this.#file}: it gives ${vectors.length} values for one picture and ${length} for another: export it with an output of one size`);
      out.set(vectors, at * length);
    });
    return out;
  }

  async #ask<T>(worker: Worker, message: object, transfer: Transferable[] = []): Promise<T> {
    return answer<T>(worker, message, transfer).catch((error: Error) => {
      throw new Error(`${this.#file}: ${error.message}`);
    });
  }

  end() {
    for (const worker of this.#members) worker.terminate();
  }
}
