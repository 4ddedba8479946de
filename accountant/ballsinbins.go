package accountant

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// BallsInBins is training in which every record picks one of so many batches, anew each epoch and independently of the
// others (random allocation). Batches differ in size, but every record takes part exactly once an epoch.
//
// With x_t the noisy sums along the record's gradient, the hypotheses of an epoch are x_t ~ N(0, s^2) for all t, and the
// same with one x_t, t uniform, shifted by 1. The loss is the log of the average of w_t = e^{(x_t - 1/2)/s^2} over t
// (Chua et al. 2025, arXiv:2412.16802; Feldman and Shenfeld 2025, arXiv:2502.08202). The upper bound is proven, in both
// directions; the lower one is that of an attacker who looks at the largest x_t only.
type BallsInBins struct {
	Sigma   float64
	Batches int // an epoch
	Epochs  int
}

// Relation implements [Event].
func (BallsInBins) Relation() Relation { return AddRemove }

func (e BallsInBins) expand(r *run, times int) error {
	if err := checkAllocation(e.Sigma, e.Batches, e.Epochs, 0.5); err != nil {
		return err
	}
	epochs, err := product(e.Epochs, times)
	if err != nil || epochs == 0 {
		return err
	}
	if e.Batches == 1 {
		return r.add(Segment{e.Sigma, 1, 1}, epochs)
	}
	r.others = append(r.others, kind{&allocation{sigma: e.Sigma, batches: e.Batches}, float64(epochs)})
	r.oneSided = true
	whole := BallsInBins{e.Sigma, e.Batches, epochs}
	r.lower = append(r.lower, func(delta float64) float64 { v, _ := whole.lowerEpsilon(delta); return v })
	return nil
}

// lowerEpsilon is proven: no smaller epsilon holds at delta.
func (e BallsInBins) lowerEpsilon(delta float64) (float64, error) {
	if err := checkAllocation(e.Sigma, e.Batches, e.Epochs, delta); err != nil {
		return 0, err
	}
	return thresholdEpsilon(e.Epochs, delta, func(c float64) (in, out float64) {
		rest := float64(e.Batches-1) * logNormalCDF(c/e.Sigma)
		return -math.Expm1(logNormalCDF((c-1)/e.Sigma) + rest), -math.Expm1(logNormalCDF(c/e.Sigma) + rest)
	}, 1+9*e.Sigma), nil
}

