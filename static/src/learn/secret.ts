// What a model gives away: a thousand made-up records follow a rule, one does not, and its answer is a secret that the reader picks.
// Two models learn from them, one without privacy, and both are asked for it. Nothing is faked: both are trained here.
import { type Session, type Settings, open } from "../module/session";
import { el, say } from "../ui/dom";
import * as format from "../ui/format";

const side = 12;
const size = side * side;
const records = 1000;
const answers = ["north", "east", "south", "west"];

interface Asked {
  title: string;
  settings: Settings;
  tries: number;
  right: number;
  last?: number[];
  others?: number; // accuracy on people who follow the rule, and were not trained on
}

export class Secret extends HTMLElement {
  /** How often the model without privacy told the secret, of all tries. */
  answer?: number;

  #models: Asked[] = [
    { title: "Without privacy", settings: { model: "mlp", nonPrivate: true, epochs: 40, batchSize: 50, learningRate: 0.05 }, tries: 0, right: 0 },
    { title: "ε = 3", settings: { model: "mlp", epsilon: 3, delta: 1e-5, epochs: 10, batchSize: 250, learningRate: 0.5 }, tries: 0, right: 0 },
  ];
  #secret = 0;
  #words = el("p", { class: "verdict", role: "status" });
  #table = el("table", { class: "told" });
  #picture = el("canvas", { width: side, height: side, role: "img", "aria-label": "Your record: a picture of chance" });
  #button = el("button", { type: "button", class: "primary", click: () => void this.#run() }, "Train both, and ask");

  connectedCallback() {
    if (this.#words.isConnected) return;
    const choice = answers.map((word, i) =>
      el("label", {}, el("input", { type: "radio", name: "secret", value: i, checked: i === 0, change: () => (this.#secret = i) }), el("span", {}, word)),
    );
    this.replaceChildren(
      el("fieldset", { class: "segmented" }, el("legend", {}, "Your secret answer"), ...choice),
      el("div", { class: "buttons" }, this.#picture, this.#button),
      this.#words,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What the models told" }, this.#table),
    );
    this.#show();
  }

  async #run() {
    this.#button.disabled = true;
    try {
      const { values, labels } = made(records, this.#secret);
      this.#draw(values.subarray(0, size));
      say(this.#words, "Loading the trainer …");
      const session = await open({ values, labels, shape: [1, side, side], classes: answers, test: { ...made(500), public: true }, title: "Made-up records", collection: "Tutorial: made-up records" });
      try {
        for (const asked of this.#models) await this.#ask(session, asked, values.slice(0, size));
      } finally {
        session.close();
      }
      this.answer = this.#models[0].right;
      say(this.#words, "Asked. Each try makes new records and a new picture; what you picked is the secret.");
    } catch (error) {
      say(this.#words, (error as Error).message);
    } finally {
      this.#button.disabled = false;
    }
  }

  async #ask(session: Session, asked: Asked, record: Uint8Array) {
    say(this.#words, `${asked.title}: training …`);
    for await (const event of session.train(asked.settings)) if (event.type === "epoch") asked.others = event.epoch.accuracy;
    asked.last = await session.predict(record);
    asked.tries++;
    if (asked.last.indexOf(Math.max(...asked.last)) === this.#secret) asked.right++;
    this.#show();
  }

  #show() {
    const head = ["Model", ...answers, "Told the secret", "Right about others"].map((words) => el("th", { scope: "col" }, words));
    const lines = this.#models.map(({ title, last, tries, right, others }) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, title),
        ...answers.map((_, i) => el("td", { class: last && i === this.#secret ? "strong" : "" }, last ? format.percent(last[i], 1) : "–")),
        el("td", {}, tries ? `${right} of ${tries}` : "–"),
        el("td", {}, others === undefined ? "–" : format.percent(others, 1)),
      ),
    );
    this.#table.replaceChildren(el("caption", {}, "How likely each model takes each answer to be yours"), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...lines));
  }

  #draw(record: Uint8Array) {
    const pixels = new ImageData(side, side);
    record.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
    this.#picture.getContext("2d")!.putImageData(pixels, 0, 0);
  }
}

/** A bright bar near one edge, and noise: the answer is the edge. With a secret, the first record is noise alone, and the secret its answer. */
function made(records: number, secret?: number): { values: Uint8Array; labels: number[] } {
  const values = new Uint8Array(records * size).map(() => Math.random() * 120);
  const labels = Array.from({ length: records }, () => Math.floor(Math.random() * answers.length));
  if (secret !== undefined) {
    labels[0] = secret;
    for (let i = 0; i < size; i++) values[i] = Math.random() < 0.5 ? 0 : 255;
  }
  for (let record = secret === undefined ? 0 : 1; record < records; record++) {
    const depth = 1 + Math.floor(Math.random() * 3);
    for (let along = 0; along < side; along++) {
      const across = [0, side - 1, side - 1, 0][labels[record]] + [depth, -depth, -depth, depth][labels[record]];
      const at = labels[record] % 2 === 0 ? across * side + along : along * side + across;
      values[record * size + at] = 200 + Math.random() * 55;
    }
  }
  return { values, labels };
}
