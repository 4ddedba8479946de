package replay

import (
	"context"
	"math/rand/v2"
	"slices"

	"cloister/dp/audit"
)

// Audit audits a mechanism as published. Canaries join the batches by Poisson sampling at the benchmark's
// rate, which is what its accountant assumes; other records are stand-ins. The mechanism comes back as the run has left it: what
// it claims may depend on that.
func Audit(ctx context.Context, name string, s Setting, o audit.Options, progress func(step int)) (audit.Result, Mechanism, error) {
	if err := o.Fill(); err != nil {
		return audit.Result{}, nil, err
	}
	s.Tensors = slices.Repeat([]int{o.Canaries}, len(s.Tensors))
	r := rand.New(audit.Source(o.Seed, "replay"))
	m, err := New(name, s, r)
	if err != nil {
		return audit.Result{}, nil, err
	}
	b := &auditBatch{layers: len(s.Tensors), m: o.Canaries, in: audit.Coins(o.Seed, o.Canaries)}
	score := audit.NewSequence(o.Canaries, s.Rate(), float64(s.BatchSize), nil)
	m.Watch(func(mean, bounds, stds []float64) {
		score.Begin()
		row := make([]float32, o.Canaries)
		for l := range s.Tensors {
			for j := range row {
				row[j] = float32(mean[l*o.Canaries+j])
			}
			score.Add(row, bounds[l], stds[l]/float64(s.BatchSize))
		}
		score.End()
	})
	for step := range s.Steps() {
		if err := ctx.Err(); err != nil {
			return audit.Result{}, nil, err
		}
		b.draw(s, r)
		if _, err := m.ClipAndNoise(b, step, step/s.StepsPerEpoch()); err != nil {
			return audit.Result{}, nil, err
		}
		if progress != nil {
			progress(step + 1)
		}
	}
	found, err := o.Judge(score.LogRatios(), b.in, s.TargetDelta)
	return found, m, err
}

// auditBatch is one batch of stand-ins and sampled canaries, as gradients that replay clips.
type auditBatch struct {
	layers, m int
	in        []bool
	norms     [][]float64
	canaries  []int // of the last rows
}

// canaryNorm is in every layer beyond any clip that the benchmark allows by default; the joint clip makes it no larger.
const canaryNorm = 1e4

func (b *auditBatch) draw(s Setting, r *rand.Rand) {
	b.norms, b.canaries = b.norms[:0], b.canaries[:0]
	for range s.BatchSize {
		row := make([]float64, b.layers)
		for l := range row {
			row[l] = audit.StandInNorm(r)
		}
		b.norms = append(b.norms, row)
	}
	for j, in := range b.in {
		if sampled := r.Float64() < s.Rate(); sampled && in {
			b.canaries = append(b.canaries, j)
			b.norms = append(b.norms, slices.Repeat([]float64{canaryNorm}, b.layers))
		}
	}
}

func (b *auditBatch) Norms() ([][]float64, error) { return b.norms, nil }

// Sum adds the canaries' coordinates; stand-ins have none.
func (b *auditBatch) Sum(factors [][]float64) ([]float64, error) {
	sum := make([]float64, b.layers*b.m)
	for i, j := range b.canaries {
		row := factors[len(factors)-len(b.canaries)+i]
		for l, f := range row {
			sum[l*b.m+j] += f * canaryNorm
		}
	}
	return sum, nil
}
