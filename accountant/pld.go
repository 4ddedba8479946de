package accountant

import "math"

// Epsilon bounds from both sides the epsilon for which the schedule is (epsilon, delta) differentially private.
func Epsilon(segments []Segment, delta float64) (Bounds, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkDelta(delta)
	}
	if err != nil {
		return Bounds{}, err
	}
	if b, trivial := trivialEpsilon(merged, delta); trivial {
		return b, nil
	}
	b, closed := closedForm(merged, func(sigma, q float64) float64 { return oneStepEpsilon(sigma, q, delta) })
	rdp, order := epsilonRDP(merged, delta)
	if !closed {
		b = newAnalysis(merged).epsilon(delta, rdp, order)
	}
	b.RDP, b.Order, b.OrderAtEnd = rdp, order, orderAtEnd(order)
	return b, nil
}

// Delta bounds from both sides the delta for which the schedule is (epsilon, delta) differentially private.
func Delta(segments []Segment, epsilon float64) (Bounds, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkEpsilon(epsilon)
	}
	if err != nil {
		return Bounds{}, err
	}
	if b, trivial := trivialDelta(merged); trivial {
		return b, nil
	}
	b, closed := closedForm(merged, func(sigma, q float64) float64 { return oneStepDelta(sigma, q, epsilon) })
	rdp, order := deltaRDP(merged, epsilon)
	if !closed {
		b = newAnalysis(merged).delta(epsilon, rdp, order)
	}
	b.RDP, b.Order, b.OrderAtEnd = rdp, order, orderAtEnd(order)
	return b, nil
}

// upperEpsilon is the upper bound alone, +Inf where there is no guarantee.
func upperEpsilon(merged []Segment, delta float64) float64 {
	b, err := Epsilon(merged, delta)
	if err != nil {
		return math.Inf(1)
	}
	return b.Upper
}

// analysis is one run under the privacy loss distribution accountant.
type analysis struct {
	kinds     []kind
	total     float64 // steps
	precision float64 // wanted distance of the bounds, relative to epsilon
	composer  composer
}

// kind is a step and how often it is taken.
type kind struct {
	pair  pair // the record removed
	steps float64
}

func newAnalysis(merged []Segment) *analysis {
	a := &analysis{precision: 7e-5}
	for _, s := range merged {
		a.kinds = append(a.kinds, kind{removed(s.Sigma, s.Rate), float64(s.Steps)})
		a.total += float64(s.Steps)
	}
	return a
}

// question is what the tilt, the grid and the cut-offs are chosen for.
type question struct {
	lambda float64 // tilt: the Renyi optimum less one
	tail   float64 // probability small beside the delta in question
	width  float64 // of the grid
}

// epsilon bounds epsilon at delta, given the Renyi answer.
func (a *analysis) epsilon(delta, rdp, order float64) Bounds {
	if math.IsInf(rdp, 1) || rdp == 0 {
		return Bounds{Upper: rdp}
	}
	q := question{lambda: order - 1, tail: delta * 1e-9}
	// To second order in the width, connecting the dots adds T (lambda+1) width^2/12 and merging takes off half that.
	q.width = math.Sqrt(8 * a.precision * rdp / (a.total * order))
	b := a.refine(q, 8e-5, 5e-7, func(t tails, side bias) float64 { return t.epsilon(delta, side) })
	b.Upper = min(b.Upper, rdp)
	return b
}

// delta bounds delta at epsilon, given the Renyi answer.
func (a *analysis) delta(epsilon, rdp, order float64) Bounds {
	if rdp == 0 {
		return Bounds{}
	}
	q := question{lambda: order - 1, tail: rdp * 1e-12}
	q.width = math.Sqrt(8 * 1e-3 / (a.total * order * q.lambda))
	b := a.refine(q, 2e-3, 0, func(t tails, side bias) float64 {
		d := math.Exp(t.logDelta(epsilon, side))
		if side == above {
			d += t.infinite
		}
		return min(d, 1)
	})
	b.Upper = min(b.Upper, rdp)
	return b
}

// refine narrows the grid until the two bounds of the removing direction, which is nearly always the worse, are as
// close as wanted, then takes the adding direction in.
func (a *analysis) refine(q question, relative, absolute float64, read func(tails, bias) float64) Bounds {
	b := Bounds{Upper: math.Inf(1)}
	tooFine := 0.0
	for range 6 {
		upper, lower, ok := a.both(q, false, read)
		if !ok {
			tooFine = q.width
			q.width *= 2
			continue
		}
		gap, wanted := upper-lower, relative*upper+absolute
		b.Upper, b.Lower, b.Grid = min(b.Upper, upper), max(b.Lower, lower), q.width
		finer := q.width * max(math.Sqrt(0.8*wanted/gap), 0.05)
		if gap <= wanted || finer <= tooFine {
			break
		}
		q.width = finer
	}
	coarse := q
	coarse.width *= 3
	added, _, ok := a.both(coarse, true, read)
	if !ok || added > b.Upper {
		upper, lower, _ := a.both(q, true, read)
		b.Upper, b.Lower = max(b.Upper, upper), max(b.Lower, lower)
	}
	return b
}

// both composes the run in one direction on one grid and reads off both bounds.
func (a *analysis) both(q question, added bool, read func(tails, bias) float64) (upper, lower float64, ok bool) {
	acc := accuracy{lambda: q.lambda, left: 1e-13 / a.total, right: max(q.tail/a.total, 1e-300)}
	over, under := make([]part, len(a.kinds)), make([]part, len(a.kinds))
	for i, k := range a.kinds {
		p := k.pair
		if added {
			p = p.reversed()
		}
		c, ok := cut(p, q.width, acc)
		if !ok {
			return 0, 0, false
		}
		over[i], under[i] = part{c.connectDots(), k.steps}, part{c.merge(), k.steps}
	}
	top, ok := a.composer.compose(over, q.lambda)
	if !ok {
		return 0, 0, false
	}
	bottom, ok := a.composer.compose(under, q.lambda)
	if !ok {
		return 0, 0, false
	}
	return read(top.tails(), above), read(bottom.tails(), below), true
}
