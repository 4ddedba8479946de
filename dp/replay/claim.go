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

// provenBy accounts for the noise actually added: step t has noise multiplier sigma_t / penalty relative to the joint
// sensitivity.
func provenBy(penalty float64, why string) func(*published) Proof {
	return func(p *published) Proof {
		bounds, err := accountant.Epsilon(p.setting.segments(p.sigma, penalty), p.setting.TargetDelta)
		if err != nil {
			return Proof{Epsilon: math.Inf(1), Why: err.Error()}
		}
		return Proof{Epsilon: bounds.Upper, Why: why}
	}
}

// segments merges the run's equal steps.
func (s Setting) segments(sigma func(step, epoch int) float64, penalty float64) []accountant.Segment {
	var all []accountant.Segment
	for step := range s.Steps() {
		z := sigma(step, step/s.StepsPerEpoch()) / penalty
		if n := len(all); n > 0 && all[n-1].Sigma == z {
			all[n-1].Steps++
			continue
		}
		all = append(all, accountant.Segment{Sigma: z, Rate: s.Rate(), Steps: 1})
	}
	return all
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
