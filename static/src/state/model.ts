// The page's one state, the events that change it, and the commands that it asks for. All of it is plain data.
import type { Config, DatasetInfo, Event, LedgerTotal, Loading, MechanismInfo, Planned, Preset, Rehearsal, Request } from "../protocol";
import { type Address, readAddress } from "../settings/address";
import { fallback } from "../settings/settings";
import type { Choice } from "../trainer/datasets";
import type { Run } from "./run";

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
  compared?: number; // id of the kept run in the charts
  lastRun: number; // the id given last
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
}

export interface Wanted {
  data?: string; // to open when the run has ended
  restore?: number; // a kept run to go on with when its data are open
}

/** Something that is asked once before it is done. */
export interface Question {
  words: string;
  yes: string;
  event: PageEvent;
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
  | { type: "arrived"; choices: Choice[]; hash: string }
  | { type: "navigated"; hash: string } // Back, Forward or a pasted link
  | { type: "followed"; hash: string } // after a question
  | { type: "chose data"; name: string; sure?: boolean }
  | { type: "brought data"; choice: Choice } // of the person's own
  | { type: "undid" }
  | { type: "declined" }
  | { type: "set"; key: string; text: string } // a setting
  | { type: "reset"; key: string }
  | { type: "chose preset"; index: number }
  | { type: "chose part"; kind: number; name: string } // of the mechanism
  | { type: "set param"; part: string; param: string; text: string }
  | { type: "pressed"; button: "train" | "step" | "stop" | "save" }
  | { type: "opened checkpoint"; name: string; bytes: Uint8Array }
  | { type: "failed"; words: string }
  | { type: "took back"; run: number }
  | { type: "discarded"; run: number }
  | { type: "compared"; run?: number }
  | { type: "saved kept"; run: number }
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
  | { do: "focus"; field: string }
  | { do: "tell end"; words: string };

export const initial: State = {
  phase: "loading", dead: false, choices: [], catalogue: [], data: "", panels: [], kept: [], lastRun: 0, saves: [], log: [], spoken: "",
  settings: { presets: [], preset: fallback, config: fallback, drafts: {} },
  address: readAddress(""),
  preview: { asked: 0, answered: 0, again: false, tries: 0 },
};

export const busy = ({ phase }: State): boolean => phase === "starting" || phase === "running" || phase === "paused";
