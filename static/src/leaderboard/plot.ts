// Accuracy against true epsilon, one point a line. Epsilon runs on a logarithmic scale: claims of 3 turn out to be 86.
import { Chart, type Columns } from "../ui/chart";
import * as format from "../ui/format";
import type { Standing } from "./board";

export class Plot {
  #chart: Chart;
  #drawn: Standing[] = [];

  constructor(host: HTMLElement) {
    const series = (label: string, colour: string) => ({ label, colour, format: format.percent, points: true, scattered: true });
    this.#chart = new Chart({
      title: "Accuracy against true epsilon",
      empty: "Nothing that is shown has a proven epsilon.",
      rest: "",
      x: { label: "True epsilon", format: (x) => format.figure(10 ** x, 2) },
      series: [series("Here", "--accent"), series("Published", "--alarm"), series("Yours", "--run-1")],
      axis: (y) => format.percent(y, 0),
      point: (at) => words(this.#drawn[at]),
      height: 300,
    });
    host.append(this.#chart.root);
  }

  /** Draws what has a proven epsilon; says how many lines have none. */
  show(standings: Standing[]): number {
    this.#drawn = standings.filter(({ epsilon }) => epsilon).sort((a, b) => a.epsilon! - b.epsilon!);
    const xs = this.#drawn.map(({ epsilon }) => Math.log10(epsilon!));
    const of = (which: (s: Standing) => boolean) => this.#drawn.map((s) => (which(s) ? s.accuracy : null));
    const columns: Columns = [xs, of((s) => s.runs !== undefined && !s.own), of((s) => !s.runs), of((s) => s.own === true)];
    this.#chart.set(columns, [Math.min(0, ...xs) - 0.05, Math.max(2, ...xs) + 0.1]);
    return standings.length - this.#drawn.length;
  }
}

const words = (s: Standing) => `${s.title}${s.own ? " (yours)" : s.runs ? "" : " (published)"}: ${format.percent(s.accuracy)} at ε ≤ ${format.epsilon(s.epsilon!)}`;
