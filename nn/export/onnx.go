package export

import (
	"fmt"
	"maps"
	"slices"
)

// What is written conforms to ONNX IR 8 and its operator set 17 (onnx/onnx.proto and docs/Operators.md of github.com/onnx/onnx),
// which runtimes have read since 2022.
const (
	irVersion = 8
	opset     = 17
)

// The names of what goes in and comes out.
const (
	inputName         = "input" // [batch][channel][row][column] as recorded, [batch][value] where a record is a vector
	logitsName        = "logits"
	probabilitiesName = "probabilities"
)

// ONNX writes the model as an ONNX file. Its input is a batch of records as they were recorded, uint8 or float32, so that the
// normalisation is inside; its outputs are logits and probabilities. What is said of the model is in metadata_props.
func (m *Model) ONNX(producer string) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	graph, err := m.graph()
	if err != nil {
		return nil, fmt.Errorf("export: ONNX: %w", err)
	}
	var file, set message
	set.text(1, "") // the domain of ONNX itself
	set.int(2, opset)
	file.int(1, irVersion)
	file.text(2, "Cloister")
	file.text(3, producer)
	file.bytes(8, set)
	said := m.About.properties()
	for _, key := range slices.Sorted(maps.Keys(said)) {
		var entry message
		entry.text(1, key)
		entry.text(2, said[key])
		file.bytes(14, entry)
	}
	file.bytes(7, graph) // at the end, so that a file that is cut short has none
	if len(file) > MaxFileBytes {
		return nil, fmt.Errorf("export: ONNX: %d bytes, at most %d", len(file), MaxFileBytes)
	}
	return file, nil
}

// graph is the GraphProto.
func (m *Model) graph() (message, error) {
	w := &onnxWriter{value: inputName, flat: m.Net.Input.H == 1 && m.Net.Input.W == 1}
	dims, _ := w.dims(m.Net.Input)
	if err := w.model(m); err != nil {
		return nil, err
	}
	var g message
	for _, n := range w.nodes {
		g.bytes(1, n.encode())
	}
	g.text(2, m.Net.Name)
	for _, t := range w.tensors {
		g.bytes(5, t.encode())
	}
	kind := int64(typeUint8)
	if m.Input.Float {
		kind = typeFloat
	}
	g.bytes(11, valueInfo(inputName, kind, dims))
	classes := []int64{int64(m.Net.Classes())}
	g.bytes(12, valueInfo(logitsName, typeFloat, classes))
	g.bytes(12, valueInfo(probabilitiesName, typeFloat, classes))
	return g, nil
}

// valueInfo is a ValueInfoProto of a batch of any size.
func valueInfo(name string, kind int64, dims []int64) message {
	var batch, shape, tensor, typ, info message
	batch.text(2, "batch")
	shape.bytes(1, batch)
	for _, d := range dims {
		var dim message
		dim.int(1, d)
		shape.bytes(1, dim)
	}
	tensor.int(1, kind)
	tensor.bytes(2, shape)
	typ.bytes(1, tensor)
	info.text(1, name)
	info.bytes(2, typ)
	return info
}

// The types of a tensor's elements.
const (
	typeFloat = 1
	typeUint8 = 2
	typeInt64 = 7
)

// tensor is a TensorProto.
type tensor struct {
	name string
	kind int64
	dims []int64
	raw  []byte // little-endian
}

func (t *tensor) encode() message {
	var m message
	for _, d := range t.dims {
		m.int(1, d)
	}
	m.int(2, t.kind)
	m.text(8, t.name)
	m.bytes(9, t.raw)
	return m
}

// node is a NodeProto whose attributes are numbers.
type node struct {
	op    string
	in    []string
	out   string
	attrs map[string]attribute
}

// attribute is an AttributeProto.
type attribute struct {
	kind int64
	i    int64
	f    float32
	ints []int64
}

const (
	attrFloat = 1
	attrInt   = 2
	attrInts  = 7
)

func one(i int64) attribute        { return attribute{kind: attrInt, i: i} }
func real32(f float32) attribute   { return attribute{kind: attrFloat, f: f} }
func many(ints ...int64) attribute { return attribute{kind: attrInts, ints: ints} }

func (n *node) encode() message {
	var m message
	for _, name := range n.in {
		m.text(1, name)
	}
	m.text(2, n.out)
	m.text(4, n.op)
	for _, name := range slices.Sorted(maps.Keys(n.attrs)) {
		m.bytes(5, n.attrs[name].encode(name))
	}
	return m
}

func (a attribute) encode(name string) message {
	var m message
	m.text(1, name)
	switch a.kind {
	case attrFloat:
		m.float(2, a.f)
	case attrInt:
		m.int(3, a.i)
	case attrInts:
		for _, i := range a.ints {
			m.int(8, i)
		}
	}
	m.int(20, a.kind)
	return m
}
