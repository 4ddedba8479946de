package accountant

import "math"

// analysis is one run under the privacy loss distribution accountant.
type analysis struct {
	worse, better []kind // the run, no more and no less private than this; the same slice unless it had to be simplified
	total         float64
	precision     float64 // wanted distance of the bounds, relative to epsilon
	aim           float64 // the part of that which the grid may use up
	composer      *composer
	oneSided      bool     // lower bounds are not to be waited for
	settled       question // what the last answer was computed with
}

// kind is a step and how often it is taken.
type kind struct {
	source
	steps float64
}

// source knows one step's privacy loss.
type source interface {
	// discretise cuts the losses of a record's removal or addition into cells of a width. It returns false where they
	// would be too many to be held in memory.
	discretise(width float64, acc accuracy, added bool) (rounding, bool)
	// logMoment is log E e^{(a-1) loss}, or a bound on it from above, for the worse of removal and addition.
	logMoment(a float64) float64
}

// rounding gives a distribution on a grid, either way.
type rounding interface {
	up() losses   // dominates the step
	down() losses // is dominated by it
}

// poisson is the usual step.
type poisson struct{ sigma, rate float64 }

func (s poisson) logMoment(a float64) float64 { return logMoment(s.sigma, s.rate, a) }

func (s poisson) discretise(width float64, acc accuracy, added bool) (rounding, bool) {
	return removed(s.sigma, s.rate).discretise(width, acc, added)
}

func (p pair) discretise(width float64, acc accuracy, added bool) (rounding, bool) {
	if added {
		p = p.reversed()
	}
	return cut(p, width, acc)
}

func (c cells) up() losses   { return c.connectDots() }
func (c cells) down() losses { return c.merge() }

// newAnalysis prepares a merged schedule.
func newAnalysis(merged []Segment) *analysis {
	if len(merged) <= maxKinds {
		kinds := kindsOf(merged)
		return analysisOf(kinds, kinds)
	}
	less, more := grouped(merged)
	a := analysisOf(kindsOf(less), kindsOf(more))
	a.precision, a.aim = 1.4e-2, 0.5
	return a
}

func analysisOf(worse, better []kind) *analysis {
	a := &analysis{worse: worse, better: better, precision: 7e-5, aim: 0.85, composer: &composer{}}
	for _, k := range worse {
		a.total += k.steps
	}
	return a
}

func kindsOf(merged []Segment) []kind {
	kinds := make([]kind, len(merged))
	for i, s := range merged {
		kinds[i] = kind{poisson{s.Sigma, s.Rate}, float64(s.Steps)}
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
		read: func(t tails, side bias) float64 {
			return max(0, t.epsilon(delta, side)*(1+1e-13*float64(side))+a.drift(side))
		},
		loss: func(upper float64) float64 { return min(upper, rdp) },
	})
	b.Upper = min(b.Upper, rdp)
	return b
}

// delta bounds delta at epsilon, given the Renyi answer.
func (a *analysis) delta(epsilon, rdp, order float64) Bounds {
	if rdp < 1e-280 {
		return Bounds{Upper: rdp}
	}
	precision := 20 * a.precision
	b := a.refine(question{
		lambda: (order - 1) / 2,
		tail:   rdp * 1e-12, // Renyi may overstate delta a thousandfold
		width:  a.firstWidth(order, precision/(order-1)),
		close:  func(lower, upper float64) float64 { return (upper - lower) / (precision * upper) },
		read:   func(t tails, side bias) float64 { return t.delta(epsilon-a.drift(side), side) },
		loss:   func(float64) float64 { return epsilon },
	})
	b.Upper = min(b.Upper, rdp)
	return b
}

// drift is more than the losses can be off, in all, because those of a single step are known to float64 only.
func (a *analysis) drift(side bias) float64 { return float64(side) * 1e-14 * a.total }

// firstWidth is a grid four times coarser than one on which the bounds should stand gap apart: to second order in the
// width, connecting the dots adds T (lambda+1) width^2/12 to epsilon, and merging takes off half that.
func (a *analysis) firstWidth(order, gap float64) float64 {
	return 4 * math.Sqrt(8*gap/(a.total*order))
}

// refine composes the removing direction, which is nearly always the worse, on a coarse grid, chooses tilt and grid by
// what it finds, and goes on until the two bounds are as close as wanted. Then it takes the adding direction in.
func (a *analysis) refine(q question) Bounds {
	b := Bounds{Upper: math.Inf(1)}
	tooFine, before := 0.0, math.Inf(1)
	for coarser, tries := 0, 0; coarser < 60 && tries < 4; {
		over, under, ok := a.both(q, false)
		if !ok {
			tooFine = q.width
			q.width *= 1.5
			coarser++
			continue
		}
		b.Upper, b.Lower = min(b.Upper, q.read(over.tails(), above)), max(b.Lower, q.read(under.tails(), below))
		b.Grid, a.settled = q.width, q
		excess := q.close(b.Lower, b.Upper)
		finer := q.width * max(math.Sqrt(a.aim/excess), 0.05)
		if a.oneSided { // the error is a third of what halving the width changed
			excess = q.close(b.Upper-(before-b.Upper)/3, b.Upper)
			finer, before = q.width/2, b.Upper
		}
		if !(excess > 1) || !(finer > tooFine*1.1) {
			break
		}
		if tries == 0 && !a.oneSided {
			q.lambda = gentlest(over, q.loss(b.Upper), q.tail*1e9)
		}
		q.width = finer
		tries++
	}
	if b.Grid == 0 {
		return b
	}
	return a.takeInAdding(b)
}

// takeInAdding makes bounds of the removing direction those of both. A coarser grid, which errs by more, usually
// suffices to show that the adding direction is no worse.
func (a *analysis) takeInAdding(b Bounds) Bounds {
	coarse := a.settled
	coarse.width *= 3
	if over, ok := a.upper(coarse, true); ok && coarse.read(over.tails(), above) <= b.Upper {
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
	steps, ok := a.discretise(a.worse, q, added)
	if !ok {
		return nil, nil, false
	}
	if over, ok = a.compose(a.worse, steps, rounding.up, q); !ok {
		return nil, nil, false
	}
	if &a.better[0] != &a.worse[0] {
		if steps, ok = a.discretise(a.better, q, added); !ok {
			return nil, nil, false
		}
	}
	under, ok = a.compose(a.better, steps, rounding.down, q)
	return over, under, ok
}

// upper composes the run in one direction, its losses rounded up.
func (a *analysis) upper(q question, added bool) (*composed, bool) {
	steps, ok := a.discretise(a.worse, q, added)
	if !ok {
		return nil, false
	}
	return a.compose(a.worse, steps, rounding.up, q)
}

func (a *analysis) discretise(kinds []kind, q question, added bool) (steps []rounding, ok bool) {
	acc := accuracy{lambda: q.lambda, left: 1e-13 / a.total, right: max(q.tail/a.total, 1e-300)}
	steps = make([]rounding, len(kinds))
	for i, k := range kinds {
		if steps[i], ok = k.discretise(q.width, acc, added); !ok {
			return nil, false
		}
	}
	return steps, true
}

func (a *analysis) compose(kinds []kind, steps []rounding, round func(rounding) losses, q question) (*composed, bool) {
	parts := make([]part, len(kinds))
	for i, k := range kinds {
		parts[i] = part{round(steps[i]), k.steps}
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
