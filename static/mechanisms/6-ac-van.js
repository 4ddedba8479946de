// AC-VAN, made sound: the clip norm follows the noised median, gradients are averaged over steps.
// MLS-Bench, task optimization-dp-sgd.
//
// As published a factor of "stability" (mean over deviation of the last raw mean norms) multiplies the clip. A mean of norms has no
// bound, so that no noise makes it safe to release; it is left out.

class Mechanism {
  plan({ clipNorm, coordinates }) {
    this.bound = clipNorm;
    this.average = new Float64Array(coordinates);
    return { counts: true };
  }

  ask(step, released) {
    if (released) {
      const above = 1 - released.counts[0];
      this.bound = Math.min(10, Math.max(0.1, this.bound * Math.exp(0.2 * (above - 0.5))));
    }
    return { bounds: this.bound };
  }

  filter({ gradient }) {
    for (let i = 0; i < gradient.length; i++) {
      gradient[i] = this.average[i] = 0.9 * this.average[i] + 0.1 * gradient[i];
    }
    return gradient;
  }
}
