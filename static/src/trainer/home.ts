// Where the programs come from on the site: files beside the page. The package's build puts module/home in its place, which
// brings them along.
import type { RequestOf } from "../protocol";
import * as addresses from "./addresses";
import { startBound } from "./bound";
import { keepSite } from "./site";

export const { intakeWasm, takeWasm } = addresses;

export const startTrainer = (): Worker => startBound(addresses.trainer);

/** The trainer's first message. */
export const boot = (): RequestOf<"boot"> => ({ type: "boot", wasm: addresses.wasm, compute: addresses.compute });

/** The script of the worker that runs a program which is loaded when it is asked for. */
export async function programScript(): Promise<Blob> {
  const response = await fetch(addresses.program);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.blob();
}

/** The trainer is there: what opens the page comes first. */
export const arrived = keepSite;
