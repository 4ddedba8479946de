package mechanism

import "math"

// Geometric noise: a banded strategy whose coefficients fall by a ratio, c_j = c_0 r^j for j < b. Its noise is two terms
// a step whatever b is (dp/correlation.go), where others sum b; without the cut at b bands it would be DP-lambda-CGD's
// (arXiv:2601.22334), in which a record's participations overlap. Bands and ratio are those with the least noise in the run's own iterates:
// its learning rates, its momentum, its number of steps, and the noise multiplier that its accountant asks for.
// One ratio is within 1 % of the best strategies found otherwise with momentum 0.9 and up to a tenth of the steps in bands; without momentum
// it is about 4 % above them with the bands that are best for each.

// geometric is the strategy of norm 1.
func geometric(bands int, ratio float64) []float64 {
	c, x, squares := make([]float64, bands), 1.0, 0.0
	for j := range c {
		c[j] = x
		squares += x * x
		x *= ratio
	}
	norm := math.Sqrt(squares) * (1 + 1e-12) // rounding must not push the norm above 1
	for j := range c {
		c[j] /= norm
	}
	return c
}

// geometricInverse is the first column of its inverse, to n coefficients: (1 - r x)/(c_0 (1 - r^b x^b)).
func geometricInverse(bands int, ratio, first float64, n int) []float64 {
	inverse, back := make([]float64, n), math.Pow(ratio, float64(bands))
	for t := range inverse {
		switch {
		case t == 0:
			inverse[t] = 1 / first
		case t == 1:
			inverse[t] = -ratio / first
		}
		if t >= bands {
			inverse[t] += back * inverse[t-bands]
		}
	}
	return inverse
}

// bestRatio is the strategy of so many bands with the least noise, and that noise: the last iterate counts as much as all
// together. The ratio is 1 - 1/(1 + s b), s between 1/8 and 16, found by golden section over its logarithm.
func (it *iterates) bestRatio(bands int) (c []float64, least float64) {
	if bands == 1 {
		last, mean := it.noise(it.response(geometricInverse(1, 0, 1, len(it.rates))), nil)
		return []float64{1}, last + mean
	}
	at := func(logSpan float64) float64 {
		ratio := 1 - 1/(1+math.Exp(logSpan)*float64(bands))
		c = geometric(bands, ratio)
		last, mean := it.noise(it.response(geometricInverse(bands, ratio, c[0], len(it.rates))), nil)
		return last + mean
	}
	x := minimise(at, math.Log(1.0/8), math.Log(16), 0.1)
	least = at(x)
	return c, least
}

// minimise finds where a function with one valley between two ends is least, to a width (golden section; Kiefer 1953).
func minimise(f func(float64) float64, lo, hi, width float64) float64 {
	const part = 0.6180339887498949
	a, b := hi-part*(hi-lo), lo+part*(hi-lo)
	fa, fb := f(a), f(b)
	for hi-lo > width {
		if fa < fb {
			hi, b, fb = b, a, fa
			a = hi - part*(hi-lo)
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + part*(hi-lo)
			fb = f(b)
		}
	}
	return (lo + hi) / 2
}
