package accountant

import "math"

// The sums below run over losses above a point b of the grid, with weights relative to b so that nothing overflows:
//
//	B[b] = sum_{k>=b} tilted[k] e^{-(lambda+1)(k-b) width}
//	C[b] = sum_{k>=b} tilted[k] (e^{-lambda(k-b) width} - e^{-(lambda+1)(k-b) width})
//
// so that delta(loss_b) = e^{logScale - lambda loss_b} C[b] + infinite mass. C is summed by a recursion of positive
// terms; as a difference of two sums it would lose its digits where epsilon is near zero.
type tails struct {
	*composed
	b, c []float64
	err  float64 // of C[b], either way, from rounding
}

func (d *composed) tails() tails {
	n := len(d.tilted)
	t := tails{composed: d, b: make([]float64, n+1), c: make([]float64, n+1)}
	fall, fallMore, one := math.Exp(-d.lambda*d.width), math.Exp(-(d.lambda+1)*d.width), -math.Expm1(-d.width)
	for k := n - 1; k >= 0; k-- {
		t.b[k] = d.tilted[k] + fallMore*t.b[k+1]
		t.c[k] = fall * (t.c[k+1] + one*t.b[k+1])
	}
	t.err = d.binError * min(float64(n), 1/(1-fall))
	return t
}

// bias chooses the side on which every error is counted.
type bias float64

const (
	above bias = 1
	below bias = -1
)

// slack is the error of B and C to be added: rounding and what wrapped around, which can only add to sums from below.
func (t tails) slack(side bias) float64 {
	if side == above {
		return t.err + t.tailError
	}
	return -t.err - 2*t.tailError
}

// scale is logScale with its error on a side.
func (t tails) scale(side bias) float64 { return t.logScale + float64(side)*t.scaleError }

func (t tails) loss(k int) float64 { return t.first + float64(k)*t.width }

// logDelta is log(delta(epsilon) - infinite mass), -Inf where the bound is not positive.
func (t tails) logDelta(epsilon float64, side bias) float64 {
	k := int(min(max(math.Ceil((epsilon-t.first)/t.width), 0), float64(len(t.tilted))))
	// Within a cell delta(eps) = S - e^eps B, with S and B those of the cell's upper end.
	c := t.c[k] + t.slack(side) - (t.b[k]+t.slack(side))*math.Expm1(min(epsilon-t.loss(k), 0))
	if !(c > 0) {
		return math.Inf(-1)
	}
	return t.scale(side) - t.lambda*max(t.loss(k), epsilon) + math.Log(c)
}

// delta is delta(epsilon), bounded from the given side.
func (t tails) delta(epsilon float64, side bias) float64 {
	d := math.Exp(t.logDelta(epsilon, side))
	if side == above {
		d += t.infinite
	}
	return min(d, 1)
}

// epsilon is the largest epsilon >= 0 for which delta(epsilon) exceeds delta, bounded from the given side.
func (t tails) epsilon(delta float64, side bias) float64 {
	finite := delta
	if side == above {
		finite -= t.infinite
	}
	if !(finite > 0) {
		return math.Inf(1)
	}
	want := math.Log(finite)
	exceeds := func(k int, side bias) bool { return t.logDelta(t.loss(k), side) > want }
	n := len(t.tilted)
	if !exceeds(0, above) { // every loss in the window is too large
		return max(t.first, 0) * float64(1+side) / 2
	}
	_, hi := bisectIndex(0, n, func(k int) bool { return !exceeds(k, above) })
	if side == above && exceeds(n, above) { // beyond the window lies what was left out of it, and falls as e^(-lambda loss)
		return (t.scale(above) + math.Log(t.slack(above)) - want) / t.lambda
	}
	for side == below && hi > 0 && !exceeds(hi-1, below) { // few: the two sides differ by rounding alone
		hi--
	}
	if hi == 0 {
		return 0
	}
	s := t.c[hi] + t.slack(side) - math.Exp(want-t.scale(side)+t.lambda*t.loss(hi))
	v := t.loss(hi - 1)
	if b := t.b[hi] + t.slack(side); b > 0 && s > -b {
		v = min(max(v, t.loss(hi)+math.Log1p(s/b)), t.loss(hi))
	} else if side == above { // rounding is all that is left
		v = t.loss(hi)
	}
	return max(v, 0)
}

// bisectIndex returns the neighbours between which ok, false at no and true at yes, turns.
func bisectIndex(no, yes int, ok func(int) bool) (int, int) {
	for yes-no > 1 {
		if mid := no + (yes-no)/2; ok(mid) {
			yes = mid
		} else {
			no = mid
		}
	}
	return no, yes
}
