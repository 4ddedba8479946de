// DP-SGD: every gradient longer than the clip norm is shortened to it.
// Abadi et al. 2016, arXiv:1607.00133, Algorithm 1.

class Mechanism {
  // What is fixed before the first step, from public facts alone. The noise is calibrated to it.
  plan({ clipNorm }) {
    this.bound = clipNorm;
    return {};
  }

  // What a step clips at. Noise follows the bounds: smaller ones are never less private.
  ask(step, released) {
    return { bounds: this.bound };
  }
}
