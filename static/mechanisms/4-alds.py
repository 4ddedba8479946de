def clip_and_noise(grads, step, epoch):
    for l, g in enumerate(grads):
        p = (norms(g) > self.C[l]).float().mean()        # raw, of this very batch
        self.C[l] = clamp(self.C[l] * exp(0.1 * (p - 0.5)), 0.01, 10)
    joint, limit = sqrt(sum(c * c for c in self.C)), C0 * 0.9 ** (epoch - 1)
    if joint > limit:
        self.C = [c * limit / joint for c in self.C]
    std = self.get_effective_sigma(step, epoch) * sqrt(sum(c * c for c in self.C))
    return [clip_sum_noise(g, self.C[l], std) for l, g in enumerate(grads)]

def get_effective_sigma(step, epoch):
    return self.sigma0 * 0.85 ** (epoch - 1)
