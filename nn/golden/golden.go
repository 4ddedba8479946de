// Package golden holds small networks as PyTorch computes them, for tests of everything that computes a model:
// parameters, records, logits, per-sample gradients, and the losses of ten steps of SGD with momentum. golden.py made them
// and makes them again.
package golden

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"reflect"

	"cloister/nn"
)

//go:embed golden.json.gz
var file []byte

const version = 1

// Golden is the file's content.
type Golden struct {
	Networks       []Network
	Rate, Momentum float64 // of the steps behind Losses
}

// Network is one model with everything about it.
type Network struct {
	Model          *nn.Model
	Normalisation  nn.Normalisation
	Pixels, Labels []byte    // [record][channel][row][column], [record]
	Params         []float32 // flat, as package nn has them
	Logits         []float32 // [record][class]
	Gradients      []float32 // [record][parameter], of the record's cross-entropy
	Losses         []float64 // mean over all records before each of ten steps on all of them
}

// Load reads the golden file.
func Load() (Golden, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return Golden{}, fmt.Errorf("golden: %w", err)
	}
	var content struct {
		Version        int
		Rate, Momentum float64
		Networks       map[string]entry
	}
	if err := json.NewDecoder(unzipped).Decode(&content); err != nil {
		return Golden{}, fmt.Errorf("golden: %w", err)
	}
	if content.Version != version {
		return Golden{}, fmt.Errorf("golden: golden.json.gz is version %d, this reads %d: run golden.py", content.Version, version)
	}
	g := Golden{Rate: content.Rate, Momentum: content.Momentum}
	for name, e := range content.Networks {
		n, err := e.network(name)
		if err != nil {
			return Golden{}, fmt.Errorf("golden: network %q: %w", name, err)
		}
		g.Networks = append(g.Networks, n)
	}
	return g, nil
}

// entry is a network as the file has it: arrays in base64, floats little-endian.
type entry struct {
	Input                                                [3]int
	Layers                                               [][]any
	Mean, Std, Pixels, Labels, Params, Logits, Gradients []byte
	Losses                                               []float64
}

func (e *entry) network(name string) (Network, error) {
	n := Network{Model: &nn.Model{Name: name, Input: nn.Shape{C: e.Input[0], H: e.Input[1], W: e.Input[2]}}, Pixels: e.Pixels, Labels: e.Labels,
		Normalisation: nn.Normalisation{Mean: floats(e.Mean), Std: floats(e.Std)}, Params: floats(e.Params), Logits: floats(e.Logits),
		Gradients: floats(e.Gradients), Losses: e.Losses}
	for _, l := range e.Layers {
		layer, err := layerOf(l)
		if err != nil {
			return n, err
		}
		n.Model.Layers = append(n.Model.Layers, layer)
	}
	return n, n.Model.Validate()
}

// layerOf makes a layer of its type's name and its fields' values in order.
func layerOf(words []any) (nn.Layer, error) {
	for _, l := range nn.Kinds() {
		made := reflect.New(reflect.TypeOf(l)).Elem()
		if made.Type().Name() != words[0] {
			continue
		}
		if made.NumField() != len(words)-1 {
			return nil, fmt.Errorf("layer %v: want %d numbers", words, made.NumField())
		}
		for i, number := range words[1:] {
			made.Field(i).SetInt(int64(number.(float64)))
		}
		return made.Interface().(nn.Layer), nil
	}
	return nil, fmt.Errorf("unknown layer %v", words)
}

func floats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}
