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

test("a learning rate for clipped gradients goes with the clipping, and comes back with it; a person's own stays", () => {
  const page = opened();
  const rate = () => page.state.settings.config.learningRate;
  const usual = rate();
  assert.ok(usual > 0.1);
  page.do({ type: "set", key: "nonprivate", text: "1" });
  assert.equal(rate(), 0.1);
  page.do({ type: "set", key: "model", text: "mlp" });
  assert.equal(rate(), 0.1);
  page.do({ type: "reset", key: "nonprivate" });
  assert.equal(rate(), page.state.settings.preset.learningRate);
  page.do({ type: "set", key: "rate", text: "0.3" });
  page.do({ type: "set", key: "nonprivate", text: "1" });
  assert.equal(rate(), 0.3);
  page.do({ type: "set", key: "nonprivate", text: "0" });
  assert.equal(rate(), 0.3);
});

test("a model that data merely propose stays with them; one that was chosen goes along", () => {
  const page = opened();
  const proposed = page.state.settings.presets[0].config.model;
  page.do({ type: "chose data", name: "mnist" });
  assert.equal(page.state.address.model, "logistic");
  const other = opened(`#data=digits&model=${proposed}&epsilon=5`);
  other.do({ type: "chose data", name: "mnist" });
  assert.deepEqual([other.state.address.model, other.state.address.words.get("epsilon")], [undefined, "5"]);
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
  assert.deepEqual(page.state.compared, [first.id]);
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

const interrupted = (more = {}) => {
  const { run } = trained().state;
  const { id, checkpoint, ...kept } = run;
  return { ...kept, key: "k-1", order: 4, over: false, stored: true, last: { ...run.last, step: 20 }, ...more };
};

/** A page that found runs in its browser before its data were open. */
const returned = (runs, damaged = 0) => {
  const page = new Page();
  page.do({ type: "found kept", runs, damaged });
  page.do({ type: "arrived", choices, hash: "#data=digits&model=logistic&epochs=2", session: "s" });
  page.until((e) => e.type === "proposal");
  return page;
};

const restoredNow = (page) => {
  page.hear({ type: "planned", planned: page.state.run.planned });
  page.hear({ type: "state", state: "paused" });
};

test("a run is kept before it begins, at each safepoint, and when it ends", () => {
  const page = new Page();
  page.do({ type: "arrived", choices, hash: "#data=digits&model=logistic&epochs=2", session: "s" });
  page.until((e) => e.type === "proposal");
  const before = page.commands.length;
  page.do({ type: "pressed", button: "train" });
  assert.deepEqual(page.commands.slice(before).map((c) => c.do), ["keep", "send"]);
  const { key } = page.commands.findLast((c) => c.do === "keep").run;
  page.until(isDone);
  page.until((e) => e.type === "checkpoint");
  const kept = page.commands.filter((c) => c.do === "keep");
  assert.ok(kept.length >= 3 && kept.every(({ run }) => run.key === key));
  assert.equal(kept.at(-1).run.over, true);
  assert.equal(wouldLose(page.state.run), true);
  page.do({ type: "stored", run: page.state.run.id, over: true });
  assert.equal(wouldLose(page.state.run), false);
});

test("an interrupted run is offered, and goes on by itself once it is restored", () => {
  const page = returned([interrupted()]);
  const [offered] = page.state.kept;
  assert.deepEqual(page.state.offered, [offered.id]);
  page.do({ type: "went on", run: offered.id });
  assert.equal(page.commands.at(-1).do, "take kept");
  assert.equal(page.sent("restore").length, 0);
  page.do({ type: "took kept", run: offered, checkpoint: new Uint8Array([7]) });
  assert.deepEqual([...page.sent("restore")[0].request.checkpoint], [7]);
  assert.equal(page.state.phase, "starting");
  restoredNow(page);
  assert.equal(page.sent("resume").length, 1);
  assert.equal(page.state.run.key, "k-1");
  assert.equal(page.state.kept.length, 0);
  page.hear({ type: "safepoint", checkpoint: new Uint8Array([8]) });
  assert.equal(page.commands.findLast((c) => c.do === "keep").run.key, "k-1");
});

test("what another tab has is not offered, and is told when it is asked for", () => {
  const page = returned([interrupted({ elsewhere: true }), interrupted({ key: "k-2" })]);
  const [one, two] = page.state.kept;
  assert.deepEqual(page.state.offered, [two.id]);
  page.do({ type: "took back", run: one.id });
  page.do({ type: "is elsewhere", run: one.id });
  assert.match(page.state.problem.words, /another tab/);
  assert.equal(page.state.phase, "idle");
  assert.equal(page.state.kept.length, 2);
});

test("a kept run that is refused stays kept", () => {
  const page = returned([interrupted()]);
  const [run] = page.state.kept;
  page.do({ type: "went on", run: run.id });
  page.do({ type: "took kept", run, checkpoint: new Uint8Array([7]) });
  page.hear({ type: "error", message: "train: checkpoint: no" });
  assert.equal(page.state.phase, "idle");
  assert.deepEqual(page.state.kept.map((k) => k.key), ["k-1"]);
  assert.equal(page.commands.some((c) => c.do === "remove kept"), false);
});

test("an interrupted run waits for its data, or says that they are gone", () => {
  const { dataset } = interrupted();
  const page = returned([interrupted({ data: "mnist", dataset: { ...dataset, name: "mnist" } }), interrupted({ key: "k-2", data: "own", dataset: { ...dataset, name: "own", own: true, title: "pets" } })]);
  const [mnist, own] = page.state.kept;
  page.do({ type: "went on", run: own.id });
  assert.match(page.state.problem.words, /pets.*same files/);
  page.do({ type: "went on", run: mnist.id });
  assert.equal(page.state.data, "mnist");
  page.hear({ type: "dataset", dataset: mnist.dataset });
  assert.equal(page.commands.findLast((c) => c.do === "take kept").run.id, mnist.id);
  page.do({ type: "took kept", run: mnist, checkpoint: new Uint8Array([7]) });
  restoredNow(page);
  assert.equal(page.sent("resume").length, 1);
});

test("a run on an encoder's vectors goes on with those alone, not with the records nor another's", () => {
  const { dataset } = interrupted();
  const vectors = { ...dataset, name: "mnist", title: "MNIST, fixed features of a.onnx (SHA-256 01)" };
  const page = returned([interrupted({ data: "mnist+features+encoder-01", dataset: vectors })]);
  const [run] = page.state.kept;
  const notYet = (words) => {
    page.do({ type: "went on", run: run.id });
    assert.match(page.state.problem.words, words);
    assert.equal(page.commands.some((c) => c.do === "take kept"), false);
  };
  for (const title of ["MNIST", "MNIST, fixed features of a.onnx (SHA-256 02)"]) {
    page.hear({ type: "dataset", dataset: { ...vectors, title } });
    notYet(/fixed features of MNIST.*bring the same encoder/);
  }
  page.hear({ type: "dataset", dataset: vectors });
  page.do({ type: "went on", run: run.id });
  assert.equal(page.commands.findLast((c) => c.do === "take kept").run.id, run.id);
});

test("an interrupted run that is asked for while its data are on their way waits for them, and goes on", () => {
  const page = new Page();
  page.do({ type: "found kept", runs: [interrupted()], damaged: 0 });
  page.do({ type: "arrived", choices, hash: "#data=digits&model=logistic&epochs=2", session: "s" });
  const [run] = page.state.kept;
  page.do({ type: "went on", run: run.id });
  assert.equal(page.sent("open").length, 1);
  page.hear({ type: "dataset", dataset: run.dataset });
  assert.equal(page.commands.findLast((c) => c.do === "take kept").run.id, run.id);
  page.do({ type: "took kept", run, checkpoint: new Uint8Array([7]) });
  assert.equal(page.sent("restore").length, 1);
  restoredNow(page);
  assert.equal(page.sent("resume").length, 1);
});

test("a run that broke off before its first checkpoint says so; damaged ones are told", () => {
  const page = returned([interrupted({ planned: undefined })], 2);
  assert.equal(page.state.kept.length, 0);
  const words = page.state.log.map((line) => line.words).join("\n");
  assert.match(words, /before its first checkpoint.*stays charged/);
  assert.match(words, /2 runs .* damaged/);
  assert.deepEqual(page.commands.find((c) => c.do === "remove kept"), { do: "remove kept", key: "k-1" });
});

test("no step is released before there is something kept to go on from, or nothing can be", () => {
  for (const last of [{ type: "stored", over: false, checkpoint: true }, { type: "cannot keep", words: "no" }]) {
    const page = new Page();
    page.do({ type: "arrived", choices, hash: "#data=digits&model=logistic&epochs=2", session: "s" });
    page.until((e) => e.type === "proposal");
    page.do({ type: "pressed", button: "train" });
    assert.equal(page.sent("start")[0].request.held, true);
    const { id } = page.state.run;
    page.do({ ...last, run: id }); // of the run as it was asked for
    page.until((e) => e.type === "planned");
    page.hear({ type: "safepoint", checkpoint: new Uint8Array([1]) });
    page.hear({ type: "state", state: "paused" });
    assert.equal(page.state.phase, "starting");
    page.do({ type: "stored", run: id, over: false, checkpoint: false });
    assert.equal(page.sent("resume").length, 0);
    page.do({ ...last, run: id });
    assert.equal(page.sent("resume").length, 1);
    page.hear({ type: "state", state: "running" });
    assert.equal(page.state.phase, "running");
    assert.match(page.state.spoken, /started/);
    page.do({ ...last, run: id });
    assert.equal(page.sent("resume").length, 1);
  }
});

test("storage that is full or denied is told once, and survived", () => {
  const page = opened();
  page.do({ type: "cannot keep", words: "this browser's storage for the page is full", full: true });
  page.do({ type: "cannot keep", words: "this browser's storage for the page is full", full: true });
  assert.equal(page.state.log.filter(({ words }) => /storage.*full/.test(words)).length, 1);
  page.do({ type: "pressed", button: "train" });
  page.until(isDone);
  assert.equal(page.state.phase, "done");
});

test("own data are kept when the person says so; to forget everything is asked first", () => {
  const page = opened();
  const choice = { name: "own", title: "pets", source: { kind: "own", files: [] } };
  page.do({ type: "brought data", choice });
  assert.equal(page.commands.some((c) => c.do === "keep data"), false);
  page.do({ type: "keeps data", name: "own", on: true });
  assert.equal(page.commands.findLast((c) => c.do === "keep data").on, true);
  page.do({ type: "kept data", name: "own", on: true });
  assert.equal(page.state.choices.at(-1).kept, true);
  page.hear(recorded.find((e) => e.type === "dataset"));
  page.do({ type: "wants to forget" });
  assert.match(page.state.question.words, /ledger.*cannot be undone/is);
  assert.equal(page.commands.some((c) => c.do === "forget everything"), false);
  page.do(page.state.question.event);
  assert.equal(page.commands.at(-1).do, "forget everything");
});

test("several runs are compared, each in a colour of its own; names and notes are kept", () => {
  const page = returned(["a", "b", "c"].map((key, i) => interrupted({ key, order: 3 - i, over: true, colour: 2 })));
  const ids = page.state.kept.map((k) => k.id);
  for (const run of ids) page.do({ type: "compared", run, on: true });
  assert.deepEqual(page.state.compared, ids);
  assert.equal(new Set(page.state.kept.map((k) => k.colour)).size, 3);
  page.do({ type: "described", run: ids[1], what: { name: "second", notes: "slow" } });
  const { run } = page.commands.findLast((c) => c.do === "keep");
  assert.deepEqual([run.key, run.name, run.notes], ["b", "second", "slow"]);
  page.do({ type: "compared", run: ids[0], on: false });
  assert.deepEqual(page.state.compared, ids.slice(1));
  page.do({ type: "discarded", run: ids[1] });
  assert.deepEqual(page.state.compared, ids.slice(2));
  assert.deepEqual(page.commands.at(-1), { do: "remove kept", key: "b" });
});

test("a run's settings can be taken, changed and trained anew, on its own data", () => {
  const page = returned([interrupted({ over: true })]);
  const [run] = page.state.kept;
  page.do({ type: "set", key: "epsilon", text: "7" });
  page.do({ type: "duplicated", run: run.id });
  assert.equal(page.state.settings.config.epsilon, run.config.epsilon);
  assert.equal(page.state.kept.length, 1);
  assert.equal(page.sent("start").length, 0);
});

/** Lets a run that was started end, with so much accuracy. */
const runs = (page, accuracy) => {
  const planned = recorded.find((e) => e.type === "planned").planned;
  const { config } = page.sent("start").at(-1).request;
  page.hear({ type: "planned", planned: { ...planned, config } });
  page.hear({ type: "state", state: "running" });
  page.hear({ type: "epoch", epoch: { epoch: 2, step: planned.steps, accuracy, stdError: 0.01, loss: 1, confusion: [], predictions: [], epsilon: 1 } });
  page.hear({ type: "done", step: { step: planned.steps, epsilon: 1 }, planned: { ...planned, config }, seconds: 1 });
  page.hear({ type: "state", state: "done" });
  page.hear({ type: "checkpoint", checkpoint: new Uint8Array([1]) });
};

test("a queue trains value after value, asks once, and ends when it is stopped", () => {
  const page = opened();
  page.do({ type: "swept", key: "epsilon", values: "1; 2", times: "2" });
  assert.match(page.state.question.words, /4 runs.*come to 6 one by one/);
  assert.equal(page.sent("start").length, 0);
  page.do(page.state.question.event);
  for (const [i, accuracy] of [0.5, 0.6, 0.7].entries()) {
    assert.equal(page.sent("start").length, i + 1);
    assert.equal(page.sent("start").at(-1).request.config.epsilon, i < 2 ? 1 : 2);
    runs(page, accuracy);
  }
  page.do({ type: "stored", run: page.state.before.run.id, over: true }); // the next one has begun by then
  assert.equal(page.state.before.run.stored, true);
  const { jobs, at } = page.state.sweep;
  assert.equal(at, 3);
  assert.deepEqual(jobs.map((job) => job.accuracy), [0.5, 0.6, 0.7, undefined]);
  page.do({ type: "pressed", button: "stop" });
  runs(page, 0.8);
  assert.equal(page.sent("start").length, 4);
  assert.equal(page.state.kept.length, 3); // and the one that is shown
});

test("a queue goes on behind a run that is refused, and says what is wrong with its values", () => {
  const page = opened();
  for (const [values, times, words] of [["1; many", "1", /not a number/], ["1", "1", /at least two/], ["1; 2", "0", /whole number/], ["1; 2", "200", /too many/]]) {
    page.do({ type: "swept", key: "epsilon", values, times });
    assert.match(page.state.problem.words, words);
  }
  page.do({ type: "swept", key: "batch", values: "100; 30000; 200", times: "1", sure: true });
  runs(page, 0.5);
  page.hear({ type: "error", message: "train: BatchSize is 30000, at most 20000" });
  assert.match(page.state.sweep.jobs[1].failed, /30000/);
  assert.equal(page.sent("start").at(-1).request.config.batchSize, 200);
});

test("on own records a run without privacy is asked for first, with drawn ones in their stead", () => {
  const page = opened();
  page.hear({ type: "dataset", dataset: { ...page.state.dataset, own: true, title: "pets" } });
  page.do({ type: "set", key: "diagnostics", text: "1" });
  page.do({ type: "pressed", button: "train" });
  assert.match(page.state.question.words, /pets without privacy.*No limit will hold/);
  assert.equal(page.state.question.instead.event.name, "digits");
  assert.equal(page.sent("start").length, 0);
  page.do(page.state.question.event);
  assert.equal(page.sent("start").length, 1);
});
