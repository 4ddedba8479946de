// Epsilon on a logarithmic scale, with words for what a figure means. The field beside it takes any figure.
import { el } from "../ui/dom";

const from = 0.1;
const to = 100;
const ticks = 200;

/** "strong", "usual" or "weak": the three tiers of Ponomareva et al. 2023, How to DP-fy ML, arXiv:2303.00654, Section 5. */
export function strength(epsilon: number): string {
  return epsilon <= 1 ? "strong" : epsilon <= 10 ? "usual" : "weak";
}

export const positionOf = (epsilon: number) => Math.round((ticks * Math.log(Math.min(to, Math.max(from, epsilon)) / from)) / Math.log(to / from));

/** Two significant digits, so that a slider never gives a figure that nobody would write. */
export const epsilonAt = (position: number) => Number((from * (to / from) ** (position / ticks)).toPrecision(2));

export function epsilonSlider(tell: (text: string) => void) {
  const slider = el("input", { type: "range", id: "epsilon-slider", min: 0, max: ticks, step: 1, "aria-label": "Epsilon, from strong to weak privacy" });
  slider.addEventListener("input", () => tell(String(epsilonAt(Number(slider.value)))));
  const word = (name: string) => el("span", { "data-strength": name }, name);
  const words = el("div", { class: "strengths", "aria-hidden": "true" }, word("strong"), word("usual"), word("weak"));
  const root = el("div", { class: "slider" }, slider, words);
  return {
    root,
    show(epsilon: number) {
      const position = positionOf(epsilon);
      if (epsilonAt(Number(slider.value)) !== epsilon) slider.value = String(position);
      slider.setAttribute("aria-valuetext", `${epsilon}, ${strength(epsilon)}`);
      for (const span of words.children) span.toggleAttribute("data-now", (span as HTMLElement).dataset.strength === strength(epsilon));
    },
  };
}
