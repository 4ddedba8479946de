// How often this page and its workers have asked the network for anything since the data was loaded: shown, so that anyone
// can hold it beside the browser's own list.
import type { DatasetInfo } from "../protocol";
import type { State } from "../state/model";
import { byId, say } from "../ui/dom";
import { pageName } from "./bound";
import { type Asked, hearWorkers } from "../workers/asked";

export class Requests {
  #asked: Asked[] = [];
  #dataset?: DatasetInfo;
  #since = Infinity;

  constructor() {
    hearWorkers(pageName, (asked) => {
      this.#asked.push(...asked);
      this.#write();
    });
  }

  show({ dataset }: State) {
    if (dataset === this.#dataset) return;
    this.#dataset = dataset;
    this.#since = dataset ? performance.timeOrigin + performance.now() : Infinity;
    this.#write();
  }

  #write() {
    const since = this.#asked.filter(({ at }) => at > this.#since);
    const many = this.#dataset ? String(since.length) : "–";
    say(byId("requests"), `${many} ${since.length === 1 ? "request" : "requests"} since it was loaded`);
    const files = since.map(({ address }) => new URL(address).pathname.split("/").pop());
    say(byId("requests-words"), `Requests by this page and its workers since the data was loaded: ${many}${files.length ? ` (${files.join(", ")})` : ""}.`);
  }
}
