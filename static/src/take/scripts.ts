// A run's plan as a script for another library: the same noise multipliers, sampling rate, steps, clip norm, optimiser and network. What
// that library has no counterpart for is refused, in words, rather than replaced by something that costs another epsilon.
import type { Planned, Taken, TakenEvent, TakenFile } from "../protocol";

export type Library = "opacus" | "jax-privacy";

const titles = { opacus: "Opacus", "jax-privacy": "JAX-Privacy" };

/** The script as a file. */
export function scriptFile(library: Library, taken: Taken, planned: Planned): TakenFile {
  return { name: `${library.replace("-", "_")}_run.py`, bytes: new TextEncoder().encode(script(library, taken, planned)) };
}

/** Python that trains as the run did, on records in a file of NumPy's. */
export function script(library: Library, taken: Taken, planned: Planned): string {
  const stretches = stretchesOf(library, taken, planned);
  const network = library === "opacus" ? torchNetwork(taken) : jaxNetwork(taken);
  if (!network) throw new RangeError(`${titles[library]}: there is no script for the network “${taken.model}”.`);
  return `${head(library, taken, planned, stretches)}\n${library === "opacus" ? opacus(network, planned) : jax(network, planned)}`;
}

/** The plan's stretches of equal steps, or why they cannot be had there. */
function stretchesOf(library: Library, { events, mechanism, unit, notPrivate }: Taken, { config, bands, courses }: Planned): TakenEvent[] {
  const no = (why: string) => new RangeError(`${titles[library]}: ${why}.`);
  if (notPrivate) throw no(`the run is not private (${notPrivate}), and so it has no noise to take over`);
  if (unit === "person") throw no("persons are sampled here, and records there");
  if (bands > 1 || events.some(({ kind }) => kind === "cyclic")) throw no("noise that is correlated over rounds of steps is planned otherwise there");
  if (!mechanism.split("+").every((part) => part === "fixed" || part.startsWith("sigma-"))) throw no(`the mechanism “${mechanism}” has no counterpart there`);
  if (!["sgd", "nesterov"].includes(config.optimizer)) throw no(`the optimiser “${config.optimizer}” has no counterpart in the script`);
  if (courses.clipNorm) throw no("the clip norm changes over the run");
  return events.filter(({ kind }) => kind === "poisson");
}

const list = (values: (number | string)[]) => `[${values.join(", ")}]`;

