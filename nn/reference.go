package nn

import "fmt"

// Reference computes a model's forward and backward pass in plain Go, one sample at a time, with float32 activations
// and parameters. It is the yardstick for every faster implementation. It holds the scratch for one sample, so
// concurrent use needs one Reference each; no method allocates.
type Reference struct {
	layers  []step
	input   int // values of one sample
	params  int
	classes int
}

// step is one layer at work: where its parameters lie in the flat vector, and the activations between its neighbours.
type step struct {
	op
	lo, hi int       // its tensors are params[lo:hi]
	y      []float32 // output
	dy     []float32 // dLoss/dOutput
}

// op is what a layer computes. x and y are its input and output, params its tensors, one behind the other.
type op interface {
	forward(params, x, y []float32)
	// backward follows forward on the same sample. From dy = dLoss/dy it computes dLoss/dx into dx, unless dx is nil,
	// and dLoss/dparams into grad; both are overwritten.
	backward(params, x, y, dy, dx, grad []float32)
}

// NewReference prepares a model, which must be valid.
func NewReference(m *Model) (*Reference, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	r := &Reference{input: m.Input.Size(), classes: m.Classes()}
	for i, l := range m.Layers {
		in, out := shapes[i], shapes[i+1]
		s := step{lo: r.params, op: l.reference(in, out)}
		for _, t := range l.Tensors() {
			r.params += t.Len
		}
		s.hi = r.params
		s.y, s.dy = make([]float32, out.Size()), make([]float32, out.Size())
		r.layers = append(r.layers, s)
	}
	return r, nil
}

// Forward computes the logits of one normalised sample x, [channel][row][column]. The result is valid until the next
// call. It panics when params or x has the wrong length.
func (r *Reference) Forward(params, x []float32) (logits []float32) {
	if len(params) != r.params || len(x) != r.input {
		panic(fmt.Sprintf("nn: %d parameters and %d inputs for a model of %d and %d", len(params), len(x), r.params, r.input))
	}
	for i := range r.layers {
		s := &r.layers[i]
		s.forward(params[s.lo:s.hi], x, s.y)
		x = s.y
	}
	return x
}

// Gradient computes the sample's softmax cross-entropy loss (natural logarithm) and writes the loss's gradient with
// respect to the parameters over grad, in the flat layout. It panics when a length is wrong or label is not a class.
func (r *Reference) Gradient(params, x []float32, label int, grad []float32) (loss float64) {
	if len(grad) != r.params || label < 0 || label >= r.classes {
		panic(fmt.Sprintf("nn: label %d of %d classes, gradient of %d for %d parameters", label, r.classes, len(grad), r.params))
	}
	logits := r.Forward(params, x)
	loss = crossEntropy(logits, label, r.layers[len(r.layers)-1].dy)
	for i := len(r.layers) - 1; i >= 0; i-- {
		s := &r.layers[i]
		in, din := x, []float32(nil)
		if i > 0 {
			in, din = r.layers[i-1].y, r.layers[i-1].dy
		}
		s.backward(params[s.lo:s.hi], in, s.y, s.dy, din, grad[s.lo:s.hi])
	}
	return loss
}
