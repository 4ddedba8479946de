package dp

import (
	"fmt"
	"math"

	"cloister/accountant"
)

// Banded matrix-factorisation noise. A strategy C (lower-triangular Toeplitz, b bands, first column c of norm 1) makes
// the noise of the sums C^-1 z; what reaches the parameters is A C^-1 z, A the linear map from gradients to iterates:
// prefix sums, with momentum when the optimiser has some. The closed form below is the banded square root of A
// (Kalinin and Lampert 2024, "Banded Square Root Matrix Factorization for Differentially Private Model Training"),
// within a few per cent of the numerically optimal bands of Choquette-Choo et al. 2023 (see the tests).

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
		c[j] /= norm * (1 + 1e-12) // rounding must not push the norm above 1
	}
	return c
}

// workloadError is the mean squared error of the iterates for noise multiplier 1 and step size 1: the mean over t of the
// squared norm of row t of A C^-1.
func workloadError(c []float64, momentum float64, steps int) float64 {
	b := make([]float64, steps) // first column of A C^-1
	for t := range b {
		x := 0.0 // coefficient of 1/((1-x)(1-m x))
		if momentum == 0 {
			x = 1
		} else {
			x = (1 - math.Pow(momentum, float64(t+1))) / (1 - momentum)
		}
		for j := 1; j < len(c) && j <= t; j++ {
			x -= c[j] * b[t-j]
		}
		b[t] = x / c[0]
	}
	total := 0.0
	for t, x := range b {
		total += x * x * float64(steps-t)
	}
	return total / float64(steps)
}

// bestBands weighs correlation, which cancels more noise the more bands there are, against amplification by sampling,
// which more bands weaken: the number of bands with the least noise in the iterates at the target.
func (b *builder) bestBands() (int, error) {
	q := b.design.Spec.Rate
	best, least := 1, math.Inf(1)
	for bands := 1; bands <= min(maxBands, b.Steps) && float64(bands)*q <= 1; bands *= 2 {
		z, err := roughNoise(accountant.Segment{Sigma: 1, Rate: float64(bands) * q, Steps: (b.Steps + bands - 1) / bands}, b.Epsilon, b.Delta)
		if err != nil {
			return 0, err
		}
		if e := z * z * workloadError(squareRoot(bands, b.Momentum), b.Momentum, b.Steps); e < least {
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
	if b.NoNoise {
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
	b.design.Spec.Strategy = squareRoot(min(bands, b.Steps), b.Momentum)
	return nil
}
