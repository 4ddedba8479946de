package mechanism

import (
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
	"cloister/dp"
)

// Banded matrix-factorisation noise. A strategy C (lower-triangular Toeplitz, b bands, first column c of norm 1) makes
// the noise of the sums C^-1 z; what reaches the parameters is A C^-1 z, A the linear map from gradients to iterates that
// the run's learning rates and momentum make (workload.go). The bands are those with the least noise in the iterates
// (Choquette-Choo et al. 2023, Section 4; Toeplitz, so that b numbers describe them and columns cut off at the
// end of a run only get shorter), found from the banded square root of the workload of constant learning rates (Kalinin and Lampert 2024,
// "Banded Square Root Matrix Factorization for Differentially Private Model Training").

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

// divide is the series a/c, to the length of a.
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

// strategyError is the noise in the iterates of a strategy of any norm, scaled to norm 1, the last one counting as much as all
// together; gradient, unless it is nil, becomes that of its logarithm. With u = 1/(c (1 - m x)), the derivative of u by c_j is -x^j u/c.
func (it *iterates) strategyError(c, gradient []float64) float64 {
	one := make([]float64, len(it.rates))
	one[0] = 1
	u := it.response(divide(one, c))
	norm := dot(c, c)
	if gradient == nil {
		last, mean := it.noise(u, nil)
		return (last + mean) * norm
	}
	slope := make([]float64, len(u))
	last, mean := it.noise(u, slope)
	v := divide(u, c)
	for j := range gradient {
		gradient[j] = 2*c[j]/norm - dot(slope[j:], v[:len(v)-j])/(last+mean)
	}
	return (last + mean) * norm
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// bestStrategy minimises the noise in the iterates over b bands by BFGS (Nocedal and Wright 2006, Algorithm 6.1), from the
// square root, and returns a column of norm 1 and that noise. The error does not depend on scale, so nothing constrains the search.
func (it *iterates) bestStrategy(bands int) (c []float64, least float64) {
	c = squareRoot(bands, it.momentum)
	if bands == 1 {
		return c, it.strategyError(c, nil)
	}
	g, next, h := make([]float64, bands), make([]float64, bands), make([]float64, bands)
	inverse := make([][]float64, bands) // approximate inverse Hessian
	for i := range inverse {
		inverse[i] = make([]float64, bands)
		inverse[i][i] = 1
	}
	at := math.Log(it.strategyError(c, g))
	for range 100 {
		direction, slope := make([]float64, bands), 0.0
		for i, row := range inverse {
			direction[i] = -dot(row, g)
		}
		if slope = dot(direction, g); !(slope < -1e-5) {
			break // what is left to gain is about half of that
		}
		to, value, ok := it.lineSearch(c, direction, at, slope)
		if !ok {
			break
		}
		it.strategyError(to, next)
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
	return c, math.Exp(at)
}

// lineSearch halves a step until the error falls by enough (Armijo); ok is false when none does.
func (it *iterates) lineSearch(c, direction []float64, at, slope float64) (to []float64, value float64, ok bool) {
	to = make([]float64, len(c))
	for size := 1.0; size > 1e-9; size /= 2 {
		for i := range c {
			to[i] = c[i] + size*direction[i]
		}
		if to[0] < 0.05*math.Sqrt(dot(to, to)) {
			continue // far from any strategy worth having, and 1/c might blow up
		}
		if value = math.Log(it.strategyError(to, nil)); value <= at+1e-4*size*slope {
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

// maxHistory bounds the noise that a run keeps, in bytes.
const maxHistory = 128 << 20

// correlated orders correlated noise of the best strategy among those of so many bands, as a function finds it with the noise that it leaves
// in the iterates; bands of 0 are chosen. The noise of all bands but kept is in memory.
func (b *builder) correlated(bands, kept int, strategy func(*iterates, int) ([]float64, float64)) (err error) {
	bands = min(bands, b.Steps) // more would be without effect
	if b.NonPrivate || bands == 1 {
		return nil
	}
	memory := maxHistory/8/max(1, b.Coordinates()) + kept
	most := max(1, min(dp.MaxBands, b.Steps, int(1/b.design.Spec.Rate), memory))
	var c []float64
	switch {
	case bands > most:
		return fmt.Errorf("%d bands, this run allows at most %d: groups no smaller than a batch, and 128 MB of past noise", bands, most)
	case bands == 0:
		c, err = b.bestBands(most, strategy)
	default:
		c, _ = strategy(b.iterates(), bands)
	}
	if len(c) > 1 {
		b.design.Spec.Strategy = c
	}
	return err
}

// bestBands chooses the bands. Correlation cancels more noise the more there are, amplification by sampling weakens: the
// product of both is compared for the fewest bands that divide the run into k rounds, for k falling by a third at a time,
// each with the strategy and the noise multiplier that would be used.
func (b *builder) bestBands(most int, strategy func(*iterates, int) ([]float64, float64)) (best []float64, err error) {
	it, least := b.iterates(), math.Inf(1)
	for bands := 1; ; {
		z, err := b.multiplier(bands)
		if err != nil {
			return nil, err
		}
		c, noise := strategy(it, bands)
		if noise *= z * z; noise < least {
			best, least = slices.Clone(c), noise
		} else if noise > 1.5*least {
			break // far beyond the valley
		}
		if bands == most {
			break
		}
		rounds := (b.Steps + bands - 1) / bands
		rounds = max(1, min(rounds-1, rounds*2/3))
		bands = min(most, (b.Steps+rounds-1)/rounds)
	}
	return best, nil
}

// multiplier is the noise multiplier that meets the target with so many bands.
func (b *builder) multiplier(bands int) (z float64, err error) {
	if z, known := b.multipliers[bands]; known {
		return z, nil
	}
	q := b.design.Spec.Rate
	z, _, err = accountant.Calibrate(func(z float64) accountant.Event {
		return accountant.CyclicPoisson{Sigma: z, Rate: min(1, q*float64(bands)), Bands: bands, Steps: b.Steps}
	}, b.Epsilon, b.Delta)
	if err != nil {
		return 0, fmt.Errorf("noise for %d bands: %w", bands, err)
	}
	if b.multipliers == nil {
		b.multipliers = map[int]float64{}
	}
	b.multipliers[bands] = z
	return z, nil
}