// EstimateDeltaNoGuarantee simulates the removing direction: an unbiased estimate of its delta at epsilon, and the
// estimate's standard error. It is for judging how tight the proven bound is and must never be shown as one.
func (e BallsInBins) EstimateDeltaNoGuarantee(epsilon float64, samples int, seed uint64) (delta, standardError float64, err error) {
	if err := checkAllocation(e.Sigma, e.Batches, e.Epochs, 0.5); err != nil {
		return 0, 0, err
	}
	if samples < 2 || float64(samples)*float64(e.Batches)*float64(e.Epochs) > 1e10 {
		return 0, 0, fmt.Errorf("accountant: a simulation of %d samples is too small or too long", samples)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	sum, squares := 0.0, 0.0
	for range samples {
		loss := 0.0
		for range e.Epochs {
			total, shift := math.Inf(-1), 1.0 // the record's batch may be taken to be the first
			for range e.Batches {
				x := shift + e.Sigma*r.NormFloat64()
				total = logAddExp(total, (x-0.5)/e.Sigma/e.Sigma)
				shift = 0
			}
			loss += total - math.Log(float64(e.Batches))
		}
		d := -math.Expm1(min(epsilon-loss, 0))
		sum, squares = sum+d, squares+d*d
	}
	n := float64(samples)
	mean := sum / n
	return mean, math.Sqrt(max(squares/n-mean*mean, 0) / (n - 1)), nil
}

// allocation is the loss of one epoch.
type allocation struct {
	sigma   float64
	batches int
	last    average // of the width asked for last
}

// logMoment is that of the record's one participation, without amplification.
func (m *allocation) logMoment(a float64) float64 { return a * (a - 1) / 2 / m.sigma / m.sigma }

func (m *allocation) discretise(width float64, acc accuracy, added bool) (rounding, bool) {
	if m.last.width != width {
		one, ok := singleRatio(m.sigma, width, acc)
		if !ok {
			return nil, false
		}
		m.last = averageOf(one, m.batches)
	}
	return epoch{m.last, added}, true
}

// epoch is the average as seen from one direction.
type epoch struct {
	average
	added bool
}

func (e epoch) up() losses { return e.losses(e.added) }

// down claims nothing: a loss of zero.
func (e epoch) down() losses { return losses{width: e.width, mass: []float64{1}} }

// average is the distribution of an average of likelihood ratios w under the hypothesis without the record: mass[k] at
// w = e^{offset + k width}, and zero at w = 0. Under the other hypothesis a value of w is w times as likely, and infinite
// is the probability that it is infinite.
//
// Replacing each w by values on the grid with the same mean is connecting the dots for one batch, and dominates it. The
// same holds for averages, so that the average over many batches can be built by averaging averages, each rounded so.
type average struct {
	offset, width  float64
	mass           []float64
	zero, infinite float64
}

// maxRatios keeps the quadratic work of averaging within a second.
const maxRatios = 6000

func singleRatio(sigma, width float64, acc accuracy) (average, bool) {
	p := removed(sigma, 1)
	start, end := p.loss(-sigma*tailQuantile(acc.right)), p.loss(p.upperTail(acc.right))
	if (end-start)/width > maxRatios {
		return average{}, false
	}
	c, ok := cutBetween(p, start, end, width)
	if !ok {
		return average{}, false
	}
	dots := c.connectDots()
	a := average{offset: dots.offset, width: width, mass: dots.mass, infinite: dots.infinite, zero: 1}
	for k := range a.mass {
		a.mass[k] *= math.Exp(-(a.offset + float64(k)*width))
		a.zero -= a.mass[k]
	}
	a.zero = max(a.zero, 0)
	return a, true
}

// averageOf is the average over n independent values, by doubling.
func averageOf(one average, n int) average {
	var sum average
	count := 0
	for power, size := one, 1; ; power, size = mix(power, power, 0.5), 2*size {
		if n&size != 0 {
			if count == 0 {
				sum = power
			} else {
				sum = mix(power, sum, float64(size)/float64(size+count))
			}
			count += size
		}
		if count == n {
			return sum
		}
	}
}

// mix is the distribution of share*x + (1-share)*y for independent x and y on one grid. Where x = e^l and y = e^{l+d},
// the value is e^l times something that depends on d alone.
func mix(x, y average, share float64) average {
	n := len(x.mass)
	out := average{offset: x.offset, width: x.width, infinite: x.infinite, zero: x.zero * y.zero}
	out.mass = make([]float64, n+1)
	for d := 1 - n; d < n; d++ {
		step := newStep(math.Log(share+(1-share)*math.Exp(float64(d)*x.width)), x.width)
		lo, hi := max(0, -d), min(n, n-d)
		step.spread(&out, x.mass[lo:hi], y.mass[lo+d:hi+d], lo)
	}
	newStep(math.Log(share), x.width).spread(&out, x.mass, constant(y.zero, n), 0)
	newStep(math.Log1p(-share), x.width).spread(&out, y.mass, constant(x.zero, n), 0)
	out.mass[n-1] += out.mass[n] // nothing, but for rounding
	out.mass = out.mass[:n]
	return out
}

func constant(v float64, n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// step is a move along the grid of ratios by a distance that falls between grid points: so much of the mass goes to the
// upper one that the mean is kept.
type step struct {
	index     int
	low, high float64
	width     float64
}

func newStep(distance, width float64) step {
	index := math.Floor(distance / width)
	high := min(max(math.Expm1(distance-index*width)/math.Expm1(width), 0), 1)
	return step{int(index), 1 - high, high, width}
}

// spread adds the products of masses a[i] b[i], which belong to grid point first+i, after the step. What falls below
// the grid goes to its first point and to zero, again keeping the mean.
func (s step) spread(out *average, a, b []float64, first int) {
	at := first + s.index
	for i := 0; i < len(a) && at+i < 0; i++ {
		value := math.Exp(float64(at+i)*s.width) * (s.low + s.high*math.Exp(s.width)) // in units of the first point
		out.mass[0] += a[i] * b[i] * value
		out.zero += a[i] * b[i] * (1 - value)
	}
	skip := min(max(-at, 0), len(a))
	a, b = a[skip:], b[skip:]
	if len(a) == 0 {
		return
	}
	to := out.mass[at+skip:][:len(a)+1]
	for i := range a {
		m := a[i] * b[i]
		to[i] += m * s.low
		to[i+1] += m * s.high
	}
}

// losses reads the loss of removal, the log of the ratio, or of addition, its negative.
func (a average) losses(added bool) losses {
	n := len(a.mass)
	out := losses{offset: a.offset, width: a.width, mass: make([]float64, n), infinite: a.infinite}
	if added {
		out.offset, out.infinite = -(a.offset + float64(n-1)*a.width), a.zero
	}
	for k, m := range a.mass {
		if added {
			out.mass[n-1-k] = m
		} else {
			out.mass[k] = m * math.Exp(a.offset+float64(k)*a.width)
		}
	}
	return out
}
