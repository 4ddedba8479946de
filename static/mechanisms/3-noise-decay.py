def stage(epoch): return (epoch - 1) // max(1, epochs // 4)

def clip_and_noise(grads, step, epoch):
    C = self.C0 * 0.85 ** stage(epoch)
    return clip_sum_noise(grads, per_sample_norms(grads), C, self.get_effective_sigma(step, epoch) * C)

def get_effective_sigma(step, epoch):            # only the last is accounted for
    return self.sigma0 * 0.8 ** stage(epoch)
