package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"cloister/nn"
)

// Bounds of a graph: those of a network, times the nodes that a layer takes.
const (
	maxNodes   = 2048
	maxTensors = 4096
	maxDims    = 4
	maxNames   = 8   // that a node reads or writes
	maxName    = 256 // bytes
)

// ReadONNX reads a model that [Model.ONNX] wrote. It reads no other: what it does not know is an error.
func ReadONNX(file []byte) (*Model, error) {
	m, err := readONNX(file)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, fmt.Errorf("export: ONNX: %w", err)
	}
	return m, nil
}

func readONNX(file []byte) (*Model, error) {
	if len(file) > MaxFileBytes {
		return nil, fmt.Errorf("%d bytes, at most %d", len(file), MaxFileBytes)
	}
	var graph []byte
	said := map[string]string{}
	err := fields(file, func(f field) error {
		switch f.number {
		case 7:
			graph = f.bytes
		case 14:
			key, value, err := entry(f.bytes)
			if err == nil && len(said) < 64 {
				said[key] = value
			}
			return err
		}
		return nil
	})
	m := &Model{}
	if err == nil {
		err = m.About.read(said)
	}
	if err != nil {
		return nil, err
	}
	r := &onnxReader{tensors: map[string]tensor{}}
	if err := r.graph(graph); err != nil {
		return nil, err
	}
	return m, r.model(m)
}

// entry reads a StringStringEntryProto.
func entry(b []byte) (key, value string, err error) {
	err = fields(b, func(f field) error {
		switch {
		case len(f.bytes) > maxText:
			return fmt.Errorf("a text of %d bytes, at most %d", len(f.bytes), maxText)
		case f.number == 1:
			key = string(f.bytes)
		case f.number == 2:
			value = string(f.bytes)
		}
		return nil
	})
	return key, value, err
}

// onnxReader follows the nodes of a graph from its input on.
type onnxReader struct {
	name    string // of the graph
	nodes   []node
	tensors map[string]tensor
	kind    int64 // of the input's values
	dims    []int64

	value  string // that flows
	at     int
	params []float32
}

func (r *onnxReader) graph(b []byte) error {
	if b == nil {
		return errors.New("there is no graph")
	}
	inputs := 0
	return fields(b, func(f field) error {
		switch f.number {
		case 1:
			n, err := decodeNode(f.bytes)
			if len(r.nodes) == maxNodes {
				return fmt.Errorf("more than %d nodes", maxNodes)
			}
			r.nodes = append(r.nodes, n)
			return err
		case 2:
			r.name = string(f.bytes[:min(len(f.bytes), maxName)])
		case 5:
			t, err := decodeTensor(f.bytes)
			if len(r.tensors) == maxTensors {
				return fmt.Errorf("more than %d tensors", maxTensors)
			}
			r.tensors[t.name] = t
			return err
		case 11:
			if inputs++; inputs > 1 {
				return errors.New("more than one input")
			}
			return r.input(f.bytes)
		}
		return nil
	})
}

func decodeNode(b []byte) (node, error) {
	n := node{attrs: map[string]attribute{}}
	outs := 0
	err := fields(b, func(f field) error {
		if (f.number == 1 || f.number == 2 || f.number == 4) && len(f.bytes) > maxName {
			return fmt.Errorf("a name of %d bytes, at most %d", len(f.bytes), maxName)
		}
		switch f.number {
		case 1:
			n.in = append(n.in, string(f.bytes))
		case 2:
			n.out = string(f.bytes)
			outs++
		case 4:
			n.op = string(f.bytes)
		case 5:
			name, a, err := decodeAttribute(f.bytes)
			n.attrs[name] = a
			return err
		}
		if len(n.in) > maxNames || len(n.attrs) > maxNames {
			return fmt.Errorf("a node of more than %d inputs or attributes", maxNames)
		}
		return nil
	})
	if err == nil && outs != 1 {
		err = fmt.Errorf("node %q has %d outputs, want 1", n.op, outs)
	}
	return n, err
}

