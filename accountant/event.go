package accountant

import (
	"errors"
	"fmt"
	"math"
)

// Event is something a run does to its records, described by what decides its privacy. [EpsilonOf] and [DeltaOf]
// account for it. The events are [Gaussian], [PoissonGaussian], [JointQuery], [TruncatedPoisson], [CyclicPoisson],
// [Group], [BallsInBins], and [Repetition] and [Composition] of them. [ShuffledBatches] is refused, with the reason.
type Event interface {
	// Relation is the notion of neighbouring data sets the event is accounted for under.
	Relation() Relation
	// expand adds the event, taken so many times, to a run, or says why it cannot be accounted for.
	expand(r *run, times int) error
}

// Relation says which two data sets must be hard to tell apart.
type Relation string

const (
	// AddRemove: one record more or less. Every ZeroOut bound in this package follows from it.
	AddRemove Relation = "add or remove one record"
	// ZeroOut: one record's contribution replaced by zero, the number of records being public.
	ZeroOut Relation = "zero out one record"
)

// run is what events reduce to.
type run struct {
	segments []Segment
	others   []kind                        // steps that are no Poisson-subsampled Gaussian
	oneSided bool                          // some step has no lower bound of its own
	lower    []func(delta float64) float64 // lower bounds on epsilon of parts of the run, and so of the whole
	coupling float64                       // probability that the run does something worse than what is accounted for
}

func (r *run) add(s Segment, times int) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if s.Sigma == 0 && s.Rate > 0 {
		return errors.New("accountant: an event needs noise")
	}
	n, err := product(s.Steps, times)
	s.Steps = n
	r.segments = append(r.segments, s)
	return err
}

// product multiplies step counts.
func product(a, b int) (int, error) {
	if a < 0 || b < 0 {
		return 0, fmt.Errorf("accountant: a number of steps is negative: %d", min(a, b))
	}
	if f := float64(a) * float64(b); f > maxSteps {
		return 0, fmt.Errorf("accountant: %g steps, at most 2^50", f)
	}
	return a * b, nil
}

// Gaussian releases a sum over all records once with Gaussian noise.
type Gaussian struct{ Sigma float64 }

// Relation implements [Event].
func (Gaussian) Relation() Relation { return AddRemove }

func (e Gaussian) expand(r *run, times int) error { return r.add(Segment{e.Sigma, 1, 1}, times) }

// PoissonGaussian is one step of DP-SGD: every record takes part with probability Rate, independently.
type PoissonGaussian struct{ Sigma, Rate float64 }

// Relation implements [Event].
func (PoissonGaussian) Relation() Relation { return AddRemove }

func (e PoissonGaussian) expand(r *run, times int) error {
	return r.add(Segment{e.Sigma, e.Rate, 1}, times)
}

// JointQuery is a step that releases the gradient sum with noise multiplier Sigma and so many counts, each of +-1/2 a
// record, with noise CountSigma, all on one Poisson sample. See [JointNoise].
type JointQuery struct {
	Sigma, Rate float64
	Counts      int
	CountSigma  float64
}

// Relation implements [Event].
func (JointQuery) Relation() Relation { return AddRemove }

func (e JointQuery) expand(r *run, times int) error {
	if !(e.Sigma > 0 && e.CountSigma > 0 && e.Counts >= 0) {
		return fmt.Errorf("accountant: a joint query needs noise and a number of counts, got %+v", e)
	}
	return r.add(Segment{EffectiveNoise(e.Sigma, e.Counts, e.CountSigma), e.Rate, 1}, times)
}

// Repetition is an event taken several times.
type Repetition struct {
	Event Event
	Times int
}

// Relation implements [Event].
func (e Repetition) Relation() Relation { return e.Event.Relation() }

func (e Repetition) expand(r *run, times int) error {
	n, err := product(e.Times, times)
	if err != nil {
		return err
	}
	return e.Event.expand(r, n)
}

// Composition is several events on the same records. Their parameters must not depend on what was released, or else a
// [RenyiFilter] is needed.
type Composition []Event

// Relation is the weakest of its parts'.
func (e Composition) Relation() Relation {
	for _, part := range e {
		if part.Relation() == ZeroOut {
			return ZeroOut
		}
	}
	return AddRemove
}

func (e Composition) expand(r *run, times int) error {
	for _, part := range e {
		if err := part.expand(r, times); err != nil {
			return err
		}
	}
	return nil
}

