def clip_and_noise(grads, step, epoch):
    norms = per_sample_norms(grads)
    p = (norms > self.C).float().mean()          # raw, of this very batch
    self.C = clamp(self.C * exp(0.2 * (p - 0.5)), 0.01, 100)
    return clip_sum_noise(grads, norms, self.C, sigma * self.C)
