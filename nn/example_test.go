package nn_test

import (
	"fmt"

	"cloister/clip"
	"cloister/nn"
)

// The reference's private step: each record's gradient is clipped to norm 1 before it joins the sum.
func ExampleClipper() {
	m := &nn.Model{Name: "line", Input: nn.Shape{C: 2, H: 1, W: 1}, Layers: []nn.Layer{nn.Linear{In: 2, Units: 2}}}
	c, err := nn.NewClipper(m, clip.Rule{})
	if err != nil {
		fmt.Println(err)
		return
	}
	records := [][]float32{{3, 4}, {0, 1}}
	samples := nn.Samples{Count: 2, At: func(i int, x []float32) int {
		copy(x, records[i])
		return i
	}}
	params := make([]float32, m.NumParams())
	sum, err := c.Sum([][]float32{params}, nil, samples, []float64{1}, nil)
	fmt.Printf("%.3f %v\n", sum.Gradient, err)
	// Output:
	// [-0.416 -0.055 0.416 0.055 0.361 -0.361] <nil>
}
