#!/usr/bin/env python3
"""Writes golden.json.gz: small networks of every kind of layer, as PyTorch computes them.

For each network: its layers, parameters, records, logits, per-sample gradients of the cross-entropy (one backward pass a
record), and the mean losses of ten steps of SGD with momentum on all records. Run it with any PyTorch from 1.13 on:

    python3 nn/golden/golden.py

Arrays are little-endian float32 or uint8, in base64. Parameters and gradients are in state_dict's order.
"""
import base64, gzip, json, os, sys
import numpy as np, torch
from torch import nn

torch.manual_seed(1)
torch.use_deterministic_algorithms(True)
RATE, MOMENTUM, STEPS = 0.1, 0.9, 10

# Named as package nn names them, with its fields.
NETWORKS = {
    'dense': ((1, 5, 4), 3, [['Flatten'], ['Linear', 20, 11], ['Tanh'], ['Linear', 11, 3]]),
    'conv': ((1, 14, 14), 10, [['Conv2D', 1, 5, 5, 2, 2], ['ReLU'], ['MaxPool', 2, 1], ['Conv2D', 5, 9, 3, 1, 0], ['ReLU'], ['MaxPool', 2, 2],
                               ['Flatten'], ['Linear', 36, 12], ['ReLU'], ['Linear', 12, 10]]),
    'norm': ((3, 10, 8), 5, [['Conv2D', 3, 8, 3, 1, 1], ['GroupNorm', 4, 8], ['ReLU'], ['AvgPool', 2, 2], ['Conv2D', 8, 12, 3, 1, 1], ['GroupNorm', 3, 12], ['Tanh'],
                             ['AvgPool', 3, 1], ['GlobalAvgPool'], ['Flatten'], ['Linear', 12, 5]]),
}
MAKE = {
    'Conv2D': lambda i, o, k, s, p: nn.Conv2d(i, o, k, s, p), 'Linear': nn.Linear, 'ReLU': nn.ReLU, 'Tanh': nn.Tanh, 'MaxPool': nn.MaxPool2d, 'AvgPool': nn.AvgPool2d,
    'GlobalAvgPool': lambda: nn.AdaptiveAvgPool2d(1), 'GroupNorm': nn.GroupNorm, 'Flatten': nn.Flatten,
}


def packed(a):
    return base64.b64encode(np.ascontiguousarray(a).astype(a.dtype.newbyteorder('<')).tobytes()).decode()


def floats(tensors):
    return packed(np.concatenate([t.detach().numpy().astype(np.float32).ravel() for t in tensors]))


def compute(shape, classes, layers, records=5):
    rng = np.random.default_rng(2)
    net = nn.Sequential(*[MAKE[name](*numbers) for name, *numbers in layers])
    for p in net.parameters():  # group normalisation away from 1 and 0
        p.data += 0.1 * torch.randn_like(p)
    pixels = rng.integers(0, 256, (records, *shape), dtype=np.uint8)
    labels = rng.integers(0, classes, records).astype(np.uint8)
    mean, std = np.array([0.3, 0.45, 0.5][:shape[0]], np.float32), np.array([0.25, 0.3, 0.2][:shape[0]], np.float32)
    x = torch.from_numpy((pixels.astype(np.float32) / 255 - mean[:, None, None]) / std[:, None, None])
    y = torch.from_numpy(labels.astype(np.int64))
    loss = nn.CrossEntropyLoss()
    out = {'input': shape, 'layers': layers, 'mean': packed(mean), 'std': packed(std), 'pixels': packed(pixels), 'labels': packed(labels),
           'params': floats(net.parameters()), 'logits': floats([net(x)])}
    gradients = []
    for i in range(records):
        gradients += torch.autograd.grad(loss(net(x[i:i + 1]), y[i:i + 1]), list(net.parameters()))
    out['gradients'] = floats(gradients)
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM)
    losses = []
    for _ in range(STEPS):
        optimiser.zero_grad()
        l = loss(net(x), y)
        l.backward()
        optimiser.step()
        losses.append(l.item())
    return {**out, 'losses': losses}


networks = {name: compute(*n) for name, n in NETWORKS.items()}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden.json.gz')
with open(path, 'wb') as f:
    text = json.dumps({'version': 1, 'torch': torch.__version__, 'rate': RATE, 'momentum': MOMENTUM, 'networks': networks}, indent=1)
    f.write(gzip.compress(text.encode(), 9, mtime=0))
print(path, os.path.getsize(path), 'bytes', file=sys.stderr)
