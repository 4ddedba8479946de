// Adaptive clipping: the clip norm follows the median of the gradients' norms.
// Andrew et al. 2021, arXiv:1905.03871, Algorithm 1.
//
// Published benchmark code counts how many norms are above the clip, exactly, in the batch that it then clips: no finite
// guarantee. Here the plan orders a count. It comes back with noise, which the plan pays for, and after the step.

class Mechanism {
  plan({ clipNorm }) {
    this.bound = clipNorm;
    return { counts: true };
  }

  ask(step, released) {
    if (released) {
      const above = 1 - released.counts[0]; // noised: it may be below 0 or above 1
      this.bound = Math.min(100, Math.max(0.01, this.bound * Math.exp(0.2 * (above - 0.5))));
    }
    return { bounds: this.bound };
  }
}
