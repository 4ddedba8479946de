// Package network holds what the measurements of a step have in common: the networks, the operations that their layers
// need, and made-up records.
package network

import "cloister/nn"

// All are the benchmark's two, the first with tanh too, and one that shows what group normalisation costs.
func All() ([]*nn.Model, error) {
	mnist, cifar := nn.Shape{C: 1, H: 28, W: 28}, nn.Shape{C: 3, H: 32, W: 32}
	var all []*nn.Model
	for _, n := range []struct {
		name string
		in   nn.Shape
	}{{"mnist-cnn", mnist}, {"mnist-cnn-tanh", mnist}, {"cifar-cnn", cifar}} {
		m, err := nn.ByName(n.name, n.in, 10)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	plain := ungrouped(cifar, 10)
	return append(all, plain), plain.Validate()
}

// ungrouped is the CIFAR-10 network of Papernot et al. 2021 ("Tempered Sigmoid Activations for Deep Learning with
// Differential Privacy"), 550,570 parameters: three pairs of 3x3 convolutions with average pooling after each, two dense
// layers, tanh throughout, nothing normalised.
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
