package dp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"cloister/clip"
	"cloister/dp/ledger"
)

// Options make an engine.
type Options struct {
	Plan   *Plan
	Policy Policy

	// Persons says whose each record is, in a plan that protects persons; else nil.
	Persons *Persons

	// Tensors are the sizes of the parameter tensors in the order of the flat gradient. The clip rule's groups follow.
	Tensors []int

	// Rounding is the backend's bound on what clipping cannot see: a record changes the computed sum by at most
	// (1 + Rounding) times the rule's sensitivity. Noise grows by it.
	Rounding float64

	Ledger *ledger.Ledger
	Title  string // of the run, for the ledger
	On     string // what its records are called, for the ledger

	// Resume continues a run of the ledger instead of beginning one. Steps that it was charged for are over, whether or
	// not their results survived: the run goes on behind them, and its plan's epsilon still holds.
	Resume ledger.RunID

	// Seed makes sampling and noise reproducible. Such a run is NOT private and the ledger says so.
	Seed *uint64

	// NotPrivate is any other reason why the run is not private, such as diagnostics that show raw figures.
	NotPrivate string

	// Diagnose is told raw figures of each released step. Only a run that is marked not private may have it.
	Diagnose func(Raw)
}

// Raw are figures of a step's private batch.
type Raw struct {
	Records int     // that the sample held
	Loss    float64 // sum of theirs
}

// Engine runs the steps of one plan. It alone touches private sums, and it owns all randomness and past noise.
// It is not safe for concurrent use.
type Engine struct {
	plan     *Plan
	policy   Policy
	rule     clip.Rule
	rounding float64
	layout   []int // coordinate where each group ends
	dim      int

	ledger *ledger.Ledger
	run    ledger.RunID
	reason string // why the run is not private
	tell   func(Raw)
	seeded bool

	step     int // the next one
	counted  int // the step after which a held-out count was last released, or may have been
	charged  int // steps that need no reservation any more
	held     int // steps that the ledger charged when this engine last read or wrote it
	block    int // steps that a reservation covers
	sampling *Stream
	noise    *Stream
	sampler  *sampler
	past     *correlation // nil: independent noise

	pending     bool // the sample is drawn, the step not released
	drawn       bool // the step's noise is drawn, not used
	beforeNoise Stream
	beforeDraw  Stream

	foreseen   bool    // the next step's sample is drawn too, while others computed this one
	next       []int32 // that sample
	beforeNext Stream

	stated   Ask // lent to the policy
	ask      Ask // what it answered, the engine's own copy
	weights  []float64
	query    Query
	released Released
	unit     []float64 // one step's standard normals: gradient, then counts
	one      []float64 // {1}
	point    [][]float32
}

// NewEngine checks the options and begins or resumes the run in the ledger.
func NewEngine(o Options) (*Engine, error) {
	if o.Plan == nil || o.Policy == nil || o.Ledger == nil {
		return nil, errors.New("dp: an engine needs a plan, a policy and a ledger")
	}
	if err := checkPersons(o.Plan, o.Persons); err != nil {
		return nil, err
	}
	rule := o.Policy.Rule()
	if err := rule.Validate(); err != nil {
		return nil, err
	}
	if o.Diagnose != nil && reason(&o) == "" {
		return nil, errors.New("dp: a private run has no diagnostics: mark it as not private first")
	}
	if !(o.Rounding >= 0 && o.Rounding < 1) {
		return nil, fmt.Errorf("dp: rounding %v, want 0 to 1", o.Rounding)
	}
	e := &Engine{plan: o.Plan, policy: o.Policy, rule: rule, rounding: o.Rounding, ledger: o.Ledger, block: o.Plan.Block(), seeded: o.Seed != nil, reason: reason(&o), tell: o.Diagnose}
	if err := e.setGroups(o.Tensors); err != nil {
		return nil, err
	}
	if c := o.Plan.spec.Counts.Groups; c != 0 && c != len(e.layout) {
		return nil, fmt.Errorf("dp: plan counts %d groups, the clip rule has %d", c, len(e.layout))
	}
	e.sampling, e.noise = newStream(o.Seed, "sampling"), newStream(o.Seed, "noise")
	e.sampler = newSampler(o.Plan, o.Persons, e.sampling)
	if o.Plan.Bands() > 1 {
		e.past = newCorrelation(o.Plan.spec.Strategy, e.dim)
	}
	groups := len(e.layout)
	e.unit = make([]float64, e.dim+o.Plan.spec.Counts.Groups)
	e.released = Released{Gradient: make([]float32, e.dim), NoiseStds: make([]float64, groups), Bounds: make([]float64, groups)}
	if o.Plan.spec.Counts.Groups > 0 {
		e.released.Counts = make([]float64, groups)
	}
	e.stated.Bounds, e.ask.Bounds, e.weights = make([]float64, groups), make([]float64, groups), make([]float64, groups)
	e.one, e.point = []float64{1}, make([][]float32, 1)
	return e, e.enter(&o)
}

