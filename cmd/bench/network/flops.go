package network

import (
	"fmt"

	"cloister/nn"
)

// Flops is what one sample's step must do, counted from the layers.
type Flops struct {
	Forward, Input, Weights int64
}

// Total is floating-point operations a sample.
func (f Flops) Total() int64 { return f.Forward + f.Input + f.Weights }

// Count takes 2 operations for every multiply-add of a convolution or a linear layer: once forward, once for the
// gradient of the weights, and once for the gradient of the input unless nothing before the layer has parameters.
// Taps that fall on zero padding count, since a kernel computes them; padding to vectors, packing, activations, pooling,
// normalisation, norms and clipping do not. So the figure errs against the step that is timed.
func Count(m *nn.Model) (Flops, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return Flops{}, err
	}
	var f Flops
	learns := false // a layer before this one has parameters
	for i, l := range m.Layers {
		macs := int64(0)
		switch l := l.(type) {
		case nn.Conv2D:
			macs = int64(shapes[i+1].Size()) * int64(l.In*l.Kernel*l.Kernel)
		case nn.Linear:
			macs = int64(l.In) * int64(l.Units)
		case nn.ReLU, nn.Tanh, nn.MaxPool, nn.AvgPool, nn.GlobalAvgPool, nn.GroupNorm, nn.Flatten:
		default:
			return Flops{}, fmt.Errorf("network: operations of layer %v are not known", l)
		}
		f.Forward += 2 * macs
		f.Weights += 2 * macs
		if learns {
			f.Input += 2 * macs
		}
		learns = learns || len(l.Tensors()) > 0
	}
	return f, nil
}
