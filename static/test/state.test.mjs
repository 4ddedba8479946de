// The page's state, fed with events that were recorded in a browser (pagetest/record_test.go): no browser is needed here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { load } from "./load.mjs";

const { reduce } = await load("state/reduce");
const { initial } = await load("state/model");
const { wouldLose } = await load("state/run");
const recorded = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"), (_, value) => (value === "Infinity" ? Infinity : value));

const choices = [
  { name: "digits", title: "Built-in digits", source: { kind: "digits" } },
  { name: "mnist", title: "MNIST", source: { kind: "url", url: "https://x/data/mnist/" } },
];

/** A page that remembers what it asked for. */
class Page {
  state = freeze(initial);
  commands = [];
  #at = 0;

  do(event) {
    const { state, commands } = reduce(this.state, event);
    this.state = freeze(state);
    this.commands.push(...commands);
    return commands;
  }

  hear(event) {
    return this.do({ type: "heard", event });
  }

  /** Hears what was recorded, up to and with the first event that is as wanted. */
  until(wanted) {
    for (; this.#at < recorded.length; ) {
      const event = recorded[this.#at++];
      this.hear(event);
      if (wanted(event)) return event;
    }
    throw new Error("no such event was recorded");
  }

  sent(type) {
    return this.commands.filter((c) => c.do === "send" && c.request.type === type);
  }

  get address() {
    return this.commands.findLast((c) => c.do === "put address")?.hash;
  }
}

/** What is shown must not be changed behind a panel's back. */
function freeze(value) {
  if (value && typeof value === "object" && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

const opened = (hash = "#data=digits&model=logistic&epochs=2") => {
  const page = new Page();
  page.do({ type: "arrived", choices, hash });
  page.until((e) => e.type === "proposal");
  return page;
};

const isDone = (e) => e.type === "state" && e.state === "done";

const trained = () => {
  const page = opened();
  page.do({ type: "pressed", button: "train" });
  page.until(isDone);
  page.until((e) => e.type === "checkpoint");
  return page;
};

test("a run, from the link to the end", () => {
  const page = opened();
  assert.equal(page.state.phase, "idle");
  assert.equal(page.state.settings.config.model, "logistic");
  assert.equal(page.state.settings.config.epochs, 2);
  assert.ok(page.state.preview.plan.noiseMultiplier > 0);
  assert.equal(page.sent("start").length, 0);
  page.do({ type: "pressed", button: "train" });
  assert.equal(page.state.phase, "starting");
  assert.deepEqual(page.sent("start")[0].request.config, page.state.settings.config);
  page.until((e) => e.type === "state" && e.state === "running");
  assert.match(page.state.spoken, /started/);
  page.do({ type: "pressed", button: "train" });
  assert.equal(page.sent("pause").length, 1);
  page.until(isDone);
  const { run, phase, spoken } = page.state;
  assert.equal(phase, "done");
  assert.match(spoken, /ended: test accuracy .* epsilon at most/);
  assert.equal(run.epochs.length, 3);
  assert.equal(run.last.step, run.planned.steps);
  assert.deepEqual(run.spending.map((s) => s.step), [...new Set(run.spending.map((s) => s.step))].sort((a, b) => a - b));
  assert.equal(wouldLose(run), false); // it is not in hand yet
  page.until((e) => e.type === "checkpoint");
  assert.ok(page.state.run.checkpoint);
  assert.equal(wouldLose(page.state.run), true);
  page.do({ type: "pressed", button: "save" });
  assert.equal(page.commands.at(-1).do, "download");
  assert.equal(wouldLose(page.state.run), false);
});

test("what is refused takes nothing away", () => {
  const page = trained();
  const { run } = page.state;
  page.do({ type: "set", key: "batch", text: "30000" });
  page.until((e) => e.type === "proposal" && !e.proposal);
  assert.match(page.state.preview.refusal, /batch size/i);
  page.do({ type: "pressed", button: "train" });
  page.until((e) => e.type === "error");
  assert.equal(page.state.run, run);
  assert.equal(page.state.phase, "done");
  assert.match(page.state.problem.words, /20000/);
  assert.doesNotMatch(page.state.problem.words, /train:|BatchSize/);
  assert.equal(page.state.kept.length, 0);
});

test("a finished run stays beside the next until it is discarded", () => {
  const page = trained();
  const first = page.state.run;
  page.do({ type: "set", key: "batch", text: "100" });
  page.do({ type: "pressed", button: "train" });
  page.until((e) => e.type === "error"); // the recording has a refusal first
  page.do({ type: "pressed", button: "train" });
  page.until((e) => e.type === "planned");
  assert.deepEqual(page.state.kept.map((k) => k.id), [first.id]);
  assert.equal(page.state.compared, first.id);
  page.until((e) => e.type === "state" && e.state === "paused");
  assert.equal(page.state.spoken, "Paused.");
  page.do({ type: "pressed", button: "train" });
  assert.equal(page.sent("resume").length, 1);
  page.until(isDone);
  assert.match(page.state.spoken, /stopped/);
  page.until((e) => e.type === "checkpoint");
  page.do({ type: "took back", run: first.id });
  assert.equal(page.sent("restore").length, 1);
  assert.deepEqual(page.state.run.epochs, first.epochs); // its curve comes back with it
  page.do({ type: "discarded", run: first.id });
});

test("other data are asked for once, keep the run, and can be undone", () => {
  const page = trained();
  const { run } = page.state;
  page.do({ type: "chose data", name: "mnist" });
  assert.match(page.state.question.words, /MNIST.*kept/);
  assert.equal(page.sent("open").length, 1);
  page.do({ type: "declined" });
  assert.equal(page.state.data, "digits");
  page.do({ type: "chose data", name: "mnist" });
  page.do(page.state.question.event);
  assert.equal(page.state.data, "mnist");
  assert.equal(page.state.run, undefined);
  assert.deepEqual(page.state.kept.map((k) => k.id), [run.id]);
  page.do({ type: "undid" });
  assert.equal(page.sent("open").length, 3);
  page.hear(recorded.find((e) => e.type === "dataset"));
  assert.equal(page.sent("restore").length, 1);
  assert.deepEqual(page.state.run.epochs, run.epochs);
});

test("data of one's own are one more choice, opened when read; a link to them says that they are gone", () => {
  const page = trained();
  const choice = { name: "own", title: "pets", source: { kind: "own", files: [{ name: "manifest.blob", blob: "b" }] }, recipe: { kind: "image" } };
  page.do({ type: "brought data", choice });
  assert.match(page.state.question.words, /pets.*kept/);
  assert.equal(page.sent("open").length, 1);
  page.do(page.state.question.event);
  assert.deepEqual(page.sent("open").at(-1).request.source, choice.source);
  assert.equal(page.state.kept.length, 1);
  page.do({ type: "brought data", choice: { ...choice, title: "pets again" } });
  assert.equal(page.state.choices.filter((c) => c.name === "own").length, 1);
  const later = new Page();
  later.do({ type: "arrived", choices, hash: "#data=own" });
  assert.match(later.state.problem.words, /drop them again/);
  assert.equal(later.sent("open").length, 0);
});

test("other data wait for a run that goes on: it is stopped and kept", () => {
  const page = opened();
  page.do({ type: "pressed", button: "train" });
  page.until((e) => e.type === "state" && e.state === "running");
  page.do({ type: "navigated", hash: "#data=mnist" });
  assert.match(page.state.question.words, /run that goes on/);
  page.do(page.state.question.event);
  assert.equal(page.sent("stop").length, 1);
  assert.equal(page.state.data, "digits");
  page.until(isDone);
  page.until((e) => e.type === "checkpoint");
  assert.equal(page.state.data, "mnist");
  assert.equal(page.state.kept.length, 1);
});

test("what a link says wrongly is said, kept, and stops Train", () => {
  for (const [words, field, told] of [
    ["model=oracle", "model", /oracle/],
    ["model=logistic&batch=many", "batch", /“many” is not a number/],
    ["model=logistic&epsilon=-1", "epsilon", /at least/],
    ["model=logistic&schedule=whenever", "schedule", /whenever/],
    ["model=logistic&diagnostics=yes", "diagnostics", /yes/],
    ["model=logistic&mechanism=wishful", "mechanism.0", /unknown mechanism "wishful"/],
    ["model=logistic&mechanism=quantile(quantile.rate=9)", "mechanism.quantile.rate", /at most/],
    ["model=logistic&mechanism=quantile(quantile.rate=)", "mechanism.quantile.rate", /needs a number/],
  ]) {
    const page = new Page();
    page.do({ type: "arrived", choices, hash: `#data=digits&${words}` });
    page.until((e) => e.type === "dataset");
    assert.match(page.state.problem?.words ?? "", told, words);
    page.do({ type: "pressed", button: "train" });
    assert.equal(page.sent("start").length, 0, words);
    assert.deepEqual(page.commands.findLast((c) => c.do === "focus"), { do: "focus", field }, words);
    const [key, value] = words.split("&").at(-1).split(/=(.*)/);
    assert.equal(new URLSearchParams(page.address.slice(1)).get(key), value, `${words} became ${page.address}`);
  }
  const page = opened("#data=digits&model=logistic&epochs=2&epsilno=1");
  assert.match(page.state.problem.words, /epsilno/);
  const elsewhere = new Page();
  elsewhere.do({ type: "arrived", choices, hash: "#data=cats" });
  assert.match(elsewhere.state.problem.words, /no dataset called “cats”/);
  assert.equal(elsewhere.sent("open").length, 0);
});

test("Back, Forward and a pasted link bring their settings", () => {
  const page = opened();
  page.do({ type: "set", key: "epsilon", text: "1,5" });
  assert.equal(page.state.settings.config.epsilon, 1.5);
  const changed = page.commands.findLast((c) => c.do === "put address");
  assert.ok(changed.push && changed.hash.includes("epsilon=1.5"));
  page.do({ type: "navigated", hash: "#data=digits&model=logistic&epochs=2" });
  assert.equal(page.state.settings.config.epsilon, 3);
  page.do({ type: "navigated", hash: "#data=digits&model=mlp&clip=0.25&open=log" });
  assert.equal(page.state.settings.config.model, "mlp");
  assert.equal(page.state.settings.config.clipNorm, 0.25);
  assert.deepEqual(page.state.panels, ["log"]);
  page.do({ type: "turned panel", name: "plan", open: true });
  assert.ok(page.address.includes("open=log.plan"));
  assert.equal(page.commands.at(-1).push, false);
});

test("faulty fields stop Train and take no other field with them", () => {
  const page = opened();
  page.do({ type: "set", key: "batch", text: "1,024" });
  assert.equal(page.state.settings.drafts.batch, "1,024");
  const sent = page.sent("propose").length;
  page.do({ type: "set", key: "clip", text: "0.5" });
  assert.equal(page.sent("propose").length, sent);
  page.do({ type: "pressed", button: "train" });
  assert.equal(page.sent("start").length, 0);
  assert.match(page.state.spoken, /1024 or 1\.024/);
  page.do({ type: "reset", key: "batch" });
  assert.deepEqual(page.state.settings.drafts, {});
  page.do({ type: "chose part", kind: 0, name: "quantile" });
  page.do({ type: "set param", part: "quantile", param: "rate", text: "" });
  page.do({ type: "pressed", button: "train" });
  assert.equal(page.sent("start").length, 0);
  page.do({ type: "set param", part: "quantile", param: "rate", text: "0,3" });
  assert.deepEqual(page.state.settings.config.mechanism, { name: "quantile", params: { "quantile.rate": 0.3 } });
  page.do({ type: "pressed", button: "train" });
  assert.equal(page.sent("start").length, 1);
});

test("one proposal at a time, the last settings' in the end", () => {
  const page = opened();
  const before = page.sent("propose").length;
  for (const text of ["2", "2.5", "4"]) page.do({ type: "set", key: "epsilon", text });
  assert.equal(page.sent("propose").length, before + 1);
  const { asked } = page.state.preview;
  page.hear({ type: "proposal", id: asked - 1, proposal: page.state.preview.plan }); // of a question that was given up
  assert.equal(page.state.preview.answered, asked - 1);
  page.hear({ type: "proposal", id: asked, proposal: page.state.preview.plan });
  assert.equal(page.sent("propose").at(-1).request.config.epsilon, 4);
});

test("a trainer that dies takes the run that goes on, and nothing else", () => {
  const page = trained();
  page.do({ type: "pressed", button: "train" });
  page.hear({ type: "error", fatal: true, message: "Out of breath" });
  assert.equal(page.state.problem.words, "Out of breath");
  assert.ok(page.state.dead);
  assert.ok(page.state.run.checkpoint, "the run before is shown again");
  page.do({ type: "pressed", button: "train" });
  assert.match(page.state.problem.words, /has stopped/);
  page.do(page.state.problem.ways[0].event);
  assert.equal(page.state.dead, false);
  assert.ok(page.commands.some((c) => c.do === "restart trainer"));
  assert.equal(page.state.kept.length, 1);
});

test("nothing in the log is a clock", () => {
  const page = trained();
  assert.ok(page.state.log.length >= 5);
  for (const { at, words } of page.state.log) assert.doesNotMatch(at + words, /\d:\d\d/);
  assert.ok(page.state.log.some(({ at }) => at === "Epoch 1"));
});

test("a link to features leads to the records that they are made of", () => {
  const page = new Page();
  page.do({ type: "arrived", choices, hash: "#data=mnist%2Bfeatures&model=logistic" });
  const { words, ways } = page.state.problem;
  assert.match(words, /features of MNIST are computed/);
  assert.equal(page.sent("open").length, 0);
  page.do(ways[0].event);
  assert.equal(page.sent("open")[0].request.source.url, choices[1].source.url);
  const other = new Page();
  other.do({ type: "arrived", choices, hash: "#data=own-1%2Bfeatures" });
  assert.match(other.state.problem.words, /gone with the page/);
});