func decodeAttribute(b []byte) (name string, a attribute, err error) {
	err = fields(b, func(f field) (err error) {
		switch f.number {
		case 1:
			name = string(f.bytes[:min(len(f.bytes), maxName)])
		case 2:
			a.f = math.Float32frombits(uint32(f.value))
		case 3:
			a.i = int64(f.value)
		case 8:
			if a.ints, err = f.ints(a.ints); len(a.ints) > 2*maxDims {
				return fmt.Errorf("attribute %q of more than %d numbers", name, 2*maxDims)
			}
		case 20:
			a.kind = int64(f.value)
		}
		return err
	})
	return name, a, err
}

func decodeTensor(b []byte) (t tensor, err error) {
	err = fields(b, func(f field) (err error) {
		switch f.number {
		case 1:
			if t.dims, err = f.ints(t.dims); len(t.dims) > maxDims {
				return fmt.Errorf("a tensor of more than %d dimensions", maxDims)
			}
		case 2:
			t.kind = int64(f.value)
		case 8:
			t.name = string(f.bytes[:min(len(f.bytes), maxName)])
		case 9:
			t.raw = f.bytes
		}
		return err
	})
	if err != nil {
		return t, err
	}
	size := map[int64]int64{typeFloat: 4, typeInt64: 8}[t.kind]
	if size == 0 {
		return t, fmt.Errorf("tensor %q has elements of type %d", t.name, t.kind)
	}
	for _, d := range t.dims {
		if d < 1 || d > MaxFileBytes || size > MaxFileBytes {
			return t, fmt.Errorf("tensor %q has dimensions %v", t.name, t.dims)
		}
		size *= d
	}
	if int64(len(t.raw)) != size {
		return t, fmt.Errorf("tensor %q of dimensions %v has %d bytes, want %d", t.name, t.dims, len(t.raw), size)
	}
	return t, nil
}

// input reads the ValueInfoProto of the graph's input.
func (r *onnxReader) input(b []byte) error {
	each := func(number int, visit func(field) error) func(field) error {
		return func(f field) error {
			if f.number != number {
				return nil
			}
			return fields(f.bytes, visit)
		}
	}
	dim := func(f field) error {
		switch {
		case len(r.dims) == maxDims:
			return fmt.Errorf("an input of more than %d dimensions", maxDims)
		case f.number == 1:
			r.dims = append(r.dims, int64(f.value))
		case f.number == 2: // a batch of any size
			r.dims = append(r.dims, 0)
		}
		return nil
	}
	tensor := func(f field) error {
		if f.number == 1 {
			r.kind = int64(f.value)
		}
		return each(2, each(1, dim))(f)
	}
	return fields(b, func(f field) error {
		if f.number == 1 {
			r.value = string(f.bytes[:min(len(f.bytes), maxName)])
		}
		return each(2, each(1, tensor))(f)
	})
}

// model follows the nodes.
func (r *onnxReader) model(m *Model) (err error) {
	if m.Net, err = r.network(); err != nil {
		return err
	}
	if err := r.normalisation(&m.Input); err != nil {
		return err
	}
	for r.at < len(r.nodes)-1 {
		at := r.at
		l, err := r.layer(r.nodes[at])
		if err != nil {
			return fmt.Errorf("node %d (%q): %w", at, r.nodes[at].op, err)
		}
		m.Net.Layers = append(m.Net.Layers, l)
	}
	if _, err := r.next("Softmax", 0); err != nil {
		return err
	}
	m.Params = r.params
	return nil
}

func (r *onnxReader) network() (*nn.Model, error) {
	if len(r.dims) != 2 && len(r.dims) != 4 || r.dims[0] != 0 {
		return nil, fmt.Errorf("an input of dimensions %v, want a batch of vectors or of images", r.dims)
	}
	shape := [3]int{1, 1, 1}
	for i, d := range r.dims[1:] {
		if d < 1 || d > MaxFileBytes {
			return nil, fmt.Errorf("an input of dimensions %v", r.dims)
		}
		shape[i] = int(d)
	}
	return &nn.Model{Name: r.name, Input: nn.Shape{C: shape[0], H: shape[1], W: shape[2]}}, nil
}

