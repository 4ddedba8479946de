// AMC-NS, made sound: layers' bounds follow their medians, noise falls along a line, gradients are averaged over steps.
// MLS-Bench, task optimization-dp-sgd.
//
// As published the medians are raw, and the noise of a layer, sigma C_l, is the square root of the number of layers too small for
// what a record adds to all of them. Here noise follows the joint sensitivity, whatever the bounds are.

class Mechanism {
  plan({ clipNorm, steps, tensors, coordinates }) {
    const layers = tensors.length;
    this.bounds = new Array(layers).fill(clipNorm / Math.sqrt(layers));
    this.average = new Float64Array(coordinates);
    this.seen = 0;
    const levels = Math.min(40, steps); // a staircase is as good as a ramp, and quick to account for
    const ramp = (step) => (levels === 1 ? 0 : Math.floor((step * levels) / steps) / (levels - 1));
    return { groups: "layers", counts: true, noise: Array.from({ length: steps }, (_, step) => 1 - 0.7 * ramp(step)) };
  }

  ask(step, released) {
    if (released) {
      this.bounds = this.bounds.map((bound, layer) => Math.min(10, Math.max(0.01, bound * Math.exp(0.2 * (0.5 - released.counts[layer])))));
    }
    return { bounds: this.bounds };
  }

  // What the optimiser follows: free, as all that is computed from what was released.
  filter({ gradient }) {
    this.seen++;
    const scale = 1 / (1 - 0.9 ** this.seen);
    for (let i = 0; i < gradient.length; i++) {
      this.average[i] = 0.9 * this.average[i] + 0.1 * gradient[i];
      gradient[i] = this.average[i] * scale;
    }
    return gradient;
  }
}