func reason(o *Options) string {
	switch {
	case o.Plan.spec.NonPrivate:
		return "no noise"
	case o.Seed != nil:
		return "reproducible: not private"
	}
	return o.NotPrivate
}

// setGroups finds where the gradient's groups end, and its dimension.
func (e *Engine) setGroups(tensors []int) error {
	e.layout = make([]int, e.rule.Groups(len(tensors)))
	for t, n := range tensors {
		if n < 1 || n > 1<<28 {
			return fmt.Errorf("dp: tensor %d has %d coordinates", t, n)
		}
		e.dim += n
		e.layout[e.rule.Group(t)] = e.dim
	}
	if e.dim == 0 || e.dim > 1<<28 {
		return fmt.Errorf("dp: gradient of %d coordinates", e.dim)
	}
	return nil
}

// enter begins the run in the ledger, or finds it there and goes on behind what it was charged for.
func (e *Engine) enter(o *Options) (err error) {
	if o.Resume == (ledger.RunID{}) {
		e.run, err = e.ledger.Enter(o.Plan.Entry(o.Title, o.On, e.reason))
		return err
	}
	entry, ok := e.ledger.Run(o.Resume)
	switch {
	case !ok:
		return fmt.Errorf("dp: ledger has no run %x to resume", o.Resume)
	case entry.Elsewhere:
		return fmt.Errorf("dp: run %x came with an imported ledger: what it does elsewhere is not known here, so that it cannot go on", o.Resume)
	case entry.Unit != o.Plan.spec.Unit || entry.Bands != o.Plan.Bands() || !slices.Equal(entry.Events, o.Plan.segments):
		return fmt.Errorf("dp: run %x was begun with another plan", o.Resume)
	case entry.NotPrivate == "" && e.reason != "":
		return fmt.Errorf("dp: run %x is private and cannot go on as %q", o.Resume, e.reason)
	}
	if e.reason == "" {
		e.reason = entry.NotPrivate
	}
	e.run, e.charged, e.held = o.Resume, entry.Charged, entry.Charged
	e.step = e.resumeAt(entry.Charged)
	e.counted = e.step
	return nil
}

// resumeAt is the first step that may follow a break after `charged` steps. Noise before the break is forgotten, which
// splits a banded strategy into two blocks with orthogonal columns; the records are assigned anew. Going on at a multiple
// of the bands keeps a record's participations at one in each b steps, as accounted for.
func (e *Engine) resumeAt(charged int) int {
	b := e.plan.Bands()
	return min((charged+b-1)/b*b, e.plan.spec.Steps)
}

// Step is the index of the next step; the run is over when it equals the plan's Steps.
func (e *Engine) Step() int { return e.step }

// Run names the run in the ledger.
func (e *Engine) Run() ledger.RunID { return e.run }

// Plan is the frozen plan.
func (e *Engine) Plan() *Plan { return e.plan }

// NotPrivate says why the run is not private; "" when it is.
func (e *Engine) NotPrivate() string { return e.reason }

// ErrDone says that all steps of the plan are released.
var ErrDone = errors.New("dp: all steps of the plan are done")

