package main

import (
	"fmt"

	"cloister/nn"
)

// network is a model that is timed, and what the table calls it.
type network struct {
	name  string
	model *nn.Model
}

// networks are the benchmark's two, the first with tanh too, and one that shows what group normalisation costs.
func networks() ([]network, error) {
	mnist, cifar := nn.Shape{C: 1, H: 28, W: 28}, nn.Shape{C: 3, H: 32, W: 32}
	var all []network
	for _, n := range []struct {
		name string
		in   nn.Shape
	}{{"mnist-cnn", mnist}, {"mnist-cnn-tanh", mnist}, {"cifar-cnn", cifar}} {
		m, err := nn.ByName(n.name, n.in, 10)
		if err != nil {
			return nil, err
		}
		all = append(all, network{n.name, m})
	}
	plain := ungrouped(cifar, 10)
	return append(all, network{plain.Name, plain}), plain.Validate()
}

// ungrouped is Papernot et al. 2021 ("Tempered Sigmoid Activations", Table 1)'s CIFAR-10 network with average pooling:
// three pairs of 3x3 convolutions and two dense layers, tanh between them, nothing normalised; 550,570 parameters.
func ungrouped(in nn.Shape, classes int) *nn.Model {
	m := &nn.Model{Name: "cifar-ungrouped-tanh", Input: in}
	channels := in.C
	for _, width := range []int{32, 64, 128} {
		for range 2 {
			m.Layers = append(m.Layers, nn.Conv2D{In: channels, Filters: width, Kernel: 3, Stride: 1, Pad: 1}, nn.Tanh{})
			channels = width
		}
		m.Layers = append(m.Layers, nn.AvgPool{Kernel: 2, Stride: 2})
	}
	features := channels * (in.H / 8) * (in.W / 8)
	m.Layers = append(m.Layers, nn.Flatten{}, nn.Linear{In: features, Units: 128}, nn.Tanh{}, nn.Linear{In: 128, Units: classes})
	return m
}

// flops is what one sample's step must do, counted from the layers.
type flops struct {
	Forward, Input, Weights int64
}

// Total is floating-point operations a sample.
func (f flops) Total() int64 { return f.Forward + f.Input + f.Weights }

// count takes 2 operations for every multiply-add of a convolution or a linear layer: once forward, once for the
// gradient of the weights, and once for the gradient of the input unless nothing before the layer has parameters.
// Taps that fall on zero padding count, since a kernel computes them; padding to vectors, packing, activations, pooling,
// normalisation, norms and clipping do not. So the figure errs against the step that is timed.
func count(m *nn.Model) (flops, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return flops{}, err
	}
	var f flops
	learns := false // a layer before this one has parameters
	for i, l := range m.Layers {
		macs := int64(0)
		switch l := l.(type) {
		case nn.Conv2D:
			macs = int64(shapes[i+1].Size()) * int64(l.In*l.Kernel*l.Kernel)
		case nn.Linear:
			macs = int64(l.In) * int64(l.Units)
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

// description is a model as the bench's page reads it (web/src/model.ts).
type description struct {
	Name    string           `json:"name"`
	Input   [3]int           `json:"input"`
	Classes int              `json:"classes"`
	Layers  []map[string]any `json:"layers"`
}

func describe(m *nn.Model) (description, error) {
	d := description{Name: m.Name, Input: [3]int{m.Input.C, m.Input.H, m.Input.W}, Classes: m.Classes()}
	for i, l := range m.Layers {
		layer, err := describeLayer(l)
		if err != nil {
			return d, fmt.Errorf("bench: layer %d of %s: %w", i, m.Name, err)
		}
		d.Layers = append(d.Layers, layer)
	}
	return d, nil
}

func describeLayer(l nn.Layer) (map[string]any, error) {
	switch l := l.(type) {
	case nn.Conv2D:
		return map[string]any{"kind": "conv", "in": l.In, "out": l.Filters, "kernel": l.Kernel, "stride": l.Stride, "pad": l.Pad}, nil
	case nn.Linear:
		return map[string]any{"kind": "linear", "in": l.In, "out": l.Units}, nil
	case nn.MaxPool:
		return map[string]any{"kind": "maxpool", "kernel": l.Kernel, "stride": l.Stride}, nil
	case nn.AvgPool:
		return map[string]any{"kind": "avgpool", "kernel": l.Kernel, "stride": l.Stride}, nil
	case nn.GroupNorm:
		return map[string]any{"kind": "groupnorm", "groups": l.Groups, "channels": l.Channels}, nil
	case nn.ReLU:
		return map[string]any{"kind": "relu"}, nil
	case nn.Tanh:
		return map[string]any{"kind": "tanh"}, nil
	case nn.GlobalAvgPool:
		return map[string]any{"kind": "globalavgpool"}, nil
	case nn.Flatten:
		return map[string]any{"kind": "flatten"}, nil
	}
	return nil, fmt.Errorf("no description for %v", l)
}
