package accountant

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Calibration is the least noise that meets a target.
type Calibration struct {
	Factor       float64   `json:"factor"`       // multiplies every noise multiplier of the shape
	Segments     []Segment `json:"segments"`     // the shape with its noise multipliers so multiplied
	EpsilonUpper float64   `json:"epsilonUpper"` // proven for Segments as they stand; at most the target
}

// calibrationDigits is how many significant digits a calibrated factor has: what is printed is what was proven.
const calibrationDigits = 6

// The noise multipliers searched, of a schedule's loudest step. Below the least, where nothing but the improbable
// protects a record (it is in no sample but with a probability below delta), noise is not worth saving.
const (
	leastNoise    = 1e-3
	greatestNoise = 1e12
)

// CalibrateSigma finds the least factor by which to multiply every noise multiplier of a schedule's shape so that the
// whole schedule is (epsilon, delta) private, proven by the tight accountant. With the one segment {1, q, steps} the
// factor is the noise multiplier itself. The factor is rounded up to six significant digits and epsilon evaluated
// again there, so that a program given the printed figure never exceeds the target. No factor leaves all steps with
// noise multipliers below 0.001.
func CalibrateSigma(shape []Segment, epsilon, delta float64) (Calibration, error) {
	if err := checkShape(shape); err != nil {
		return Calibration{}, err
	}
	loudest := 1.0
	if len(shape) > 0 {
		loudest = slices.MaxFunc(shape, func(a, b Segment) int { return cmp.Compare(a.Sigma, b.Sigma) }).Sigma
	}
	if math.IsInf(greatestNoise/loudest, 1) || loudest > greatestNoise {
		return Calibration{}, fmt.Errorf("accountant: the shape's noise multipliers reach %v: state them relative to each other", loudest)
	}
	factor, upper, err := calibrate(func(factor float64) (*run, error) { return &run{segments: scaled(shape, factor)}, nil }, loudest, epsilon, delta)
	if err != nil {
		return Calibration{}, err
	}
	return Calibration{Factor: factor, Segments: scaled(shape, factor), EpsilonUpper: upper}, nil
}

// Calibrate finds the least noise for which a mechanism is (epsilon, delta) private, in the sense of [CalibrateSigma],
// and the epsilon proven there. The more noise, the more private the mechanism must be; its noise multipliers should be of
// the order of noise.
func Calibrate(mechanism func(noise float64) Event, epsilon, delta float64) (noise, upper float64, err error) {
	return calibrate(func(noise float64) (*run, error) { return reduced(mechanism(noise)) }, 1, epsilon, delta)
}

func calibrate(at func(factor float64) (*run, error), loudest, epsilon, delta float64) (factor, upper float64, err error) {
	if err := checkTarget(epsilon, delta); err != nil {
		return 0, 0, err
	}
	c := calibrator{at: at, least: leastNoise / loudest, greatest: greatestNoise / loudest, epsilon: epsilon, delta: delta}
	unscaled, err := c.merged(1 / loudest)
	switch {
	case err != nil:
		return 0, 0, err
	case len(unscaled.segments)+len(unscaled.others) == 0:
		return 0, 0, errors.New("accountant: nothing to calibrate: no step of the schedule sees any record")
	case (1+math.Exp(epsilon))*unscaled.coupling >= delta:
		return 0, 0, fmt.Errorf("accountant: no noise can help: with probability %.3g a sample exceeds its cap, which at epsilon %v needs a delta above %.3g",
			unscaled.coupling, epsilon, (1+math.Exp(epsilon))*unscaled.coupling)
	case len(unscaled.others) == 0 && participation(unscaled.segments) <= delta-(1+math.Exp(epsilon))*unscaled.coupling:
		return c.prove(c.least, c.least)
	}
	// Renyi accounting errs on the safe side. The tight answer is usually 0.9 to 0.95 of its, and far below where rare
	// participation is what protects.
	loose, found := c.search(c.renyi, 1/loudest, 2, 1e-3)
	if !found {
		loose = c.greatest
	}
	guess := loose * 0.95
	if found {
		guess = min(guess, max(c.centralLimit(loose), loose/10))
	}
	if loose > guess*1.1 { // on a coarse grid first, as fine ones take their time
		if rough, met := c.search(c.near(1e-2), guess, 1.1, 3e-3); met {
			guess = rough
		}
	}
	tight, met := c.search(c.near(0), guess, 1.01, 3e-7)
	if !met && !found {
		return 0, 0, fmt.Errorf("accountant: no noise multiplier up to %g is proven to bring epsilon down to %v at delta %v: the accountant's own rounding leaves %.3g",
			greatestNoise, epsilon, delta, c.upper(c.greatest))
	}
	if !met {
		tight = loose
	}
	return c.prove(tight, loose)
}

// calibrator searches the factor.
type calibrator struct {
	at              func(factor float64) (*run, error)
	least, greatest float64
	epsilon, delta  float64
}

// merged is the run at a factor, in canonical form.
func (c *calibrator) merged(factor float64) (*run, error) {
	r, err := c.at(factor)
	if err != nil {
		return nil, err
	}
	merged := *r
	merged.segments, err = Merge(r.plain())
	merged.upperOnly = nil
	return &merged, err
}

// upper is the upper bound on epsilon.
func (c *calibrator) upper(factor float64) float64 {
	r, err := c.at(factor)
	if err != nil {
		return math.Inf(1)
	}
	b, err := r.epsilon(c.delta)
	if err != nil || !(b.Upper >= 0) {
		return math.Inf(1)
	}
	return b.Upper
}

