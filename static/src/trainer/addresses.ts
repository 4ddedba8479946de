// Where the build put the workers' scripts and the programs, relative to the page.
declare const ADDRESSES: { wasm: string; trainer: string; compute: string; intake: string; intakeWasm: string };

const absolute = (path: string) => new URL(path, document.baseURI).href;

export const wasm = absolute(ADDRESSES.wasm);
export const trainer = absolute(ADDRESSES.trainer);
export const compute = absolute(ADDRESSES.compute);
export const intake = absolute(ADDRESSES.intake);
export const intakeWasm = absolute(ADDRESSES.intakeWasm);
