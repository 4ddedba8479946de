package dp

import (
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
)

// Relation is the neighbouring relation of every plan.
const Relation = "add/remove one record"

// Limits of a plan: what the accountant and a tab's memory can hold.
const (
	maxRecords = 1 << 31 >> 1
	maxSteps   = 1 << 20
	maxBands   = 1024
	maxGroups  = 1024
)

// Spec is a plan as plain data, before it is checked and calibrated. The zero value of an optional field leaves it out.
type Spec struct {
	N     int     `msg:"n"`     // records; public
	Rate  float64 `msg:"rate"`  // q: expected batch size / N, in (0, 1]
	Steps int     `msg:"steps"` // T

	// Schedule is the noise multiplier of every step relative to NoiseMultiplier (length Steps); nil: 1 throughout.
	Schedule []float64 `msg:"schedule"`

	// Counts asks, at every step and for each group, how many sampled records had a norm within the bound.
	Counts CountQueries `msg:"counts"`

	// Strategy correlates the noise of successive steps: the first column c_0..c_(b-1) of a banded lower-triangular
	// Toeplitz strategy matrix (DP-BandMF, Choquette-Choo et al. 2023). Records are then dealt into b groups of which
	// step t samples group t mod b, at rate b q (cyclic Poisson). nil: independent noise.
	Strategy []float64 `msg:"strategy"`

	Epsilon float64 `msg:"epsilon"` // target, > 0
	Delta   float64 `msg:"delta"`   // in (0, 1)

	// NoiseMultiplier, when not 0, is taken as it is and must meet the target; 0: NewPlan calibrates it.
	NoiseMultiplier float64 `msg:"z"`

	// NoNoise trains without privacy, for comparison. Such a plan has no epsilon and every run of it says so.
	NoNoise bool `msg:"nonoise"`
}

// CountQueries are released beside each gradient: for each of Groups groups, the sum over the same Poisson batch of
// (b - 1/2), b = 1 when the record's norm is within the group's bound, plus noise of standard deviation Sigma.
// Each changes by at most 1/2 with a record (Andrew et al. 2021, Section 3.1), hence the joint cost
// z_eff^-2 = z^-2 + Groups/(4 Sigma^2).
type CountQueries struct {
	Groups int     `msg:"groups"`
	Sigma  float64 `msg:"sigma"`
}

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
	p.segments = p.events(p.spec.NoiseMultiplier, s.Steps)
	var err error
	if p.bounds, err = accountant.Epsilon(p.segments, s.Delta); err != nil {
		return nil, fmt.Errorf("dp: accounting for the plan: %w", err)
	}
	if !(p.bounds.Upper <= s.Epsilon) {
		return nil, fmt.Errorf("dp: noise multiplier %v costs epsilon %.6g, more than the target %v at delta %v", p.spec.NoiseMultiplier, p.bounds.Upper, s.Epsilon, s.Delta)
	}
	return p, p.checkCounts()
}

func (s *Spec) check() error {
	switch {
	case s.N < 1 || s.N > maxRecords:
		return fmt.Errorf("dp: plan for %d records, want 1 to %d", s.N, maxRecords)
	case !(s.Rate > 0 && s.Rate <= 1):
		return fmt.Errorf("dp: sampling rate %v, want a number above 0, at most 1", s.Rate)
	case s.Steps < 1 || s.Steps > maxSteps:
		return fmt.Errorf("dp: plan of %d steps, want 1 to %d", s.Steps, maxSteps)
	case s.Schedule != nil && len(s.Schedule) != s.Steps:
		return fmt.Errorf("dp: noise schedule of %d steps in a plan of %d", len(s.Schedule), s.Steps)
	case s.Counts.Groups < 0 || s.Counts.Groups > maxGroups:
		return fmt.Errorf("dp: %d count queries, want 0 to %d", s.Counts.Groups, maxGroups)
	case s.Counts.Groups > 0 && !positive(s.Counts.Sigma):
		return fmt.Errorf("dp: count noise %v, want a finite number above 0", s.Counts.Sigma)
	}
	for t, x := range s.Schedule {
		if !(x >= 1e-3 && x <= 1e3) {
			return fmt.Errorf("dp: noise schedule is %v at step %d, want 0.001 to 1000", x, t)
		}
	}
	if err := s.checkStrategy(); err != nil || s.NoNoise {
		return err
	}
	switch {
	case !positive(s.Epsilon):
		return fmt.Errorf("dp: target epsilon %v, want a finite number above 0", s.Epsilon)
	case !(s.Delta > 0 && s.Delta < 1):
		return fmt.Errorf("dp: delta %v, want a number between 0 and 1", s.Delta)
	case s.NoiseMultiplier != 0 && !positive(s.NoiseMultiplier):
		return fmt.Errorf("dp: noise multiplier %v, want a finite number above 0", s.NoiseMultiplier)
	}
	return nil
}

// checkStrategy insists on unit norm: a column is what one participation adds, so its norm is the sensitivity.
func (s *Spec) checkStrategy() error {
	if s.Strategy == nil {
		return nil
	}
	norm := 0.0
	for _, c := range s.Strategy {
		norm = math.Hypot(norm, c)
	}
	switch b := len(s.Strategy); {
	case b < 1 || b > maxBands || b > s.Steps:
		return fmt.Errorf("dp: strategy of %d bands, want 1 to min(%d, steps)", b, maxBands)
	case !(s.Strategy[0] > 1e-3):
		return fmt.Errorf("dp: strategy starts with %v, want a number above 0.001", s.Strategy[0])
	case !(norm <= 1):
		return fmt.Errorf("dp: strategy has column norm %v, want at most 1", norm)
	case s.Schedule != nil:
		return fmt.Errorf("dp: banded noise takes one noise multiplier for all steps, not a schedule")
	case float64(b)*s.Rate > 1:
		return fmt.Errorf("dp: %d bands at sampling rate %v would sample a group at rate %.3g, above 1", b, s.Rate, float64(b)*s.Rate)
	case s.NoNoise:
		return fmt.Errorf("dp: a plan without noise has none to correlate")
	}
	return nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

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
	if b := p.bands(); b > 1 {
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

func (p *Plan) relative(step int) float64 {
	if p.spec.Schedule == nil {
		return 1
	}
	return p.spec.Schedule[step]
}

func (p *Plan) bands() int         { return max(1, len(p.spec.Strategy)) }
func (p *Plan) groupRate() float64 { return min(1, float64(p.bands())*p.spec.Rate) }

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
	if b := p.bands(); b > 1 {
		return fmt.Sprintf("cyclic Poisson over %d groups", b)
	}
	return "Poisson"
}

// NoiseMultiplier is the step's effective noise multiplier, what the accountant charges: noise standard deviation over
// sensitivity of gradient and counts together.
func (p *Plan) NoiseMultiplier(step int) float64 {
	return p.spec.NoiseMultiplier * p.relative(step)
}

// Epsilon bounds what the whole run costs at Delta, from both sides.
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
	return accountant.Epsilon(p.EventsAfter(steps), p.spec.Delta)
}

// Private is false for a plan without noise.
func (p *Plan) Private() bool { return !p.spec.NoNoise }