// FromSegments is a schedule as an event.
func FromSegments(segments []Segment) Event {
	var all Composition
	for _, s := range segments {
		all = append(all, Repetition{PoissonGaussian{s.Sigma, s.Rate}, s.Steps})
	}
	return all
}

// EpsilonOf bounds epsilon of an event at delta. Lower is 0 and RDP +Inf where nothing better is known.
func EpsilonOf(e Event, delta float64) (Bounds, error) {
	r := &run{}
	if err := e.expand(r, 1); err != nil {
		return Bounds{}, err
	}
	if err := checkDelta(delta); err != nil {
		return Bounds{}, err
	}
	return r.coupled(delta, func(delta float64) (Bounds, error) { return r.epsilon(delta) })
}

// DeltaOf bounds delta of an event at epsilon.
func DeltaOf(e Event, epsilon float64) (Bounds, error) {
	r := &run{}
	if err := e.expand(r, 1); err != nil {
		return Bounds{}, err
	}
	if err := checkEpsilon(epsilon); err != nil {
		return Bounds{}, err
	}
	b, err := r.delta(epsilon)
	extra := (1 + math.Exp(epsilon)) * r.coupling
	b.Upper, b.RDP, b.Lower = min(1, b.Upper+extra), min(1, b.RDP+extra), max(0, b.Lower-extra)
	return b, err
}

func (r *run) epsilon(delta float64) (Bounds, error) {
	if len(r.others) == 0 {
		return Epsilon(r.segments, delta)
	}
	a, k, err := r.analysis()
	if err != nil {
		return Bounds{}, err
	}
	if delta == 0 {
		return Bounds{Upper: math.Inf(1), RDP: math.Inf(1)}, nil
	}
	if delta == 1 {
		return Bounds{}, nil
	}
	order, rdp := bestOrder(func(a float64) float64 { return k.epsilonAt(a, delta) })
	b := a.epsilon(delta, max(rdp, 0), order)
	b.RDP, b.Order, b.OrderAtEnd = max(rdp, 0), order, orderAtEnd(order)
	for _, lower := range r.lower {
		b.Lower = max(b.Lower, min(lower(delta), b.Upper))
	}
	return b, nil
}

func (r *run) delta(epsilon float64) (Bounds, error) {
	if len(r.others) == 0 {
		return Delta(r.segments, epsilon)
	}
	a, k, err := r.analysis()
	if err != nil {
		return Bounds{}, err
	}
	order, logDelta := bestOrder(func(a float64) float64 { return k.logDeltaAt(a, epsilon) })
	rdp := min(1, max(math.Exp(logDelta), math.SmallestNonzeroFloat64))
	b := a.delta(epsilon, rdp, order)
	b.RDP, b.Order, b.OrderAtEnd = rdp, order, orderAtEnd(order)
	return b, nil
}

// analysis prepares a run that has other kinds of step.
func (r *run) analysis() (*analysis, moments, error) {
	merged, err := Merge(r.segments)
	if err != nil {
		return nil, nil, err
	}
	if len(merged) > maxKinds {
		return nil, nil, fmt.Errorf("accountant: an event of %d kinds of Poisson step beside others, at most %d", len(merged), maxKinds)
	}
	kinds := append(kindsOf(merged), r.others...)
	a := analysisOf(kinds, kinds)
	a.oneSided = r.oneSided
	return a, func(order float64) float64 {
		sum := 0.0
		for _, k := range kinds {
			sum += k.steps * k.logMoment(order)
		}
		return sum
	}, nil
}

// coupled turns bounds for what is accounted for into bounds for what happens, which differs with probability coupling:
// delta(eps) changes by at most (1 + e^eps) coupling.
func (r *run) coupled(delta float64, epsilon func(delta float64) (Bounds, error)) (Bounds, error) {
	b, err := epsilon(delta)
	if err != nil || r.coupling == 0 {
		return b, err
	}
	for range 50 { // rises to the least epsilon with delta(eps) + (1 + e^eps) coupling <= delta, or past it
		tried := b.Upper * (1 + 1e-7)
		left := delta - (1+math.Exp(tried))*r.coupling
		if !(left > 0) {
			break
		}
		next, err := epsilon(left)
		if err != nil {
			return b, err
		}
		if next.Upper <= tried {
			low, err := epsilon(min(1, delta+(1+math.Exp(tried))*r.coupling))
			return Bounds{Lower: low.Lower, Upper: tried, RDP: math.Inf(1), Order: 1, Grid: next.Grid}, err
		}
		b.Upper = next.Upper
	}
	return Bounds{Upper: math.Inf(1), RDP: math.Inf(1), Order: 1}, nil
}
