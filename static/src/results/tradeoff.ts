// What a trade-off curve says: of every attacker who raises false alarms at some rate, how many members the best one finds.
import { Chart } from "../ui/chart";
import * as format from "../ui/format";

export interface Curve {
  fpr: number[]; // rising, from 0 to 1
  tpr: number[];
}

/** The best true-positive rate at a false-positive rate; between two points of the curve, a straight line. */
export function power({ fpr, tpr }: Curve, at: number): number {
  const above = fpr.findIndex((f) => f >= at);
  if (above < 0) return 1;
  if (above === 0 || fpr[above] === at) return tpr[above];
  const share = (at - fpr[above - 1]) / (fpr[above] - fpr[above - 1]);
  return tpr[above - 1] + share * (tpr[above] - tpr[above - 1]);
}

/** How sure an attacker is after accusing at this operating point, having thought `prior` before (Bayes). */
export function posterior(prior: number, fpr: number, tpr: number): number {
  return (prior * tpr) / (prior * tpr + (1 - prior) * fpr);
}

/** The same from epsilon alone, which is looser: no test has a likelihood ratio above e^epsilon (but for delta). */
export function genericPosterior(prior: number, epsilon: number): number {
  return prior / (prior + (1 - prior) * Math.exp(-epsilon));
}

/** Columns: false alarms, members found by each of the named curves, and the coin toss. Until there are any it says so. */
export function tradeoffChart(names: string[], colours: string[], empty = ""): Chart {
  const found = names.map((label, i) => ({ label, colour: colours[i], format: format.percentage }));
  return new Chart({
    title: "The best attacker",
    empty,
    rest: "",
    x: { label: "False alarms", format: (x) => format.percent(x, x < 0.01 && x > 0 ? 2 : 0) },
    series: [...found, { label: "A coin toss", colour: "--soft", format: format.percent, dashed: true, quiet: true }],
    axis: (y) => format.percent(y, 0),
    bottom: 0,
    top: 1,
    height: 340,
  });
}
