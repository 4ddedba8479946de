// Package nn describes neural networks as lists of layers with shapes, and holds their plain-Go reference:
// initialisation, forward, backward, per-sample gradients, optimisers and learning-rate schedules.
//
// Parameters live in one flat []float32 in PyTorch's order and layout: layer by layer, weight then bias,
// a convolution's weight as [out][in][kh][kw], a linear layer's as [out][in]. Activations are [channel][row][column].
package nn

import (
	"fmt"
	"math"
)

// Shape is the extent of one sample's activation. A vector of n values is {n, 1, 1}.
type Shape struct{ C, H, W int }

// Size is the number of values.
func (s Shape) Size() int { return s.C * s.H * s.W }

func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.C, s.H, s.W) }

// Tensor is one parameter tensor inside the flat parameter vector.
type Tensor struct {
	Layer  int    // index into Model.Layers
	Name   string // "3.weight", as PyTorch's Sequential names it
	Dims   []int
	Offset int // first value in the flat vector
	Len    int
	Init   Init
}

// Init says how a tensor starts: uniform in ±Bound, or constant Value when Bound is 0.
type Init struct{ Bound, Value float64 }

// Layer is one step of a network. Implementations are plain descriptions; the concrete types of this package, which
// [Kinds] lists, are the whole set, so that a compiler can switch over them.
//
// To add a layer: give it a type and its methods here and in layers.go, an op for the reference in a file of its own, and a
// place in Kinds. Then tests ask for it in the models that finite differences check, in the compiler's table
// (nn/compile/layers.go), in its random models, in exported files (nn/export), and in every backend's contract; what meets it unprepared returns an error.
type Layer interface {
	// Out is the output shape for an input shape, or an error that says why the layer cannot take it.
	Out(in Shape) (Shape, error)
	// Tensors lists the layer's parameter tensors (Name is "weight" or "bias"; Layer and Offset unset).
	Tensors() []Tensor
	String() string

	reference(in, out Shape) op
}

// Kinds lists every kind of layer, as zero values.
func Kinds() []Layer {
	return []Layer{Conv2D{}, Linear{}, ReLU{}, Tanh{}, MaxPool{}, AvgPool{}, GlobalAvgPool{}, GroupNorm{}, Flatten{}}
}

// Conv2D is a square cross-correlation with zero padding and bias: weight [Out][In][Kernel][Kernel], bias [Out].
type Conv2D struct{ In, Filters, Kernel, Stride, Pad int }

// Linear is y = W x + b with W [Units][In]. Its input must be a vector.
type Linear struct{ In, Units int }

// ReLU is max(0, x).
type ReLU struct{}

// Tanh is the hyperbolic tangent.
type Tanh struct{}

// MaxPool takes the largest value of each Kernel x Kernel window. Ties go to the first in row order.
type MaxPool struct{ Kernel, Stride int }

// AvgPool takes the mean of each Kernel x Kernel window.
type AvgPool struct{ Kernel, Stride int }

// GlobalAvgPool takes each channel's mean.
type GlobalAvgPool struct{}

// GroupNorm normalises each group of Channels/Groups channels of one sample to mean 0 and variance 1
// (biased variance plus Eps = 1e-5), then scales and shifts each channel (Wu and He 2018, Section 3.2).
type GroupNorm struct{ Groups, Channels int }

// GroupNormEps is added to GroupNorm's variance, as PyTorch does.
const GroupNormEps = 1e-5

// Flatten turns a shape into a vector in [channel][row][column] order.
type Flatten struct{}

// Model is a classifier: layers applied in order, logits out, softmax cross-entropy as its loss.
type Model struct {
	Name   string
	Input  Shape
	Layers []Layer

	// ZeroHead starts the last layer at zero: all classes are alike then, and what was drawn at the start is nothing that noised
	// gradients must first undo.
	ZeroHead bool
}

// Limits keep shapes that come from outside (a checkpoint, a message) from exhausting memory.
const (
	maxLayers     = 256
	maxParams     = 1 << 26
	maxKernel     = 1 << 12
	maxActivation = 1 << 24
)

