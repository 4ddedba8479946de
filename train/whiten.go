package train

import (
	"encoding/binary"
	"math/rand/v2"

	"cloister/dp/mechanism"
	"cloister/nn"
	"cloister/nn/curvature"
)

// exponent is that of the probes' spectrum, between those of the paper (curvature.Options).
const exponent = 1.5

// whitener makes whitenings of a model, or nil where a layer of it cannot be whitened. Probes are drawn from a source whose
// key is told here: whoever has the parameters of a step can repeat its factors.
func whitener(m *nn.Model) *mechanism.Whitener {
	factors, err := m.Factors()
	if err != nil {
		return nil
	}
	return &mechanism.Whitener{Len: nn.WhiteningLen(factors), Make: func(params []float32, images int, damping float64, source uint64) ([]float32, error) {
		key := [32]byte{}
		binary.LittleEndian.PutUint64(key[copy(key[:], "cloister/curvature"):], source)
		o := curvature.Options{Images: images, Exponent: exponent, Damping: damping}
		return curvature.Whitening(m, params, o, rand.New(rand.NewChaCha8(key)))
	}}
}
