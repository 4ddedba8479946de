// What changes over the run by its plan, drawn beside the setting that decides it: a curve the size of a word, and where it
// goes from and to.
import { el } from "../ui/dom";
import * as format from "../ui/format";
import { sparkline } from "../ui/sparkline";

type Course = [name: string, values: number[] | undefined];

const shown = new WeakMap<HTMLElement, Course[]>();

/** Shows the courses that there are, anew only where they are others: a page draws itself often during a run. */
export function showCourses(host: HTMLElement, ...courses: Course[]) {
  const last = shown.get(host);
  if (last?.length === courses.length && last.every(([, values], i) => values === courses[i][1])) return;
  shown.set(host, courses);
  const line = ([name, values]: Course) => (values ? [el("p", { class: "course" }, sparkline(values), `${name}: ${ends(values)}`)] : []);
  host.replaceChildren(...courses.flatMap(line));
}

const ends = (values: number[]) => `${format.figure(values[0], 3)} to ${format.figure(values.at(-1)!, 3)}`;
