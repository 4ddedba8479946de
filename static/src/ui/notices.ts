// What a person must see or answer: an error with its ways out, a question asked once, and the way back.
import type { PageEvent, State } from "../state/model";
import { byId, el } from "./dom";

type Dispatch = (event: PageEvent) => void;

export class Notices {
  #dispatch: Dispatch;
  #shown: Partial<Record<string, unknown>> = {};

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
  }

  show({ problem, question, undo, choices, dataset }: State) {
    this.#fill("problem", problem, problem && [
      el("p", {}, problem.words),
      this.#ways([...problem.ways, { label: "Dismiss", event: { type: "dismissed" } }]),
    ]);
    this.#fill("question", question, question && [
      el("p", { id: "question-words" }, question.words),
      this.#ways([{ label: question.yes, event: question.event }, { label: "Stay", event: { type: "declined" } }]),
    ]);
    const back = undo && dataset ? undo : undefined;
    const title = choices.find((c) => c.name === back?.data)?.title;
    this.#fill("undo", back, back && [
      el("p", {}, `The run on ${title} is kept beside the next.`),
      this.#ways([{ label: `Back to ${title}`, event: { type: "undid" } }, { label: "Dismiss", event: { type: "dismissed" } }]),
    ]);
  }

  #fill(id: string, what: unknown, parts: Node[] | undefined) {
    if (this.#shown[id] === what) return;
    this.#shown[id] = what;
    const host = byId(id);
    host.hidden = !parts;
    host.replaceChildren(...(parts ?? []));
    if (parts && id !== "undo") host.scrollIntoView({ block: "nearest" });
    if (parts && id === "question") host.querySelector("button")?.focus();
  }

  #ways(ways: { label: string; event: PageEvent }[]): HTMLElement {
    return el("div", { class: "ways" }, ...ways.map(({ label, event }) => el("button", { type: "button", class: "quiet", click: () => this.#dispatch(event) }, label)));
  }
}