function head(library: Library, taken: Taken, { config, epsilonUpper, delta, stepsPerEpoch }: Planned, stretches: TakenEvent[]): string {
  const encoder = taken.constants?.find(({ from }) => from === "pretrained")?.what.replace(/\s+/g, " ");
  const counts = taken.events.some(({ kind }) => kind === "count");
  return `# Trains as Cloister did, with ${titles[library]}: the same noise, sampling rate, steps, clip norm and network.
# Here the plan costs at most epsilon ${epsilonUpper} at delta ${delta}, for adding or removing one record${counts ? ", of which some went into noised\n# counts of held-out records, which this script does not make" : ""}.
${encoder ? `# The records are vectors of a network that was trained before; what it was trained on is outside the guarantee:\n# ${encoder}.\n` : ""}# Noise here comes from the operating system's randomness, clip bounds hold for float32 too, and a ledger adds up runs;
# what ${titles[library]} does about these is for its own documents to say.
#
#   python ${library.replace("-", "_")}_run.py records.npz
#
# records.npz holds x, of shape [N, ${taken.shape.join(", ")}] as recorded (${taken.float ? "float32" : "uint8"}), and y, labels from 0. N should be ${taken.units}.
import sys

import numpy as np

RATE = ${taken.rate}  # q: every record joins a step by its own coin toss
STRETCHES = ${list(stretches.map(({ sigma, times }) => `(${sigma}, ${times})`))}  # noise multiplier, steps
CLIP = ${config.clipNorm}
LEARNING_RATE = ${config.learningRate}
MOMENTUM = ${config.momentum}
SCHEDULE = "${config.schedule}"
STEPS_PER_EPOCH = ${stepsPerEpoch}
CLASSES = ${taken.classes.length}
DELTA = ${delta}
SCALE = np.array(${list(taken.scale)}, np.float32).reshape(1, -1, 1, 1)  # the network sees x * SCALE + SHIFT
SHIFT = np.array(${list(taken.shift)}, np.float32).reshape(1, -1, 1, 1)
STEPS = sum(steps for _, steps in STRETCHES)

file = np.load(sys.argv[1])
x, y = file["x"].astype(np.float32) * SCALE + SHIFT, file["y"].astype(np.int64)
BATCH = RATE * len(x)  # q N, by which sums are divided


def learning_rate(step):
    if SCHEDULE == "cosine":  # per epoch, to zero
        epochs = -(-STEPS // STEPS_PER_EPOCH)
        return LEARNING_RATE * (1 + np.cos(np.pi * (step // STEPS_PER_EPOCH) / epochs)) / 2
    if SCHEDULE == "step":
        return LEARNING_RATE * (0.01 if 4 * step >= 3 * STEPS else 0.1 if 2 * step >= STEPS else 1)
    return LEARNING_RATE

`;
}

const hidden: Record<string, number> = { "small-mlp": 32, mlp: 128 };

/** Widths of the layers between the records and the classes; undefined of a network with convolutions. */
function widths(model: string): number[] | undefined {
  if (model === "logistic") return [];
  const width = hidden[model.replace(/-tanh$/, "")];
  return width ? [width] : undefined;
}

function torchNetwork({ model, shape }: Taken): string | undefined {
  const act = model.endsWith("-tanh") ? "nn.Tanh()" : "nn.ReLU()";
  const dense = widths(model);
  if (dense) {
    const sizes = [shape.reduce((a, b) => a * b, 1), ...dense];
    const layers = sizes.slice(1).map((width, i) => `    nn.Linear(${sizes[i]}, ${width}), ${act},\n`);
    return `nn.Sequential(\n    nn.Flatten(),\n${layers.join("")}    nn.Linear(${sizes.at(-1)}, CLASSES),\n)`;
  }
  if (!model.startsWith("mnist-cnn")) return undefined;
  const side = (n: number) => pooled(conv(pooled(conv(n, 8, 2, 3), 2, 1), 4, 2, 0), 2, 1);
  return `nn.Sequential(
    nn.Conv2d(${shape[0]}, 16, 8, stride=2, padding=3), ${act}, nn.MaxPool2d(2, 1),
    nn.Conv2d(16, 32, 4, stride=2), ${act}, nn.MaxPool2d(2, 1), nn.Flatten(),
    nn.Linear(${32 * side(shape[1]) * side(shape[2])}, 32), ${act}, nn.Linear(32, CLASSES),
)`;
}

const conv = (n: number, kernel: number, stride: number, pad: number) => Math.floor((n + 2 * pad - kernel) / stride) + 1;
const pooled = (n: number, window: number, stride: number) => conv(n, window, stride, 0);

function opacus(network: string, { config }: Planned): string {
  return `import torch
from opacus import GradSampleModule
from opacus.accountants import PRVAccountant
from opacus.data_loader import DPDataLoader
from opacus.optimizers import DPOptimizer
from torch import nn

model = ${network}
model = GradSampleModule(model, loss_reduction="mean")
optimizer = DPOptimizer(
    torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=${config.optimizer === "nesterov" ? "True" : "False"}),
    noise_multiplier=STRETCHES[0][0], max_grad_norm=CLIP, expected_batch_size=BATCH, loss_reduction="mean",
)
accountant = PRVAccountant()
optimizer.attach_step_hook(accountant.get_optimizer_hook_fn(sample_rate=RATE))
records = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
loader = DPDataLoader(records, sample_rate=RATE)


def batches():
    while True:
        yield from loader


draw, step = batches(), 0
for sigma, steps in STRETCHES:
    optimizer.noise_multiplier = sigma
    for _ in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        inputs, labels = next(draw)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels.long()).backward()
        optimizer.step()
        step += 1

print(f"{step} steps; Opacus's accountant: epsilon {accountant.get_epsilon(delta=DELTA):.4f}")
torch.save(model._module.state_dict(), "opacus_model.pt")
`;
}

function jaxNetwork({ model, shape }: Taken): string | undefined {
  const dense = widths(model);
  if (!dense) return undefined;
  const sizes = [shape.reduce((a, b) => a * b, 1), ...dense];
  return `sizes = [${sizes.join(", ")}, CLASSES]
act = ${model.endsWith("-tanh") ? "jnp.tanh" : "jax.nn.relu"}


def initial(rng):
    bound = [1 / np.sqrt(n) for n in sizes[:-1]]
    return [(rng.uniform(-b, b, (n, m)).astype(np.float32), np.zeros(m, np.float32)) for b, n, m in zip(bound, sizes, sizes[1:])]


def logits(params, inputs):
    values = inputs.reshape(inputs.shape[0], -1)
    for weights, bias in params[:-1]:
        values = act(values @ weights + bias)
    weights, bias = params[-1]
    return values @ weights + bias`;
}

function jax(network: string, { config }: Planned): string {
  return `import secrets

import jax
import jax.numpy as jnp
import jax_privacy
import optax
from jax_privacy import batch_selection, noise_addition

${network}


def loss(params, inputs, labels):
    return optax.softmax_cross_entropy_with_integer_labels(logits(params, inputs), labels).mean()


rng = np.random.default_rng(secrets.randbits(128))  # JAX's own generator is not made for secrets
params = initial(rng)
gradient = jax_privacy.clipped_grad(loss, l2_clip_norm=CLIP, batch_argnums=(1, 2))
optimizer = optax.inject_hyperparams(optax.sgd)(LEARNING_RATE, momentum=MOMENTUM, nesterov=${config.optimizer === "nesterov" ? "True" : "False"})
state = optimizer.init(params)
multiple = 64  # batches are padded to it, so that few sizes are compiled
draw = iter(batch_selection.CyclicPoissonSampling(sampling_prob=RATE, iterations=STEPS).batch_iterator(len(x), rng=rng))
sums = jax.jit(lambda params, inputs, labels, padding: gradient(params, inputs, labels, is_padding_example=padding))

step = 0
for sigma, steps in STRETCHES:
    privatizer = noise_addition.gaussian_privatizer(stddev=sigma * CLIP, prng_key=jax.random.key(secrets.randbits(31)))
    noise = privatizer.init(params)
    for _ in range(steps):
        drawn = batch_selection.pad_to_multiple_of(next(draw), multiple)
        if len(drawn) == 0:  # nobody's coin said so: noise alone
            drawn = np.full(multiple, -1)
        total = sums(params, x[drawn], y[drawn], drawn == -1)
        noised, noise = privatizer.update(total, noise)
        mean = jax.tree.map(lambda g: g / BATCH, noised)
        state.hyperparams["learning_rate"] = jnp.asarray(learning_rate(step))
        updates, state = optimizer.update(mean, state, params)
        params = optax.apply_updates(params, updates)
        step += 1

print(f"{step} steps; account for them with dp_accounting at sampling rate {RATE}")
np.savez("jax_privacy_model.npz", *[array for layer in params for array in layer])
`;
}
