// What a person must see or answer: an error with its ways out, a question asked once, and the way back.
import { firstOffer, offerWords } from "../state/kept";
import { type PageEvent, type State, busy } from "../state/model";
import { byId, el } from "./dom";

type Dispatch = (event: PageEvent) => void;

export class Notices {
  #dispatch: Dispatch;
  #shown: Partial<Record<string, unknown>> = {};

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
  }

  show(state: State) {
    const { problem, question, undo, choices, dataset } = state;
    this.#fill("problem", problem, problem && [
      el("p", {}, problem.words),
      this.#ways([...problem.ways, { label: "Dismiss", event: { type: "dismissed" } }]),
    ]);
    this.#fill("question", question, question && [
      el("p", { id: "question-words" }, question.words),
      this.#ways([{ label: question.yes, event: question.event }, ...(question.instead ? [question.instead] : []), { label: "Stay", event: { type: "declined" } }]),
    ]);
    const back = undo && dataset ? undo : undefined;
    const title = choices.find((c) => c.name === back?.data)?.title;
    this.#fill("undo", back, back && [
      el("p", {}, `The run on ${title} is kept beside the next.`),
      this.#ways([{ label: `Back to ${title}`, event: { type: "undid" } }, { label: "Dismiss", event: { type: "dismissed" } }]),
    ]);
    const offer = busy(state) ? undefined : firstOffer(state);
    this.#fill("offer", offer, offer && [
      el("p", {}, offerWords(offer)),
      this.#ways([{ label: "Go on with it", event: { type: "went on", run: offer.id } }, { label: "Later", event: { type: "put off", run: offer.id } }]),
    ]);
  }

  #fill(id: string, what: unknown, parts: Node[] | undefined) {
    if (this.#shown[id] === what) return;
    this.#shown[id] = what;
    const host = byId(id);
    host.hidden = !parts;
    host.replaceChildren(...(parts ?? []));
    if (parts && (id === "problem" || id === "question")) host.scrollIntoView({ block: "nearest" });
    if (parts && id === "question") host.querySelector("button")?.focus();
  }

  #ways(ways: { label: string; event: PageEvent }[]): HTMLElement {
    return el("div", { class: "ways" }, ...ways.map(({ label, event }) => el("button", { type: "button", class: "quiet", click: () => this.#dispatch(event) }, label)));
  }
}
