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
	setting
	tail  float64                                       // probability small beside the delta in question
	width float64                                       // of the grid
	close func(lower, upper, precision float64) float64 // how far apart the bounds are, relative to what is wanted
	read  func(t tails, side bias) float64
	point func(upper float64) (loss, delta float64) // the point of the curve that matters, given an upper bound of the answer
}

// smallBeside is what a probability is multiplied by to be small beside it.
const smallBeside = 1e-9

// epsilon bounds epsilon at delta, given the Renyi answer.
func (a *analysis) epsilon(delta, rdp, order float64) Bounds {
	if math.IsInf(rdp, 1) || rdp == 0 {
		return Bounds{Upper: rdp}
	}
	return a.refine(question{
		setting: setting{lambda: (order - 1) / 2, spill: usualSpill},
		tail:    delta * smallBeside,
		width:   a.firstWidth(order, a.precision*rdp),
		close: func(lower, upper, precision float64) float64 {
			return (upper - lower) / max(precision*upper, min(0.005*upper, 5e-7), 1e-9)
		},
		read: func(t tails, side bias) float64 {
			return max(0, t.epsilon(delta, side)*(1+1e-13*float64(side))+float64(side)*t.drift)
		},
		point: func(upper float64) (float64, float64) { return upper, delta },
	}, rdp)
}

// delta bounds delta at epsilon, given the Renyi answer.
func (a *analysis) delta(epsilon, rdp, order float64) Bounds {
	if rdp < 1e-280 {
		return Bounds{Upper: rdp}
	}
	return a.refine(question{
		setting: setting{lambda: (order - 1) / 2, spill: usualSpill},
		tail:    rdp * smallBeside / 1000, // Renyi may overstate delta a thousandfold
		width:   a.firstWidth(order, 20*a.precision/(order-1)),
		close:   func(lower, upper, precision float64) float64 { return (upper - lower) / (20 * precision * upper) },
		read:    func(t tails, side bias) float64 { return t.delta(epsilon-float64(side)*t.drift, side) },
		point:   func(upper float64) (float64, float64) { return epsilon, min(upper, rdp/1000) },
	}, rdp)
}

// firstWidth is a grid four times coarser than one on which the bounds should stand gap apart: to second order in the
// width, connecting the dots adds T (lambda+1) width^2/12 to epsilon, and merging takes off half that.
func (a *analysis) firstWidth(order, gap float64) float64 {
	return 4 * math.Sqrt(8*gap/(a.total*order))
}

// refine composes the removing direction, which is nearly always the worse, then takes the adding direction in. Whatever
// comes of that, the answer is never above the Renyi one.
func (a *analysis) refine(q question, rdp float64) Bounds {
	b := Bounds{Upper: rdp}
	last := a.approach(q, &b)
	if last == nil {
		return b
	}
	if q = a.settled; !q.doubled && !a.oneSided && q.close(b.Lower, b.Upper, max(lastResort, 2*a.precision)) > 1 {
		// The tilt that rounding demanded has too wide a window for a fine grid.
		q.setting = last.doubledSetting(q.point(b.Upper))
		a.approach(q, &b)
	}
	return a.takeInAdding(b, rdp)
}

// approach composes on a coarse grid, chooses tilt and grid by what it finds, and goes on until the two bounds are as
// close as wanted or no finer grid can be had. It returns the last upper composition, nil where there was none.
func (a *analysis) approach(q question, b *Bounds) (last *composed) {
	tooFine, before, gap := 0.0, math.Inf(1), math.Inf(1)
	for coarser, tries := 0, 0; coarser < 60 && tries < 6; {
		over, under, ok := a.both(q, false)
		if !ok {
			tooFine = q.width
			q.width *= 1.5
			coarser++
			continue
		}
		last = over
		b.tighten(q.read(under.tails(), below), q.read(over.tails(), above))
		b.Grid, a.settled = q.width, q
		excess := q.close(b.Lower, b.Upper, a.wanted(q))
		finer := q.width * max(math.Sqrt(a.aim/excess), 0.05)
		if a.oneSided { // the error is a third of what halving the width changed
			excess = q.close(b.Upper-(before-b.Upper)/3, b.Upper, a.wanted(q))
			finer, before, gap = q.width/2, b.Upper, math.Inf(1)
		}
		if !(excess > 1) {
			break
		}
		loss, delta := q.point(b.Upper)
		drowned := over.drowned(loss, delta)
		q.tail = min(q.tail, delta*smallBeside)
		switch {
		case drowned && q.doubled:
			q.spill = over.spill(q.lambda, loss, delta)
		case drowned || tries == 0 && !a.oneSided && !q.doubled:
			q.setting = over.gentlest(loss, delta)
		}
		if tries++; drowned {
			continue
		}
		if stuck := b.Upper-b.Lower > 0.8*gap; stuck || !(finer > tooFine*1.1) {
			break
		}
		q.width, gap = finer, b.Upper-b.Lower
	}
	return last
}

// wanted is the distance of bounds, relative to epsilon, at which it is enough.
func (a *analysis) wanted(q question) float64 {
	if q.doubled {
		return max(a.precision, doubledPrecision)
	}
	return a.precision
}

// doubledPrecision is how close bounds are wanted where it takes doubled digits to have them.
const doubledPrecision = 3e-3

// lastResort is how far apart bounds may stand before doubled digits are tried.
const lastResort = 5e-3

// tighten takes better bounds in; what is not a number is none.
func (b *Bounds) tighten(lower, upper float64) {
	if upper < b.Upper {
		b.Upper = upper
	}
	if lower > b.Lower {
		b.Lower = lower
	}
}

