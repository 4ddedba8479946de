import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { load } from "./load.mjs";

const { script } = await load("take/scripts");

const taken = {
  model: "mnist-cnn-tanh", shape: [1, 28, 28], float: false, scale: [0.0078], shift: [-1], classes: ["a", "b"], unit: "record", units: 20000, mechanism: "fixed", rate: 0.0512,
  notPrivate: "", events: [{ kind: "poisson", sigma: 1.25, rate: 0.0512, bands: 1, times: 190 }, { kind: "poisson", sigma: 0.75, rate: 0.0512, bands: 1, times: 10 }],
};
const planned = { config: { clipNorm: 0.5, learningRate: 0.3, momentum: 0.9, schedule: "cosine", optimizer: "sgd" }, epsilonUpper: 2.99, delta: 1e-5, stepsPerEpoch: 19, bands: 1, courses: {} };

/** What Python makes of a script's constants, with as little of NumPy as they need. */
function constants(text) {
  const upTo = text.slice(0, text.indexOf("file = np.load")).replace("import numpy as np", "class np:\n    float32 = 0\n    array = staticmethod(lambda v, t: type('A', (), {'reshape': lambda s, *_: v})())");
  const program = `${upTo}\nimport json\nprint(json.dumps([RATE, STRETCHES, CLIP, STEPS, CLASSES, DELTA, SCALE]))`;
  const { stdout, stderr, error } = spawnSync("python3", ["-"], { input: program, encoding: "utf8" });
  if (error) return undefined; // no Python here
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

for (const [library, model] of [["opacus", "mnist-cnn-tanh"], ["opacus", "logistic"], ["jax-privacy", "mlp"], ["jax-privacy", "logistic"]]) {
  test(`a script for ${library}, ${model}: same noise, rate, steps and clip norm, in Python that compiles`, (t) => {
    const text = script(library, { ...taken, model }, planned);
    const found = constants(text);
    if (!found) return t.skip("SKIPPED: there is no python3");
    assert.deepEqual(found, [0.0512, [[1.25, 190], [0.75, 10]], 0.5, 200, 2, 1e-5, [0.0078]]);
    const compiled = spawnSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: text, encoding: "utf8" });
    assert.equal(compiled.stderr, "");
  });
}

test("the network of the script has the run's layers", () => {
  assert.match(script("opacus", taken, planned), /nn\.Linear\(512, 32\)/); // 32 channels of 4 by 4, as nn.ByName has it
  assert.match(script("opacus", { ...taken, model: "small-mlp" }, planned), /nn\.Linear\(784, 32\), nn\.ReLU\(\),\n {4}nn\.Linear\(32, CLASSES\)/);
  assert.match(script("jax-privacy", { ...taken, model: "mlp-tanh" }, planned), /sizes = \[784, 128, CLASSES\]\nact = jnp\.tanh/);
});

test("what the library has no counterpart for is refused", () => {
  const refused = (library, more, plan, why) => assert.throws(() => script(library, { ...taken, ...more }, { ...planned, ...plan }), why);
  refused("opacus", { mechanism: "quantile" }, {}, /quantile.*no counterpart/);
  refused("opacus", { mechanism: "fixed+momentum" }, {}, /no counterpart/);
  refused("opacus", {}, { bands: 12 }, /correlated/);
  refused("jax-privacy", { unit: "person" }, {}, /persons/);
  refused("jax-privacy", { notPrivate: "it has a seed" }, {}, /not private/);
  refused("opacus", { model: "cifar-cnn" }, {}, /no script for the network/);
  refused("jax-privacy", {}, {}, /no script for the network/); // its convolutions
  refused("opacus", {}, { courses: { clipNorm: [1, 0.5] } }, /clip norm/);
  refused("opacus", {}, { config: { ...planned.config, optimizer: "adambc" } }, /optimiser/);
});
