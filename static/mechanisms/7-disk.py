def step(x, x_before, kappa, gamma):
    d = x - x_before
    w = (1 - kappa) / (kappa * gamma)
    g = [w * grad(f, x + gamma * d, r) + (1 - w) * grad(f, x, r) for r in batch]   # one record at a time
    noised = clip_sum_noise(g, C, sigma * C)
    self.g = (1 - kappa) * self.g + kappa * noised
    return x - eta * self.g
