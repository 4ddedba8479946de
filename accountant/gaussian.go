package accountant

import "math"

// GaussianDelta is the exact delta of the Gaussian mechanism at epsilon >= 0, where mu is sensitivity over noise
// (sqrt(T)/sigma for T full-batch steps): Phi(-eps/mu + mu/2) - e^eps Phi(-eps/mu - mu/2)
// (Balle and Wang 2018, arXiv:1805.06530, Theorem 8), arranged so that nothing overflows or cancels.
func GaussianDelta(mu, epsilon float64) float64 { return math.Exp(logGaussianDelta(mu, epsilon)) }

// logGaussianDelta writes e^eps phi(b) = phi(a) for a, b = eps/mu -+ mu/2, so that with Mills' ratio R
// delta = phi(a) (R(a) - R(b)).
func logGaussianDelta(mu, epsilon float64) float64 {
	switch {
	case mu == 0:
		return math.Inf(-1)
	case math.IsInf(mu, 1):
		return 0
	}
	a, b := epsilon/mu-mu/2, epsilon/mu+mu/2
	switch {
	case math.IsInf(a, 1):
		return math.Inf(-1)
	case mu < 0.1:
		return -a*a/2 - logSqrt2Pi + math.Log(millsDifference(a, b))
	case a >= 0:
		return -a*a/2 - logSqrt2Pi + math.Log(mills(a)-mills(b))
	}
	return math.Log(normalCDF(-a) - normalPDF(a)*mills(b))
}

// millsDifference is R(a) - R(b) for b just above a, the integral of -R'(t) = 1 - t R(t), by five-point Gauss-Legendre.
func millsDifference(a, b float64) float64 {
	nodes := [3]float64{0, 0.5384693101056831, 0.9061798459386640}
	weights := [3]float64{0.5688888888888889, 0.4786286704993665, 0.2369268850561891}
	mid, half := (a+b)/2, (b-a)/2
	sum := weights[0] * millsSlope(mid)
	for i := 1; i < 3; i++ {
		sum += weights[i] * (millsSlope(mid-half*nodes[i]) + millsSlope(mid+half*nodes[i]))
	}
	return half * sum
}

// millsSlope is 1 - t R(t). In the continued fraction R = 1/(t+c) it is c R, which does not cancel.
func millsSlope(t float64) float64 {
	if t < 6 {
		return 1 - t*mills(t)
	}
	f := t
	for k := 40.0; k >= 2; k-- {
		f = t + k/f
	}
	return 1 / f / (t + 1/f)
}

// GaussianEpsilon is the exact epsilon of the Gaussian mechanism at delta in (0, 1).
func GaussianEpsilon(mu, delta float64) float64 {
	if mu == 0 || delta >= 1 {
		return 0
	}
	if math.IsInf(mu*mu, 1) || delta <= 0 {
		return math.Inf(1)
	}
	want := math.Log(delta)
	f := func(epsilon float64) float64 { return want - logGaussianDelta(mu, epsilon) }
	atZero := f(0)
	if atZero >= 0 {
		return 0
	}
	hi := mu*mu/2 + mu*math.Sqrt(-2*want) // the loss exceeds this with probability below delta
	return root(f, 0, atZero, hi, f(hi), hi*1e-15)
}

// oneStepEpsilon is the exact epsilon of a single Poisson-subsampled Gaussian step, both directions.
//
// Removing: delta(eps) = q deltaGauss(log(1 + (e^eps - 1)/q)), which inverts in closed form.
// Adding: delta(eps) = (1 - (1-q) e^eps) deltaGauss(-log(1 - (1 - e^-eps)/q)), zero from -log(1-q) on.
func oneStepEpsilon(sigma, q, delta float64) float64 {
	if delta >= q {
		return 0
	}
	inner := GaussianEpsilon(1/sigma, delta/q)
	remove := math.Log1p(q * math.Expm1(inner))
	if inner > 600 {
		remove = inner + math.Log(q)
	}
	most := -math.Log1p(-q)
	if q == 1 || oneStepDeltaAdd(sigma, q, remove) <= delta {
		return remove
	}
	f := func(epsilon float64) float64 { return delta - oneStepDeltaAdd(sigma, q, epsilon) }
	return root(f, remove, f(remove), most, delta, most*1e-15)
}

func oneStepDelta(sigma, q, epsilon float64) float64 {
	inner := math.Log1p(math.Expm1(epsilon) / q)
	if epsilon > 600 {
		inner = epsilon - math.Log(q)
	}
	return max(q*GaussianDelta(1/sigma, inner), oneStepDeltaAdd(sigma, q, epsilon))
}

func oneStepDeltaAdd(sigma, q, epsilon float64) float64 {
	kept := 1 - (1-math.Exp(-epsilon))/q
	if q == 1 {
		return GaussianDelta(1/sigma, epsilon)
	}
	if kept <= 0 {
		return 0
	}
	return q * kept * math.Exp(epsilon) * GaussianDelta(1/sigma, -math.Log(kept))
}

// closedForm answers where one is known: full-batch Gaussian steps only, or one subsampled step. The bounds stand
// apart by more than rounding can have done.
func closedForm(merged []Segment, exact func(sigma, q float64) float64) (Bounds, bool) {
	if len(merged) != 1 || merged[0].Steps != 1 {
		return Bounds{}, false
	}
	v := exact(merged[0].Sigma, merged[0].Rate)
	return Bounds{Lower: v * (1 - closedFormError), Upper: v * (1 + closedFormError)}, true
}

// closedFormError is more than the closed forms are off, relatively.
const closedFormError = 5e-10
