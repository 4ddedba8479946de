// @ts-check
// A compute worker: one instance of the compiled step and this worker's slice of the data. It knows nothing of models
// or privacy: it writes bytes into the module's memory, calls an export, and sends bytes back in the same buffer.
// Plain JavaScript, so that the Go tests can start it as it is. Its messages are made in train/backend.

/**
 * @typedef {{ module: WebAssembly.Module, pages: number, slices: { blob: Blob, at: number }[] }} Setup
 *   pages: of 64 KiB, that the memory must have; at: where in the memory a slice goes
 * @typedef {{ call: string, args: number[], buffer: ArrayBuffer, write: number[], read: number[] }} Job
 *   write, read: address, length, address, length ...; taken from and put into the buffer one after the other
 */

/** @type {WebAssembly.Exports} */
let step;
/** @type {WebAssembly.Memory} */
let memory;

/** @param {number} at @param {number} length */
const view = (at, length) => new Uint8Array(memory.buffer, at, length);

/** @param {Setup} setup */
async function setUp({ module, pages, slices }) {
  step = (await WebAssembly.instantiate(module, {})).exports;
  memory = /** @type {WebAssembly.Memory} */ (step.memory);
  const missing = pages - memory.buffer.byteLength / 65536;
  if (missing > 0) memory.grow(missing);
  const piece = 4 << 20; // bounds what is held twice while it is copied
  for (const { blob, at } of slices) {
    for (let from = 0; from < blob.size; from += piece) {
      const bytes = new Uint8Array(await blob.slice(from, from + piece).arrayBuffer().catch(gone));
      view(at + from, bytes.length).set(bytes);
    }
  }
  postMessage({ ready: true });
}

/** What was kept on the device can be removed while it is open. @param {Error} error @returns {never} */
function gone(error) {
  throw new Error(`the records are no longer on this device (${error.name}): open them again`);
}

/** @param {Job} job */
function run({ call, args, buffer, write, read }) {
  const start = performance.now();
  for (let i = 0, from = 0; i < write.length; from += write[i + 1], i += 2) {
    view(write[i], write[i + 1]).set(new Uint8Array(buffer, from, write[i + 1]));
  }
  /** @type {Function} */ (step[call])(...args);
  for (let i = 0, to = 0; i < read.length; to += read[i + 1], i += 2) {
    new Uint8Array(buffer).set(view(read[i], read[i + 1]), to);
  }
  postMessage({ buffer, busy: performance.now() - start }, { transfer: [buffer] });
}

self.onmessage = async ({ data }) => {
  try {
    if (data.module) await setUp(data);
    else run(data);
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
