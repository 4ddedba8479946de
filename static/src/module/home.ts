// Where the programs come from in the package: workers' scripts are part of it, and start from a blob, so that it may come from
// another origin than the page; the Go programs lie beside it.
import type { RequestOf } from "../protocol";
import { startText } from "../trainer/bound";

declare const SCRIPTS: { trainer: string; program: string }; // the build's

export const wasm = new URL("./trainer.wasm", import.meta.url).href;
export const intakeWasm = new URL("./intake.wasm", import.meta.url).href;
export const takeWasm = new URL("./take.wasm", import.meta.url).href;

export const startTrainer = (): Worker => startText(SCRIPTS.trainer);
export const boot = (): RequestOf<"boot"> => ({ type: "boot", wasm, compute: "" });
export const programScript = async (): Promise<Blob> => new Blob([SCRIPTS.program]);

/** The page around it is its own. */
export const arrived = () => {};