func (r *onnxReader) normalisation(in *Input) error {
	switch r.kind {
	case typeUint8:
		if _, err := r.next("Cast", 0); err != nil {
			return err
		}
	case typeFloat:
		in.Float = true
	default:
		return fmt.Errorf("an input of values of type %d, want uint8 or float32", r.kind)
	}
	scale, err := r.next("Mul", 1)
	if err != nil {
		return err
	}
	shift, err := r.next("Add", 1)
	if err != nil {
		return err
	}
	in.Scale, in.Shift = nn.Floats(scale[0].raw), nn.Floats(shift[0].raw)
	return nil
}

// next is the next node's tensors: it must be of this kind, take the value that flows and so many tensors of float32.
func (r *onnxReader) next(op string, tensors int) ([]tensor, error) {
	if r.at == len(r.nodes) {
		return nil, fmt.Errorf("the graph ends where %s was expected", op)
	}
	n := r.nodes[r.at]
	if n.op != op {
		return nil, fmt.Errorf("node %d is %q, want %q", r.at, n.op, op)
	}
	found, err := r.inputs(n, tensors, typeFloat)
	if err != nil {
		return nil, fmt.Errorf("node %d (%q): %w", r.at, op, err)
	}
	r.at++
	r.value = n.out
	return found, nil
}

func (r *onnxReader) inputs(n node, tensors int, kind int64) (found []tensor, err error) {
	if len(n.in) != 1+tensors || n.in[0] != r.value {
		return nil, fmt.Errorf("it takes %q, want %q and %d tensors", n.in, r.value, tensors)
	}
	for _, name := range n.in[1:] {
		t, ok := r.tensors[name]
		if !ok || t.kind != kind {
			return nil, fmt.Errorf("there is no tensor %q of type %d", name, kind)
		}
		found = append(found, t)
	}
	return found, nil
}

// layer reads the nodes that [onnxWriter.layer] writes for a layer.
func (r *onnxReader) layer(n node) (nn.Layer, error) {
	switch n.op {
	case "Conv":
		return r.conv(n)
	case "Gemm":
		t, err := r.own(n.op)
		if err != nil || len(t[0].dims) != 2 || n.attrs["transB"].i != 1 || len(n.attrs) != 1 {
			return nil, errors.Join(errors.New("not y = x transposed(W) + b"), err)
		}
		return nn.Linear{In: int(t[0].dims[1]), Units: int(t[0].dims[0])}, nil
	case "Reshape":
		return r.groupNorm(n)
	}
	if _, err := r.next(n.op, 0); err != nil {
		return nil, err
	}
	switch n.op {
	case "Relu":
		return nn.ReLU{}, nil
	case "Tanh":
		return nn.Tanh{}, nil
	case "MaxPool", "AveragePool":
		kernel, err := squareOf(n, "kernel_shape")
		stride, err2 := squareOf(n, "strides")
		if err := errors.Join(err, err2); err != nil || len(n.attrs) != 2 {
			return nil, errors.Join(errors.New("not a pool of squares without padding"), err)
		}
		if n.op == "AveragePool" {
			return nn.AvgPool{Kernel: kernel, Stride: stride}, nil
		}
		return nn.MaxPool{Kernel: kernel, Stride: stride}, nil
	case "GlobalAveragePool":
		return nn.GlobalAvgPool{}, nil
	case "Flatten":
		return nn.Flatten{}, nil
	}
	return nil, errors.New("this program writes no such node")
}

