package dp

import (
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
	"cloister/dp/ledger"
)

// Relation is the neighbouring relation of every plan that protects records, PersonRelation of one that protects persons.
const (
	Relation       = "add/remove one record (zero-out: N is public)"
	PersonRelation = "add/remove one person with all of their records (zero-out: the number of persons is public)"
)

// Plan is a Spec that was checked, calibrated and frozen: its epsilon is known before the first step and its fields
// cannot change. It is safe for concurrent use.
type Plan struct {
	spec     Spec // private copy
	bounds   accountant.EventBounds
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
	if s.NonPrivate {
		p.spec.Counts.Sigma, p.spec.HeldOut.Sigma = 0, 0
		p.bounds = accountant.NoGuarantee()
		return p, nil
	}
	var err error
	if h := &p.spec.HeldOut; h.Records > 0 && h.Sigma == 0 {
		if h.Sigma, err = h.Noise(s.Steps, s.Epsilon, s.Delta); err != nil {
			return nil, err
		}
	}
	if p.spec.NoiseMultiplier == 0 {
		alone := p.spec // counts take their share of the noise, whatever it is
		alone.Counts = CountQueries{}
		p.spec.NoiseMultiplier, _, err = accountant.Calibrate(func(z float64) accountant.Event { return alone.event(z, s.Steps) }, s.Epsilon, s.Delta)
		if err != nil {
			return nil, fmt.Errorf("dp: calibrating the plan: %w", err)
		}
	}
	p.chooseCountNoise()
	if err := p.checkCounts(); err != nil {
		return nil, err
	}
	if p.segments, err = accountant.SegmentsOf(p.Event()); err == nil {
		p.bounds, err = accountant.EpsilonOf(p.Event(), s.Delta)
	}
	if err != nil {
		return nil, fmt.Errorf("dp: accounting for the plan: %w", err)
	}
	if !(p.bounds.Upper <= s.Epsilon) {
		return nil, fmt.Errorf("dp: noise multiplier %v costs epsilon %.6g, more than the target %v at delta %v", p.spec.NoiseMultiplier, p.bounds.Upper, s.Epsilon, s.Delta)
	}
	return p, nil
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

// event is what the first steps of a run at base noise multiplier z do to a record, and the held-out counts that follow them.
func (s *Spec) event(z float64, steps int) accountant.Event {
	if s.HeldOut.times(s.Steps, steps) == 0 {
		return s.trainingEvent(z, steps)
	}
	return accountant.Composition{s.trainingEvent(z, steps), s.heldOutEvent(steps)}
}

func (s *Spec) trainingEvent(z float64, steps int) accountant.Event {
	if b := s.bands(); b > 1 {
		return accountant.CyclicPoisson{Sigma: z, Rate: s.groupRate(), Bands: b, Steps: steps}
	}
	var all accountant.Composition
	from := 0
	for t := 1; t <= steps; t++ { // runs of equal steps
		if t == steps || s.relative(t) != s.relative(from) {
			all = append(all, accountant.Repetition{Event: s.step(z, from), Times: t - from})
			from = t
		}
	}
	return all
}

// step is one of them.
func (s *Spec) step(z float64, step int) accountant.JointQuery {
	return accountant.JointQuery{Sigma: z * s.relative(step), Rate: s.Rate, Counts: s.Counts.Groups, CountSigma: s.Counts.Sigma}
}

func (s *Spec) relative(step int) float64 {
	if s.Schedule == nil {
		return 1
	}
	return s.Schedule[step]
}

// Block is how many steps a reservation in the ledger covers, a hundredth of the run. The plan alone fixes it: how fast
// steps go tells about the records in them.
func (p *Plan) Block() int { return (p.spec.Steps + 99) / 100 }

// Bands is how many steps the ledger counts as one event, more than 1 where noise is correlated.
func (p *Plan) Bands() int { return p.spec.bands() }

func (s *Spec) bands() int { return max(1, len(s.Strategy)) }

// groupRate is the rate at which a step samples its group of records.
func (s *Spec) groupRate() float64 { return min(1, float64(s.bands())*s.Rate) }

// gradientNoise is the multiplier left for the gradient when the counts have taken their share of a step.
func (p *Plan) gradientNoise(step int) (float64, error) {
	if p.spec.NonPrivate {
		return p.NoiseMultiplier(step), nil
	}
	return p.spec.step(p.spec.NoiseMultiplier, step).GradientSigma()
}

// Spec is the plan as data, its noise multiplier filled in: NewPlan(p.Spec()) is the same plan.
func (p *Plan) Spec() Spec {
	s := p.spec
	s.Schedule, s.Strategy = slices.Clone(s.Schedule), slices.Clone(s.Strategy)
	return s
}

// N is the public number of records, or of persons.
func (p *Plan) N() int { return p.spec.N }

// Steps is T.
func (p *Plan) Steps() int { return p.spec.Steps }

// Rate is q, the share of all records that a step samples on average.
func (p *Plan) Rate() float64 { return p.spec.Rate }

// BatchSize is q N, the constant that gradient sums are divided by.
func (p *Plan) BatchSize() float64 { return p.spec.Rate * float64(p.spec.N) }

// Delta is the plan's delta.
func (p *Plan) Delta() float64 { return p.spec.Delta }

// Relation is the neighbouring relation that the plan is private under.
func (p *Plan) Relation() string {
	if p.spec.Unit == UnitPerson {
		return PersonRelation
	}
	return Relation
}

// Sampler says in words how records are drawn.
func (p *Plan) Sampler() string {
	switch persons := p.spec.Unit == UnitPerson; {
	case p.full() && persons:
		return "every person at every step, one record of each"
	case p.full():
		return "every record at every step"
	case persons:
		return p.sampler() + " over persons, one record of each"
	}
	return p.sampler()
}

// full says that nothing is left to chance: steps are then Gaussian mechanisms, and T of them one of mu = sqrt(sum of 1/z_t^2)
// (Dong, Roth and Su 2022, "Gaussian Differential Privacy", Corollary 3.3), whose epsilon is known in closed form.
func (p *Plan) full() bool { return p.spec.Rate == 1 }

func (p *Plan) sampler() string {
	if b := p.Bands(); b > 1 {
		return fmt.Sprintf("cyclic Poisson over %d groups", b)
	}
	return "Poisson"
}

// NoiseMultiplier is the step's effective noise multiplier, what the accountant charges: noise standard deviation over
// sensitivity of gradient and counts together.
func (p *Plan) NoiseMultiplier(step int) float64 {
	return p.spec.NoiseMultiplier * p.spec.relative(step)
}

// Epsilon bounds what the whole run costs at Delta.
func (p *Plan) Epsilon() accountant.EventBounds { return p.bounds }

// Event is what the run does to a record: the one statement that calibration, accounting and the ledger go by.
func (p *Plan) Event() accountant.Event { return p.EventAfter(p.spec.Steps) }

// EventAfter is what its first steps do.
func (p *Plan) EventAfter(steps int) accountant.Event {
	return p.spec.event(p.spec.NoiseMultiplier, max(0, min(steps, p.spec.Steps)))
}

// Events are the plain steps that the ledger keeps for the run, none for a plan without noise: see
// [accountant.SegmentsOf].
func (p *Plan) Events() []accountant.Segment { return slices.Clone(p.segments) }

// Entry is what a run of the plan states in the ledger: its title, what the records are called, and why it is not private
// ("" when it is).
func (p *Plan) Entry(title, on, notPrivate string) ledger.Run {
	r := ledger.Run{Title: title, On: on, Events: p.Events(), Bands: p.Bands(), Unit: p.spec.Unit, NotPrivate: notPrivate, Steps: p.Steps()}
	if notPrivate == "" {
		r.Epsilon, r.Delta = p.bounds.Upper, p.spec.Delta
	}
	return r
}

// Private is false for a plan without noise.
func (p *Plan) Private() bool { return !p.spec.NonPrivate }
