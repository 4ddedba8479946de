package mechanism

import (
	"fmt"
	"math"

	"cloister/accountant"
	"cloister/dp"
)

// Banded matrix-factorisation noise. A strategy C (lower-triangular Toeplitz, b bands, first column c of norm 1) makes
// the noise of the sums C^-1 z; what reaches the parameters is A C^-1 z, A the linear map from gradients to iterates:
// prefix sums, with momentum when the optimiser has some. The bands are those with the least mean squared error of the
// iterates (Choquette-Choo et al. 2023, Section 4; Toeplitz, so that b numbers describe them and columns cut off at the
// end of a run only get shorter), found from the banded square root of A (Kalinin and Lampert 2024, "Banded Square Root
// Matrix Factorization for Differentially Private Model Training").

// squareRoot is the first b coefficients of the square root of 1/((1-x)(1-m x)), the workload of SGD with momentum m,
// scaled to unit norm: c_j = sum_i r_i r_(j-i) m^i with r_i = binomial(2i, i)/4^i.
func squareRoot(bands int, momentum float64) []float64 {
	r, c := make([]float64, bands), make([]float64, bands)
	norm := 0.0
	for j := range c {
		r[j] = 1
		if j > 0 {
			r[j] = r[j-1] * (1 - 0.5/float64(j))
		}
		for i := range j + 1 {
			c[j] += r[i] * r[j-i] * math.Pow(momentum, float64(i))
		}
		norm = math.Hypot(norm, c[j])
	}
	for j := range c {
		c[j] /= norm
	}
	return c
}

// workload is the first column of A: the coefficients of 1/((1-x)(1-m x)).
func workload(momentum float64, steps int) []float64 {
	a, velocity, position := make([]float64, steps), 1.0, 0.0
	for t := range a {
		position += velocity
		velocity *= momentum
		a[t] = position
	}
	return a
}

// divide is the series a/c, to the length of a: the first column of A C^-1.
func divide(a, c []float64) []float64 {
	b := make([]float64, len(a))
	for t := range b {
		x := a[t]
		for j := 1; j < len(c) && j <= t; j++ {
			x -= c[j] * b[t-j]
		}
		b[t] = x / c[0]
	}
	return b
}

// workloadError is the mean squared error of the iterates at noise multiplier 1 and step size 1: the mean over t of the
// squared norm of row t of A C^-1, times the squared norm of a column of C.
func workloadError(c, a []float64) float64 {
	total := 0.0
	for t, x := range divide(a, c) {
		total += x * x * float64(len(a)-t)
	}
	return total / float64(len(a)) * dot(c, c)
}

