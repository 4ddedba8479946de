package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloister/clip"
	"cloister/dp"
	"cloister/dp/mechanism"
)

// Audit is an audit beside one run of an engine: canaries are records that the compute side never sees, with coordinates
// that the model never sees. Design makes the audited run's mechanism; the engine is made with Tensors, and stepped by
// Next. What it spends is what it would spend without: a canary is one more record.
type Audit struct {
	Options
	layout  Layout
	units   int // real records, or persons where these are protected: a canary is one more
	records int // real records: 0..records-1; canary j is record records+j
	in      []bool
	score   *Sequence

	wide     []float32   // parameters, and nothing at the canaries' coordinates
	sum      []float64   // gradients and canaries
	narrow   []float32   // the model's part of a release
	points   [][]float32 // the model's part of evaluation points
	released dp.Released
}

// Design makes a mechanism of dp's catalogue for a setting with canaries, and its audit. The sampling rate is the setting's,
// and the policy lets the auditor see every release before it sees, itself, what it would have seen alone.
func Design(name string, params map[string]float64, s mechanism.Setting, o Options) (*Audit, *mechanism.Design, error) {
	plain, err := mechanism.New(name, params, s)
	if err != nil {
		return nil, nil, err
	}
	if o.Canaries == 0 && len(plain.Spec.Strategy) > 1 { // as many as can be kept to the end
		o.Canaries = min(usualCanaries, max(2, maxSeen/s.Steps))
	}
	a, err := New(o, plain.Policy.Rule(), s.Tensors, s.N)
	if err != nil {
		return nil, nil, err
	}
	counted := s.BatchSize
	s.BatchSize, s.N = s.BatchSize/float64(s.N)*float64(a.N()), a.N()
	s.Appended = a.layout.Appended
	if inner := s.Whitener; inner != nil { // it knows the model's parameters alone
		s.Whitener = &mechanism.Whitener{Len: inner.Len, Make: func(wide []float32, images int, damping float64, source uint64) ([]float32, error) {
			return inner.Make(Take(a.layout, make([]float32, a.layout.Params()), wide), images, damping, source)
		}}
	}
	design, err := mechanism.New(name, params, s)
	if err != nil {
		return nil, nil, err
	}
	if design.Spec.Counts.Groups > 0 {
		design.Spec.Counts.Batch = counted
	}
	design.Policy = &watched{design.Policy, a}
	return a, design, nil
}

// New prepares an audit of a run over some records, or persons, with a model's tensors under a clip rule.
func New(o Options, rule clip.Rule, tensors []int, units int) (*Audit, error) {
	if err := o.Fill(); err != nil {
		return nil, err
	}
	if units < 1 || units > 1<<30 || len(tensors) == 0 || o.Records != 0 && (o.Records < units || o.Records > 1<<30) {
		return nil, fmt.Errorf("audit: %d records or persons, %d records in all, %d tensors", units, o.Records, len(tensors))
	}
	a := &Audit{Options: o, units: units, records: max(units, o.Records), in: Coins(o.Seed, o.Canaries)}
	a.layout = Layout{Model: slices.Clone(tensors), Appended: make([]int, len(tensors))}
	for t := range tensors { // a canary has a coordinate in each group
		if rule.Grouping == clip.PerLayer || t == len(tensors)-1 {
			a.layout.Appended[t] = o.Canaries
		}
	}
	wide := total(a.Tensors())
	a.wide, a.sum, a.narrow = make([]float32, wide), make([]float64, wide), make([]float32, a.layout.Params())
	return a, nil
}

// N is the number of records, or persons, of the audited run: the real ones and the canaries, in or out.
func (a *Audit) N() int { return a.units + a.Canaries }

// grown is how much larger the expected batch is for the canaries: what sums are divided by too much.
func (a *Audit) grown() float64 { return float64(a.N()) / float64(a.units) }

// Tensors are the sizes of the parameter tensors of the audited run.
func (a *Audit) Tensors() []int { return a.layout.Tensors() }

// Begin fixes the plan that the run will follow; its first release follows.
func (a *Audit) Begin(p *dp.Plan) error {
	if !p.Private() {
		return errors.New("audit: a run without noise is not private, and there is nothing to find out about it")
	}
	strategy := p.Spec().Strategy
	if len(strategy) > 1 && p.Steps() > maxSeen/a.Canaries {
		return fmt.Errorf("audit: %d steps with correlated noise and %d canaries are too many to keep: take at most %d canaries, or fewer steps",
			p.Steps(), a.Canaries, maxSeen/p.Steps())
	}
	a.score = NewSequence(a.Canaries, p.Rate(), p.BatchSize(), strategy)
	return nil
}

