// Cloister's own: each step takes back most of the last one's noise, and gradients are evened out by a curvature that is
// estimated without data, so that longer steps pay. docs/mechanism.md has the mathematics; the catalogue's version also chooses the
// number of bands by the accountant, and takes longer steps in normalised layers.
//
// The strategy is part of the plan, which is accounted for as a banded matrix mechanism. Whitening is made of noise images at released
// parameters, and stated before the clip. The gain multiplies what was released.

const aimed = 0.0959; // noise in each weight of the last iterate, at a learning rate of 0.1
const longest = 4.5; // clip norm times gain

class Mechanism {
  plan({ clipNorm, records, batchSize, steps, stepsPerEpoch, momentum, rates, factors }) {
    this.clipNorm = clipNorm;
    this.every = stepsPerEpoch;
    this.whitens = factors > 0;
    this.gain = 0;
    const bands = Math.max(1, Math.min(65, steps, Math.floor(records / batchSize)));
    const followed = weights(steps, momentum, rates);
    let best = { ratio: 0, noise: Infinity };
    for (let ratio = 0; ratio < 0.995; ratio += 0.01) {
      const noise = left(followed, bands, ratio);
      if (noise < best.noise) best = { ratio, noise };
    }
    this.first = first(bands, best.ratio);
    this.share = best.noise * (0.1 / rates.reduce((a, b) => Math.max(a, b)));
    const strategy = Array.from({ length: bands }, (_, j) => this.first * best.ratio ** j);
    return { whitening: this.whitens, ...(bands > 1 && { strategy }) };
  }

  ask(step) {
    const renewed = this.whitens && (step % this.every === 0 || !this.stated);
    if (renewed) this.stated = true;
    return { bounds: this.clipNorm, ...(renewed && { whitening: { images: 128, damping: 1 } }) };
  }

  filter({ gradient, noiseStd }) {
    if (this.gain === 0) {
      const noise = noiseStd * this.first * this.share; // that a gain of 1 would leave in a weight; the first step's is that of one normal over c_0
      this.gain = noise > 0 ? Math.min(aimed / noise, longest / this.clipNorm) : 4;
    }
    for (let i = 0; i < gradient.length; i++) gradient[i] *= this.gain;
    return gradient;
  }
}

// c_0 of a column c_0 r^j, j < b, of norm 1.
function first(bands, ratio) {
  return ratio === 0 ? 1 : Math.sqrt((1 - ratio ** 2) / (1 - ratio ** (2 * bands)));
}

// How far the last iterate follows the gradient of each step: momentum and learning rates.
function weights(steps, momentum, rates) {
  const w = new Array(steps);
  for (let t = steps - 1, sum = 0; t >= 0; t--) w[t] = sum = rates[t] + momentum * sum;
  return w;
}

// The deviation that noise C^-1 z leaves in the last iterate: C^-1 has 1/c_0 at multiples of b and -r/c_0 behind them, fading by r^b.
function left(followed, bands, ratio) {
  let squares = 0;
  for (let s = 0; s < followed.length; s++) {
    let sum = 0;
    for (let t = s, fade = 1; t < followed.length; t += bands, fade *= ratio ** bands) {
      sum += fade * (followed[t] - ratio * (followed[t + 1] ?? 0));
    }
    squares += sum ** 2;
  }
  return Math.sqrt(squares) / first(bands, ratio);
}
