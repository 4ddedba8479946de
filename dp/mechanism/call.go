package mechanism

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// What the engine's side and a written mechanism say to each other is a list of fields, each a tag, how many values, and these,
// little-endian, padded to eight bytes: a typed array can look at them in place. static/src/mechanism/glue.js is the other end.

// tag names a field; its high byte says of what its values are.
type tag uint32

const (
	ofBytes tag = iota << 8
	ofFloat32
	ofFloat64
)

const (
	tagCall    = ofBytes + iota // what is asked: plan, step, ask, save, restore
	tagState                    // of the mechanism, which it alone reads
	tagProblem                  // why there is no answer, for a person
	tagSaid                     // in a checkpoint: what the next step asks for
)

const (
	tagGradient = ofFloat32 + iota
	tagParams
	tagPoint // once for each
	tagWhitening
)

const (
	tagHandle = ofFloat64 + iota // which of the mechanisms that were planned
	tagStep
	tagNoiseStd
	tagNoiseStds
	tagCounts
	tagBounds
	tagThresholds
	tagAllocation
	tagCoefficients
	tagCurve
	tagStrategy
	tagCountNoise
	tagShape    // of a plan: see shape
	tagEstimate // of the curvature: images, damping
	tagLine     // of the code that a problem is in
	tagSetting  // N, batch size, steps, steps per epoch, clip norm, epsilon, delta, momentum, coordinates, parameters, factors
	tagTensors  // coordinates of each
	tagRates
)

// maxFields is far more than any message has.
const maxFields = 64

// message is a decoded list of fields. It aliases what it was decoded from.
type message struct {
	fields map[tag][]byte
	points [][]byte
	ask    []byte // what comes before a gradient, if any: what a step asks for, as a checkpoint keeps it
}

func (t tag) width() int { return [...]int{1, 4, 8}[t>>8] }

// begin starts a call.
func begin(what string) []byte { return appendBytes(nil, tagCall, []byte(what)) }

func appendHead(b []byte, t tag, n int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(t))
	return binary.LittleEndian.AppendUint32(b, uint32(n))
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&7)...) }

func appendBytes(b []byte, t tag, x []byte) []byte {
	return pad(append(appendHead(b, t, len(x)), x...))
}

func appendFloat32s(b []byte, t tag, x []float32) []byte {
	b = slices.Grow(b, 16+4*len(x))
	b = appendHead(b, t, len(x))
	from := len(b)
	b = b[:from+4*len(x)]
	for i, v := range x {
		binary.LittleEndian.PutUint32(b[from+4*i:], math.Float32bits(v))
	}
	return pad(b)
}

func appendFloats(b []byte, t tag, x ...float64) []byte {
	b = appendHead(b, t, len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// decode reads a message, which may be anything at all.
func decode(b []byte) (m message, err error) {
	whole := b
	m.fields, m.ask = map[tag][]byte{}, whole
	for n := 0; len(b) > 0; n++ {
		if len(b) < 8 || n == maxFields {
			return m, errors.New("the answer is broken off, or of too many fields")
		}
		t, count := tag(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
		if t == tagGradient {
			m.ask = whole[:len(whole)-len(b)]
		}
		b = b[8:]
		if t>>8 > 2 {
			return m, fmt.Errorf("the answer has a field %#x", uint32(t))
		}
		size := count * uint64(t.width())
		padded := (size + 7) &^ 7
		if padded > uint64(len(b)) {
			return m, errors.New("the answer is broken off")
		}
		value := b[:size:size]
		b = b[padded:]
		if t == tagPoint {
			m.points = append(m.points, value)
			continue
		}
		if _, twice := m.fields[t]; twice {
			return m, fmt.Errorf("the answer has field %#x twice", uint32(t))
		}
		m.fields[t] = value
	}
	return m, nil
}

// floats are a field's values; nil where it is missing.
func (m *message) floats(t tag) []float64 {
	b, ok := m.fields[t]
	if !ok {
		return nil
	}
	x := make([]float64, len(b)/8)
	for i := range x {
		x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return x
}

// float32s reads values into x, all of them finite, or says what is wrong.
func float32s(x []float32, b []byte) error {
	if len(b) != 4*len(x) {
		return fmt.Errorf("%d values, want %d", len(b)/4, len(x))
	}
	for i := range x {
		if x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])); x[i]-x[i] != 0 {
			return fmt.Errorf("value %d is %v", i, x[i])
		}
	}
	return nil
}
