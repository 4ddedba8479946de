package dp

import "math"

// correlation turns independent normals into the noise of a banded matrix mechanism. Releasing C x + z, with C the
// strategy and x the stream of sums, is releasing x + C^-1 z; the rows w of C^-1 z follow from the last b-1 of them:
//
//	w_t = (z_t - c_1 w_(t-1) - ... - c_(b-1) w_(t-b+1)) / c_0
//
// (Choquette-Choo et al. 2023, "(Amplified) Banded Matrix Factorization", Section 3.2). Where the strategy is geometric,
// c_j = c_0 r^j, its series is c_0 (1 - r^b x^b)/(1 - r x), and the sum is two terms, however many bands there are:
//
//	w_t = (z_t - r z_(t-1)) / c_0 + r^b w_(t-b)
//
// Everything is in units of the step's noise at multiplier 1, so bounds may change between steps: the stream is then of
// sums over bounds.
type correlation struct {
	strategy []float64
	ratio    float64      // r of a geometric strategy; else 0
	past     [][]float64  // ring of w_(t-1)...: past[(t-j) mod len(past)]
	white    [2][]float64 // of a geometric strategy: z_(t-1), and z_t once shaped
	steps    int          // since the last fresh start
	variance float64      // of w_t's coordinates: the squares of 1/c's first coefficients
	inverse  []float64    // 1/c's last b-1 coefficients, newest at steps mod (b-1)
}

func newCorrelation(strategy []float64, dim int) *correlation {
	c := &correlation{strategy: strategy, ratio: ratio(strategy), inverse: make([]float64, len(strategy)-1)}
	rows := len(strategy) - 1
	if c.ratio != 0 {
		rows++
		c.white = [2][]float64{make([]float64, dim), make([]float64, dim)}
	}
	c.past = make([][]float64, rows)
	for i := range c.past {
		c.past[i] = make([]float64, dim)
	}
	return c
}

// ratio is that of a geometric strategy of at least three bands, 0 of any other. A coefficient may be off by what its
// making rounded: see release.go.
func ratio(strategy []float64) float64 {
	if len(strategy) < 3 {
		return 0
	}
	r := strategy[1] / strategy[0]
	want := strategy[0]
	for j, x := range strategy {
		if !(math.Abs(x-want) <= 0x1p-51*float64(j+1)*want) {
			return 0
		}
		want *= r
	}
	return r
}

// shape turns z_t into w_t in place. It leaves the past as it was, so that a step may fail after its noise was drawn;
// commit makes w_t the newest of the past.
func (c *correlation) shape(z []float64) {
	reciprocal := 1 / c.strategy[0]
	if c.ratio != 0 {
		last, kept := c.white[0][:len(z)], c.white[1][:len(z)]
		oldest, f := c.past[c.steps%len(c.past)][:len(z)], math.Pow(c.ratio, float64(len(c.strategy)))
		for i, x := range z {
			kept[i] = x
			z[i] = (x-c.ratio*last[i])*reciprocal + f*oldest[i]
		}
		return
	}
	for j := 1; j <= min(len(c.past), c.steps); j++ {
		w, f := c.past[(c.steps-j)%len(c.past)][:len(z)], c.strategy[j]
		for i := range z {
			z[i] -= f * w[i]
		}
	}
	for i := range z {
		z[i] *= reciprocal
	}
}

// commit enters w_t and returns the standard deviation of its coordinates.
func (c *correlation) commit(w []float64) float64 {
	next := 0.0 // coefficient t of the series 1/c
	if c.steps == 0 {
		next = 1
	}
	for j := 1; j <= min(len(c.inverse), c.steps); j++ {
		next -= c.strategy[j] * c.inverse[(c.steps-j)%len(c.inverse)]
	}
	next /= c.strategy[0]
	c.inverse[c.steps%len(c.inverse)] = next
	copy(c.past[c.steps%len(c.past)], w)
	c.white[0], c.white[1] = c.white[1], c.white[0]
	c.variance += next * next
	c.steps++
	return math.Sqrt(c.variance)
}

// maxGain bounds the sum of the sizes of 1/c's coefficients, by which a rounding error in the noise of one step can grow in
// those of later ones: see release.go. The best strategies stay below a hundred; those of which a step's noise undoes the
// last one's (c_1 > c_0) have none.
const maxGain = 1 << 10

// gain is that sum over the steps of a run, or some number above most.
func gain(strategy []float64, steps int, most float64) float64 {
	b := len(strategy)
	past := make([]float64, b) // of the coefficients, a ring
	sum := 0.0
	for t := 0; t < steps && sum <= most; t++ {
		next := 0.0
		if t == 0 {
			next = 1
		}
		for j := 1; j <= min(b-1, t); j++ {
			next -= strategy[j] * past[(t-j)%b]
		}
		next /= strategy[0]
		past[t%b] = next
		sum += math.Abs(next)
	}
	return sum
}
