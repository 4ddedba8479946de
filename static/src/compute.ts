// A compute worker: one instance of the compiled step and this worker's slice of the data. It knows nothing of models
// or privacy: it writes bytes into the module's memory, calls an export, and sends bytes back in the same buffer.

interface Setup {
  module: WebAssembly.Module;
  pages: number; // of 64 KiB, that the memory must have
  slices: { blob: Blob; at: number }[];
}

interface Job {
  call: string;
  args: number[];
  buffer: ArrayBuffer;
  write: number[]; // address, length; address, length; ... taken from the buffer one after the other
  read: number[]; // the same, put into the buffer one after the other
}

let step: WebAssembly.Exports;
let memory: WebAssembly.Memory;

const view = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);

async function setUp({ module, pages, slices }: Setup) {
  step = (await WebAssembly.instantiate(module, {})).exports;
  memory = step.memory as WebAssembly.Memory;
  const missing = pages - memory.buffer.byteLength / 65536;
  if (missing > 0) memory.grow(missing);
  for (const { blob, at } of slices) {
    const piece = 4 << 20; // bounds what is held twice while it is copied
    for (let from = 0; from < blob.size; from += piece) {
      const bytes = new Uint8Array(await blob.slice(from, from + piece).arrayBuffer());
      view(at + from, bytes.length).set(bytes);
    }
  }
  postMessage({ ready: true });
}

function run({ call, args, buffer, write, read }: Job) {
  const start = performance.now();
  let from = 0;
  for (let i = 0; i < write.length; i += 2) {
    view(write[i]!, write[i + 1]!).set(new Uint8Array(buffer, from, write[i + 1]!));
    from += write[i + 1]!;
  }
  (step[call] as (...args: number[]) => void)(...args);
  let to = 0;
  for (let i = 0; i < read.length; i += 2) {
    new Uint8Array(buffer).set(view(read[i]!, read[i + 1]!), to);
    to += read[i + 1]!;
  }
  postMessage({ buffer, busy: performance.now() - start }, { transfer: [buffer] });
}

self.onmessage = async ({ data }: MessageEvent<Setup | Job>) => {
  try {
    if ("module" in data) await setUp(data);
    else run(data);
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
