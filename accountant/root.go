package accountant

import "math"

// root finds where f changes sign in [lo, hi], given f(lo) and f(hi) of opposite signs (or zero), by the ITP method of
// Oliveira and Takahashi 2020 ("An Enhancement of the Bisection Method Average Performance Preserving Minmax
// Optimality", ACM TOMS 47): superlinear where f is smooth and never more than one step worse than bisection. It
// returns the end of the last bracket whose sign is that of f(hi), at most tol away from a sign change.
func root(f func(float64) float64, lo, flo, hi, fhi, tol float64) float64 {
	if fhi == 0 || !(hi-lo > tol) {
		return hi
	}
	rising := 1.0
	if fhi < 0 {
		rising, flo, fhi = -1, -flo, -fhi
	}
	const kappa2 = 2.0
	kappa1 := 0.2 / (hi - lo)
	limit := math.Ceil(math.Log2((hi-lo)/tol)) + 1 // bisections needed, and one of grace
	for j := 0.0; hi-lo > tol && j < 400; j++ {
		mid := lo + (hi-lo)/2
		guess := (fhi*lo - flo*hi) / (fhi - flo)
		if math.IsNaN(guess) || math.IsInf(guess, 0) {
			guess = mid
		}
		toward := math.Copysign(1, mid-guess)
		if truncation := kappa1 * math.Pow(hi-lo, kappa2); truncation <= math.Abs(mid-guess) {
			guess += toward * truncation
		} else {
			guess = mid
		}
		if radius := max(tol/2*math.Exp2(limit-j)-(hi-lo)/2, 0); math.Abs(guess-mid) > radius {
			guess = mid - toward*radius
		}
		if !(guess > lo && guess < hi) {
			guess = mid
		}
		if !(guess > lo && guess < hi) { // the bracket is two neighbouring floats
			return hi
		}
		switch y := rising * f(guess); {
		case y > 0:
			hi, fhi = guess, y
		case y < 0:
			lo, flo = guess, y
		default: // zero, or not a number: stop at the safe side
			if y == 0 {
				return guess
			}
			return hi
		}
	}
	return hi
}

// minimise returns the place and value of the least f met by golden-section search in [lo, hi], to within tol.
func minimise(f func(float64) float64, lo, hi, tol float64) (at, least float64) {
	const ratio = 0.6180339887498949
	a, b := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	fa, fb := f(a), f(b)
	for hi-lo > tol {
		if fa <= fb {
			hi, b, fb = b, a, fa
			a = hi - ratio*(hi-lo)
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + ratio*(hi-lo)
			fb = f(b)
		}
	}
	if fa <= fb {
		return a, fa
	}
	return b, fb
}
