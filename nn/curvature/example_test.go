package curvature_test

import (
	"fmt"
	"math/rand/v2"

	"cloister/nn"
	"cloister/nn/curvature"
)

// The factors of a small network at its first parameters, from a source that anyone can repeat.
func ExampleWhitening() {
	m, _ := nn.ByName("mlp", nn.Shape{C: 1, H: 10, W: 10}, 3)
	params := make([]float32, m.NumParams())
	m.Init(params, rand.New(rand.NewPCG(1, 2)))

	u, err := curvature.Whitening(m, params, curvature.Options{Images: 100, Exponent: 1.5, Damping: 0.3}, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		fmt.Println(err)
		return
	}
	factors, _ := m.Factors()
	for _, f := range factors {
		fmt.Printf("%v: %d outputs, inputs %v\n", m.Layers[f.Layer], f.Out, f.In)
	}
	_, in, _ := factors[0].Parts(u)
	// Neighbouring rows of pink noise agree: their sum counts for less, their difference for more.
	fmt.Printf("rows 5 and 5: %.1f, rows 5 and 6: %.1f\n", in[0][55], in[0][56])
	// Output:
	// linear 100->128: 128 outputs, inputs [10 10]
	// linear 128->3: 3 outputs, inputs [128]
	// rows 5 and 5: 1.1, rows 5 and 6: -0.3
}
