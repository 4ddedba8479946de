// The accountant in Node: how private was a run, and how much noise would a target need? No data, no browser.
import { epsilon, sigma, steps, tradeoff } from "cloister";

const run = await steps({ records: 60_000, batchSize: 256, epochs: 5 });
const { lower, upper } = await epsilon([{ sigma: 1.1, ...run }], 1e-5);
console.log(`noise multiplier 1.1, ${run.steps} steps: ${lower.toFixed(3)} <= epsilon <= ${upper.toFixed(3)}`);

const noise = await sigma([{ sigma: "?", ...run }], { epsilon: 3, delta: 1e-5 });
const { advantage } = await tradeoff([{ sigma: noise, ...run }]);
console.log(`epsilon 3 needs a noise multiplier of ${noise.toFixed(4)}; no attacker's advantage exceeds ${(100 * advantage).toFixed(1)} %`);