// Next runs one step at the given parameters: compute gets a private query and returns its sums, of which a noised mean
// is released. Compute runs in a goroutine of its own while the reservation is written and noise is drawn; it must end
// when ctx does. When it fails, nothing is released or spent twice: the same step with the same sample is asked again; but where it
// is the policy that fails to observe it, the step is over.
// The result is valid until the next call.
func (e *Engine) Next(ctx context.Context, params []float32, compute func(context.Context, Query) (Sums, error)) (*Released, error) {
	if e.step >= e.plan.spec.Steps {
		return nil, ErrDone
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := e.prepare(params); err != nil {
		return nil, err
	}
	type result struct {
		sums Sums
		err  error
	}
	done := make(chan result, 1)
	go func() {
		s, err := compute(ctx, e.query)
		done <- result{s, err}
	}()
	runtime.Gosched() // with one thread, as in a browser: let compute hand out its work before this one draws
	reserved := e.reserve()
	if reserved == nil {
		e.draw()
		e.foresee(e.step + 1)
	}
	r := <-done
	defer r.sums.drop()
	if err := errors.Join(reserved, r.err); err != nil {
		return nil, err
	}
	if err := e.checkSums(&r.sums); err != nil {
		return nil, err
	}
	e.release(&r.sums)
	if e.tell != nil {
		e.tell(Raw{Records: r.sums.Records, Loss: r.sums.Loss})
	}
	if err := e.policy.Observe(&e.released); err != nil {
		return nil, err
	}
	return &e.released, nil
}

// prepare asks the policy and draws the sample, unless a failed attempt did.
func (e *Engine) prepare(params []float32) error {
	e.stated = Ask{Bounds: e.stated.Bounds}
	e.policy.Ask(View{Step: e.step, Params: params}, &e.stated)
	if e.stated.Refusal != nil {
		return e.stated.Refusal
	}
	e.keepAsk()
	if err := e.checkAsk(len(params)); err != nil {
		return err
	}
	if !e.pending {
		e.foresee(e.step)
		e.query.Records = e.next
		e.beforeDraw, e.beforeNoise = e.beforeNext, *e.noise
		e.pending, e.drawn, e.foreseen = true, false, false
	}
	q := &e.query
	q.Step, q.Rule, q.Bounds = e.step, e.rule, e.ask.Bounds
	if q.Thresholds = e.ask.Thresholds; q.Thresholds == nil {
		q.Thresholds = q.Bounds
	}
	q.Points, q.Coefficients, q.Whitening = e.ask.Points, e.ask.Coefficients, e.ask.Whitening
	if q.Points == nil {
		e.point[0] = params
		q.Points, q.Coefficients = e.point, e.one
	}
	return nil
}

// foresee draws a step's sample, once.
func (e *Engine) foresee(step int) {
	if e.foreseen || step >= e.plan.spec.Steps {
		return
	}
	e.beforeNext = *e.sampling
	e.next = e.sampler.draw(e.sampling, step)
	e.foreseen = true
}

// keepAsk copies what sets clip and noise: whatever a policy does to its answer while the step runs changes neither.
func (e *Engine) keepAsk() {
	bounds, weights := e.ask.Bounds[:0], e.weights[:0]
	e.ask = e.stated
	e.ask.Bounds = append(bounds, e.stated.Bounds...)
	if e.stated.Allocation != nil {
		e.weights = append(weights, e.stated.Allocation...)
		e.ask.Allocation = e.weights
	}
}

func (e *Engine) checkAsk(params int) error {
	a := &e.ask
	if err := clip.CheckBounds(a.Bounds, len(e.layout)); err != nil {
		return err
	}
	if a.Thresholds != nil {
		if err := clip.CheckBounds(a.Thresholds, len(e.layout)); err != nil {
			return fmt.Errorf("dp: thresholds: %w", err)
		}
	}
	if a.Allocation != nil {
		if err := clip.CheckBounds(a.Allocation, len(e.layout)); err != nil {
			return fmt.Errorf("dp: noise allocation: %w", err)
		}
	}
	if len(a.Points) != len(a.Coefficients) {
		return fmt.Errorf("dp: %d evaluation points, %d coefficients", len(a.Points), len(a.Coefficients))
	}
	for k, p := range a.Points {
		if len(p) != params || math.IsNaN(a.Coefficients[k]) || math.IsInf(a.Coefficients[k], 0) {
			return fmt.Errorf("dp: evaluation point %d has %d parameters of %d, coefficient %v", k, len(p), params, a.Coefficients[k])
		}
	}
	return nil
}

// reserve makes a charge durable that covers this step and the rest of a block from here.
func (e *Engine) reserve() error {
	if e.step < e.charged {
		return nil
	}
	return e.charge(min(e.step+e.block, e.plan.spec.Steps))
}

func (e *Engine) charge(upTo int) error {
	if err := e.ledger.ChargeFrom(e.run, e.held, upTo); err != nil {
		return err
	}
	e.charged, e.held = upTo, upTo
	return nil
}

// draw draws the step's standard normals, once, and correlates them with those of earlier steps.
func (e *Engine) draw() {
	if e.drawn || e.plan.spec.NonPrivate {
		return
	}
	fillNormal(e.noise, e.unit)
	if e.past != nil {
		e.past.shape(e.unit[:e.dim])
	}
	e.drawn = true
}

// Settle gives back what was reserved and not used, after which the run may be left or go on. A run that ends without
// it has spent its whole last reservation.
func (e *Engine) Settle() error {
	used := e.step
	if e.drawn {
		used++ // its noise exists; do not reason about who may have seen it
	}
	if e.charged <= used {
		return nil
	}
	return e.charge(used)
}
