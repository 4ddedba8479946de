package mechanism

import (
	"math"

	"cloister/dp"
)

// fixedBounds are the same at every step (Abadi et al. 2016, "Deep Learning with Differential Privacy", Algorithm 1).
// They pay nothing: they know nothing of the data.
type fixedBounds []float64

func (f fixedBounds) bounds(dst []float64) { copy(dst, f) }
func (f fixedBounds) observe(*dp.Released) {}
func (f fixedBounds) state() [][]float64   { return nil }

// equalBounds splits a clip norm over groups so that the joint sensitivity is the clip norm.
func equalBounds(c float64, groups int) []float64 {
	b := make([]float64, groups)
	for g := range b {
		b[g] = c / math.Sqrt(float64(groups))
	}
	return b
}

// quantileBounds follow a quantile of the per-sample norms by the geometric rule of Andrew et al. 2021
// ("Differentially Private Learning with Adaptive Clipping", Algorithm 1): after a step,
//
//	C_g <- clamp(C_g exp(rate (p_g - (1 - target))), low, high)
//
// with p_g the noised fraction of the batch whose norm exceeded C_g; a clip schedule multiplies what is used, not what is
// counted. It pays for one count a group, of
// which the plan knows; the update uses nothing but those released counts, hence is post-processing.
type quantileBounds struct {
	c         []float64
	rate      float64
	target    float64 // quantile of the norms to follow; 0.5 is the median
	low, high float64
	cap       []float64 // at most this joint sensitivity at every step; nil: no limit
}

func (q *quantileBounds) bounds(dst []float64) { copy(dst, q.c) }
func (q *quantileBounds) state() [][]float64   { return [][]float64{q.c} }

func (q *quantileBounds) observe(r *dp.Released) {
	for g, within := range r.Counts {
		above := 1 - within
		q.c[g] = min(max(q.c[g]*math.Exp(q.rate*(above-(1-q.target))), q.low), q.high)
	}
	q.limit(r.Step + 1)
}

// limit scales all bounds down together when their joint sensitivity exceeds the cap of a step.
func (q *quantileBounds) limit(step int) {
	if q.cap == nil || step >= len(q.cap) {
		return
	}
	norm := 0.0
	for _, c := range q.c {
		norm = math.Hypot(norm, c)
	}
	if norm > q.cap[step] {
		for g := range q.c {
			q.c[g] *= q.cap[step] / norm
		}
	}
}

// perLayerNoise weighs each group's noise by its bound: every group then has the same signal-to-noise ratio and gets
// standard deviation z sqrt(L) C_g. It is paid for like equal noise: the sum of squares of bound over deviation is z^-2.
func perLayerNoise(bounds, weights []float64) { copy(weights, bounds) }

// leastNoise weighs the groups so that the whole noise vector is shortest: minimising sum d_g s_g^2 under
// sum (C_g/s_g)^2 = z^-2 gives s_g^2 proportional to C_g/sqrt(d_g).
func leastNoise(sizes []int) func(bounds, weights []float64) {
	return func(bounds, weights []float64) {
		for g := range weights {
			weights[g] = math.Sqrt(bounds[g] / math.Sqrt(float64(sizes[g])))
		}
	}
}
