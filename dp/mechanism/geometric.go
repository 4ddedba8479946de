package mechanism

import (
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
	"cloister/dp"
)

// Geometric noise: a banded strategy whose coefficients fall by a ratio, c_j = c_0 r^j for j < b. Its noise is two terms
// a step whatever b is (dp/correlation.go), where others sum b; without the cut at b bands it would be DP-lambda-CGD's
// (arXiv:2601.22334), in which a record's participations overlap. Bands and ratio are those with the least noise in the run's own iterates:
// its learning rates, its momentum, its number of steps, and the noise multiplier that its accountant asks for.
// One ratio is within 1 % of the best strategies found otherwise with momentum 0.9 and up to a tenth of the steps in bands; without momentum
// it is about 4 % above them with the bands that are best for each.

// iterates is the linear map from the gradients of a run to its iterates: SGD with momentum m and learning rates eta_t,
// v_t = m v_(t-1) + g_t and x_t = x_(t-1) - eta_t v_t.
type iterates struct {
	rates    []float64 // up to a factor
	momentum float64
}

// enough products describe an error to far less than strategies differ by.
const enough = 1 << 19

// noise is the squared error that the noise of a strategy of norm 1 leaves in the iterates, at noise multiplier 1, given the first
// column of its inverse: in the last one, and the mean over all. Noise z_r first touches iterate r, and by iterate t it has moved it by
// P_(r,t) = sum of eta_s u_(s-r) over s from r to t, with u the series 1/(c (1 - m x)): errors are
// sums of P^2 over r. In long runs one r stands for those around it.
func (it *iterates) noise(inverse []float64) (last, mean float64) {
	steps := len(it.rates)
	u := slices.Clone(inverse)
	for t := 1; t < steps; t++ {
		u[t] += it.momentum * u[t-1]
	}
	stride := max(1, min(steps*steps/2/enough, steps/64))
	for r := (steps - 1) % stride; r < steps; r += stride {
		p, rates := 0.0, it.rates[r:]
		for s, x := range u[:len(rates)] {
			p += rates[s] * x
			mean += p * p
		}
		last += p * p
	}
	return last * float64(stride), mean * float64(stride) / float64(steps)
}

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
		last, mean := it.noise(geometricInverse(1, 0, 1, len(it.rates)))
		return []float64{1}, last + mean
	}
	at := func(logSpan float64) float64 {
		ratio := 1 - 1/(1+math.Exp(logSpan)*float64(bands))
		c = geometric(bands, ratio)
		last, mean := it.noise(geometricInverse(bands, ratio, c[0], len(it.rates)))
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

// maxHistory bounds the noise that a run keeps, in bytes.
const maxHistory = 128 << 20

// mostBands is how many a setting allows: a group must hold a batch, and the noise of as many steps fit in memory.
func (b *builder) mostBands() int {
	memory := maxHistory/8/max(1, b.Coordinates()) - 2 // and the normals of two steps
	return max(1, min(dp.MaxBands, b.Steps, int(1/b.design.Spec.Rate), memory))
}

// bestGeometric chooses the bands. Correlation cancels more noise the more there are, amplification by sampling weakens: the
// product of both is compared for the fewest bands that divide the run into k rounds, for k falling by a third at a time,
// each with the strategy and the noise multiplier that would be used.
func (b *builder) bestGeometric() (best []float64, err error) {
	it, least := b.iterates(), math.Inf(1)
	bands := 1
	for most := b.mostBands(); ; {
		z, err := b.multiplier(bands)
		if err != nil {
			return nil, err
		}
		c, noise := it.bestRatio(bands)
		if noise *= z * z; noise < least {
			best, least = c, noise
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

func (b *builder) iterates() *iterates {
	it := &iterates{rates: b.Rates, momentum: b.Momentum}
	if it.rates == nil {
		it.rates = constantCurve(b.Steps)
	}
	return it
}

func constantCurve(steps int) []float64 {
	c := make([]float64, steps)
	for t := range c {
		c[t] = 1
	}
	return c
}

// multiplier is the noise multiplier that meets the target with so many bands.
func (b *builder) multiplier(bands int) (float64, error) {
	q := b.design.Spec.Rate
	z, _, err := accountant.Calibrate(func(z float64) accountant.Event {
		return accountant.CyclicPoisson{Sigma: z, Rate: min(1, q*float64(bands)), Bands: bands, Steps: b.Steps}
	}, b.Epsilon, b.Delta)
	if err != nil {
		return 0, fmt.Errorf("comparing bands: %w", err)
	}
	return z, nil
}

// geometricNoise orders it; bands of 0 are chosen.
func (b *builder) geometricNoise(bands int) (err error) {
	if b.NonPrivate || bands == 1 {
		return nil
	}
	var c []float64
	switch most := b.mostBands(); {
	case bands > most:
		return fmt.Errorf("%d bands, this run allows at most %d: so many steps, groups no smaller than a batch, and 128 MB of past noise", bands, most)
	case bands == 0:
		c, err = b.bestGeometric()
	default:
		c, _ = b.iterates().bestRatio(bands)
	}
	if len(c) > 1 {
		b.design.Spec.Strategy = c
	}
	return err
}
