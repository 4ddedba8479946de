// Package nntest holds what tests of several packages ask of models.
package nntest

import (
	"math"
	"math/rand/v2"
	"reflect"

	"cloister/nn"
)

// Missing lists the kinds of layers that no model has.
func Missing(models ...*nn.Model) []string {
	seen := map[reflect.Type]bool{}
	for _, m := range models {
		for _, l := range m.Layers {
			seen[reflect.TypeOf(l)] = true
		}
	}
	var names []string
	for _, l := range nn.Kinds() {
		if t := reflect.TypeOf(l); !seen[t] {
			names = append(names, t.Name())
		}
	}
	return names
}

// Whitening is symmetric, multiplies norms by about size along each axis, and is nowhere near the identity.
func Whitening(factors []nn.Factor, size float64, rng *rand.Rand) []float32 {
	u := make([]float32, nn.WhiteningLen(factors))
	for _, f := range factors {
		out, in, bias := f.Parts(u)
		*bias = float32(size * (0.5 + rng.Float64()))
		for k, matrix := range append([][]float32{out}, in...) {
			n := append([]int{f.Out}, f.In...)[k]
			for i := range n {
				for j := range i + 1 {
					v := float32(size * rng.NormFloat64() / math.Sqrt(float64(n)))
					matrix[i*n+j], matrix[j*n+i] = v, v
				}
			}
		}
	}
	return u
}
