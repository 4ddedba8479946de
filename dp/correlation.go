package dp

import "math"

// correlation turns independent normals into the noise of a banded matrix mechanism. Releasing C x + z, with C the
// strategy and x the stream of sums, is releasing x + C^-1 z; the rows w of C^-1 z follow from the last b-1 of them:
//
//	w_t = (z_t - c_1 w_(t-1) - ... - c_(b-1) w_(t-b+1)) / c_0
//
// (Choquette-Choo et al. 2023, "(Amplified) Banded Matrix Factorization", Section 3.2). Everything is in units of the
// step's noise at multiplier 1, so bounds may change between steps: the stream is then of sums over bounds.
type correlation struct {
	strategy []float64
	past     [][]float64 // ring of w_(t-1)...: past[(t-j) mod (b-1)]
	steps    int         // since the last fresh start
	variance float64     // of w_t's coordinates: the squares of 1/c's first coefficients
	inverse  []float64   // 1/c's last b-1 coefficients, newest at steps mod (b-1)
}

func newCorrelation(strategy []float64, dim int) *correlation {
	c := &correlation{strategy: strategy, past: make([][]float64, len(strategy)-1), inverse: make([]float64, len(strategy)-1)}
	for i := range c.past {
		c.past[i] = make([]float64, dim)
	}
	return c
}

// apply turns z_t into w_t in place and returns the standard deviation of a coordinate of w_t.
func (c *correlation) apply(z []float64) float64 {
	ring := len(c.past)
	reciprocal := 1 / c.strategy[0]
	next := 0.0
	if c.steps == 0 {
		next = 1
	}
	for j := 1; j <= min(ring, c.steps); j++ {
		slot := (c.steps - j) % ring
		w, f := c.past[slot], c.strategy[j]
		w = w[:len(z)]
		for i := range z {
			z[i] -= f * w[i]
		}
		next -= f * c.inverse[slot]
	}
	next *= reciprocal
	slot := c.steps % ring
	w := c.past[slot][:len(z)]
	for i := range z {
		z[i] *= reciprocal
		w[i] = z[i]
	}
	c.inverse[slot] = next
	c.variance += next * next
	c.steps++
	return math.Sqrt(c.variance)
}
