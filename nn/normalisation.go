package nn

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Normalisation states each channel's mean and standard deviation, of uint8 values in units of value/255. They are public
// constants of a dataset, never computed from private records.
type Normalisation struct {
	Mean, Std []float32
	Float     bool // values are float32, in units of their own
}

// Check reports constants that do not fit a number of channels, or could make a value not finite.
func (n Normalisation) Check(channels int) error {
	if len(n.Mean) != channels || len(n.Std) != channels {
		return fmt.Errorf("nn: %d means and %d standard deviations for %d channels", len(n.Mean), len(n.Std), channels)
	}
	for c := range n.Mean {
		if !(n.Mean[c] >= -1e12 && n.Mean[c] <= 1e12) || !(n.Std[c] >= 1e-12 && n.Std[c] <= 1e12) {
			return fmt.Errorf("nn: channel %d has mean %v and standard deviation %v, want a mean within ±1e12 and a deviation from 1e-12 to 1e12", c, n.Mean[c], n.Std[c])
		}
	}
	return nil
}

// ScaleShift gives the affine form: (v/255 - Mean)/Std = v*scale + shift for a uint8 value v, (v - Mean)/Std for a float32. Both are computed in float64
// and then rounded, and every implementation uses these same values.
func (n Normalisation) ScaleShift() (scale, shift []float32) {
	scale, shift = make([]float32, len(n.Mean)), make([]float32, len(n.Mean))
	for c := range n.Mean {
		scale[c], shift[c] = n.channel(c)
	}
	return scale, shift
}

func (n Normalisation) channel(c int) (scale, shift float32) {
	mean, std := float64(n.Mean[c]), float64(n.Std[c])
	if n.Float {
		return float32(1 / std), float32(-mean / std)
	}
	return float32(1 / (255 * std)), float32(-mean / std)
}

// ValueBytes is the size of one value.
func (n Normalisation) ValueBytes() int {
	if n.Float {
		return 4
	}
	return 1
}

// Apply writes one sample, [channel][row][column] of uint8 or little-endian float32, normalised over dst, which has a number for
// each value.
func (n Normalisation) Apply(dst []float32, values []byte) {
	area := len(dst) / len(n.Mean)
	for c := range n.Mean {
		scale, shift := n.channel(c)
		x := dst[c*area:][:area]
		for i := range x {
			x[i] = n.value(values, c*area+i)*scale + shift
		}
	}
}

func (n Normalisation) value(values []byte, i int) float32 {
	if n.Float {
		return math.Float32frombits(binary.LittleEndian.Uint32(values[4*i:]))
	}
	return float32(values[i])
}
