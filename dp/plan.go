package dp

import (
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
)

// Relation is the neighbouring relation of every plan.
const Relation = "add/remove one record (zero-out: N is public)"

// Plan is a Spec that was checked, calibrated and frozen: its epsilon is known before the first step and its fields
// cannot change. It is safe for concurrent use.
type Plan struct {
	spec     Spec // private copy
	bounds   accountant.Bounds
	segments []accountant.Segment
}

// NewPlan checks the spec, calibrates its noise so that the upper bound on epsilon is at most the target (PLD
// accounting of the whole schedule, counts included), and freezes it.
func NewPlan(s Spec) (*Plan, error) {
	s.Schedule, s.Strategy = slices.Clone(s.Schedule), slices.Clone(s.Strategy)
	if err := s.check(); err != nil {
		return nil, err
	}
	p := &Plan{spec: s}
	if s.NoNoise {
		p.spec.Counts.Sigma = 0
		p.bounds = accountant.Bounds{Lower: math.Inf(1), Upper: math.Inf(1), RDP: math.Inf(1)}
		return p, nil
	}
	if p.spec.NoiseMultiplier == 0 {
		c, err := accountant.CalibrateSigma(p.events(1, s.Steps), s.Epsilon, s.Delta)
		if err != nil {
			return nil, fmt.Errorf("dp: calibrating the plan: %w", err)
		}
		p.spec.NoiseMultiplier = c.Factor
	}
	p.chooseCountNoise()
	p.segments = p.events(p.spec.NoiseMultiplier, s.Steps)
	var err error
	if p.bounds, err = p.cost(p.segments); err != nil {
		return nil, fmt.Errorf("dp: accounting for the plan: %w", err)
	}
	if !(p.bounds.Upper <= s.Epsilon) {
		return nil, fmt.Errorf("dp: noise multiplier %v costs epsilon %.6g, more than the target %v at delta %v", p.spec.NoiseMultiplier, p.bounds.Upper, s.Epsilon, s.Delta)
	}
	return p, p.checkCounts()
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// chooseCountNoise follows Andrew et al. 2021, Section 3.1 (sigma_b = batch/20), as long as that leaves 15/16 of every
// step's budget (in 1/z^2) to the gradient.
func (p *Plan) chooseCountNoise() {
	c := &p.spec.Counts
	if c.Groups == 0 || c.Sigma != 0 {
		return
	}
	loudest := 0.0
	for t := range p.spec.Steps {
		loudest = max(loudest, p.NoiseMultiplier(t))
	}
	batch := c.Batch
	if batch == 0 {
		batch = p.BatchSize()
	}
	c.Sigma = max(batch/20, 2*loudest*math.Sqrt(float64(c.Groups)))
}

// checkCounts refuses count noise so small that the counts alone would cost more than some step may.
func (p *Plan) checkCounts() error {
	if p.spec.Counts.Groups == 0 {
		return nil
	}
	for t := range p.spec.Steps {
		if z, err := p.gradientNoise(t); err != nil || !positive(z) {
			return fmt.Errorf("dp: %d counts with noise %v cost more than step %d may (noise multiplier %.4g): raise the count noise", p.spec.Counts.Groups, p.spec.Counts.Sigma, t, p.NoiseMultiplier(t))
		}
	}
	return nil
}

// events are the accountant's view of the first `steps` steps at base noise multiplier z: runs of equal steps of the
// Poisson-subsampled Gaussian. With b bands a record takes part in at most one step of each b, and the columns of two
// such steps are orthogonal, so that b steps count as one at rate b q (Choquette-Choo et al. 2023, Theorem 4).
func (p *Plan) events(z float64, steps int) []accountant.Segment {
	if b := p.Bands(); b > 1 {
		return []accountant.Segment{{Sigma: z, Rate: p.groupRate(), Steps: (steps + b - 1) / b}}
	}
	var all []accountant.Segment
	for t := range steps {
		sigma := z * p.relative(t)
		if n := len(all); n > 0 && all[n-1].Sigma == sigma {
			all[n-1].Steps++
			continue
		}
		all = append(all, accountant.Segment{Sigma: sigma, Rate: p.spec.Rate, Steps: 1})
	}
	return all
}

// cost bounds the epsilon of some of the plan's events.
func (p *Plan) cost(events []accountant.Segment) (accountant.Bounds, error) {
	b, err := accountant.Epsilon(events, p.spec.Delta)
	if p.Bands() > 1 {
		b.Lower = noLowerBound
	}
	return b, err
}

// noLowerBound is stated for runs with bands. Their events grant the attacker the record's group, which the engine deals
// in secret: that amplifies further, and nobody knows by how much (one participation among eight steps, at the noise that
// is charged epsilon 3, costs less than 1.3 by random allocation). Groups also get floor(T/b) steps where T/b is charged
// rounded up, and the last columns are cut off.
const noLowerBound = 0

func (p *Plan) relative(step int) float64 {
	if p.spec.Schedule == nil {
		return 1
	}
	return p.spec.Schedule[step]
}

// Block is how many steps a reservation in the ledger covers, a hundredth of the run. The plan alone fixes it: how fast
// steps go tells about the records in them.
func (p *Plan) Block() int { return (p.spec.Steps + 99) / 100 }

// Bands is how many steps the ledger counts as one event, more than 1 where noise is correlated.
func (p *Plan) Bands() int         { return max(1, len(p.spec.Strategy)) }
func (p *Plan) groupRate() float64 { return min(1, float64(p.Bands())*p.spec.Rate) }

// gradientNoise is the multiplier left for the gradient when the counts have taken their share of a step.
func (p *Plan) gradientNoise(step int) (float64, error) {
	z := p.NoiseMultiplier(step)
	if p.spec.Counts.Groups == 0 || p.spec.NoNoise {
		return z, nil
	}
	return accountant.JointNoise(z, p.spec.Counts.Groups, p.spec.Counts.Sigma)
}

// Spec is the plan as data, its noise multiplier filled in: NewPlan(p.Spec()) is the same plan.
func (p *Plan) Spec() Spec {
	s := p.spec
	s.Schedule, s.Strategy = slices.Clone(s.Schedule), slices.Clone(s.Strategy)
	return s
}

// N is the public number of records.
func (p *Plan) N() int { return p.spec.N }

// Steps is T.
func (p *Plan) Steps() int { return p.spec.Steps }

// Rate is q, the share of all records that a step samples on average.
func (p *Plan) Rate() float64 { return p.spec.Rate }

// BatchSize is q N, the constant that gradient sums are divided by.
func (p *Plan) BatchSize() float64 { return p.spec.Rate * float64(p.spec.N) }

// Delta is the plan's delta.
func (p *Plan) Delta() float64 { return p.spec.Delta }

// Sampler says in words how records are drawn.
func (p *Plan) Sampler() string {
	if b := p.Bands(); b > 1 {
		return fmt.Sprintf("cyclic Poisson over %d groups", b)
	}
	return "Poisson"
}

// NoiseMultiplier is the step's effective noise multiplier, what the accountant charges: noise standard deviation over
// sensitivity of gradient and counts together.
func (p *Plan) NoiseMultiplier(step int) float64 {
	return p.spec.NoiseMultiplier * p.relative(step)
}

// Epsilon bounds what the whole run costs at Delta, from both sides; Lower is 0 where no lower bound is known.
func (p *Plan) Epsilon() accountant.Bounds { return p.bounds }

// Events are what the accountant charges for the whole run.
func (p *Plan) Events() []accountant.Segment { return slices.Clone(p.segments) }

// EventsAfter are what it charges for the first steps of the run.
func (p *Plan) EventsAfter(steps int) []accountant.Segment {
	if p.spec.NoNoise {
		return nil
	}
	return p.events(p.spec.NoiseMultiplier, max(0, min(steps, p.spec.Steps)))
}

// EpsilonAfter bounds epsilon after the first steps of the run. It is for showing progress: a run that stops early for a
// reason found in its results is certified at Epsilon, the planned figure, since when it stopped is itself a result.
func (p *Plan) EpsilonAfter(steps int) (accountant.Bounds, error) {
	if steps <= 0 {
		return accountant.Bounds{}, nil
	}
	if p.spec.NoNoise || steps >= p.spec.Steps {
		return p.bounds, nil
	}
	return p.cost(p.EventsAfter(steps))
}

// Private is false for a plan without noise.
func (p *Plan) Private() bool { return !p.spec.NoNoise }
