// Package export writes a trained model as a file that other programs read, and reads such files back: ONNX, which says what is
// computed from a record's values to the logits, and safetensors, which holds the numbers. A file says of a model what is public
// and nothing else; the same model always gives the same bytes.
package export

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"cloister/nn"
)

// Model is a trained network, and what a file says of it.
type Model struct {
	Net    *nn.Model
	Params []float32 // flat, as Net.Tensors lays them out
	Input  Input
	About  About
}

// Input is how a record's values become what the network sees: value*Scale + Shift, of each channel.
type Input struct {
	Float bool // values are float32, otherwise uint8
	Scale []float32
	Shift []float32
}

// InputOf is the input of records with these constants.
func InputOf(n nn.Normalisation) Input {
	scale, shift := n.ScaleShift()
	return Input{Float: n.Float, Scale: scale, Shift: shift}
}

// About is what is said of a model. All of it is public: stated, or of a published dataset.
type About struct {
	Title         string          // what was trained on what
	Kind          string          // of the records: image, table, audio or vector
	Classes       []string        // logit k is of Classes[k]
	Privacy       string          // what is promised, in a sentence
	Preprocessing json.RawMessage // how a file or a row becomes a record's values, where the model can't do that itself; nil: they are as published
}

// Limits of what is read, and of what is written, which must be read again.
const (
	MaxFileBytes = 1 << 28
	maxText      = 1 << 20 // of anything that is said
	maxClasses   = 256
	maxValues    = 1 << 25 // that a prediction holds in memory
	maxProducts  = 1 << 30 // of numbers, that it takes
)

// Check tells why a model can be neither written nor used.
func (m *Model) Check() error {
	if err := m.check(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func (m *Model) check() error {
	shapes, err := m.Net.Shapes()
	if err != nil {
		return err
	}
	if n := m.Net.NumParams(); n != len(m.Params) {
		return fmt.Errorf("%d parameters for a network of %d", len(m.Params), n)
	}
	if err := finite("parameter", m.Params); err != nil {
		return err
	}
	if c := m.Net.Input.C; len(m.Input.Scale) != c || len(m.Input.Shift) != c {
		return fmt.Errorf("%d scales and %d shifts for %d channels", len(m.Input.Scale), len(m.Input.Shift), c)
	}
	if err := finite("scale", m.Input.Scale); err != nil {
		return err
	}
	if err := finite("shift", m.Input.Shift); err != nil {
		return err
	}
	if err := affordable(m.Net.Layers, shapes); err != nil {
		return err
	}
	return m.About.check(shapes[len(shapes)-1].C)
}

func finite(what string, values []float32) error {
	for i, x := range values {
		if x-x != 0 {
			return fmt.Errorf("%s %d is %v", what, i, x)
		}
	}
	return nil
}

// affordable bounds what a prediction takes: a file of a few bytes can describe a convolution that no machine has room for.
func affordable(layers []nn.Layer, shapes []nn.Shape) error {
	products, values := 0.0, 0.0
	for i, l := range layers {
		out := float64(shapes[i+1].Size())
		values += 3 * out
		switch l := l.(type) {
		case nn.Conv2D:
			window := float64(l.In) * float64(l.Kernel) * float64(l.Kernel)
			products += out * window
			values += out / float64(l.Filters) * window
		case nn.Linear:
			products += out * float64(l.In)
		case nn.MaxPool:
			products += out * float64(l.Kernel) * float64(l.Kernel)
		case nn.AvgPool:
			products += out * float64(l.Kernel) * float64(l.Kernel)
		default:
			products += out
		}
		if products > maxProducts || values > maxValues {
			return fmt.Errorf("layer %d (%v) on %v makes the network too large to be used here: over %d products of numbers or %d values", i, l, shapes[i], maxProducts, maxValues)
		}
	}
	return nil
}

func (a *About) check(classes int) error {
	if len(a.Classes) != classes || classes > maxClasses {
		return fmt.Errorf("%d class names for %d logits, at most %d", len(a.Classes), classes, maxClasses)
	}
	total := 0
	for _, text := range append([]string{a.Title, a.Kind, a.Privacy, string(a.Preprocessing)}, a.Classes...) {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%.40q is not UTF-8", text)
		}
		total += len(text)
	}
	if total > maxText {
		return fmt.Errorf("%d bytes are said of the model, at most %d", total, maxText)
	}
	switch a.Kind {
	case "image", "table", "audio", "vector":
	default:
		return fmt.Errorf("records of kind %.40q, want image, table, audio or vector", a.Kind)
	}
	if a.Preprocessing != nil && !json.Valid(a.Preprocessing) {
		return fmt.Errorf("its preprocessing is not JSON")
	}
	return nil
}

// The names under which both formats keep what is said.
const (
	keyVersion       = "cloister" // of this list of names: "1"
	keyTitle         = "title"
	keyKind          = "kind"
	keyClasses       = "classes" // a JSON list
	keyPrivacy       = "privacy"
	keyPreprocessing = "preprocessing" // JSON
)

func (a *About) properties() map[string]string {
	classes, _ := json.Marshal(a.Classes) // strings always can be
	p := map[string]string{keyVersion: "1", keyTitle: a.Title, keyKind: a.Kind, keyClasses: string(classes), keyPrivacy: a.Privacy}
	if a.Preprocessing != nil {
		p[keyPreprocessing] = string(a.Preprocessing)
	}
	return p
}

func (a *About) read(p map[string]string) error {
	if v := p[keyVersion]; v != "1" {
		return fmt.Errorf("it was not written by this program, or by a later version: %s is %.40q, want %q", keyVersion, v, "1")
	}
	a.Title, a.Kind, a.Privacy = p[keyTitle], p[keyKind], p[keyPrivacy]
	if err := json.Unmarshal([]byte(p[keyClasses]), &a.Classes); err != nil {
		return fmt.Errorf("its class names: %w", err)
	}
	if text, ok := p[keyPreprocessing]; ok {
		a.Preprocessing = json.RawMessage(text)
	}
	return nil
}

// Predictor computes a model's logits, one record at a time.
type Predictor struct {
	model     *Model
	reference *nn.Reference
	x         []float32
}

// NewPredictor prepares a model.
func NewPredictor(m *Model) (*Predictor, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	r, err := nn.NewReference(m.Net)
	if err != nil {
		return nil, err
	}
	return &Predictor{m, r, make([]float32, m.Net.Input.Size())}, nil
}

// RecordBytes is the size of a record.
func (m *Model) RecordBytes() int {
	if m.Input.Float {
		return 4 * m.Net.Input.Size()
	}
	return m.Net.Input.Size()
}

// Logits computes the logits of a record, [channel][row][column] of uint8 or little-endian float32, valid until the next call.
func (p *Predictor) Logits(record []byte) ([]float32, error) {
	if n := p.model.RecordBytes(); len(record) != n {
		return nil, fmt.Errorf("export: a record of %d bytes, this model takes %d", len(record), n)
	}
	in := &p.model.Input
	area := len(p.x) / len(in.Scale)
	for i := range p.x {
		value := float32(0)
		if in.Float {
			value = math.Float32frombits(binary.LittleEndian.Uint32(record[4*i:]))
		} else {
			value = float32(record[i])
		}
		p.x[i] = value*in.Scale[i/area] + in.Shift[i/area]
	}
	return p.reference.Forward(p.model.Params, p.x), nil
}
