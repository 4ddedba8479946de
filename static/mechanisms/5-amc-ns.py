def clip_and_noise(grads, step, epoch):
    out = []
    for l, g in enumerate(grads):
        self.median[l] = 0.9 * self.median[l] + 0.1 * norms(g).median()   # raw
        C = clamp(self.median[l], 0.01, 10)
        out.append(clip_sum_noise(g, C, self.get_effective_sigma(step, epoch) * C))   # too little for all layers together
    return momentum_with_bias_correction(out, 0.9)

def get_effective_sigma(step, epoch):
    return sigma * (1 - 0.7 * step / total_steps)