// errorGradient is the gradient of log workloadError: with b = a/c, the derivative of b by c_j is -x^j b/c.
func errorGradient(c, a, gradient []float64) {
	b := divide(a, c)
	d := divide(b, c)
	total := 0.0
	for t, x := range b {
		total += x * x * float64(len(a)-t)
	}
	norm := dot(c, c)
	for j := range gradient {
		s := 0.0
		for t := j; t < len(a); t++ {
			s += b[t] * d[t-j] * float64(len(a)-t)
		}
		gradient[j] = 2*c[j]/norm - 2*s/total
	}
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// bestStrategy minimises the workload error over b bands by BFGS (Nocedal and Wright 2006, Algorithm 6.1), from the
// square root, and returns a column of norm 1. The error does not depend on scale, so nothing constrains the search.
func bestStrategy(bands int, momentum float64, steps int) []float64 {
	a := workload(momentum, steps)
	c := squareRoot(bands, momentum)
	g, next, h := make([]float64, bands), make([]float64, bands), make([]float64, bands)
	inverse := make([][]float64, bands) // approximate inverse Hessian
	for i := range inverse {
		inverse[i] = make([]float64, bands)
		inverse[i][i] = 1
	}
	errorGradient(c, a, g)
	at := math.Log(workloadError(c, a))
	for range 100 {
		direction, slope := make([]float64, bands), 0.0
		for i, row := range inverse {
			direction[i] = -dot(row, g)
		}
		if slope = dot(direction, g); !(slope < -1e-12) {
			break
		}
		to, value, ok := lineSearch(c, direction, a, at, slope)
		if !ok {
			break
		}
		errorGradient(to, a, next)
		for i := range h {
			direction[i], h[i] = to[i]-c[i], next[i]-g[i]
		}
		updateInverse(inverse, direction, h)
		copy(c, to)
		copy(g, next)
		at = value
	}
	norm := math.Sqrt(dot(c, c)) * (1 + 1e-12) // rounding must not push the norm above 1
	for j := range c {
		c[j] /= norm
	}
	return c
}

// lineSearch halves a step until the error falls by enough (Armijo); ok is false when none does.
func lineSearch(c, direction, a []float64, at, slope float64) (to []float64, value float64, ok bool) {
	to = make([]float64, len(c))
	for size := 1.0; size > 1e-9; size /= 2 {
		for i := range c {
			to[i] = c[i] + size*direction[i]
		}
		if to[0] < 0.05*math.Sqrt(dot(to, to)) {
			continue // far from any strategy worth having, and 1/c might blow up
		}
		if value = math.Log(workloadError(to, a)); value <= at+1e-4*size*slope {
			return to, value, true
		}
	}
	return nil, 0, false
}

// updateInverse is the BFGS update for a move s and a change y of the gradient.
func updateInverse(inverse [][]float64, s, y []float64) {
	sy := dot(s, y)
	if !(sy > 1e-14) {
		return
	}
	hy := make([]float64, len(y))
	for i, row := range inverse {
		hy[i] = dot(row, y)
	}
	f := (1 + dot(y, hy)/sy) / sy
	for i, row := range inverse {
		for j := range row {
			row[j] += f*s[i]*s[j] - (hy[i]*s[j]+s[i]*hy[j])/sy
		}
	}
}

// bestBands weighs correlation, which cancels more noise the more bands there are, against amplification by sampling,
// which more bands weaken: the number of bands with the least noise in the iterates at the target.
func (b *builder) bestBands() (int, error) {
	q := b.design.Spec.Rate
	best, least, a := 1, math.Inf(1), workload(b.Momentum, b.Steps)
	for bands := 1; bands <= min(dp.MaxBands, b.Steps) && float64(bands)*q <= 1; bands *= 2 {
		z, err := roughNoise(accountant.Segment{Sigma: 1, Rate: float64(bands) * q, Steps: (b.Steps + bands - 1) / bands}, b.Epsilon, b.Delta)
		if err != nil {
			return 0, err
		}
		if e := z * z * workloadError(squareRoot(bands, b.Momentum), a); e < least {
			best, least = bands, e
		}
	}
	return best, nil
}

// roughNoise is the noise multiplier that meets a target by Renyi accounting, to 0.5 %: good enough to compare plans.
func roughNoise(s accountant.Segment, epsilon, delta float64) (float64, error) {
	lo, hi := math.Log(0.1), math.Log(1000.0)
	for hi-lo > 0.005 {
		mid := (lo + hi) / 2
		s.Sigma = math.Exp(mid)
		e, _, err := accountant.EpsilonRDP([]accountant.Segment{s}, delta)
		if err != nil {
			return 0, fmt.Errorf("comparing bands: %w", err)
		}
		if e > epsilon {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp(hi), nil
}

// banded orders correlated noise.
func (b *builder) banded(bands int) (err error) {
	if b.NonPrivate {
		return nil
	}
	if bands == 0 {
		if bands, err = b.bestBands(); err != nil {
			return err
		}
	}
	if float64(bands)*b.design.Spec.Rate > 1 {
		return fmt.Errorf("%d bands need a batch size of at most N/%d", bands, bands)
	}
	b.design.Spec.Strategy = bestStrategy(min(bands, b.Steps), b.Momentum, b.Steps)
	return nil
}