// watched is a policy under an auditor's eyes.
type watched struct {
	dp.Policy
	audit *Audit
}

func (w *watched) Observe(r *dp.Released) error {
	w.audit.observe(r)
	w.audit.rescale(r)
	return w.Policy.Observe(r)
}

// rescale makes a release the mean over the real records alone.
func (a *Audit) rescale(r *dp.Released) {
	by := a.grown()
	for i := range r.Gradient {
		r.Gradient[i] *= float32(by)
	}
	r.NoiseStd *= by
	for g := range r.NoiseStds {
		r.NoiseStds[g] *= by
	}
	for g, c := range r.Counts {
		r.Counts[g] = (c-0.5)*by + 0.5
	}
}

// observe reads, for every canary, its coordinates of a release.
func (a *Audit) observe(r *dp.Released) {
	a.score.Begin()
	group := 0
	for _, canaries := range Parts(a.layout, r.Gradient) {
		if len(canaries) > 0 {
			a.score.Add(canaries, r.Bounds[group], r.NoiseStds[group])
			group++
		}
	}
	a.score.End()
}

// Steps is the number of releases that the auditor saw.
func (a *Audit) Steps() int { return a.score.steps }

// Next is the engine's: parameters, what compute is asked, and what is released are the model's alone. The result is valid
// until the next call.
func (a *Audit) Next(ctx context.Context, e *dp.Engine, params []float32, compute func(context.Context, dp.Query) (dp.Sums, error)) (*dp.Released, error) {
	r, err := e.Next(ctx, a.Widen(params), a.compute(compute))
	if err != nil {
		return nil, err
	}
	a.released = *r
	a.released.Gradient = Take(a.layout, a.narrow, r.Gradient)
	return &a.released, nil
}

// compute adds the canaries to a compute side that knows only the real records and the model.
func (a *Audit) compute(inner func(context.Context, dp.Query) (dp.Sums, error)) func(context.Context, dp.Query) (dp.Sums, error) {
	return func(ctx context.Context, q dp.Query) (dp.Sums, error) {
		first, _ := slices.BinarySearch(q.Records, int32(a.records))
		real := q
		real.Records = q.Records[:first]
		real.Points = a.modelPoints(q.Points)
		s, err := inner(ctx, real)
		if err != nil {
			return s, err
		}
		if len(s.Gradient) != a.layout.Params() {
			return s, fmt.Errorf("audit: sum of %d coordinates, the model has %d", len(s.Gradient), a.layout.Params())
		}
		alone := s.Gradient
		s.Gradient = a.insert(alone, q, q.Records[first:])
		clear(alone)
		s.Records += len(q.Records) - first
		return s, nil
	}
}

// insert spreads a model's sum over the audited layout and adds the canaries that are in. A canary's gradient is far
// beyond the bound in every group, and goes through the rule's own factor. It leaves the counts alone: a record may add
// anything up to 1/2 to them.
func (a *Audit) insert(sum []float64, q dp.Query, canaries []int32) []float64 {
	clear(a.sum)
	group := 0
	for model, own := range Parts(a.layout, a.sum) {
		sum = sum[copy(model, sum):]
		if len(own) == 0 {
			continue
		}
		norm := 1e4 * q.Bounds[group]
		share := norm * q.Rule.Factor(norm, q.Bounds[group])
		for _, record := range canaries {
			if j := int(record) - a.records; a.in[j] {
				own[j] += share
			}
		}
		group++
	}
	return a.sum
}

// modelPoints takes the canaries' coordinates out of evaluation points.
func (a *Audit) modelPoints(points [][]float32) [][]float32 {
	for len(a.points) < len(points) {
		a.points = append(a.points, make([]float32, a.layout.Params()))
	}
	for k, p := range points {
		Take(a.layout, a.points[k], p)
	}
	return a.points[:len(points)]
}

// Widen spreads a model's parameters over the audited layout. The result is valid until the next call.
func (a *Audit) Widen(params []float32) []float32 {
	for model := range Parts(a.layout, a.wide) {
		params = params[copy(model, params):]
	}
	return a.wide
}

// Result scores the canaries, guesses, and bounds epsilon at delta from below.
func (a *Audit) Result(delta float64) (Result, error) {
	return a.Judge(a.score.LogRatios(), a.in, delta)
}
