package accountant

import "math"

const (
	sqrt2Pi    = 2.50662827463100050241576528481104525
	logSqrt2Pi = 0.918938533204672741780329736405617639
)

// normalCDF is Phi(x). math.Erfc keeps full relative accuracy in the left tail, which 1 - Erf does not.
func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func normalPDF(x float64) float64 { return math.Exp(-x*x/2) / sqrt2Pi }

// mills is Mills' ratio Phi(-x)/phi(x) for the upper tail. For large x it is the continued fraction
// 1/(x + 1/(x + 2/(x + ...))) (Abramowitz and Stegun 26.2.14), which neither overflows nor cancels.
func mills(x float64) float64 {
	if x < 6 {
		return normalCDF(-x) / normalPDF(x)
	}
	f := x
	for k := 40.0; k >= 1; k-- {
		f = x + k/f
	}
	return 1 / f
}

// logNormalCDF is log Phi(x), finite for every finite x.
func logNormalCDF(x float64) float64 {
	if x > -6 {
		return math.Log(normalCDF(x))
	}
	return -x*x/2 - logSqrt2Pi + math.Log(mills(-x))
}

// logAddExp is log(e^a + e^b) without overflow.
func logAddExp(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) || math.IsInf(a, 1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
