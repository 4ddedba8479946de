package export

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"cloister/nn"
)

// A safetensors file (github.com/huggingface/safetensors, format) is the length of its header as a little-endian uint64, the header, a
// JSON object that names each tensor's type, shape and place, and the tensors one behind the other. Here tensors are named as
// PyTorch's Sequential names them, "input.scale" and "input.shift" stand beside them, and the header's metadata says what the
// layers are.
const (
	maxHeader   = 1 << 24
	metadataKey = "__metadata__"
	keyName     = "model"
	keyInput    = "input"  // JSON: what a record is
	keyLayers   = "layers" // JSON
	scaleTensor = "input.scale"
	shiftTensor = "input.shift"
)

// tensorPlace is a tensor as the header describes it.
type tensorPlace struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"` // into what follows the header
}

// inputText is the input as the metadata describes it.
type inputText struct {
	Shape [3]int `json:"shape"` // channels, rows, columns
	Type  string `json:"type"`  // uint8 or float32
}

// SafeTensors writes the model as a safetensors file.
func (m *Model) SafeTensors() ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	file, err := m.safeTensors()
	if err == nil && len(file) > MaxFileBytes {
		err = fmt.Errorf("%d bytes, at most %d", len(file), MaxFileBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("export: safetensors: %w", err)
	}
	return file, nil
}

func (m *Model) safeTensors() ([]byte, error) {
	said, err := m.described()
	if err != nil {
		return nil, err
	}
	header := map[string]any{metadataKey: said} // JSON sorts the names
	var values []byte
	add := func(name string, dims []int, tensor []float32) {
		from := len(values)
		values = append(values, nn.Bytes(tensor)...)
		header[name] = tensorPlace{"F32", dims, [2]int{from, len(values)}}
	}
	channels := []int{m.Net.Input.C}
	add(scaleTensor, channels, m.Input.Scale)
	add(shiftTensor, channels, m.Input.Shift)
	for _, t := range m.Net.Tensors() {
		add(t.Name, t.Dims, m.Params[t.Offset:][:t.Len])
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(file, head...), values...), nil
}

// described is the header's metadata.
func (m *Model) described() (map[string]string, error) {
	said := m.About.properties()
	in := inputText{[3]int{m.Net.Input.C, m.Net.Input.H, m.Net.Input.W}, "uint8"}
	if m.Input.Float {
		in.Type = "float32"
	}
	input, err := json.Marshal(in)
	layers, err2 := marshalLayers(m.Net.Layers)
	said["format"], said[keyName], said[keyInput], said[keyLayers] = "pt", m.Net.Name, string(input), layers // "pt": rows and columns as PyTorch's
	return said, errors.Join(err, err2)
}

// ReadSafeTensors reads a model that [Model.SafeTensors] wrote. It reads no other.
func ReadSafeTensors(file []byte) (*Model, error) {
	m, err := readSafeTensors(file)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, fmt.Errorf("export: safetensors: %w", err)
	}
	return m, nil
}

func readSafeTensors(file []byte) (*Model, error) {
	if len(file) > MaxFileBytes || len(file) < 8 {
		return nil, fmt.Errorf("%d bytes, want 8 to %d", len(file), MaxFileBytes)
	}
	n := binary.LittleEndian.Uint64(file)
	if n > maxHeader || n > uint64(len(file)-8) {
		return nil, fmt.Errorf("a header of %d bytes in a file of %d, at most %d", n, len(file), maxHeader)
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+n], &header); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	var said map[string]string
	if err := json.Unmarshal(header[metadataKey], &said); err != nil {
		return nil, fmt.Errorf("its metadata: %w", err)
	}
	delete(header, metadataKey)
	m, err := undescribed(said)
	if err != nil {
		return nil, err
	}
	return m, m.takeTensors(header, file[8+n:])
}

