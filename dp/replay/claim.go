package replay

import (
	"math"

	"cloister/accountant"
)

// Proof is what can be said of a run's epsilon under add/remove of one record and Poisson sampling.
type Proof struct {
	Epsilon float64 // upper bound; +Inf when there is none
	Why     string  // one sentence
}

const rawReason = "none: the clip is steered by raw data"

func noProof(*published) Proof { return Proof{Epsilon: math.Inf(1), Why: rawReason} }

// provenBy accounts for the noise actually added.
func provenBy(why string) func(*published) Proof {
	return func(p *published) Proof {
		bounds, err := p.Noise()
		if err != nil {
			return Proof{Epsilon: math.Inf(1), Why: err.Error()}
		}
		return Proof{Epsilon: bounds.Upper, Why: why}
	}
}

// multiplier is the noise multiplier of a step relative to the joint sensitivity.
func (p *published) multiplier(step int) float64 {
	return p.sigma(step, step/p.setting.StepsPerEpoch()) / p.clipper.penalty()
}

// Noise bounds from both sides what the run's noise alone costs, were its clips public and its batches Poisson sampled:
// no run with this noise is better. Schedules with many levels are rounded down for the upper bound, up for the lower.
func (p *published) Noise() (accountant.Bounds, error) {
	var low, high []accountant.Segment
	levels := map[float64]bool{}
	for step := range p.setting.Steps() {
		levels[p.multiplier(step)] = true
	}
	for step := range p.setting.Steps() {
		down := p.multiplier(step)
		up := down
		if len(levels) > 100 {
			const grid = 50 // levels a factor of e
			k := math.Floor(math.Log(down) * grid)
			down, up = math.Exp(k/grid), math.Exp((k+1)/grid)
		}
		low, high = p.add(low, down), p.add(high, up)
	}
	b, err := accountant.Epsilon(low, p.setting.TargetDelta)
	if err != nil || len(levels) <= 100 {
		return b, err
	}
	above, err := accountant.Epsilon(high, p.setting.TargetDelta)
	b.Lower = above.Lower
	return b, err
}

// add counts equal neighbouring steps together.
func (p *published) add(all []accountant.Segment, z float64) []accountant.Segment {
	if n := len(all); n > 0 && all[n-1].Sigma == z {
		all[n-1].Steps++
		return all
	}
	return append(all, accountant.Segment{Sigma: z, Rate: p.setting.Rate(), Steps: 1})
}

// Shuffled is the least epsilon proven for what the benchmark really does, fixed batches shuffled each epoch, were the
// clips public: nobody has proven amplification for them, so a record counts with one Gaussian an epoch, the loudest of
// that epoch's steps (zero-out of a record).
func (p *published) Shuffled() float64 {
	perEpoch, mu := p.setting.StepsPerEpoch(), 0.0
	for epoch := range p.setting.Epochs {
		least := math.Inf(1)
		for step := epoch * perEpoch; step < (epoch+1)*perEpoch; step++ {
			least = min(least, p.multiplier(step))
		}
		mu = math.Hypot(mu, 1/least)
	}
	return accountant.GaussianEpsilon(mu, p.setting.TargetDelta)
}

// orders of the benchmark's search.
const firstOrder, lastOrder, orderStep = 1.01, 512, 0.01

// ClaimedEpsilon is the benchmark's own figure, wrong as it is: the Renyi divergence of every step is taken as
// alpha q^2/(2 sigma^2), true only as sigma grows, and sigma is the last one reported, for all steps. The conversion is
// min over alpha of T alpha q^2/(2 sigma^2) + log(1/delta)/(alpha - 1) + log(1 - 1/alpha).
func ClaimedEpsilon(sigma, rate float64, steps int, delta float64) float64 {
	perOrder := float64(steps) * rate * rate / (2 * sigma * sigma)
	best := math.Inf(1)
	for a := firstOrder; a <= lastOrder; a += orderStep {
		best = math.Min(best, a*perOrder+math.Log(1/delta)/(a-1)+math.Log1p(-1/a))
	}
	return best
}

// BenchmarkSigma is the noise multiplier for which ClaimedEpsilon gives the target: 0.2385 on MNIST.
func BenchmarkSigma(epsilon, delta, rate float64, steps int) float64 {
	low, high := 1e-3, 1e3
	for range 100 {
		mid := math.Sqrt(low * high)
		if ClaimedEpsilon(mid, rate, steps, delta) > epsilon {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// Claimed is the figure that the benchmark would print for a mechanism after its run.
func Claimed(m Mechanism, s Setting) float64 {
	last := s.Steps() - 1
	return ClaimedEpsilon(m.EffectiveSigma(last, last/s.StepsPerEpoch()), s.Rate(), s.Steps(), s.TargetDelta)
}
