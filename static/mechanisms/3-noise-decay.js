// Noise decay: in four stages the noise multiplier falls by 0.8 and the clip norm by 0.85.
//
// The benchmark's accountant takes the last noise multiplier for all steps. Here the curve is part of the plan: its level is
// calibrated over the whole schedule, as it will run.

const stages = 4;

class Mechanism {
  plan({ clipNorm, steps }) {
    this.clipNorm = clipNorm;
    this.steps = steps;
    return { noise: Array.from({ length: steps }, (_, step) => 0.8 ** this.stage(step)) };
  }

  stage(step) {
    return Math.floor((step * stages) / this.steps);
  }

  ask(step) {
    return { bounds: this.clipNorm * 0.85 ** this.stage(step) };
  }
}
