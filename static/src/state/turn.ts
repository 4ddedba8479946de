// One turn of the reducer: the state as it becomes, and what is asked for on the way.
import type { Request } from "../protocol";
import { writeAddress } from "../settings/address";
import * as format from "../ui/format";
import type { Command, Line, PageEvent, State, WayOut } from "./model";
import { type Run, lastEpoch } from "./run";

const keptLines = 200;

export class Turn {
  state: State;
  commands: Command[] = [];

  constructor(state: State) {
    this.state = state;
  }

  set(part: Partial<State>) {
    this.state = { ...this.state, ...part };
  }

  send(request: Request) {
    this.commands.push({ do: "send", request });
  }

  log(words: string) {
    const line: Line = { at: whereabouts(this.state.run), words };
    this.set({ log: [line, ...this.state.log].slice(0, keptLines) });
  }

  /** Says something to those who do not see the page. */
  say(words: string) {
    this.set({ spoken: words });
  }

  problem(words: string, ways: WayOut[] = []) {
    this.set({ problem: { words, ways } });
  }

  ask(words: string, yes: string, event: PageEvent) {
    this.set({ question: { words, yes, event } });
  }
}

export function addressOf({ data, settings, panels }: State): string {
  return writeAddress(data, settings.config, settings.preset, settings.drafts, panels);
}

function whereabouts(run: Run | undefined): string {
  if (!run?.planned) return "";
  const epoch = lastEpoch(run)?.epoch;
  const step = run.last?.step ?? 0;
  if (epoch !== undefined && Math.abs(epoch * run.planned.stepsPerEpoch - step) < 0.5) return `Epoch ${Number(epoch.toFixed(2))}`;
  return `Step ${format.count(step)}`;
}
