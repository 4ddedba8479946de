// ALDS, made sound: layers' bounds follow their medians below a shrinking joint limit, with less noise each epoch.
// MLS-Bench, task optimization-dp-sgd.
//
// As published it steers by raw shares of the batch that it clips: no finite guarantee. Here a noised count for each layer comes
// back after the step, and the curve of the noise is accounted for as it runs.

class Mechanism {
  plan({ clipNorm, steps, stepsPerEpoch, tensors }) {
    const layers = tensors.length;
    this.clipNorm = clipNorm;
    this.stepsPerEpoch = stepsPerEpoch;
    this.bounds = new Array(layers).fill(clipNorm / Math.sqrt(layers));
    return {
      groups: "layers",
      counts: true,
      noise: Array.from({ length: steps }, (_, step) => 0.85 ** this.epoch(step)),
    };
  }

  epoch(step) {
    return Math.floor(step / this.stepsPerEpoch);
  }

  ask(step, released) {
    if (released) {
      this.bounds = this.bounds.map((bound, layer) => {
        const above = 1 - released.counts[layer];
        return Math.min(10, Math.max(0.01, bound * Math.exp(0.1 * (above - 0.5))));
      });
      const joint = Math.hypot(...this.bounds);
      const limit = this.clipNorm * 0.9 ** this.epoch(step);
      if (joint > limit) this.bounds = this.bounds.map((bound) => (bound * limit) / joint);
    }
    return { bounds: this.bounds };
  }
}