// undescribed is the model that metadata describe, without its numbers.
func undescribed(said map[string]string) (*Model, error) {
	m := &Model{}
	if err := m.About.read(said); err != nil {
		return nil, err
	}
	var in inputText
	if err := json.Unmarshal([]byte(said[keyInput]), &in); err != nil {
		return nil, fmt.Errorf("its input: %w", err)
	}
	if m.Input.Float = in.Type == "float32"; !m.Input.Float && in.Type != "uint8" {
		return nil, fmt.Errorf("an input of %.40q, want uint8 or float32", in.Type)
	}
	layers, err := unmarshalLayers(said[keyLayers])
	if err != nil {
		return nil, err
	}
	m.Net = &nn.Model{Name: said[keyName], Input: nn.Shape{C: in.Shape[0], H: in.Shape[1], W: in.Shape[2]}, Layers: layers}
	if _, err := m.Net.Shapes(); err != nil { // before anything is made as large as it says
		return nil, err
	}
	return m, nil
}

// takeTensors takes the network's tensors, which must be all that there are and fill the file.
func (m *Model) takeTensors(header map[string]json.RawMessage, values []byte) error {
	taken := 0
	take := func(name string, dims []int) ([]float32, error) {
		var p tensorPlace
		if err := json.Unmarshal(header[name], &p); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		size := 4
		for _, d := range dims {
			size *= d // of a network whose size was checked
		}
		from, to := p.Offsets[0], p.Offsets[1]
		if p.Type != "F32" || !slices.Equal(p.Shape, dims) || from < 0 || to < from || to > len(values) || to-from != size {
			return nil, fmt.Errorf("tensor %q is %.40q %v at %v of %d bytes, want F32 %v", name, p.Type, p.Shape, p.Offsets, len(values), dims)
		}
		taken += size
		return nn.Floats(values[from:to]), nil
	}
	channels := []int{m.Net.Input.C}
	var err, err2 error
	m.Input.Scale, err = take(scaleTensor, channels)
	m.Input.Shift, err2 = take(shiftTensor, channels)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	tensors := m.Net.Tensors()
	for _, t := range tensors {
		own, err := take(t.Name, t.Dims)
		if err != nil {
			return err
		}
		m.Params = append(m.Params, own...)
	}
	if len(header) != len(tensors)+2 || taken != len(values) {
		return fmt.Errorf("%d tensors in %d bytes, where the network has %d in %d", len(header), len(values), len(tensors)+2, taken)
	}
	return nil
}

// Layers are written as JSON objects: the kind, as package nn calls it, and its numbers.

type layerText struct {
	Layer   string          `json:"layer"`
	Numbers json.RawMessage `json:"numbers,omitempty"`
}

func marshalLayers(layers []nn.Layer) (string, error) {
	var list []layerText
	for _, l := range layers {
		numbers, err := json.Marshal(l)
		if err != nil {
			return "", err
		}
		if string(numbers) == "{}" {
			numbers = nil
		}
		list = append(list, layerText{reflect.TypeOf(l).Name(), numbers})
	}
	text, err := json.Marshal(list)
	return string(text), err
}

func unmarshalLayers(text string) ([]nn.Layer, error) {
	var list []layerText
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("its layers: %w", err)
	}
	var layers []nn.Layer
	for i, t := range list {
		l, err := t.read()
		if err != nil {
			return nil, fmt.Errorf("its layer %d: %w", i, err)
		}
		layers = append(layers, l)
	}
	return layers, nil
}

func (t layerText) read() (nn.Layer, error) {
	for _, kind := range nn.Kinds() {
		typ := reflect.TypeOf(kind)
		if typ.Name() != t.Layer {
			continue
		}
		l := reflect.New(typ)
		if t.Numbers != nil {
			if err := json.Unmarshal(t.Numbers, l.Interface()); err != nil {
				return nil, err
			}
		}
		return l.Elem().Interface().(nn.Layer), nil
	}
	return nil, fmt.Errorf("there is no layer %.40q", t.Layer)
}