// renyi is the looser bound that takes no time.
func (c *calibrator) renyi(factor float64) float64 {
	r, err := c.merged(factor)
	if err != nil {
		return math.Inf(1)
	}
	if len(r.others) == 0 {
		v, _ := epsilonRDP(r.segments, c.delta)
		return v
	}
	_, k, err := r.analysis()
	if err != nil {
		return math.Inf(1)
	}
	_, v := bestOrder(func(a float64) float64 { return k.epsilonAt(a, c.delta) })
	return v
}

// centralLimit is where epsilon would be the target if a long run of small losses were exactly normal: usually a little
// too small a factor.
func (c *calibrator) centralLimit(loose float64) float64 {
	factor, found := c.search(func(factor float64) float64 {
		r, err := c.merged(factor)
		if err != nil || len(r.others) > 0 {
			return 0
		}
		v, err := CentralLimitEstimateNoGuarantee(r.segments, c.delta)
		if err != nil {
			return math.Inf(1)
		}
		return v
	}, loose, 1.1, 1e-2)
	if !found {
		return loose
	}
	return factor
}

// near returns a function that is nearly the upper bound of epsilon and many times faster: it keeps the tilt and the
// grid that suited one schedule for others like it, and leaves out the lower bound and the adding direction. It is off by
// a part of precision, or if that is 0, by as little as the accountant ever is.
func (c *calibrator) near(precision float64) func(factor float64) float64 {
	base := math.NaN() // the factor that tilt and grid were chosen for
	var a *analysis
	return func(factor float64) float64 {
		r, err := c.merged(factor)
		switch {
		case err != nil:
			return math.Inf(1)
		case len(r.others) > 0 || r.coupling > 0:
			return c.upper(factor)
		}
		if b, closed := closedForm(r.segments, func(sigma, q float64) float64 { return oneStepEpsilon(sigma, q, c.delta) }); closed {
			return b.Upper
		}
		if !(math.Abs(math.Log(factor/base)) < 0.15) {
			rdp, order := epsilonRDP(r.segments, c.delta)
			a, base = newAnalysis(r.segments), factor
			a.precision = max(a.precision, precision)
			a.epsilon(c.delta, rdp, order)
		}
		if a.settled.width > 0 {
			a.worse = newAnalysis(r.segments).worse
			if over, ok := a.upper(a.settled, false); ok {
				if v := over.tails().epsilon(c.delta, above); v >= 0 && !math.IsInf(v, 1) {
					return v
				}
			}
		}
		return c.upper(factor)
	}
}

// prove rounds a factor up to where the target is met, given one that is known to be nearly enough and another, looser,
// that is enough.
func (c *calibrator) prove(factor, enough float64) (proven, upper float64, err error) {
	for range 40 { // once or twice: near leaves out what can only matter in the last digits
		factor = RoundUp(factor, calibrationDigits)
		if upper = c.upper(factor); upper <= c.epsilon {
			return factor, upper, nil
		}
		if factor > enough*1.01 {
			break
		}
		// Epsilon falls at least as fast as the factor rises.
		next := factor * max(1+1e-6, min(upper/c.epsilon, 1.1))
		if upper > c.epsilon*(1+1e-4) { // the adding direction is the worse: find where it meets the target
			if x, met := c.search(c.upper, next, 1.02, 1e-5); met {
				next = max(x, factor*(1+1e-6))
			}
		}
		factor = next
	}
	return 0, 0, fmt.Errorf("accountant: no stable noise multiplier near %v for epsilon %v", factor, c.epsilon)
}

// search finds the least factor with f at most the target, for an f that falls, to the relative tolerance tol and from
// the safe side: f was at most the target at the result. It brackets the factor by ever larger steps from the guess, to
// whichever side. It answers false where even the greatest factor does not suffice.
func (c *calibrator) search(f func(factor float64) float64, guess, step, tol float64) (factor float64, met bool) {
	excess := func(logX float64) float64 {
		v := f(math.Exp(logX))
		if !(v >= 0) {
			return math.Inf(-1)
		}
		return math.Log(c.epsilon) - math.Log(max(v, 1e-300))
	}
	least, greatest := math.Log(c.least), math.Log(c.greatest)
	x := min(max(math.Log(guess), least), greatest)
	v, width := excess(x), math.Log(step)
	down := v >= 0
	for {
		next := min(x+width, greatest)
		if down {
			next = max(x-width, least)
		}
		if next == x {
			return math.Exp(x), down
		}
		w := excess(next)
		switch {
		case down && w < 0:
			return math.Exp(root(excess, next, w, x, v, tol)), true
		case !down && w >= 0:
			return math.Exp(root(excess, x, v, next, w, tol)), true
		}
		x, v = next, w
		width *= 1.7
	}
}

// upperEpsilon is the upper bound alone, +Inf where there is no guarantee.
func upperEpsilon(segments []Segment, delta float64) float64 {
	b, err := Epsilon(segments, delta)
	if err != nil || !(b.Upper >= 0) {
		return math.Inf(1)
	}
	return b.Upper
}

func checkTarget(epsilon, delta float64) error {
	if !(epsilon > 0) || math.IsInf(epsilon, 1) {
		return fmt.Errorf("accountant: target epsilon must be finite and above 0, got %v", epsilon)
	}
	if !(delta > 0 && delta < 1) {
		return fmt.Errorf("accountant: target delta must lie in (0, 1), got %v", delta)
	}
	return nil
}

func checkShape(shape []Segment) error {
	for i, s := range shape {
		if err := s.Validate(); err != nil {
			return fmt.Errorf("%w (segment %d)", err, i)
		}
		if s.Sigma == 0 {
			return fmt.Errorf("accountant: segment %d of the shape has noise multiplier 0, which no factor can help", i)
		}
	}
	return nil
}

func scaled(shape []Segment, factor float64) []Segment {
	out := slices.Clone(shape)
	for i := range out {
		out[i].Sigma *= factor
	}
	return out
}