// own reads a node with a weight and a bias, which become the layer's parameters.
func (r *onnxReader) own(op string) ([]tensor, error) {
	t, err := r.next(op, 2)
	if err != nil {
		return nil, err
	}
	if len(t[0].dims) < 2 || !slices.Equal(t[1].dims, t[0].dims[:1]) {
		return nil, fmt.Errorf("a weight of dimensions %v and a bias of %v", t[0].dims, t[1].dims)
	}
	r.take(t)
	return t, nil
}

func (r *onnxReader) take(tensors []tensor) {
	for _, t := range tensors {
		r.params = append(r.params, nn.Floats(t.raw)...)
	}
}

func (r *onnxReader) conv(n node) (nn.Layer, error) {
	kernel, err := squareOf(n, "kernel_shape")
	stride, err2 := squareOf(n, "strides")
	pads := n.attrs["pads"].ints
	t, err3 := r.own(n.op)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	d := t[0].dims
	if len(n.attrs) != 3 || len(pads) != 4 || slices.Min(pads) != slices.Max(pads) || pads[0] < 0 || pads[0] > MaxFileBytes ||
		len(d) != 4 || d[2] != int64(kernel) || d[3] != int64(kernel) {
		return nil, fmt.Errorf("not a convolution by squares of %d with equal padding: padding %v, weight %v", kernel, pads, d)
	}
	return nn.Conv2D{In: int(d[1]), Filters: int(d[0]), Kernel: kernel, Stride: stride, Pad: int(pads[0])}, nil
}

// groupNorm reads the five nodes of [onnxWriter.groupNorm].
func (r *onnxReader) groupNorm(n node) (nn.Layer, error) {
	groups, err := r.reshape()
	if err != nil {
		return nil, err
	}
	instance := r.nodes[min(r.at, len(r.nodes)-1)]
	t, err := r.next("InstanceNormalization", 2)
	if err != nil {
		return nil, err
	}
	ones, zeros := nn.Floats(t[0].raw), nn.Floats(t[1].raw)
	back, err := r.reshape()
	if err != nil {
		return nil, err
	}
	scaled := len(groups) == 3 && groups[1] == int64(len(ones)) && groups[2] == -1 && len(ones) == len(zeros) && instance.attrs["epsilon"].f == nn.GroupNormEps
	for i := range ones {
		scaled = scaled && ones[i] == 1 && zeros[i] == 0
	}
	if !scaled || len(back) < 2 || back[1] < 1 || back[1] > MaxFileBytes {
		return nil, fmt.Errorf("not a group normalisation: groups of %v, back to %v", groups, back)
	}
	weight, err := r.next("Mul", 1)
	if err != nil {
		return nil, err
	}
	bias, err := r.next("Add", 1)
	if err != nil {
		return nil, err
	}
	r.take(append(weight, bias...))
	return nn.GroupNorm{Groups: len(ones), Channels: int(back[1])}, nil
}

// reshape reads a Reshape node: the dimensions that it gives, 0 for the batch.
func (r *onnxReader) reshape() ([]int64, error) {
	if r.at == len(r.nodes) || r.nodes[r.at].op != "Reshape" {
		return nil, errors.New("a group normalisation that ends early")
	}
	n := r.nodes[r.at]
	t, err := r.inputs(n, 1, typeInt64)
	if err != nil {
		return nil, err
	}
	var dims []int64
	for b := t[0].raw[:min(len(t[0].raw), 8*maxDims)]; len(b) > 0; b = b[8:] {
		dims = append(dims, int64(binary.LittleEndian.Uint64(b)))
	}
	if dims[0] != 0 {
		return nil, fmt.Errorf("a reshape to %v, whose first dimension is not the batch", dims)
	}
	r.at++
	r.value = n.out
	return dims, nil
}

func squareOf(n node, name string) (int, error) {
	v := n.attrs[name].ints
	if len(v) != 2 || v[0] != v[1] || v[0] < 1 || v[0] > MaxFileBytes {
		return 0, fmt.Errorf("%s is %v, want a square", name, v)
	}
	return int(v[0]), nil
}
