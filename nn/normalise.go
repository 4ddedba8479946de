package nn

import "fmt"

// Normalisation is how uint8 pixels become inputs: x = (p/255 - Mean[c]) / Std[c] for a pixel p of channel c. Its
// constants are stated by the dataset's publisher, never computed from private data.
type Normalisation struct{ Mean, Std []float32 }

// Validate checks that there is one finite mean and one positive deviation for each channel.
func (n Normalisation) Validate(channels int) error {
	if len(n.Mean) != channels || len(n.Std) != channels {
		return fmt.Errorf("nn: %d means and %d deviations for %d channels", len(n.Mean), len(n.Std), channels)
	}
	for c := range n.Mean {
		if !(n.Mean[c] >= -1e6 && n.Mean[c] <= 1e6) || !(n.Std[c] >= 1e-6 && n.Std[c] <= 1e6) {
			return fmt.Errorf("nn: channel %d has mean %v and deviation %v", c, n.Mean[c], n.Std[c])
		}
	}
	return nil
}

// ScaleShift is the same map as x = p*scale[c] + shift[c].
func (n Normalisation) ScaleShift() (scale, shift []float32) {
	scale, shift = make([]float32, len(n.Mean)), make([]float32, len(n.Mean))
	for c := range scale {
		std := float64(n.Std[c])
		scale[c], shift[c] = float32(1/(255*std)), float32(-float64(n.Mean[c])/std)
	}
	return scale, shift
}

// Apply writes the normalised record, pixels [channel][row][column], to dst, which must be as long.
func (n Normalisation) Apply(dst []float32, pixels []byte) {
	scale, shift := n.ScaleShift()
	area := len(pixels) / len(scale)
	for c := range scale {
		out := dst[c*area : (c+1)*area]
		for i, p := range pixels[c*area : (c+1)*area] {
			out[i] = float32(p)*scale[c] + shift[c]
		}
	}
}
