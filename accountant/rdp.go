package accountant

import "math"

// logMoment is K(a) = log E_{x ~ N(0, s^2)} ((1-q) + q e^{(x-1/2)/s^2})^a, so that (a-1) times the Renyi divergence of
// order a > 1 of one subsampled Gaussian step is K(a). The remove direction, which this is, dominates the add
// direction (Mironov, Talwar and Zhang 2019, arXiv:1908.10530, Theorem 5).
//
// For any real a it is a one-dimensional integral of an analytic function, for which the trapezoidal rule converges
// geometrically with a known error (Trefethen and Weideman 2014, "The Exponentially Convergent Trapezoidal Rule",
// Theorem 5.1). The bound on that error is added: the result is never below the truth by more than rounding. The usual
// series (ibid., Section 3.3) alternates in sign for fractional a and loses its digits at large q.
func logMoment(s, q, a float64) float64 {
	switch {
	case q == 0:
		return 0
	case s == 0:
		return math.Inf(1)
	case q == 1:
		return a * (a - 1) / 2 / s / s
	}
	rule := newTrapezoid(s, a)
	if rule.points > 4096 {
		// Little noise, high order. By convexity of y^a: E((1-q) + q w)^a <= (1-q) + q E w^a.
		return logAddExp(math.Log1p(-q), math.Log(q)+a*(a-1)/2/s/s)
	}
	if a*math.Log1p(q*math.Exp(min(rule.hi/s-1/(2*s*s), 600))) > 600 {
		stay, take := math.Log1p(-q), math.Log(q)
		return rule.logSum(func(z float64) float64 { return a * logAddExp(stay, take+z/s-1/(2*s*s)) })
	}
	return rule.excess(s, q, a)
}

// trapezoid is the rule h * sum f(lo + i h) for integrals against the standard normal density.
type trapezoid struct {
	lo, hi, h float64
	points    int
	error     float64 // relative to E ((1-q) + q w)^a
}

// newTrapezoid chooses the step for an error of 1e-21. With z = x/s the integrand is analytic where
// |Im z| < pi s (the first zero of its base), and there no larger than e^{d^2/2} times its real counterpart.
func newTrapezoid(s, a float64) trapezoid {
	d := min(3.1*s, 10)
	t := trapezoid{h: 2 * math.Pi * d / (50 + d*d/2), lo: -10, hi: a/s + 10, error: 4 * math.Exp(-50)}
	if n := (t.hi - t.lo) / t.h; n < 1e9 {
		t.points = int(n) + 2
	} else {
		t.points = math.MaxInt32
	}
	return t
}

// excess returns log(1 + E f) with f(y) = (1+qy)^a - 1 - a q y and y = w - 1, whose mean is zero: f is non-negative, so
// that nothing cancels and a step that costs 1e-15 is still known to twelve digits.
func (t trapezoid) excess(s, q, a float64) float64 {
	sum := 0.0
	for i := range t.points {
		z := t.lo + float64(i)*t.h
		v := q * math.Expm1(z/s-1/(2*s*s))
		var f float64
		if math.Abs(a*v) < 1e-3 && math.Abs(v) < 1e-3 {
			f = a * (a - 1) / 2 * v * v * (1 + (a-2)/3*v*(1+(a-3)/4*v*(1+(a-4)/5*v)))
		} else {
			f = math.Expm1(a*math.Log1p(v)) - a*v
		}
		sum += f * math.Exp(-z*z/2)
	}
	excess := sum * t.h / sqrt2Pi
	return math.Log1p(excess*(1+1e-12) + (1+excess)*t.error)
}

// logSum is the log of the integral of e^f against the normal density, whatever the size of e^f.
func (t trapezoid) logSum(f func(z float64) float64) float64 {
	largest, sum := math.Inf(-1), 0.0
	for i := range t.points {
		z := t.lo + float64(i)*t.h
		e := f(z) - z*z/2
		if e > largest {
			sum = sum*math.Exp(largest-e) + 1
			largest = e
		} else {
			sum += math.Exp(e - largest)
		}
	}
	log := largest + math.Log(sum*t.h/sqrt2Pi)
	return log + 1e-13*math.Abs(log) + 1e-14 + t.error
}

