// Where the build put the workers' scripts and the programs, relative to the page.
declare const ADDRESSES: { wasm: string; trainer: string; compute: string; program: string; intakeWasm: string; takeWasm: string; features: string; featuresWasm: string; encoder: string; encoderWasm: string; keeper: string; editor: string };

const absolute = (path: string) => new URL(path, document.baseURI).href;

export const wasm = absolute(ADDRESSES.wasm);
export const trainer = absolute(ADDRESSES.trainer);
export const compute = absolute(ADDRESSES.compute);
export const program = absolute(ADDRESSES.program);
export const keeper = absolute(ADDRESSES.keeper);
export const intakeWasm = absolute(ADDRESSES.intakeWasm);
export const takeWasm = absolute(ADDRESSES.takeWasm);
export const features = absolute(ADDRESSES.features);
export const featuresWasm = absolute(ADDRESSES.featuresWasm);
export const editor = absolute(ADDRESSES.editor);
export const encoder = absolute(ADDRESSES.encoder);
export const encoderWasm = absolute(ADDRESSES.encoderWasm);
