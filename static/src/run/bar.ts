// The run bar: one button that trains, pauses or resumes, how far the run is, and the tab's title.
import type { PageEvent, State } from "../state/model";
import { busy } from "../state/model";
import { seconds } from "../state/preview";
import { type Run, hasModel, isPrivate, lastEpoch, spent } from "../state/run";
import { byId, say } from "../ui/dom";
import * as format from "../ui/format";
import { turnIcon } from "../ui/icons";
import { roughly } from "../ui/roughly";

const title = document.title;
const buttons = ["train", "step", "stop", "save", "restore"] as const;

export class Bar {
  #buttons = Object.fromEntries(buttons.map((id) => [id, byId<HTMLButtonElement>(id)]));

  constructor(dispatch: (event: PageEvent) => void) {
    for (const button of ["train", "step", "stop", "save"] as const) {
      this.#buttons[button].addEventListener("click", () => dispatch({ type: "pressed", button }));
    }
  }

  show(state: State) {
    const { phase, dataset, run, dead } = state;
    const { train, step, stop, save, restore } = this.#buttons;
    const running = phase === "running";
    const focused = document.activeElement;
    train.disabled = phase === "loading" || (!dataset && !dead); // while it starts, it keeps the focus
    say(train.querySelector("span")!, running ? "Pause" : phase === "paused" ? "Resume" : phase === "starting" ? "Starting" : "Train");
    turnIcon(train, running ? "pause" : "play");
    step.hidden = phase !== "paused";
    stop.disabled = !running && phase !== "paused";
    save.disabled = !run?.planned || (dead && !hasModel(run));
    restore.disabled = busy(state) || !dataset || dead;
    if (focused instanceof HTMLButtonElement && focused.disabled) train.focus(); // what can no longer be pressed hands the focus on
    document.body.dataset.state = phase === "starting" ? "running" : phase;
    const share = phase === "loading" ? loaded(state) : shareOf(run);
    const bar = byId<HTMLProgressElement>("progress");
    if (bar.value !== share) bar.value = share;
    say(byId("progress-words"), words(state));
    const tab = tabTitle(state);
    if (document.title !== tab) document.title = tab;
  }
}

const loaded = ({ loading }: State) => (loading?.total ? loading.done / loading.total : 0);

const shareOf = (run: Run | undefined) => (run?.planned ? (run.last?.step ?? 0) / run.planned.steps : 0);

function words(state: State): string {
  const { phase, run, dead } = state;
  if (dead) return "The trainer has stopped.";
  switch (phase) {
    case "loading":
      return state.loading ? `${state.loading.what}: ${Math.floor(100 * loaded(state))} %` : "Getting the data ready …";
    case "starting":
      return "The accountant works out the noise …";
    case "idle":
      return readyWords(state);
  }
  if (!run?.planned) return "";
  const { steps, stepsPerEpoch } = run.planned;
  const done = run.last?.step ?? 0;
  const where = `step ${format.count(done)} of ${format.count(steps)}`;
  if (phase === "paused") return `Paused at ${where}.`;
  if (phase === "running") {
    const left = seconds(state.preview, steps - done, Math.ceil((steps - done) / stepsPerEpoch));
    return `Training: ${where}${left === undefined ? "" : `, about ${roughly(left)} left`}.`;
  }
  const end = done < steps ? `Stopped at ${where}.${isPrivate(run) ? " That refunds nothing: it is certified at its planned epsilon." : ""}` : `Done: ${format.count(done)} steps.`;
  return `${end} ${readyWords(state)}`;
}

/** What pressing Train would charge. */
function readyWords({ dataset, preview, settings: { config } }: State): string {
  if (!dataset) return "No data are open.";
  const again = (preview.ledger?.others ?? 0) > 0;
  if (preview.plan && !preview.plan.private) return "Train makes no promise with these settings, and marks the ledger.";
  return `Train ${again ? "charges another" : "will charge"} ε = ${format.given(config.epsilon)} at δ = ${format.given(config.delta)}.`;
}

/** The tab's title carries state and result. */
function tabTitle({ phase, run }: State): string {
  const epoch = run && lastEpoch(run);
  const accuracy = epoch ? ` · ${format.percent(epoch.accuracy, 1)}` : "";
  const share = `${Math.floor(100 * shareOf(run))} %`;
  if (phase === "running" && run?.planned) return `${share}${accuracy} · ${title}`;
  if (phase === "paused") return `Paused at ${share}${accuracy} · ${title}`;
  if (phase !== "done" || !run) return title;
  const epsilon = spent(run);
  return `Done${accuracy}${epsilon === undefined ? "" : ` at ε ${format.epsilon(epsilon)}`} · ${title}`;
}
