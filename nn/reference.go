package nn

import (
	"fmt"
	"math/rand/v2"
)

// Reference computes a model one sample at a time in plain Go: the yardstick that every faster implementation is held
// against. It keeps scratch for one sample and must not be used concurrently. Nothing is allocated after it is made.
type Reference struct {
	model   *Model
	ops     []operation
	params  [][2]int    // of each layer: its parameters' half-open range in the flat vector
	values  [][]float32 // values[i] enters layer i; the last one holds the logits
	slopes  [][]float32 // the loss's derivative by values[i]; slopes[0] is nil: nobody needs the input's
	tensors []Tensor
}

// operation is a layer that knows its shapes. x enters it and y leaves it; slopes dx and dy are the loss's derivatives
// by them, dw by the layer's parameters w.
type operation interface {
	forward(w, x, y []float32)
	// backward overwrites dx (unless nil) and dw.
	backward(w, x, y, dy, dx, dw []float32)
}

// NewReference makes scratch for a valid model.
func NewReference(m *Model) (*Reference, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	r := &Reference{model: m, tensors: m.Tensors(), values: make([][]float32, len(shapes)), slopes: make([][]float32, len(shapes))}
	for i, s := range shapes {
		r.values[i] = make([]float32, s.Size())
		if i > 0 {
			r.slopes[i] = make([]float32, s.Size())
		}
	}
	offset := 0
	for i, l := range m.Layers {
		r.ops = append(r.ops, newOperation(l, shapes[i], shapes[i+1]))
		size := 0
		for _, t := range l.Tensors() {
			size += t.Len
		}
		r.params = append(r.params, [2]int{offset, offset + size})
		offset += size
	}
	return r, nil
}

func newOperation(l Layer, in, out Shape) operation {
	switch l := l.(type) {
	case Conv2D:
		return newConvolution(l, in, out)
	case Linear:
		return linear{l}
	case ReLU:
		return relu{}
	case Tanh:
		return tanh{}
	case MaxPool:
		return maxPool{window{l.Kernel, l.Stride, in, out}}
	case AvgPool:
		return avgPool{window{l.Kernel, l.Stride, in, out}}
	case GlobalAvgPool:
		return globalAvgPool{in}
	case GroupNorm:
		return &groupNorm{layer: l, in: in, centre: make([]float64, l.Groups), scale: make([]float64, l.Groups)}
	case Flatten:
		return flatten{}
	}
	panic(fmt.Sprintf("nn: layer %T is not of this package", l))
}

// Model is the model that the reference computes.
func (r *Reference) Model() *Model { return r.model }

// Forward computes the logits of one sample x, laid out [channel][row][column]. The result is valid until the next call.
func (r *Reference) Forward(params, x []float32) []float32 {
	copy(r.values[0], x)
	for i, op := range r.ops {
		op.forward(r.slice(params, i), r.values[i], r.values[i+1])
	}
	return r.values[len(r.ops)]
}

// Gradient overwrites grad with the sample's gradient of the softmax cross-entropy, in the order of the flat parameter
// vector, and returns the loss (natural logarithm). label must be a class.
func (r *Reference) Gradient(params, x []float32, label int, grad []float32) (loss float64) {
	logits := r.Forward(params, x)
	last := len(r.ops)
	loss = crossEntropy(logits, label, r.slopes[last])
	for i := last - 1; i >= 0; i-- {
		r.ops[i].backward(r.slice(params, i), r.values[i], r.values[i+1], r.slopes[i+1], r.slopes[i], r.slice(grad, i))
	}
	return loss
}

func (r *Reference) slice(flat []float32, layer int) []float32 {
	return flat[r.params[layer][0]:r.params[layer][1]]
}

// Init sets params as PyTorch starts its layers: uniform in ±1/sqrt(fan-in) for convolutions and linear layers, 1 and 0
// for GroupNorm. len(params) must be NumParams.
func (m *Model) Init(params []float32, rng *rand.Rand) {
	for _, t := range m.Tensors() {
		for i := range t.Len {
			v := t.Init.Value
			if t.Init.Bound > 0 {
				v = t.Init.Bound * (2*rng.Float64() - 1)
			}
			params[t.Offset+i] = float32(v)
		}
	}
}
