// How far a run is: a bar, a sentence, and the tab's title.
import { byId } from "../ui/dom";
import * as format from "../ui/format";
import { type Run, type State, remaining } from "./run";

const title = document.title;

export function showProgress(run: Run | undefined, state: State) {
  const bar = byId<HTMLProgressElement>("progress");
  const planned = run?.planned;
  const done = run?.last?.step ?? 0;
  const share = planned ? done / planned.steps : 0;
  bar.value = share;
  document.title = state === "running" ? `${Math.floor(100 * share)} % · ${title}` : title;
  byId("progress-words").textContent = words(run, state, done);
}

function words(run: Run | undefined, state: State, done: number): string {
  const planned = run?.planned;
  if (state === "loading") return "Getting the data ready …";
  if (!run) return "Ready. Press Train.";
  if (!planned) return state === "running" ? "The accountant works out the noise …" : "Ready. Press Train.";
  const steps = `step ${format.count(done)} of ${format.count(planned.steps)}`;
  if (state === "paused") return `Paused at ${steps}.`;
  if (state === "running") {
    const left = remaining(run);
    return left === undefined ? `Starting: ${steps}.` : `Training: ${steps}, ${format.duration(left)} left.`;
  }
  return done < planned.steps ? `Stopped at ${steps}. It is certified at its planned epsilon.` : `Done: ${format.count(done)} steps.`;
}
