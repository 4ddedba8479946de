// DiSK: gradients here and a little ahead are combined, and a filter predicts each from the last.
// Zhang et al. 2024, arXiv:2410.03883, Algorithm 2.
//
// Each record's gradients at both points are combined before the one clip, so that one bound holds for the combination whatever
// the coefficients are. The points are functions of parameters that were released.

const kappa = 0.7;
const gamma = 0.5;
const weight = (1 - kappa) / (kappa * gamma);

class Mechanism {
  plan({ clipNorm, coordinates }) {
    this.bound = clipNorm;
    this.average = new Float64Array(coordinates);
    this.seen = false;
    return { points: 2, parameters: true };
  }

  ask(step, released, parameters) {
    const before = this.before ?? parameters;
    const ahead = parameters.map((x, i) => x + gamma * (x - before[i]));
    this.before = parameters;
    return { bounds: this.bound, points: [ahead, parameters], coefficients: [weight, 1 - weight] };
  }

  filter({ gradient }) {
    const keep = this.seen ? 1 - kappa : 0;
    this.seen = true;
    for (let i = 0; i < gradient.length; i++) {
      gradient[i] = this.average[i] = keep * this.average[i] + (1 - keep) * gradient[i];
    }
    return gradient;
  }
}
