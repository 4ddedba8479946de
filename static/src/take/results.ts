// A run's results as CSV: what was shown, a line for each evaluation. All of it is noised and charged, or of public records.
import { type Run, isPrivate } from "../state/run";

export function resultsCSV(run: Run): string {
  const marked = isPrivate(run) ? "yes" : "no";
  const encoder = run.dataset.encoder ? [quoted(`${run.dataset.encoder}; its training data are outside the guarantee`)] : [];
  const lines = run.epochs.map((e) => [e.step, e.epoch, e.accuracy, e.stdError ?? "", finite(e.loss), isPrivate(run) ? e.epsilon : "", e.noised ? "yes" : "no", marked, ...encoder]);
  return [["step", "epoch", "accuracy", "standard_error", "loss", "epsilon_spent", "noised", "private", ...encoder.map(() => "encoder")], ...lines].map((line) => `${line.join(",")}\r\n`).join("");
}

const quoted = (text: string) => `"${text.replaceAll('"', '""').replace(/^[=+@-]/, "'$&")}"`;
const finite = (value: number): number | "" => (Number.isFinite(value) ? value : "");
