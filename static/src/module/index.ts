// cloister, the package: differentially private training in the tab, from a script.
export { open, Session, type Opening, type Settings } from "./session.js";
export { Run, type RunEvent } from "./run.js";
export type { Arrays, Data, Files, PackedBlobs } from "./data.js";
export { epsilon, sigma, steps, tradeoff, type Asking, type Epsilon, type Schedule, type Stretch, type Tradeoff } from "./accountant.js";
export { AccountError } from "../trainer/account-error.js";
export type * from "../protocol.js";
