// The page's one state, the events that change it, and the commands that it asks for. All of it is plain data.
import type { Config, DatasetInfo, Event, LedgerTotal, Loading, MechanismInfo, Planned, Preset, Rehearsal, Request } from "../protocol";
import { type Address, readAddress } from "../settings/address";
import { fallback } from "../settings/settings";
import type { Choice } from "../trainer/datasets";
import type { Order } from "./list";
import type { Run } from "./run";
import type { Sweep } from "./sweep";

export type Phase = "loading" | "idle" | "starting" | "running" | "paused" | "done";

export interface State {
  phase: Phase;
  dead: boolean; // the trainer is
  choices: Choice[]; // datasets on offer
  catalogue: MechanismInfo[];
  data: string; // name of the chosen dataset
  dataset?: DatasetInfo; // when it is open
  loading?: Loading;
  settings: Settings;
  address: Address; // as last read; its settings wait there until the dataset is open
  panels: string[]; // those that are open
  preview: Preview;
  run?: Run; // the one shown
  before?: Standing; // what a refused start gives back
  kept: Run[]; // finished ones beside it, the latest first
  compared: number[]; // ids of the kept runs in the curves
  sweep?: Sweep; // the queue of runs
  sorted: Order; // the list of them
  offered: number[]; // ids of runs that were interrupted and may go on
  lastRun: number; // the id given last
  noted: number; // how often the ledger's history was told of something kept
  session: string; // a word of this page's own, for the keys of its runs
  unkept?: string; // why this browser keeps no runs
  goOn?: number; // the run that goes on as soon as it is restored
  held?: number; // the run whose first step waits until there is something kept to go on from
  saves: ("keep" | "download")[]; // what checkpoints are asked for, in order
  wanted?: Wanted; // what happens when other data are open, or a run has ended
  place?: boolean; // the next address is a place to come back to
  question?: Question;
  undo?: { data: string; run?: number }; // the way back to the data before, and to a kept run
  problem?: Problem;
  log: Line[]; // the latest first
  spoken: string; // what a live region says
}

export interface Settings {
  presets: Preset[];
  preset: Config; // what the settings are compared with
  config: Config; // as they stand; what means nothing keeps its last good value
  drafts: Record<string, string>; // texts that mean nothing, by setting or "mechanism.part.param"
}

/** What a run would be. */
export interface Preview {
  plan?: Planned;
  ledger?: LedgerTotal; // as it would be
  refusal?: string;
  asked: number; // the question last asked
  answered: number; // and answered
  again: boolean; // the settings changed since it was asked
  pace?: Rehearsal; // from synthetic records
  paceOf?: string; // the settings that it was measured at, or is being
  tries: number;
}

export interface Standing {
  run?: Run;
  phase: Phase;
  taken?: Run; // out of those that are kept, to go on with
}

export interface Wanted {
  data?: string; // to open when the run has ended
  config?: Run; // whose settings are wanted when its data are open
  restore?: number; // a kept run to go on with when its data are open
}

/** Something that is asked once before it is done. */
export interface Question {
  words: string;
  yes: string;
  event: PageEvent;
  instead?: WayOut;
}

export interface Problem {
  words: string;
  ways: WayOut[];
}

export interface WayOut {
  label: string;
  event: PageEvent;
}

export interface Line {
  at: string; // how far the run was: "Epoch 3"
  words: string;
}

export type PageEvent =
  | { type: "heard"; event: Event } // the trainer
  | { type: "arrived"; choices: Choice[]; hash: string; session: string }
  | { type: "navigated"; hash: string } // Back, Forward or a pasted link
  | { type: "followed"; hash: string } // after a question
  | { type: "chose data"; name: string; sure?: boolean }
  | { type: "brought data"; choice: Choice; keep?: boolean } // of the person's own
  | { type: "keeps data"; name: string; on: boolean } // in this browser
  | { type: "kept data"; name: string; on: boolean } // so it is now
  | { type: "wants to forget" }
  | { type: "forgot" } // said twice
  | { type: "undid" }
  | { type: "declined" }
  | { type: "set"; key: string; text: string } // a setting
  | { type: "reset"; key: string }
  | { type: "chose preset"; index: number }
  | { type: "chose part"; kind: number; name: string } // of the mechanism
  | { type: "set param"; part: string; param: string; text: string }
  | { type: "pressed"; button: "train" | "step" | "stop" | "save"; sure?: boolean }
  | { type: "opened checkpoint"; name: string; bytes: Uint8Array }
  | { type: "failed"; words: string }
  | { type: "took back"; run: number }
  | { type: "went on"; run: number } // with one that was interrupted
  | { type: "put off"; run: number }
  | { type: "found kept"; runs: Omit<Run, "id">[]; damaged: number } // in this browser
  | { type: "took kept"; run: Run; checkpoint: Uint8Array }
  | { type: "is elsewhere"; run: number }
  | { type: "stored"; run: number; over: boolean; checkpoint: boolean } // with one
  | { type: "cannot keep"; words: string; full?: boolean }
  | { type: "discarded"; run: number }
  | { type: "compared"; run: number; on: boolean }
  | { type: "described"; run: number; what: Partial<Pick<Run, "name" | "notes" | "colour">> }
  | { type: "duplicated"; run: number }
  | { type: "swept"; key: string; values: string; times: string; sure?: boolean }
  | { type: "stopped sweep" }
  | { type: "sorted"; by: Order }
  | { type: "saved kept"; run: number }
  | { type: "took along"; run: Run; what: string } // as a file
  | { type: "turned panel"; name: string; open: boolean }
  | { type: "looked" } // came back to the tab: another may have spent meanwhile
  | { type: "dismissed" }
  | { type: "restarted"; data?: string };

export type Command =
  | { do: "send"; request: Request }
  | { do: "restart trainer" }
  | { do: "end trainer" }
  | { do: "put address"; hash: string; push: boolean }
  | { do: "download"; bytes: Uint8Array; name: string }
  | { do: "download kept"; run: Run; name: string }
  | { do: "keep"; run: Run; checkpoint?: Uint8Array; handedOver?: boolean } // in this browser; without one, the checkpoint that is kept stays
  | { do: "take kept"; run: Run }
  | { do: "remove kept"; key: string }
  | { do: "keep data"; choice: Choice; on: boolean }
  | { do: "forget everything" }
  | { do: "focus"; field: string }
  | { do: "tell end"; words: string };

export const initial: State = {
  phase: "loading", dead: false, choices: [], catalogue: [], data: "", panels: [], kept: [], compared: [], sorted: "latest", offered: [], lastRun: 0, noted: 0, session: "", saves: [], log: [], spoken: "",
  settings: { presets: [], preset: fallback, config: fallback, drafts: {} },
  address: readAddress(""),
  preview: { asked: 0, answered: 0, again: false, tries: 0 },
};

export const busy = ({ phase }: State): boolean => phase === "starting" || phase === "running" || phase === "paused";
