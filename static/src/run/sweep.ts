// The queue of runs: what to vary, and one table of what came of it, with intervals.
import { settings } from "../settings/settings";
import { type PageEvent, type State, busy } from "../state/model";
import { type Job, type Sweep, sweeping } from "../state/sweep";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";

export class SweepPanel {
  #setting = el("select", { id: "sweep-setting" }, ...settings.filter((s) => s.kind === "number" || s.kind === "choice" || s.kind === "mechanism").map((s) => el("option", { value: s.key }, s.label)));
  #values = el("input", { id: "sweep-values", type: "text", placeholder: "0.5; 1; 2" });
  #times = el("input", { id: "sweep-times", type: "text", inputmode: "numeric", value: "1" });
  #run: HTMLButtonElement;
  #stop: HTMLButtonElement;
  #table = el("table");
  #shown?: Sweep;

  constructor(dispatch: (event: PageEvent) => void) {
    this.#run = el("button", { type: "button", class: "primary", click: () => dispatch({ type: "swept", key: this.#setting.value, values: this.#values.value, times: this.#times.value }) }, "Run them");
    this.#stop = el("button", { type: "button", click: () => dispatch({ type: "stopped sweep" }) }, "Stop after this run");
    this.#setting.value = "epsilon";
    byId("sweep").append(
      el("div", { class: "line" },
        el("label", {}, "Setting", this.#setting),
        el("label", {}, "Values, separated by ;", this.#values),
        el("label", { class: "few" }, "Times each", this.#times),
        this.#run, this.#stop),
      el("p", {}, "The other settings stay as they are above. Runs follow one another, each planned, charged and kept like any other."),
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Values tried: table" }, this.#table),
    );
  }

  show(state: State) {
    const { sweep, dataset, dead } = state;
    const on = sweeping(state);
    this.#run.hidden = on;
    this.#run.disabled = busy(state) || !dataset || dead;
    this.#stop.hidden = !on;
    say(byId("sweep-words"), sweep ? `${sweep.label}: ${sweep.jobs.filter((job) => job.over).length} of ${sweep.jobs.length} runs` : "one setting, run after run, in one table");
    if (sweep === this.#shown) return;
    this.#shown = sweep;
    this.#table.replaceChildren(...(sweep ? table(sweep) : []));
  }
}

function table({ label, jobs }: Sweep): Node[] {
  const head = [label, "Runs", "Test accuracy", "95 % interval", "Epsilon, each"].map((words) => el("th", { scope: "col" }, words));
  const values = [...new Set(jobs.map((job) => job.value))];
  return [el("caption", { class: "sr-only" }, `${label}: what each value came to`), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...values.map((value) => row(value, jobs.filter((job) => job.value === value))))];
}

function row(value: string, jobs: Job[]): HTMLElement {
  const over = jobs.filter((job) => job.over);
  const failed = over.find((job) => job.failed);
  const found = over.flatMap(({ accuracy, stdError }) => (accuracy === undefined ? [] : [{ accuracy, stdError }]));
  const reach = interval(found);
  const cells = [
    failed ? `${over.length} of ${jobs.length}: ${failed.failed}` : `${over.length} of ${jobs.length}`,
    found.length ? format.percent(mean(found.map((f) => f.accuracy))) : "–",
    reach ? `${format.percent(reach[0])} to ${format.percent(reach[1])}` : "–",
    found.length ? [...new Set(over.map(({ epsilon }) => (epsilon === undefined ? "not private" : `≤ ${format.epsilon(epsilon)}`)))].join(", ") : "–",
  ];
  return el("tr", {}, el("th", { scope: "row" }, value), ...cells.map((words) => el("td", {}, words)));
}

const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

// Student's t, 97.5 %, by degrees of freedom from 1 (Abramowitz and Stegun, table 26.10); beyond, that of 30, which is wider.
const student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042];

/**
 * Where the mean accuracy lies with 95 % confidence: over several runs by Student's t, which holds chance in training and,
 * for they share one test set, leaves out chance in that; of one run by the standard error of its accuracy on that set.
 */
export function interval(found: { accuracy: number; stdError?: number }[]): [number, number] | undefined {
  const values = found.map((f) => f.accuracy);
  const centre = mean(values);
  const within = (half: number): [number, number] => [Math.max(0, centre - half), Math.min(1, centre + half)];
  if (found.length === 1) return found[0].stdError === undefined ? undefined : within(1.96 * found[0].stdError);
  if (found.length === 0) return undefined;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (values.length - 1));
  return within((student[Math.min(values.length - 1, student.length) - 1] * deviation) / Math.sqrt(values.length));
}
