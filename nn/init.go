package nn

import (
	"fmt"
	"math/rand/v2"
)

// Init draws starting parameters as PyTorch's layers do by default: uniform in ±1/sqrt(fan in) for weights and biases,
// 1 and 0 for GroupNorm. It panics when params is not the model's NumParams long.
func (m *Model) Init(params []float32, rng *rand.Rand) {
	if n := m.NumParams(); len(params) != n {
		panic(fmt.Sprintf("nn: %d parameters for model %q of %d", len(params), m.Name, n))
	}
	for _, t := range m.Tensors() {
		for i := range params[t.Offset:][:t.Len] {
			x := t.Init.Value
			if t.Init.Bound > 0 {
				x = (2*rng.Float64() - 1) * t.Init.Bound
			}
			params[t.Offset+i] = float32(x)
		}
	}
}
