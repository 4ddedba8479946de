// Package audit measures a lower bound on the epsilon of a mechanism in one run (Steinke, Nasr and Jagielski 2023,
// "Privacy Auditing with One (1) Training Run", arXiv:2305.08846). Canaries are records whose gradients live in
// coordinates appended to the model's, one for each canary in every group of the clip rule, so that the model never sees
// them. Each is in or out by a fair coin; one that is in is sampled, clipped, summed and noised by the engine like any
// record. The auditor, who sees all that is released and knows the mechanism, guesses coins. A claim that its guesses
// contradict is refuted; no audit can prove one.
package audit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
	"cloister/clip"
	"cloister/dp"
)

// Options fix an audit before its run: what is guessed may not depend on how well guessing goes.
type Options struct {
	Canaries   int     // m; 0: 1000
	Guesses    int     // r: "in" for the r highest scores, no guess about the rest; 0: a quarter of m
	Confidence float64 // of the lower bound; 0: 0.95
	Seed       *uint64 // of the coins; nil: from the operating system
}

// Fill replaces zeros by defaults and refuses what makes no audit.
func (o *Options) Fill() error {
	if o.Canaries == 0 {
		o.Canaries = 1000
	}
	if o.Guesses == 0 {
		o.Guesses = o.Canaries / 4
	}
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	switch {
	case o.Canaries < 2 || o.Canaries > 1<<20:
		return fmt.Errorf("audit: %d canaries, want 2 to 2^20", o.Canaries)
	case o.Guesses < 2 || o.Guesses > o.Canaries:
		return fmt.Errorf("audit: %d guesses about %d canaries", o.Guesses, o.Canaries)
	case !(o.Confidence > 0 && o.Confidence < 1):
		return fmt.Errorf("audit: confidence %v, want a number between 0 and 1", o.Confidence)
	}
	return nil
}

// Result is what an audit found.
type Result struct {
	Canaries   int     `json:"canaries"`
	Guesses    int     `json:"guesses"`
	Correct    int     `json:"correct"`
	Confidence float64 `json:"confidence"`
	Delta      float64 `json:"delta"`
	Epsilon    float64 `json:"epsilon"` // no mechanism with a smaller epsilon does this, at that confidence
	Scores     []Score `json:"scores,omitempty"`
}

// Score is one canary's, for the curve that a page draws.
type Score struct {
	LogRatio float64 `json:"logRatio"` // log likelihood of all that was released, in over out
	In       bool    `json:"in"`
}

// Refutes says whether the audit contradicts a claimed epsilon.
func (r Result) Refutes(claimed float64) bool { return r.Epsilon > claimed }

// Audit is an audit beside one run of an engine. The run is made with Tensors and N of the audit, a policy and a
// compute side wrapped by it, and goes on as ever; Model takes the model's part out of what is released.
type Audit struct {
	Options
	model   []int // sizes of the model's tensors
	records int   // real ones: 0..records-1; canary j is record records+j
	rule    clip.Rule
	in      []bool
	score   *Sequence

	split []float32
}

// New prepares an audit of a run over some records with a model's tensors under a clip rule.
func New(o Options, rule clip.Rule, tensors []int, records int) (*Audit, error) {
	if err := o.Fill(); err != nil {
		return nil, err
	}
	if records < 0 || records > 1<<30 || len(tensors) == 0 {
		return nil, fmt.Errorf("audit: %d records, %d tensors", records, len(tensors))
	}
	a := &Audit{Options: o, model: slices.Clone(tensors), records: records, rule: rule}
	a.in = Coins(o.Seed, o.Canaries)
	return a, nil
}

// N is the number of records of the audited run: the real ones and the canaries, in or out.
func (a *Audit) N() int { return a.records + a.Canaries }

// appended is how many canary coordinates follow a tensor: a canary has one in each group.
func (a *Audit) appended(tensor int) int {
	if a.rule.Grouping == clip.Global && tensor != len(a.model)-1 {
		return 0
	}
	return a.Canaries
}

// Tensors are the sizes of the parameter tensors of the audited run.
func (a *Audit) Tensors() []int {
	sizes := slices.Clone(a.model)
	for t := range sizes {
		sizes[t] += a.appended(t)
	}
	return sizes
}

// Begin fixes the plan that the run will follow; its first release follows.
func (a *Audit) Begin(p *dp.Plan) error {
	strategy := p.Spec().Strategy
	if len(strategy) > 1 && p.Steps() > maxSeen/a.Canaries {
		return fmt.Errorf("audit: %d steps with correlated noise and %d canaries are too many to keep: take at most %d canaries, or fewer steps",
			p.Steps(), a.Canaries, maxSeen/p.Steps())
	}
	a.score = NewSequence(a.Canaries, p.Rate(), p.BatchSize(), strategy)
	return nil
}

