def clip_and_noise(grads, step, epoch):
    norms = per_sample_norms(grads)
    self.C = clamp(self.C * exp(0.2 * ((norms > self.C).float().mean() - 0.5)), 0.1, 10)   # raw
    self.means.append(0.9 * self.means[-1] + 0.1 * norms.mean())                            # raw, and without any bound
    last = tensor(self.means[-10:])
    s = clamp(last.mean() / last.std() / 5, 0.5, 2) if step >= 10 else 1
    noised = clip_sum_noise(grads, norms, self.C * s, sigma * self.C * s)
    return moving_average(noised, 0.9)
