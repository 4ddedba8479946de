// The worker of a program that is loaded when it is asked for (reading own files, writing files of models): compiles and runs the Go
// program that the page hands over.
import "./guard";
import "../../../build/wasm_exec.js";
import { tellPage } from "./asked";

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

tellPage();
self.onmessage = async ({ data }: MessageEvent<{ wasm: Blob }>) => {
  try {
    const go = new Go();
    const program = new Response(data.wasm, { headers: { "Content-Type": "application/wasm" } });
    const { instance } = await WebAssembly.instantiateStreaming(program, go.importObject);
    await go.run(instance); // it takes over onmessage
    throw new Error("it stopped; its last words are in the browser's console");
  } catch (error) {
    postMessage({ failed: (error as Error).message ?? String(error) });
  }
};
