// Where the build put the workers' scripts and the trainer, relative to the page.
declare const ADDRESSES: { wasm: string; trainer: string; compute: string };

const absolute = (path: string) => new URL(path, document.baseURI).href;

export const wasm = absolute(ADDRESSES.wasm);
export const trainer = absolute(ADDRESSES.trainer);
export const compute = absolute(ADDRESSES.compute);
