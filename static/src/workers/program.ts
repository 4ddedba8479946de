// The worker of a program that is loaded when it is asked for (reading own files, writing files of models): runs the Go program whose
// compiled module the page hands over.
import "./guard";
import "../../../build/wasm_exec.js";
import { tellPage } from "./asked";

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

tellPage();
self.onmessage = async ({ data }: MessageEvent<{ module: WebAssembly.Module }>) => {
  try {
    const go = new Go();
    await go.run(await WebAssembly.instantiate(data.module, go.importObject)); // it takes over onmessage
    throw new Error("it stopped; its last words are in the browser's console");
  } catch (error) {
    postMessage({ failed: (error as Error).message ?? String(error) });
  }
};