// Policy lets the auditor see every release before the policy filters it.
func (a *Audit) Policy(p dp.Policy) dp.Policy { return &watched{p, a} }

type watched struct {
	dp.Policy
	audit *Audit
}

func (w *watched) Observe(r *dp.Released) {
	w.audit.observe(r)
	w.Policy.Observe(r)
}

// observe reads, for every canary, its coordinates of a release.
func (a *Audit) observe(r *dp.Released) {
	a.score.Begin()
	at, group := 0, 0
	for t, n := range a.model {
		at += n
		if k := a.appended(t); k > 0 {
			a.score.Add(r.Gradient[at:at+k], r.Bounds[group], r.NoiseStds[group])
			at += k
			group++
		}
	}
	a.score.End()
}

// Compute adds the canaries to a compute side that knows only the real records and the model. Compute nil stands for no
// real records at all.
func (a *Audit) Compute(inner func(context.Context, dp.Query) (dp.Sums, error)) func(context.Context, dp.Query) (dp.Sums, error) {
	return func(ctx context.Context, q dp.Query) (dp.Sums, error) {
		first, _ := slices.BinarySearch(q.Records, int32(a.records))
		real := q
		real.Records = q.Records[:first]
		real.Points = a.points(q.Points)
		s := dp.Sums{Counts: make([]float64, len(q.Bounds)), Records: first}
		if inner != nil {
			var err error
			if s, err = inner(ctx, real); err != nil {
				return s, err
			}
		} else {
			s.Gradient = make([]float64, total(a.model))
		}
		if len(s.Gradient) != total(a.model) {
			return s, fmt.Errorf("audit: sum of %d coordinates, the model has %d", len(s.Gradient), total(a.model))
		}
		s.Gradient = a.insert(s.Gradient, q, q.Records[first:])
		s.Records += len(q.Records) - first
		return s, nil
	}
}

// insert spreads a model's sum over the audited layout and adds the canaries that are in. A canary's gradient is far
// beyond the bound in every group, and goes through the rule's own factor. It leaves the counts alone: a record may add
// anything up to 1/2 to them.
func (a *Audit) insert(sum []float64, q dp.Query, canaries []int32) []float64 {
	wide := make([]float64, total(a.Tensors()))
	at, from, group := 0, 0, 0
	for t, n := range a.model {
		copy(wide[at:at+n], sum[from:from+n])
		at, from = at+n, from+n
		k := a.appended(t)
		if k == 0 {
			continue
		}
		norm := 1e4 * q.Bounds[group]
		share := norm * q.Rule.Factor(norm, q.Bounds[group])
		for _, record := range canaries {
			if j := int(record) - a.records; a.in[j] {
				wide[at+j] += share
			}
		}
		at += k
		group++
	}
	return wide
}

// points takes the canary coordinates out of evaluation points.
func (a *Audit) points(points [][]float32) [][]float32 {
	var model [][]float32
	for _, p := range points {
		model = append(model, slices.Clone(a.Model(p)))
	}
	return model
}

// Model takes the model's coordinates out of a vector of the audited layout, such as a released gradient. The result is
// valid until the next call. A vector without canaries is returned as it is.
func (a *Audit) Model(v []float32) []float32 {
	if len(v) != total(a.Tensors()) {
		return v
	}
	a.split = a.split[:0]
	at := 0
	for t, n := range a.model {
		a.split = append(a.split, v[at:at+n]...)
		at += n + a.appended(t)
	}
	return a.split
}

// Result scores the canaries, guesses, and bounds epsilon at delta from below.
func (a *Audit) Result(delta float64) (Result, error) {
	if a.score == nil {
		return Result{}, fmt.Errorf("audit: nothing was released")
	}
	return a.Judge(a.score.LogRatios(), a.in, delta)
}

// Judge guesses "in" for the r highest scores. It never guesses "out": a canary that was in and never sampled looks just
// like one that was out.
func (o Options) Judge(ratios []float64, in []bool, delta float64) (Result, error) {
	r := Result{Canaries: len(in), Guesses: o.Guesses, Confidence: o.Confidence, Delta: delta}
	order := make([]int, len(in))
	for j := range order {
		order[j] = j
		if math.IsNaN(ratios[j]) {
			return r, fmt.Errorf("audit: canary %d has no score", j)
		}
		r.Scores = append(r.Scores, Score{ratios[j], in[j]})
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if ratios[i] < ratios[j] {
			return -1
		}
		if ratios[i] > ratios[j] {
			return 1
		}
		return 0
	})
	for _, j := range order[len(order)-o.Guesses:] {
		if in[j] {
			r.Correct++
		}
	}
	var err error
	r.Epsilon, err = accountant.AuditLowerBound(r.Canaries, r.Guesses, r.Correct, delta, o.Confidence)
	return r, err
}

func total(sizes []int) int {
	n := 0
	for _, s := range sizes {
		n += s
	}
	return n
}
