package dp

import (
	"errors"
	"fmt"
	"math"

	"cloister/clip"
)

// Noise is added in a way that its floating-point form does not give away the sum. Adding a float64 normal to a float64
// sum leaves a trace in the low bits of the result: not every float is reachable from every sum (Mironov 2012, "On
// Significance of the Least Significant Bits for Differential Privacy"; Jin et al. 2022, arXiv:2112.05307). So the
// noised sum is rounded to a multiple of a public grid step g, the power of two at or below its noise's standard
// deviation, times 2^-6. What is released is an integer times g, and every integer stands for an interval of the
// normal's axis. Relative to the exact normal, the probability of an interval can be off only by where its two ends
// fall among the generator's values: these lie at most 2^-51 standard deviations apart (normal.go; beyond 4 deviations
// 2^-50, beyond 8 2^-49, as float64s do), and the sum below is exact up to 2^-43 g (a fraction of a grid step plus a
// normal below 2^9 g). The logarithm of an interval's probability is so off by at most about 2^-42 a coordinate and
// step, even if every error conspired: for 26,010 coordinates and 1,170 steps less than 2^-17 of epsilon, for 132,042
// and 5,850 less than 2^-12 = 0.0002.
//
// Noise w that is correlated over b steps is C^-1 (z + d) exactly, d what the strategy C makes of the rounding of w. Given the
// steps before, d moves the normal z, by at most D, and all ends of intervals with it: the logarithm of a probability
// changes by at most D |z|. With a sum of b terms D is at most 2^-52 b |w|; a geometric strategy (correlation.go) rounds three
// times a step, by 2^-51 |w|, which C sums up to sqrt(b) times that, and lets coefficients be off by 2^-50 b of their
// size: at 117 bands and |w| below 40 standard deviations less than 2^-34, and for 26,010 coordinates and 1,170 steps less
// than 2^-9 of epsilon, again if every error conspired. Errors of w grow in later steps with the strategy's gain
// (correlation.go), as w does: a gain above 2^10 is refused. The cost of the grid is a relative variance of
// g^2/(12 std^2) < 2^-15: nothing.
// (The alternative, a sum of four normals after Holohan and Braghin 2021, takes four times the draws and only makes the
// search for a preimage hard.)
const gridBits = 6

// gridStep is g for a noise of the given standard deviation.
func gridStep(std float64) float64 {
	_, exp := math.Frexp(std)
	return math.Ldexp(1, exp-1-gridBits)
}

// addNoise sets out[i] to (sum[i] + std*unit[i]) on the grid, times scale.
func addNoise(out []float32, sum, unit []float64, std, scale float64) {
	g := gridStep(std)
	inverse, noise := 1/g, std/g
	scale *= g
	unit, out = unit[:len(sum)], out[:len(sum)]
	for i, s := range sum {
		out[i] = float32(onGrid(s*inverse, noise*unit[i]) * scale) // s*inverse is exact: a power of two
	}
}

// onGrid is a sum plus its noise in grid steps, rounded. sum-whole is exact and at most 1/2, so that its addition sees
// the noise at full precision whatever the sum's size.
func onGrid(sum, noise float64) float64 {
	whole := math.RoundToEven(sum)
	return whole + math.RoundToEven(sum-whole+noise)
}

// release turns checked sums into the released step and moves on.
func (e *Engine) release(s *Sums) {
	r := &e.released
	r.Step = e.step
	copy(r.Bounds, e.ask.Bounds)
	scale := 1 / e.plan.BatchSize()
	if e.plan.spec.NonPrivate {
		for i, x := range s.Gradient {
			r.Gradient[i] = float32(x * scale)
		}
		for g, x := range s.Counts {
			if r.Counts != nil {
				r.Counts[g] = x*scale + 0.5
			}
		}
	} else {
		e.releaseGradient(s.Gradient, scale)
		e.releaseCounts(s.Counts, scale)
	}
	e.pending, e.drawn = false, false
	e.step++
}

func (e *Engine) releaseGradient(sum []float64, scale float64) {
	z, err := e.plan.gradientNoise(e.step)
	if err != nil || !positive(z) {
		panic("dp: a frozen plan lost its noise") // NewPlan checked every step
	}
	unit := e.unit[:e.dim]
	marginal := 1.0 // standard deviation of the correlated noise in units of the independent one
	if e.past != nil {
		marginal = e.past.commit(unit)
	}
	from, variance := 0, 0.0
	for g, end := range e.layout {
		std := z * e.share(g)
		addNoise(e.released.Gradient[from:end], sum[from:end], unit[from:end], std, scale)
		e.released.NoiseStds[g] = std * marginal * scale
		variance += e.released.NoiseStds[g] * e.released.NoiseStds[g] * float64(end-from)
		from = end
	}
	e.released.NoiseStd = math.Sqrt(variance / float64(e.dim))
}

// share is the standard deviation that group g needs at noise multiplier 1: with weights a, noise a_h k in every group
// h turns a record's change into one of at most sqrt(sum (C_h/a_h)^2)/k standard deviations, which k makes 1.
func (e *Engine) share(group int) float64 {
	grown := 1 + e.rounding
	if e.ask.Allocation == nil {
		return clip.Sensitivity(e.ask.Bounds) * grown
	}
	k := 0.0
	for h, c := range e.ask.Bounds {
		k = math.Hypot(k, c/e.ask.Allocation[h])
	}
	return e.ask.Allocation[group] * k * grown
}

func (e *Engine) releaseCounts(counts []float64, scale float64) {
	if e.released.Counts == nil {
		return
	}
	sigma := e.plan.spec.Counts.Sigma
	g := gridStep(sigma)
	for i, x := range counts {
		e.released.Counts[i] = onGrid(x/g, sigma/g*e.unit[e.dim+i])*g*scale + 0.5
	}
}

// ErrDiverged says that gradients, which nothing clips in a run without noise, are no longer finite numbers. The step
// would end so again.
var ErrDiverged = errors.New("dp: the gradients are no longer finite numbers")

// checkSums refuses what no honest computation of the query returns: a wrong length, a number that is not finite, records
// left out, or a group's sum longer than all its records together could make it.
func (e *Engine) checkSums(s *Sums) error {
	n := len(e.query.Records)
	switch {
	case len(s.Gradient) != e.dim:
		return fmt.Errorf("dp: sum of %d coordinates, want %d", len(s.Gradient), e.dim)
	case s.Records != n:
		return errors.New("dp: the sum is not of the records that were sampled: a part of the work was lost")
	case e.released.Counts != nil && len(s.Counts) != len(e.layout):
		return fmt.Errorf("dp: %d counts, want %d", len(s.Counts), len(e.layout))
	}
	from := 0
	for g, end := range e.layout {
		square := 0.0
		for _, x := range s.Gradient[from:end] {
			square += x * x
		}
		// A hair of slack: the sum of squares itself rounds.
		limit := float64(n) * e.ask.Bounds[g] * (1 + e.rounding) * (1 + 1e-9)
		switch {
		case e.plan.spec.NonPrivate && (math.IsNaN(square) || math.IsInf(square, 0)):
			return ErrDiverged
		case !e.plan.spec.NonPrivate && !(square <= limit*limit):
			return fmt.Errorf("dp: the sum of group %d is not finite or exceeds its bound", g)
		}
		from = end
	}
	if e.released.Counts == nil {
		return nil
	}
	for g, x := range s.Counts {
		if !(math.Abs(x) <= float64(n)/2) {
			return fmt.Errorf("dp: count %d is out of range", g)
		}
	}
	return nil
}
