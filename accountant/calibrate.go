package accountant

import (
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

// CalibrateSigma finds the least factor by which to multiply every noise multiplier of a schedule's shape so that the
// whole schedule is (epsilon, delta) private, proven by the tight accountant. With the one segment {1, q, steps} the
// factor is the noise multiplier itself. The factor is rounded up to six significant digits and epsilon evaluated
// again there, so that a program given the printed figure never exceeds the target.
func CalibrateSigma(shape []Segment, epsilon, delta float64) (Calibration, error) {
	if err := checkCalibration(shape, epsilon, delta); err != nil {
		return Calibration{}, err
	}
	merged, err := Merge(shape)
	if err != nil {
		return Calibration{}, err
	}
	if len(merged) == 0 {
		return Calibration{}, errors.New("accountant: nothing to calibrate: no step of the schedule sees any record")
	}
	fast := func(factor float64) float64 { v, _ := epsilonRDP(scaled(merged, factor), delta); return v }
	loose, err := leastFactor(fast, 1, 2, epsilon, 1e-3)
	if err != nil {
		return Calibration{}, err
	}
	// The tight answer is usually 0.9 to 0.95 of the Renyi one, and below 0.8 for tiny rates at epsilon near 1.
	near := nearUpper(scaled(merged, loose*0.93), delta)
	factor, err := leastFactor(func(f float64) float64 { return near(scaled(merged, f)) }, loose*0.95, 1.06, epsilon, 3e-7)
	if err != nil {
		return Calibration{}, err
	}
	for range 30 { // once or twice: near leaves out what can only matter in the last digits
		factor = RoundUp(factor, calibrationDigits)
		got := upperEpsilon(scaled(shape, factor), delta)
		if got <= epsilon {
			return Calibration{Factor: factor, Segments: scaled(shape, factor), EpsilonUpper: got}, nil
		}
		// Epsilon falls at least as fast as the factor rises.
		factor *= max(1+1e-6, min(got/epsilon, 2))
	}
	return Calibration{}, fmt.Errorf("accountant: no stable noise multiplier near %v for epsilon %v", factor, epsilon)
}

// upperEpsilon is the upper bound alone, +Inf where there is no guarantee.
func upperEpsilon(segments []Segment, delta float64) float64 {
	b, err := Epsilon(segments, delta)
	if err != nil {
		return math.Inf(1)
	}
	return b.Upper
}

// nearUpper returns a function that is nearly the upper bound of epsilon and many times faster: it keeps the tilt and
// the grid that suited one schedule for others like it, and leaves out the lower bound and the adding direction.
func nearUpper(typical []Segment, delta float64) func([]Segment) float64 {
	a := newAnalysis(typical)
	if rdp, order := epsilonRDP(typical, delta); len(typical) > 1 || typical[0].Steps > 1 {
		a.epsilon(delta, rdp, order)
	}
	return func(merged []Segment) float64 {
		b, closed := closedForm(merged, func(sigma, q float64) float64 { return oneStepEpsilon(sigma, q, delta) })
		if closed || a.settled.width == 0 {
			return b.Upper
		}
		a.worse = newAnalysis(merged).worse
		over, ok := a.upper(a.settled, false)
		if !ok {
			return upperEpsilon(merged, delta)
		}
		return over.tails().epsilon(delta, above)
	}
}

func checkCalibration(shape []Segment, epsilon, delta float64) error {
	if !(epsilon > 0) || math.IsInf(epsilon, 1) {
		return fmt.Errorf("accountant: target epsilon must be finite and above 0, got %v", epsilon)
	}
	if !(delta > 0 && delta < 1) {
		return fmt.Errorf("accountant: target delta must lie in (0, 1), got %v", delta)
	}
	for i, s := range shape {
		if s.Sigma == 0 {
			return fmt.Errorf("accountant: segment %d of the shape has noise multiplier 0, which no factor can help", i)
		}
	}
	return nil
}

// leastFactor solves f(x) = target for a decreasing f to the relative tolerance tol, from the safe side: f at the
// result is at most the target. The bracket grows by ever larger steps from the first guess.
func leastFactor(f func(float64) float64, guess, step, target, tol float64) (float64, error) {
	at := func(logX float64) float64 { return math.Log(target) - math.Log(max(f(math.Exp(logX)), 1e-300)) }
	lo, width := math.Log(guess), math.Log(step)
	flo := at(lo)
	hi, fhi := lo, flo
	for range 60 {
		switch {
		case flo <= 0 && fhi >= 0:
			return math.Exp(root(at, lo, flo, hi, fhi, tol)), nil
		case fhi < 0: // too little noise
			lo, flo = hi, fhi
			hi += width
			fhi = at(hi)
		default:
			hi, fhi = lo, flo
			lo -= width
			flo = at(lo)
		}
		width *= 1.7
	}
	return 0, fmt.Errorf("accountant: no noise multiplier found for epsilon %v", target)
}

func scaled(shape []Segment, factor float64) []Segment {
	out := slices.Clone(shape)
	for i := range out {
		out[i].Sigma *= factor
	}
	return out
}

// RoundUp rounds a positive x up to so many significant digits.
func RoundUp(x float64, digits int) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return x
	}
	// Dividing by a power of ten, or multiplying where that is exact, gives the float nearest to the decimal.
	exponent := digits - 1 - int(math.Floor(math.Log10(x)))
	scale, decimal := math.Pow10(exponent), func(n float64) float64 { return n / math.Pow10(exponent) }
	if exponent < 0 {
		decimal = func(n float64) float64 { return n * math.Pow10(-exponent) }
	}
	if math.IsInf(scale, 0) || scale == 0 {
		return x
	}
	n := math.Floor(x * scale)
	for decimal(n) < x {
		n++
	}
	return decimal(n)
}

// StepsAllowed is the largest number of steps at one noise multiplier and rate that a budget still allows after the
// schedule already spent, by the tight upper bound. It is math.MaxInt where steps cost nothing.
func StepsAllowed(spent []Segment, sigma, rate, epsilon, delta float64) (int, error) {
	if err := checkCalibration(nil, epsilon, delta); err != nil {
		return 0, err
	}
	base, err := Merge(spent)
	if err != nil {
		return 0, err
	}
	step := Segment{Sigma: sigma, Rate: rate, Steps: 1}
	if err := step.Validate(); err != nil {
		return 0, err
	}
	if rate == 0 {
		return math.MaxInt, nil
	}
	fits := func(bound func([]Segment) float64, n int) bool {
		all, err := Together(base, []Segment{{Sigma: sigma, Rate: rate, Steps: n}})
		return err == nil && bound(all) <= epsilon
	}
	fast := func(s []Segment) float64 { v, _ := epsilonRDP(s, delta); return v }
	tight := func(s []Segment) float64 { return upperEpsilon(s, delta) }
	n := mostSteps(0, func(n int) bool { return fits(fast, n) })
	if n == 0 && !fits(tight, 0) {
		return 0, nil
	}
	return mostSteps(n, func(n int) bool { return fits(tight, n) }), nil
}

// mostSteps is the largest n for which ok holds, given that it holds at from and not beyond some n.
func mostSteps(from int, ok func(int) bool) int {
	lo, width := from, max(from/16, 1)
	for lo+width <= maxSteps && ok(lo+width) {
		lo += width
		width *= 2
	}
	hi := min(lo+width, maxSteps+1)
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; ok(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
