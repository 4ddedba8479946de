// A worker that runs cmd/bench/plain: Go in wasm, as the toolchain compiles it. The program leaves its functions in
// globalThis.plain; each takes and returns JSON.
importScripts("wasm_exec.js");

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}
declare const plain: Record<string, (question: string) => string>;

async function start(wasm: string): Promise<object> {
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch(wasm), go.importObject);
  void go.run(instance); // returns to us once main waits
  return { functions: Object.keys(plain) };
}

onmessage = async ({ data }: MessageEvent<{ wasm: string } | { call: string; question: unknown }>) => {
  try {
    if ("wasm" in data) return postMessage(await start(data.wasm));
    postMessage(JSON.parse(plain[data.call]!(JSON.stringify(data.question))));
  } catch (error) {
    postMessage({ error: `plain Go: ${error instanceof Error ? error.stack : error}` });
  }
};
