package export

import (
	"encoding/binary"
	"errors"
	"fmt"

	"cloister/nn"
)

// onnxWriter puts nodes one behind the other: each takes the value of the one before.
type onnxWriter struct {
	nodes   []node
	tensors []tensor
	value   string // that flows
	flat    bool   // it is [batch][value], not [batch][channel][row][column]
}

func (w *onnxWriter) model(m *Model) error {
	if !m.Input.Float {
		w.node("Cast", nil, map[string]attribute{"to": one(typeFloat)})
	}
	_, perChannel := w.dims(m.Net.Input)
	w.node("Mul", []string{w.floats("input.scale", perChannel, m.Input.Scale)}, nil)
	w.node("Add", []string{w.floats("input.shift", perChannel, m.Input.Shift)}, nil)
	shapes, err := m.Net.Shapes()
	if err != nil {
		return err
	}
	tensors := m.Net.Tensors()
	for i, l := range m.Net.Layers {
		var own []layerTensor
		for len(tensors) > 0 && tensors[0].Layer == i {
			t := tensors[0]
			own, tensors = append(own, layerTensor{t.Name, t.Dims, m.Params[t.Offset:][:t.Len]}), tensors[1:]
		}
		if err := w.layer(l, shapes[i], own); err != nil {
			return fmt.Errorf("layer %d (%v): %w", i, l, err)
		}
	}
	w.flatten() // logits are a vector
	w.nodes[len(w.nodes)-1].out, w.value = logitsName, logitsName
	w.node("Softmax", nil, map[string]attribute{"axis": one(1)})
	w.nodes[len(w.nodes)-1].out = probabilitiesName
	return nil
}

// layerTensor is a parameter tensor of a layer with its values.
type layerTensor struct {
	name   string
	dims   []int
	values []float32
}

// node appends a node whose inputs are the value that flows and these tensors.
func (w *onnxWriter) node(op string, tensors []string, attrs map[string]attribute) {
	out := fmt.Sprintf("value.%d", len(w.nodes))
	w.nodes = append(w.nodes, node{op: op, in: append([]string{w.value}, tensors...), out: out, attrs: attrs})
	w.value = out
}

func (w *onnxWriter) floats(name string, dims []int64, values []float32) string {
	w.tensors = append(w.tensors, tensor{name, typeFloat, dims, nn.Bytes(values)})
	return name
}

func (w *onnxWriter) ints(name string, values ...int64) string {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	w.tensors = append(w.tensors, tensor{name, typeInt64, []int64{int64(len(values))}, raw})
	return name
}

// own writes a layer's tensors as they are.
func (w *onnxWriter) own(tensors []layerTensor) (names []string) {
	for _, t := range tensors {
		var dims []int64
		for _, d := range t.dims {
			dims = append(dims, int64(d))
		}
		names = append(names, w.floats(t.name, dims, t.values))
	}
	return names
}

// layer writes a layer as nodes; [onnxReader.layer] reads them.
func (w *onnxWriter) layer(l nn.Layer, in nn.Shape, tensors []layerTensor) error {
	switch l := l.(type) {
	case nn.Conv2D:
		pads := many(int64(l.Pad), int64(l.Pad), int64(l.Pad), int64(l.Pad))
		return w.image("Conv", w.own(tensors), map[string]attribute{"kernel_shape": square(l.Kernel), "strides": square(l.Stride), "pads": pads})
	case nn.MaxPool:
		return w.image("MaxPool", nil, map[string]attribute{"kernel_shape": square(l.Kernel), "strides": square(l.Stride)})
	case nn.AvgPool:
		return w.image("AveragePool", nil, map[string]attribute{"kernel_shape": square(l.Kernel), "strides": square(l.Stride)})
	case nn.GlobalAvgPool:
		return w.image("GlobalAveragePool", nil, nil)
	case nn.Linear:
		w.flatten()
		w.node("Gemm", w.own(tensors), map[string]attribute{"transB": one(1)})
	case nn.ReLU:
		w.node("Relu", nil, nil)
	case nn.Tanh:
		w.node("Tanh", nil, nil)
	case nn.GroupNorm:
		w.groupNorm(l, in, tensors)
	case nn.Flatten:
		w.flatten()
	default:
		return errors.New("there is no ONNX for this kind of layer yet")
	}
	return nil
}

// image writes a node that takes rows and columns.
func (w *onnxWriter) image(op string, tensors []string, attrs map[string]attribute) error {
	if w.flat {
		return errors.New("it takes rows and columns, and gets a vector")
	}
	w.node(op, tensors, attrs)
	return nil
}

func (w *onnxWriter) flatten() {
	if !w.flat {
		w.node("Flatten", nil, map[string]attribute{"axis": one(1)})
		w.flat = true
	}
}

// dims are the dimensions of the value that flows, but for the batch, and of a tensor with a number for each of its channels.
func (w *onnxWriter) dims(s nn.Shape) (value, perChannel []int64) {
	if w.flat {
		return []int64{int64(s.C)}, []int64{int64(s.C)}
	}
	return []int64{int64(s.C), int64(s.H), int64(s.W)}, []int64{int64(s.C), 1, 1}
}

// groupNorm is written as what operator set 17 has: each group is an instance, normalised, and channels are scaled after it.
func (w *onnxWriter) groupNorm(l nn.GroupNorm, in nn.Shape, tensors []layerTensor) {
	ones := make([]float32, l.Groups)
	for i := range ones {
		ones[i] = 1
	}
	name, groups := tensors[0].name, []int64{int64(l.Groups)}
	value, perChannel := w.dims(in)
	w.node("Reshape", []string{w.ints(name+".groups", 0, int64(l.Groups), -1)}, nil)
	w.node("InstanceNormalization", []string{w.floats(name+".ones", groups, ones), w.floats(name+".zeros", groups, make([]float32, l.Groups))},
		map[string]attribute{"epsilon": real32(nn.GroupNormEps)})
	w.node("Reshape", []string{w.ints(name+".channels", append([]int64{0}, value...)...)}, nil)
	w.node("Mul", []string{w.floats(name, perChannel, tensors[0].values)}, nil)
	w.node("Add", []string{w.floats(tensors[1].name, perChannel, tensors[1].values)}, nil)
}

func square(n int) attribute { return many(int64(n), int64(n)) }