// The orders searched. Opacus stops at 63, where epsilon near zero cannot be seen.
const (
	minOrder = 1.0005
	maxOrder = 1 << 20
)

// moments is log E e^{(a-1) loss} of a whole schedule as a function of the order a > 1.
type moments func(a float64) float64

func segmentMoments(segments []Segment) moments {
	if len(segments) > maxKinds {
		segments, _ = grouped(segments)
	}
	return func(a float64) float64 {
		sum := 0.0
		for _, s := range segments {
			if sum += float64(s.Steps) * logMoment(s.Sigma, s.Rate, a); math.IsInf(sum, 1) {
				break
			}
		}
		return sum
	}
}

// epsilonAt converts one order (Balle et al. 2020, arXiv:1905.09982, Theorem 21; Canonne, Kamath and Steinke 2020,
// arXiv:2004.00010, Proposition 12).
func (k moments) epsilonAt(a, delta float64) float64 {
	return (k(a)-math.Log(delta)-math.Log(a))/(a-1) + math.Log1p(-1/a)
}

// logDeltaAt is the same conversion solved for delta.
func (k moments) logDeltaAt(a, epsilon float64) float64 {
	return k(a) - (a-1)*(epsilon-math.Log1p(-1/a)) - math.Log(a)
}

// bestOrder minimises f over orders. Any order gives a sound bound, so a minimum that is only local costs tightness and
// nothing else. rising tells when larger orders cannot improve on the best value so far.
func bestOrder(f func(a float64) float64) (order, value float64) {
	at := func(t float64) float64 { return 1 + math.Exp(t) }
	lo, hi := math.Log(minOrder-1), math.Log(maxOrder-1)
	const coarse = 0.75
	best, bestT, worse := math.Inf(1), lo, 0
	for t := lo; t <= hi; t += coarse {
		switch v := f(at(t)); {
		case v < best:
			best, bestT, worse = v, t, 0
		case !math.IsInf(best, 1):
			worse++
		}
		if worse == 4 {
			break
		}
	}
	t, v := minimise(func(t float64) float64 { return f(at(t)) }, max(lo, bestT-coarse), min(hi, bestT+coarse), 2e-4)
	if v > best {
		t, v = bestT, best
	}
	return at(t), v
}

// EpsilonRDP is the fast upper bound: Renyi differential privacy, composed by addition and converted at the best order.
// It is never below the truth; [Epsilon] is tighter. An order near 1 or above a million means that the optimum lies at
// an end of the range searched and the figure is looser than Renyi accounting could be.
func EpsilonRDP(segments []Segment, delta float64) (epsilon, order float64, err error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkDelta(delta)
	}
	if err != nil {
		return 0, 0, err
	}
	epsilon, order = epsilonRDP(merged, delta)
	return epsilon, order, nil
}

func epsilonRDP(merged []Segment, delta float64) (epsilon, order float64) {
	if v, trivial := trivialEpsilon(merged, delta); trivial {
		return v.RDP, 1
	}
	k := segmentMoments(merged)
	order, epsilon = bestOrder(func(a float64) float64 { return k.epsilonAt(a, delta) })
	return max(epsilon, 0), order
}

// DeltaRDP is the same bound for a given epsilon.
func DeltaRDP(segments []Segment, epsilon float64) (delta, order float64, err error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkEpsilon(epsilon)
	}
	if err != nil {
		return 0, 0, err
	}
	delta, order = deltaRDP(merged, epsilon)
	return delta, order, nil
}

func deltaRDP(merged []Segment, epsilon float64) (delta, order float64) {
	if v, trivial := trivialDelta(merged); trivial {
		return v.RDP, 1
	}
	k := segmentMoments(merged)
	order, logDelta := bestOrder(func(a float64) float64 { return k.logDeltaAt(a, epsilon) })
	return min(max(math.Exp(logDelta), math.SmallestNonzeroFloat64), 1), order
}

// orderAtEnd tells that the best order is an end of the range searched.
func orderAtEnd(order float64) bool { return order < minOrder*1.0002 || order > maxOrder*0.999 }
