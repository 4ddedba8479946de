// Compute workers that run a compiled map. They run the training step's script, which knows nothing of what it computes.

const piece = 16; // records of a job: few, so that no worker waits long for the last
const page = 65536;

interface Member {
  worker: Worker;
  buffer: ArrayBuffer; // travels with the jobs
}

export class Pool {
  #data: number; // where a module's memory is free
  #members: Member[];

  private constructor(members: Member[], data: number) {
    this.#members = members;
    this.#data = data;
  }

  static async start(script: string, module: WebAssembly.Module, data: number): Promise<Pool> {
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const members = Array.from({ length: navigator.hardwareConcurrency || 1 }, () => ({ worker: new Worker(url, { name: self.name }), buffer: new ArrayBuffer(0) }));
    // Room for a piece of the largest images and features that a map has.
    const pages = Math.ceil((data + piece * ((1 << 16) + 4 * (1 << 16)) + 128) / page);
    try {
      await Promise.all(members.map(({ worker }) => answer(worker, { module, pages, slices: [] })));
    } finally {
      URL.revokeObjectURL(url);
    }
    return new Pool(members, data);
  }

  end() {
    for (const { worker } of this.#members) worker.terminate();
  }

  /** Calls an export on all records, in pieces that workers take as they become free. */
  async run(call: string, records: Uint8Array, recordBytes: number, outBytes: number): Promise<Uint8Array> {
    const count = records.length / recordBytes;
    const out = new Uint8Array(count * outBytes);
    await share(this.#members, count, piece, async (member, first, n) => {
      const from = records.subarray(first * recordBytes, (first + n) * recordBytes);
      out.set(await this.#job(member, call, from, n, n * outBytes), first * outBytes);
    });
    return out;
  }

  async #job(member: Member, call: string, records: Uint8Array, n: number, outBytes: number): Promise<Uint8Array> {
    const size = Math.max(records.length, outBytes);
    if (member.buffer.byteLength < size) member.buffer = new ArrayBuffer(size);
    const buffer = member.buffer;
    new Uint8Array(buffer).set(records);
    const at = this.#data;
    const to = at + Math.ceil(records.length / 64) * 64;
    const job = { call, args: [at, n, to], buffer, write: [at, records.length], read: [to, outBytes] };
    const reply = await answer<{ buffer: ArrayBuffer }>(member.worker, job, [buffer]);
    member.buffer = reply.buffer;
    return new Uint8Array(reply.buffer, 0, outBytes);
  }
}

/** Has workers take pieces of so many records as they become free. */
export async function share<Member>(members: Member[], count: number, piece: number, work: (member: Member, first: number, n: number) => Promise<void>) {
  let next = 0;
  await Promise.all(members.map(async (member) => {
    while (next < count) {
      const first = next;
      const n = Math.min(piece, count - first);
      next += n;
      await work(member, first, n);
    }
  }));
}

export function answer<T>(worker: Worker, message: object, transfer: Transferable[] = []): Promise<T> {
  return new Promise((resolve, fail) => {
    worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data) : fail(new Error(data.error)));
    worker.onerror = (event) => fail(new Error(event.message || "a compute worker did not start"));
    worker.postMessage(message, transfer);
  });
}
