// Package exporttest holds the models that tests of exported files are about.
package exporttest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"cloister/nn"
	"cloister/nn/export"
)

// Models are all networks of the catalogue on the shapes that records have, and one that has every other kind of layer.
func Models(t testing.TB) []*export.Model {
	t.Helper()
	var all []*export.Model
	for _, shape := range []struct {
		nn.Shape
		float bool
	}{{nn.Shape{C: 1, H: 28, W: 28}, false}, {nn.Shape{C: 3, H: 32, W: 32}, false}, {nn.Shape{C: 1, H: 25, W: 20}, true}, {nn.Shape{C: 14, H: 1, W: 1}, true}} {
		for _, name := range nn.Names() {
			for _, form := range []string{name, name + "-tanh"} {
				if _, err := nn.ByName(form, shape.Shape, classes); err == nil {
					all = append(all, Model(t, form, shape.Shape, shape.float))
				}
			}
		}
	}
	return append(all, Model(t, "tiny", nn.Shape{C: 8, H: 6, W: 6}, true))
}

const classes = 10

// Model is a network of the catalogue, or "tiny", with parameters and constants of its own.
func Model(t testing.TB, name string, shape nn.Shape, float bool) *export.Model {
	t.Helper()
	net, err := nn.ByName(name, shape, classes)
	if name == "tiny" {
		net, err = &nn.Model{Name: name, Input: shape, Layers: []nn.Layer{
			nn.GroupNorm{Groups: 2, Channels: shape.C}, nn.MaxPool{Kernel: 2, Stride: 2}, nn.Conv2D{In: shape.C, Filters: 2, Kernel: 3, Stride: 1, Pad: 1},
			nn.Tanh{}, nn.AvgPool{Kernel: 3, Stride: 1}, nn.GlobalAvgPool{}, nn.Flatten{}, nn.Linear{In: 2, Units: classes},
		}}, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(len(name)), uint64(shape.Size())))
	m := &export.Model{Net: net, Params: make([]float32, net.NumParams()), Input: export.Input{Float: float}}
	net.Init(m.Params, rng)
	for i := range m.Params {
		m.Params[i] += 0.01 * rng.Float32() // normalisations have weights other than 1
	}
	for range shape.C {
		scale := 1 + rng.Float32()
		if !float {
			scale /= 128
		}
		m.Input.Scale, m.Input.Shift = append(m.Input.Scale, scale), append(m.Input.Shift, rng.Float32()-0.5)
	}
	m.About = export.About{Title: name + " on a test's records", Kind: kindOf(shape, float), Privacy: "None: its numbers were drawn at random.", Preprocessing: json.RawMessage(`{"kind":"none"}`)}
	for k := range classes {
		m.About.Classes = append(m.About.Classes, fmt.Sprintf("class %d, “ε”", k))
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m
}

func kindOf(shape nn.Shape, float bool) string {
	switch {
	case shape.H == 1 && shape.W == 1:
		return "table"
	case float:
		return "audio"
	}
	return "image"
}

// Record draws a record's values.
func Record(m *export.Model, rng *rand.Rand) []byte {
	record := make([]byte, 0, m.RecordBytes())
	for range m.Net.Input.Size() {
		if m.Input.Float {
			record = binary.LittleEndian.AppendUint32(record, math.Float32bits(float32(rng.NormFloat64())))
		} else {
			record = append(record, byte(rng.Uint32()))
		}
	}
	return record
}

// FileName is a name for a model's file.
func FileName(m *export.Model) string {
	return strings.ReplaceAll(fmt.Sprintf("%s-%v", m.Net.Name, m.Net.Input), " ", "-")
}
