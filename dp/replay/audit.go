package replay

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"cloister/dp/audit"
)

// Auditor watches a training with a mechanism as published. Canaries join its batches by Poisson sampling at the
// benchmark's rate, which is what its accountant assumes, while its records are shuffled. Their gradients lie in coordinates
// appended to every tensor, so that the model never sees them, and are as long as the longest of the batch. They are clipped,
// summed and noised as the records are, but steer nothing, so that the training is what it would be alone. What a mechanism
// gives away by steering with raw norms comes on top of what is found.
type Auditor struct {
	options  audit.Options
	setting  Setting // the canaries' coordinates included
	layout   audit.Layout
	in       []bool
	score    *audit.Sequence
	rng      *rand.Rand
	row      []float32
	canaries []int   // in this step's batch
	norm     float64 // of their gradients, in each tensor
}

// NewAuditor makes a mechanism as published and its auditor. The mechanism is to be given gradients by Beside.
func NewAuditor(name string, s Setting, o audit.Options) (*Auditor, Mechanism, error) {
	if err := o.Fill(); err != nil {
		return nil, nil, err
	}
	a := &Auditor{options: o, in: audit.Coins(o.Seed, o.Canaries), row: make([]float32, o.Canaries)}
	a.layout = audit.Layout{Model: slices.Clone(s.Tensors), Appended: slices.Repeat([]int{o.Canaries}, len(s.Tensors))}
	s.Tensors = a.layout.Tensors()
	a.setting, a.rng = s, rand.New(audit.Source(o.Seed, "replay"))
	m, err := New(name, s, a.rng)
	if err != nil {
		return nil, nil, err
	}
	a.score = audit.NewSequence(o.Canaries, s.Rate(), float64(s.BatchSize), nil)
	m.Watch(a.watch)
	return a, m, nil
}

// watch reads, for every canary, its coordinates of a release.
func (a *Auditor) watch(mean, bounds, stds []float64) {
	a.score.Begin()
	l := 0
	for _, canaries := range audit.Parts(a.layout, mean) {
		for j, x := range canaries {
			a.row[j] = float32(x)
		}
		a.score.Add(a.row, bounds[l], stds[l]/float64(a.setting.BatchSize))
		l++
	}
	a.score.End()
}

// Model takes the model's coordinates out of a noised mean.
func (a *Auditor) Model(mean []float64) []float64 {
	return audit.Take(a.layout, make([]float64, a.layout.Params()), mean)
}

// Result scores the canaries, guesses, and bounds epsilon from below.
func (a *Auditor) Result() (audit.Result, error) {
	return a.options.Judge(a.score.LogRatios(), a.in, a.setting.TargetDelta)
}

// Beside draws the canaries of a step and adds them to its gradients.
func (a *Auditor) Beside(g Gradients) Gradients {
	a.canaries = a.canaries[:0]
	for j, in := range a.in {
		if sampled := a.rng.Float64() < a.setting.Rate(); sampled && in {
			a.canaries = append(a.canaries, j)
		}
	}
	return &joined{g, a}
}

// joined is a batch with its canaries behind it.
type joined struct {
	real Gradients
	*Auditor
}

func (b *joined) Norms() ([][]float64, error) {
	norms, err := b.real.Norms()
	if err != nil {
		return nil, err
	}
	longest := 0.0
	for _, row := range norms {
		square := 0.0
		for _, n := range row {
			square += n * n
		}
		longest = math.Max(longest, math.Sqrt(square))
	}
	b.norm = longest / math.Sqrt(float64(len(b.layout.Model)))
	for range b.canaries {
		norms = append(norms, slices.Repeat([]float64{b.norm}, len(b.layout.Model)))
	}
	return norms, nil
}

func (b *joined) Sum(factors [][]float64) ([]float64, error) {
	real := len(factors) - len(b.canaries)
	sum, err := b.real.Sum(factors[:real])
	if err != nil {
		return nil, err
	}
	if len(sum) != b.layout.Params() {
		return nil, fmt.Errorf("replay: a sum of %d coordinates, the model has %d", len(sum), b.layout.Params())
	}
	wide := make([]float64, len(sum)+len(b.layout.Model)*b.options.Canaries)
	l := 0
	for model, own := range audit.Parts(b.layout, wide) {
		sum = sum[copy(model, sum):]
		for i, j := range b.canaries {
			own[j] = factors[real+i][l] * b.norm
		}
		l++
	}
	return wide, nil
}

// Audit audits a mechanism as published on its own, without training: real records are stand-ins. The mechanism comes back
// as the run has left it: what it claims may depend on that.
func Audit(ctx context.Context, name string, s Setting, o audit.Options, progress func(step int)) (audit.Result, Mechanism, error) {
	s.Tensors = slices.Repeat([]int{1}, len(s.Tensors))
	a, m, err := NewAuditor(name, s, o)
	if err != nil {
		return audit.Result{}, nil, err
	}
	for step := range s.Steps() {
		if err := ctx.Err(); err != nil {
			return audit.Result{}, nil, err
		}
		if _, err := m.ClipAndNoise(a.Beside(&standIns{s, a.rng}), step, step/s.StepsPerEpoch()); err != nil {
			return audit.Result{}, nil, err
		}
		if progress != nil {
			progress(step + 1)
		}
	}
	found, err := a.Result()
	return found, m, err
}

// standIns take the records' place: norms drawn at random, and gradients that add up to nothing.
type standIns struct {
	Setting
	rng *rand.Rand
}

func (s *standIns) Norms() ([][]float64, error) {
	norms := make([][]float64, s.BatchSize)
	for i := range norms {
		norms[i] = make([]float64, len(s.Tensors))
		for l := range norms[i] {
			norms[i][l] = audit.StandInNorm(s.rng)
		}
	}
	return norms, nil
}

func (s *standIns) Sum([][]float64) ([]float64, error) { return make([]float64, len(s.Tensors)), nil }
