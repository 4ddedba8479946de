package accountant

import "math"

// StepsAllowed is the largest number of steps at one noise multiplier and rate that a budget still allows after the
// schedule already spent, by the tight upper bound. It is math.MaxInt where steps cost nothing.
func StepsAllowed(spent []Segment, sigma, rate, epsilon, delta float64) (int, error) {
	if err := checkTarget(epsilon, delta); err != nil {
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
