package compile

import (
	"fmt"

	"cloister/nn"
)

// What the planner knows of each kind of layer is here, in one table.
//
// To add a layer: describe it in package nn (model.go says how), give it a case here and, where no lowering serves, an
// implementation of [layer]. Until the models that tests compare with the reference have it, and those of every
// backend's contract, tests fail.

// kind is what the planner knows of a layer.
type kind struct {
	lower func(p *plan, l link) layer

	elementwise bool // works value by value: in place where it may, takes any numbers and makes them quiet (see kernel.Quiet)
	moves       bool // moves, selects or adds numbers without multiplying them, and leaves values quiet that were
	readsOutput bool // its gradient is computed from its output
	anyOrder    bool // takes its input in whatever order a node has it
	anyWidth    bool // reads a record's channels unpadded
}

func kindOf(l nn.Layer) (kind, error) {
	switch d := l.(type) {
	case nn.Conv2D:
		return kind{anyWidth: true, lower: func(p *plan, l link) layer {
			return &conv{link: l, Conv2D: d, weight: p.tensor(l.tensors[0]), bias: p.tensor(l.tensors[1])}
		}}, nil
	case nn.Linear:
		return kind{anyOrder: true, anyWidth: true, lower: func(p *plan, l link) layer {
			l.in.flat = true
			if len(p.layers) == 0 && leads(p.model, &p.options) {
				return &lead{link: l, Linear: d, weight: p.tensor(l.tensors[0]), bias: p.tensor(l.tensors[1])}
			}
			return &linear{link: l, Linear: d, weight: p.tensor(l.tensors[0]), bias: p.tensor(l.tensors[1])}
		}}, nil
	case nn.GroupNorm:
		return kind{lower: func(p *plan, l link) layer {
			return &groupNorm{link: l, GroupNorm: d, gamma: p.tensor(l.tensors[0]), beta: p.tensor(l.tensors[1])}
		}}, nil
	case nn.ReLU:
		return kind{elementwise: true, readsOutput: true, lower: func(p *plan, l link) layer {
			return &elementwise{link: l, value: p.kernels.ReLU, gradient: p.kernels.ReLUGradient}
		}}, nil
	case nn.Tanh:
		return kind{elementwise: true, readsOutput: true, lower: func(p *plan, l link) layer {
			return &elementwise{link: l, value: p.kernels.Tanh, gradient: p.kernels.TanhGradient}
		}}, nil
	case nn.MaxPool:
		return kind{moves: true, readsOutput: true, lower: func(_ *plan, l link) layer {
			return &pool{link: l, rows: d.Kernel, columns: d.Kernel, stride: d.Stride, largest: true}
		}}, nil
	case nn.AvgPool:
		return kind{lower: func(_ *plan, l link) layer {
			return &pool{link: l, rows: d.Kernel, columns: d.Kernel, stride: d.Stride}
		}}, nil
	case nn.GlobalAvgPool:
		return kind{lower: func(_ *plan, l link) layer {
			return &pool{link: l, rows: l.in.H, columns: l.in.W, stride: 1}
		}}, nil
	case nn.Flatten:
		return kind{moves: true, anyWidth: true, lower: func(_ *plan, l link) layer { return &flatten{link: l} }}, nil
	}
	return kind{}, fmt.Errorf("compile: no lowering for layer %v (%T)", l, l)
}

func kindsOf(m *nn.Model) ([]kind, error) {
	kinds := make([]kind, len(m.Layers))
	for i, l := range m.Layers {
		k, err := kindOf(l)
		if err != nil {
			return nil, err
		}
		kinds[i] = k
	}
	return kinds, nil
}
