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

// analysis is one run under the privacy loss distribution accountant.
type analysis struct {
	worse, better []kind // the run, no more and no less private than this; the same slice unless it had to be simplified
	total         float64
	precision     float64 // wanted distance of the bounds, relative to epsilon
	aim           float64 // the part of that which the grid may use up
	composer      *composer
	settled       question // what the last answer was computed with
}

// kind is a step and how often it is taken.
type kind struct {
	pair  pair // the record removed
	steps float64
}

func newAnalysis(merged []Segment) *analysis {
	a := &analysis{precision: 7e-5, aim: 0.85, composer: &composer{}}
	if len(merged) <= maxKinds {
		a.worse = kindsOf(merged)
		a.better = a.worse
	} else {
		less, more := grouped(merged)
		a.worse, a.better = kindsOf(less), kindsOf(more)
		a.precision, a.aim = 1.4e-2, 0.5
	}
	for _, s := range merged {
		a.total += float64(s.Steps)
	}
	return a
}

func kindsOf(merged []Segment) []kind {
	kinds := make([]kind, len(merged))
	for i, s := range merged {
		kinds[i] = kind{removed(s.Sigma, s.Rate), float64(s.Steps)}
	}
	return kinds
}

// question is what the tilt, the grid and the cut-offs are chosen for.
type question struct {
	lambda float64                            // tilt
	tail   float64                            // probability small beside the delta in question
	width  float64                            // of the grid
	close  func(lower, upper float64) float64 // how far apart the bounds are, relative to what is wanted
	read   func(t tails, side bias) float64
	loss   func(upper float64) float64 // the loss that matters, given an upper bound of the answer
}

// epsilon bounds epsilon at delta, given the Renyi answer.
func (a *analysis) epsilon(delta, rdp, order float64) Bounds {
	if math.IsInf(rdp, 1) || rdp == 0 {
		return Bounds{Upper: rdp}
	}
	b := a.refine(question{
		lambda: (order - 1) / 2,
		tail:   delta * 1e-9,
		width:  a.firstWidth(order, a.precision*rdp),
		close:  func(lower, upper float64) float64 { return (upper - lower) / (a.precision*upper + 5e-7) },
		read:   func(t tails, side bias) float64 { return t.epsilon(delta, side) },
		loss:   func(upper float64) float64 { return upper },
	})
	b.Upper = min(b.Upper, rdp)
	return b
}

// delta bounds delta at epsilon, given the Renyi answer.
func (a *analysis) delta(epsilon, rdp, order float64) Bounds {
	if rdp == 0 {
		return Bounds{}
	}
	precision := 20 * a.precision
	b := a.refine(question{
		lambda: (order - 1) / 2,
		tail:   rdp * 1e-12, // Renyi may overstate delta a thousandfold
		width:  a.firstWidth(order, precision/(order-1)),
		close:  func(lower, upper float64) float64 { return (upper - lower) / (precision * upper) },
		read:   func(t tails, side bias) float64 { return t.delta(epsilon, side) },
		loss:   func(float64) float64 { return epsilon },
	})
	b.Upper = min(b.Upper, rdp)
	return b
}

// firstWidth is a grid four times coarser than one on which the bounds should stand gap apart: to second order in the
// width, connecting the dots adds T (lambda+1) width^2/12 to epsilon, and merging takes off half that.
func (a *analysis) firstWidth(order, gap float64) float64 {
	return 4 * math.Sqrt(8*gap/(a.total*order))
}

// refine composes the removing direction, which is nearly always the worse, on a coarse grid, chooses tilt and grid by
// what it finds, and goes on until the two bounds are as close as wanted. Then it takes the adding direction in.
func (a *analysis) refine(q question) Bounds {
	b := Bounds{Upper: math.Inf(1)}
	tooFine := 0.0
	for try := range 8 {
		over, under, ok := a.both(q, false)
		if !ok {
			tooFine = q.width
			q.width *= 1.5
			continue
		}
		b.Upper, b.Lower = min(b.Upper, q.read(over.tails(), above)), max(b.Lower, q.read(under.tails(), below))
		b.Grid, a.settled = q.width, q
		excess := q.close(b.Lower, b.Upper)
		if !(excess > 1) {
			break
		}
		finer := q.width * max(math.Sqrt(a.aim/excess), 0.05)
		if finer <= tooFine {
			if finer = tooFine * 1.1; finer >= q.width {
				break
			}
		}
		if try == 0 {
			q.lambda = gentlest(over, q.loss(b.Upper), q.tail*1e9)
		}
		q.width = finer
	}
	return a.takeInAdding(b)
}

// takeInAdding makes bounds of the removing direction those of both. A coarser grid, which errs by more, usually
// suffices to show that the adding direction is no worse.
func (a *analysis) takeInAdding(b Bounds) Bounds {
	coarse := a.settled
	coarse.width *= 3
	if over, ok := a.compose(coarse, true, a.worse, cells.connectDots); ok && coarse.read(over.tails(), above) <= b.Upper {
		return b
	}
	q := a.settled
	over, under, ok := a.both(q, true)
	if !ok {
		return Bounds{Lower: b.Lower, Upper: math.Inf(1), Grid: b.Grid}
	}
	b.Upper, b.Lower = max(b.Upper, q.read(over.tails(), above)), max(b.Lower, q.read(under.tails(), below))
	return b
}

// both composes the run in one direction on one grid, its losses rounded up and down.
func (a *analysis) both(q question, added bool) (over, under *composed, ok bool) {
	if over, ok = a.compose(q, added, a.worse, cells.connectDots); ok {
		under, ok = a.compose(q, added, a.better, cells.merge)
	}
	return over, under, ok
}

func (a *analysis) compose(q question, added bool, kinds []kind, discretise func(cells) losses) (*composed, bool) {
	acc := accuracy{lambda: q.lambda, left: 1e-13 / a.total, right: max(q.tail/a.total, 1e-300)}
	parts := make([]part, len(kinds))
	for i, k := range kinds {
		p := k.pair
		if added {
			p = p.reversed()
		}
		c, ok := cut(p, q.width, acc)
		if !ok {
			return nil, false
		}
		parts[i] = part{discretise(c), k.steps}
	}
	return a.composer.compose(parts, q.lambda)
}

// gentlest is the least tilt under which rounding stays a hundred thousand times below what matters: the tail sum C at
// the loss that matters, log C = log delta + lambda loss - log E e^(lambda loss). The Renyi optimum would make C larger,
// but where a rare large loss dominates the moments it makes many such losses probable, and the window many times wider.
func gentlest(over *composed, loss, delta float64) float64 {
	enough := func(lambda float64) bool {
		logScale := over.logScale
		for _, p := range over.parts {
			logScale += p.steps * p.logMoment(lambda-over.lambda)
		}
		noise := over.binError/(lambda*over.width) + 2*tailMass
		return math.Log(delta)+lambda*loss-logScale > math.Log(1e5*noise)
	}
	least := over.lambda / 25
	switch {
	case !enough(over.lambda):
		return 2 * over.lambda // the Renyi optimum, half of which was tried
	case enough(least):
		return least
	}
	_, lambda := bisect(least, over.lambda, enough, least)
	return lambda
}
