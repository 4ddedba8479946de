// Package replay runs the DP-SGD benchmark's mechanisms exactly as their authors published them, sound or not, so that
// they can be compared with what holds. Nothing here is private: several mechanisms steer the clip norm with raw
// statistics of the very batch that they clip, and the benchmark's accountant is wrong. A result therefore carries two
// figures: the epsilon that was claimed and the one that can be proven, which may be none.
//
// No run that calls itself private may use this package; house_test.go enforces who imports it.
package replay

import (
	"fmt"
	"math"
	"math/rand/v2"

	"cloister/accountant"
)

// Setting is what the benchmark tells a mechanism about its run.
type Setting struct {
	MaxGradNorm     float64 // C
	NoiseMultiplier float64 // sigma that the benchmark's own accountant chose for TargetEpsilon, see [BenchmarkSigma]
	Tensors         []int   // sizes of the parameter tensors ("layers"), in order
	DatasetSize     int     // N
	BatchSize       int     // B
	Epochs          int
	TargetEpsilon   float64
	TargetDelta     float64
}

// StepsPerEpoch drops the last, incomplete batch.
func (s Setting) StepsPerEpoch() int { return s.DatasetSize / s.BatchSize }

// Steps of the whole run.
func (s Setting) Steps() int { return s.Epochs * s.StepsPerEpoch() }

// Rate is q = B/N.
func (s Setting) Rate() float64 { return float64(s.BatchSize) / float64(s.DatasetSize) }

func (s Setting) check() error {
	switch {
	case !(s.MaxGradNorm > 0) || !(s.NoiseMultiplier > 0):
		return fmt.Errorf("replay: clip norm %v and noise multiplier %v must be above 0", s.MaxGradNorm, s.NoiseMultiplier)
	case len(s.Tensors) == 0:
		return fmt.Errorf("replay: no parameter tensors")
	case s.BatchSize < 1 || s.BatchSize > s.DatasetSize || s.Epochs < 1:
		return fmt.Errorf("replay: batch %d of %d records for %d epochs", s.BatchSize, s.DatasetSize, s.Epochs)
	}
	return nil
}

// Gradients are the per-sample gradients of one batch, behind the two passes that a compiled step offers: norms first,
// then a weighted sum. They are never all in memory at once.
type Gradients interface {
	// Norms are the L2 norms [record][tensor].
	Norms() ([][]float64, error)
	// Sum adds up the records' gradients, tensor l of record i scaled by factors[i][l]. The result is flat.
	Sum(factors [][]float64) ([]float64, error)
}

// Mechanism is the benchmark's contract.
type Mechanism interface {
	// ClipAndNoise is the noised mean gradient, flat. Steps and epochs count from 0, as the benchmark passes them.
	ClipAndNoise(g Gradients, step, epoch int) ([]float64, error)
	// EffectiveSigma is the noise multiplier that the mechanism reports to the benchmark's accountant.
	EffectiveSigma(step, epoch int) float64
	// Proven says what can be said of the run's epsilon.
	Proven() Proof
	// Watch shows every release before it is averaged, and for each tensor how far the clip lets a record with equally long
	// gradients in all tensors move its sum, and the standard deviation of the sum's noise.
	Watch(func(mean, bounds, stds []float64))
	// Noise bounds what the noise alone costs, were the clips public and batches Poisson sampled.
	Noise() (accountant.Bounds, error)
	// Shuffled is the same for the benchmark's own sampling, as far as it can be proven: an upper bound.
	Shuffled() float64
}

// published composes a mechanism from the three things in which the published ones differ.
type published struct {
	setting  Setting
	clipper  clipper
	sigma    func(step, epoch int) float64 // noise multiplier used
	reported func(step, epoch int) float64 // the one reported, when it is another; nil: the same
	average  *average                      // of the noised gradients; nil: none
	proof    func(p *published) Proof
	noise    *rand.Rand
	watch    func(mean, bounds, stds []float64)
}

// clipper turns the norms of a batch into factors, and says how much noise each tensor gets.
type clipper interface {
	// clip returns factors [record][tensor] and, per tensor, the noise's standard deviation in units of sigma and the bound
	// on a record's share (its part of the bound, when one clip is for all tensors). The first `adapting` records move bounds.
	clip(norms [][]float64, adapting, epoch int) (factors [][]float64, unit, bounds []float64)
	// penalty is the factor by which the noise falls short of the joint sensitivity.
	penalty() float64
}

func (p *published) ClipAndNoise(g Gradients, step, epoch int) ([]float64, error) {
	norms, err := g.Norms()
	if err != nil {
		return nil, err
	}
	adapting := len(norms)
	if j, audited := g.(*joined); audited {
		adapting -= len(j.canaries)
	}
	factors, unit, bounds := p.clipper.clip(norms, adapting, epoch)
	sum, err := g.Sum(factors)
	if err != nil {
		return nil, err
	}
	sigma := p.sigma(step, epoch)
	i := 0
	for l, size := range p.setting.Tensors {
		for range size {
			sum[i] = (sum[i] + sigma*unit[l]*p.noise.NormFloat64()) / float64(p.setting.BatchSize)
			i++
		}
	}
	if p.watch != nil {
		stds := make([]float64, len(unit))
		for l, u := range unit {
			stds[l] = sigma * u
		}
		p.watch(sum, bounds, stds)
	}
	return p.average.apply(sum), nil
}

func (p *published) Watch(f func(mean, bounds, stds []float64)) { p.watch = f }

func (p *published) EffectiveSigma(step, epoch int) float64 {
	if p.reported != nil {
		return p.reported(step, epoch)
	}
	return p.sigma(step, epoch)
}

func (p *published) Proven() Proof { return p.proof(p) }

// average is an exponential moving average of what is released: free post-processing.
type average struct {
	decay   float64
	first   bool // start from the first value instead of from zero
	correct bool // divide by 1 - decay^t
	value   []float64
	steps   int
}

func (a *average) apply(g []float64) []float64 {
	if a == nil {
		return g
	}
	a.steps++
	if a.value == nil {
		a.value = make([]float64, len(g))
		if a.first {
			copy(a.value, g)
			return g
		}
	}
	scale := 1.0
	if a.correct {
		scale = 1 / (1 - math.Pow(a.decay, float64(a.steps)))
	}
	for i, x := range g {
		a.value[i] = a.decay*a.value[i] + (1-a.decay)*x
		g[i] = scale * a.value[i]
	}
	return g
}
