package demo

import (
	"context"
	"slices"

	"cloister/train/backend"
)

// gradients are the per-sample gradients of one batch, by tensor, over a backend's two passes. They live for one step, and
// so does the context that they hold.
type gradients struct {
	ctx     context.Context
	backend backend.Backend
	request backend.Request
	tensors int
}

// Norms are the first pass, [record][tensor].
func (g *gradients) Norms() ([][]float64, error) {
	flat, err := g.backend.Norms(g.ctx, g.request)
	if err != nil {
		return nil, err
	}
	var norms [][]float64
	for row := range slices.Chunk(flat, g.tensors) {
		wide := make([]float64, len(row))
		for l, n := range row {
			wide[l] = float64(n)
		}
		norms = append(norms, wide)
	}
	return norms, nil
}

// Sum is the second pass. The result is the caller's own: mechanisms add noise in place and remember it.
func (g *gradients) Sum(factors [][]float64) ([]float64, error) {
	flat := make([]float32, 0, len(factors)*g.tensors)
	for _, row := range factors {
		for _, f := range row {
			flat = append(flat, float32(f))
		}
	}
	sums, err := g.backend.Accumulate(g.ctx, g.request, flat)
	return slices.Clone(sums.Gradient), err
}
