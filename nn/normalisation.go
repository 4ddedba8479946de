package nn

import "fmt"

// Normalisation states each channel's mean and standard deviation in units of pixel/255. They are public constants of
// a dataset, never computed from private records.
type Normalisation struct{ Mean, Std []float32 }

// Check reports constants that do not fit a number of channels, or could make a pixel not finite.
func (n Normalisation) Check(channels int) error {
	if len(n.Mean) != channels || len(n.Std) != channels {
		return fmt.Errorf("nn: %d means and %d standard deviations for %d channels", len(n.Mean), len(n.Std), channels)
	}
	for c := range n.Mean {
		if !(n.Mean[c] >= -1e6 && n.Mean[c] <= 1e6) || !(n.Std[c] >= 1e-6 && n.Std[c] <= 1e6) {
			return fmt.Errorf("nn: channel %d has mean %v and standard deviation %v, want a mean within ±1e6 and a deviation from 1e-6 to 1e6", c, n.Mean[c], n.Std[c])
		}
	}
	return nil
}

// ScaleShift gives the affine form: (p/255 - Mean)/Std = p*scale + shift for a pixel p. Both are computed in float64
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
	return float32(1 / (255 * std)), float32(-mean / std)
}

// Apply writes one sample, pixels [channel][row][column], normalised over dst, which is as long.
func (n Normalisation) Apply(dst []float32, pixels []byte) {
	area := len(pixels) / len(n.Mean)
	for c := range n.Mean {
		scale, shift := n.channel(c)
		x, p := dst[c*area:][:area], pixels[c*area:][:area]
		for i := range x {
			x[i] = float32(p[i])*scale + shift
		}
	}
}