// takeInAdding makes bounds of the removing direction those of both. A coarser grid, which errs by more, usually
// suffices to show that the adding direction is no worse.
func (a *analysis) takeInAdding(b Bounds, rdp float64) Bounds {
	coarse := a.settled
	coarse.width *= 3
	if over, ok := a.upper(coarse, true); ok && coarse.read(over.tails(), above) <= b.Upper {
		return b
	}
	q, added := a.settled, Bounds{Upper: rdp}
	if over, under, ok := a.both(q, true); ok {
		added.tighten(q.read(under.tails(), below), q.read(over.tails(), above))
	}
	b.Upper, b.Lower = max(b.Upper, added.Upper), max(b.Lower, added.Lower)
	return b
}

// both composes the run in one direction on one grid, its losses rounded up and down.
func (a *analysis) both(q question, added bool) (over, under *composed, ok bool) {
	steps, ok := a.discretise(a.worse, q, added)
	if !ok {
		return nil, nil, false
	}
	if over, ok = a.compose(a.worse, steps, above, q); !ok {
		return nil, nil, false
	}
	if &a.better[0] != &a.worse[0] {
		if steps, ok = a.discretise(a.better, q, added); !ok {
			return nil, nil, false
		}
	}
	under, ok = a.compose(a.better, steps, below, q)
	return over, under, ok
}

// upper composes the run in one direction, its losses rounded up.
func (a *analysis) upper(q question, added bool) (*composed, bool) {
	steps, ok := a.discretise(a.worse, q, added)
	if !ok {
		return nil, false
	}
	return a.compose(a.worse, steps, above, q)
}

// mostComposed is beyond what a composition in float64 answers: of so many steps the rounding of one is too much.
const mostComposed = 1 << 32

func (a *analysis) discretise(kinds []kind, q question, added bool) (steps []rounding, ok bool) {
	if a.total > mostComposed {
		return nil, false
	}
	acc := accuracy{lambda: q.lambda, left: 1e-13 / a.total, right: max(q.tail/a.total, 1e-300)}
	steps = make([]rounding, len(kinds))
	for i, k := range kinds {
		acc.many = k.steps >= 100 // else a finer rounding is not worth its time: there may be hundreds of kinds
		if b, ok := k.bundled(q.width, acc, added); ok {
			steps[i] = b
			continue
		}
		if steps[i], ok = k.discretise(q.width, acc, added); !ok {
			return nil, false
		}
	}
	return steps, true
}

// compose takes bundles whole: one too many in a bound from above, one too few in one from below.
func (a *analysis) compose(kinds []kind, steps []rounding, side bias, q question) (*composed, bool) {
	parts := make([]part, len(kinds))
	for i, k := range kinds {
		p := part{steps: k.steps, each: 1}
		if b, bundled := steps[i].(bundle); bundled {
			p.each = b.steps()
			p.steps /= p.each
		}
		if side == above {
			p.losses, p.steps = steps[i].up(), math.Ceil(p.steps)
		} else {
			p.losses, p.steps = steps[i].down(), math.Floor(p.steps)
		}
		parts[i] = p
	}
	return a.composer.compose(parts, q.setting)
}

// logTail is the log of the tail sum C at a loss where delta is known: log C = log delta + lambda loss - log E e^(lambda loss).
func (d *composed) logTail(lambda, loss, delta float64) float64 {
	logScale := d.logScale
	if lambda != d.lambda {
		for _, p := range d.parts {
			logScale += p.steps * p.logMoment(lambda-d.lambda)
		}
	}
	return math.Log(delta) + lambda*loss - logScale
}

// noise is what rounding and wrapping add to a tail sum.
func (d *composed) noise(lambda float64) float64 { return d.binError/(lambda*d.width) + 2*d.tailError }

// drowned tells that a tail sum is hardly more than its noise.
func (d *composed) drowned(loss, delta float64) bool {
	return !(d.logTail(d.lambda, loss, delta) > math.Log(1e4*d.noise(d.lambda)))
}

// leastTilt is the least tilt tried, as a part of the first.
const leastTilt = 0.04

// gentlest is the least tilt under which noise stays a hundred thousand times below what matters. The Renyi optimum
// would make the tail sum larger, but where a rare large loss dominates the moments it makes many such losses probable,
// and the window many times wider. Where no tilt is enough, doubled digits are.
func (d *composed) gentlest(loss, delta float64) setting {
	enough := func(lambda float64) bool { return d.logTail(lambda, loss, delta) > math.Log(1e5*d.noise(lambda)) }
	least, most := d.lambda*leastTilt, 2*d.lambda // the Renyi optimum, half of which was tried
	switch {
	case enough(least):
		return setting{lambda: least, spill: usualSpill}
	case enough(d.lambda):
		_, lambda := bisect(least, d.lambda, enough, least)
		return setting{lambda: lambda, spill: usualSpill}
	case enough(most):
		return setting{lambda: most, spill: usualSpill}
	}
	return d.doubledSetting(loss, delta)
}

// doubledSetting is the gentlest where rounding hardly matters.
func (d *composed) doubledSetting(loss, delta float64) setting {
	lambda := d.lambda * leastTilt
	if most := 2 * d.lambda; d.logTail(most, loss, delta) > d.logTail(lambda, loss, delta)+20 {
		lambda = most
	}
	return setting{lambda, d.spill(lambda, loss, delta), true}
}

// spill is small beside the tail sum that matters.
func (d *composed) spill(lambda, loss, delta float64) float64 {
	return min(usualSpill, 1e-6*math.Exp(d.logTail(lambda, loss, delta)))
}