// Validate checks that the layers fit together, end in a vector of at least two logits, and stay within bounds.
func (m *Model) Validate() error {
	_, err := m.Shapes()
	return err
}

// Shapes returns the activation shapes: Shapes()[i] enters layer i, the last one holds the logits.
func (m *Model) Shapes() ([]Shape, error) {
	shapes, err := m.activations()
	if err != nil {
		return nil, err
	}
	if out := shapes[len(shapes)-1]; out.H != 1 || out.W != 1 || out.C < 2 {
		return nil, fmt.Errorf("nn: model %q ends in %v, want a vector of at least 2 logits", m.Name, out)
	}
	return shapes, nil
}

// activations propagates the input shape through the layers, whatever they end in.
func (m *Model) activations() ([]Shape, error) {
	if len(m.Layers) == 0 || len(m.Layers) > maxLayers {
		return nil, fmt.Errorf("nn: model %q has %d layers, want 1 to %d", m.Name, len(m.Layers), maxLayers)
	}
	if err := checkShape(m.Input); err != nil {
		return nil, fmt.Errorf("nn: model %q input: %w", m.Name, err)
	}
	shapes := []Shape{m.Input}
	params := 0
	for i, l := range m.Layers {
		out, err := l.Out(shapes[i])
		if err == nil {
			err = checkShape(out)
		}
		if err != nil {
			return nil, fmt.Errorf("nn: model %q layer %d (%v): %w", m.Name, i, l, err)
		}
		for _, t := range l.Tensors() {
			params += t.Len
		}
		if params > maxParams {
			return nil, fmt.Errorf("nn: model %q has more than %d parameters", m.Name, maxParams)
		}
		shapes = append(shapes, out)
	}
	return shapes, nil
}

func checkShape(s Shape) error {
	if s.C < 1 || s.H < 1 || s.W < 1 || s.C > maxActivation || s.H > maxActivation/s.C || s.W > maxActivation/s.C/s.H {
		return fmt.Errorf("shape %v is empty or larger than %d values", s, maxActivation)
	}
	return nil
}

// Tensors lists all parameter tensors with their offsets in the flat vector.
func (m *Model) Tensors() []Tensor {
	var all []Tensor
	offset := 0
	for i, l := range m.Layers {
		for _, t := range l.Tensors() {
			t.Layer, t.Name, t.Offset = i, fmt.Sprintf("%d.%s", i, t.Name), offset
			if m.ZeroHead && i == len(m.Layers)-1 {
				t.Init = Init{}
			}
			offset += t.Len
			all = append(all, t)
		}
	}
	return all
}

// ScaleFree says of each tensor whether the scale of its layer is without effect: a normalisation follows, which undoes it up to its
// stabiliser.
func (m *Model) ScaleFree() []bool {
	var all []bool
	for i, l := range m.Layers {
		_, conv := l.(Conv2D)
		free := conv && i+1 < len(m.Layers)
		if free {
			_, free = m.Layers[i+1].(GroupNorm)
		}
		for range l.Tensors() {
			all = append(all, free)
		}
	}
	return all
}

// NumParams is the length of the flat parameter vector.
func (m *Model) NumParams() int {
	n := 0
	for _, t := range m.Tensors() {
		n += t.Len
	}
	return n
}

// Classes is the number of logits; the model must be valid.
func (m *Model) Classes() int {
	shapes, err := m.Shapes()
	if err != nil {
		return 0
	}
	return shapes[len(shapes)-1].C
}

// weightAndBias are a layer's two tensors, uniform in ±1/sqrt(fanIn) as PyTorch's Conv2d and Linear start
// (torch.nn.Linear.reset_parameters: kaiming_uniform with a = sqrt 5 reduces to this bound).
func weightAndBias(fanIn, out int, dims ...int) []Tensor {
	init := Init{Bound: 1 / math.Sqrt(float64(fanIn))}
	return []Tensor{
		{Name: "weight", Dims: dims, Len: fanIn * out, Init: init},
		{Name: "bias", Dims: []int{out}, Len: out, Init: init},
	}
}
