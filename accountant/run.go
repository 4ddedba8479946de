package accountant

import (
	"errors"
	"fmt"
	"math"
)

// EventBounds is an answer about an event. Of some mechanisms no lower bound is known; whoever wants it has to ask.
type EventBounds struct {
	Upper      float64
	RDP        float64 // the Renyi accountant's upper bound, +Inf where there is none
	Order      float64 // see [Bounds]
	OrderAtEnd bool
	Grid       float64

	lower float64
	known bool
}

// Lower is a lower bound, if one is known.
func (b EventBounds) Lower() (bound float64, known bool) { return b.lower, b.known }

// NoGuarantee are the bounds of a release without any noise: no epsilon is large enough.
func NoGuarantee() EventBounds { return fromBothSides(exactly(math.Inf(1))) }

// fromBothSides are bounds of which both are known.
func fromBothSides(b Bounds) EventBounds {
	return EventBounds{Upper: b.Upper, RDP: b.RDP, Order: b.Order, OrderAtEnd: b.OrderAtEnd, Grid: b.Grid, lower: b.Lower, known: true}
}

// atLeast takes a lower bound in.
func (b *EventBounds) atLeast(lower float64) {
	b.lower, b.known = max(b.lower, min(lower, b.Upper)), true
}

// run is what events reduce to.
type run struct {
	segments  []Segment                     // plain steps
	upperOnly []Segment                     // plain steps that stand for others, no more private
	others    []kind                        // steps that are no Poisson-subsampled Gaussian
	oneSided  bool                          // some of the others have no lower bound of their own
	lower     []func(delta float64) float64 // lower bounds on epsilon of parts of the run, and so of the whole
	coupling  float64                       // probability that the run does something worse than what is accounted for
}

// add adds plain steps.
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

// addUpperOnly adds plain steps that are no more private than what they stand for.
func (r *run) addUpperOnly(s Segment, times int) error {
	stand := run{}
	err := stand.add(s, times)
	r.upperOnly = append(r.upperOnly, stand.segments...)
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

// EpsilonOf bounds epsilon of an event at delta.
func EpsilonOf(e Event, delta float64) (EventBounds, error) {
	r, err := reduced(e)
	if err == nil {
		err = checkDelta(delta)
	}
	if err != nil {
		return EventBounds{}, err
	}
	return r.epsilon(delta)
}

// DeltaOf bounds delta of an event at epsilon.
func DeltaOf(e Event, epsilon float64) (EventBounds, error) {
	r, err := reduced(e)
	if err == nil {
		err = checkEpsilon(epsilon)
	}
	if err != nil {
		return EventBounds{}, err
	}
	b, err := r.uncoupledDelta(epsilon)
	extra := (1 + math.Exp(epsilon)) * r.coupling
	b.Upper, b.RDP, b.lower = min(1, b.Upper+extra), min(1, b.RDP+extra), max(0, b.lower-extra)
	return b, err
}

// SegmentsOf are plain steps that are together no more private than the event, and its equal unless no lower bound of it
// is known: what a ledger keeps of a run. Events that are not made of Poisson-subsampled Gaussian steps have none.
func SegmentsOf(e Event) ([]Segment, error) {
	r, err := reduced(e)
	switch {
	case err != nil:
		return nil, err
	case len(r.others) > 0 || r.coupling > 0:
		return nil, fmt.Errorf("accountant: %T is not made of plain steps", e)
	}
	return r.plain(), nil
}

func reduced(e Event) (*run, error) {
	r := &run{}
	return r, e.expand(r, 1)
}

// plain are all plain steps, for upper bounds.
func (r *run) plain() []Segment {
	return append(r.segments[:len(r.segments):len(r.segments)], r.upperOnly...)
}

// twoSided tells that a lower bound is known of every step.
func (r *run) twoSided() bool { return len(r.upperOnly) == 0 && !r.oneSided }

// epsilon turns bounds for what is accounted for into bounds for what happens, which differs with probability coupling:
// delta(eps) changes by at most (1 + e^eps) coupling.
func (r *run) epsilon(delta float64) (EventBounds, error) {
	b, err := r.uncoupledEpsilon(delta)
	if err != nil || r.coupling == 0 {
		return b, err
	}
	for range 50 { // rises to the least epsilon with delta(eps) + (1 + e^eps) coupling <= delta, or past it
		tried := b.Upper * (1 + 1e-7)
		left := delta - (1+math.Exp(tried))*r.coupling
		if !(left > 0) {
			break
		}
		next, err := r.uncoupledEpsilon(left)
		if err != nil {
			return b, err
		}
		if next.Upper <= tried {
			low, err := r.uncoupledEpsilon(min(1, delta+(1+math.Exp(tried))*r.coupling))
			low.Upper, low.RDP, low.Order, low.OrderAtEnd, low.Grid = tried, math.Inf(1), 1, false, next.Grid
			return low, err
		}
		b.Upper = next.Upper
	}
	return EventBounds{Upper: math.Inf(1), RDP: math.Inf(1), Order: 1, known: b.known}, nil
}

func (r *run) uncoupledEpsilon(delta float64) (EventBounds, error) {
	b, err := r.bothSides(delta, Epsilon, func(a *analysis, k moments) (Bounds, float64, float64) {
		switch delta {
		case 0:
			return Bounds{Upper: math.Inf(1)}, math.Inf(1), 1
		case 1:
			return Bounds{}, 0, 1
		}
		order, rdp := bestOrder(func(a float64) float64 { return k.epsilonAt(a, delta) })
		return a.epsilon(delta, max(rdp, 0), order), max(rdp, 0), order
	})
	for _, lower := range r.lower {
		b.atLeast(lower(delta))
	}
	return b, err
}

func (r *run) uncoupledDelta(epsilon float64) (EventBounds, error) {
	return r.bothSides(epsilon, Delta, func(a *analysis, k moments) (Bounds, float64, float64) {
		order, logDelta := bestOrder(func(a float64) float64 { return k.logDeltaAt(a, epsilon) })
		rdp := min(1, max(math.Exp(logDelta), math.SmallestNonzeroFloat64))
		return a.delta(epsilon, rdp, order), rdp, order
	})
}

// bothSides answers for the plain steps by schedule, and for other runs by analysed. Where some step has no lower bound,
// the lower bound is that of the plain steps alone: who sees less knows less.
func (r *run) bothSides(at float64, schedule func([]Segment, float64) (Bounds, error),
	analysed func(*analysis, moments) (b Bounds, rdp, order float64)) (EventBounds, error) {
	var b Bounds
	var err error
	if len(r.others) == 0 {
		b, err = schedule(r.plain(), at)
	} else {
		var a *analysis
		var k moments
		if a, k, err = r.analysis(); err != nil {
			return EventBounds{}, err
		}
		b, b.RDP, b.Order = analysed(a, k)
		b.OrderAtEnd = orderAtEnd(b.Order)
	}
	answer := fromBothSides(b)
	if err != nil || r.twoSided() {
		return answer, err
	}
	answer.lower, answer.known = 0, false
	if TotalSteps(r.segments) == 0 {
		return answer, nil
	}
	alone, err := schedule(r.segments, at)
	answer.atLeast(alone.Lower)
	return answer, err
}

// analysis prepares a run that has other kinds of step.
func (r *run) analysis() (*analysis, moments, error) {
	merged, err := Merge(r.plain())
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
