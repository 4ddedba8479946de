package accountant

import (
	"math"
	"math/rand/v2"
	"testing"
)

// deltaOf is delta(epsilon) of one step's discretised losses.
func (l losses) delta(epsilon float64) float64 {
	sum := l.infinite
	for k, m := range l.mass {
		if loss := l.offset + float64(k)*l.width; loss > epsilon {
			sum -= m * math.Expm1(epsilon-loss)
		}
	}
	return sum
}

func deltaOneWay(s, q, epsilon float64, added bool) float64 {
	if added {
		return oneStepDeltaAdd(s, q, epsilon)
	}
	return q * GaussianDelta(1/s, math.Log1p(math.Expm1(epsilon)/q))
}

// TestOneStepIsEnclosed compares the discretised losses of one step with its exact delta at many epsilon.
func TestOneStepIsEnclosed(t *testing.T) {
	acc := accuracy{lambda: 1, left: 1e-16, right: 1e-16}
	for _, s := range []float64{0.2, 0.6, 1, 5, 40} {
		for _, q := range []float64{1e-4, 0.004, 0.3, 0.9, 1} {
			for _, width := range []float64{0.3, 0.01, 0.001} {
				spread := q * math.Sqrt(math.Expm1(min(1/s/s, 40)))
				if width < spread/2000 {
					continue
				}
				for _, added := range []bool{false, true} {
					step, ok := removed(s, q).discretise(width, acc, added)
					if !ok {
						t.Fatalf("sigma %v, q %v, width %v: too fine", s, q, width)
					}
					over, under := step.up(), step.down()
					for epsilon := 1e-5; epsilon < 20; epsilon *= 1.7 {
						exact := deltaOneWay(s, q, epsilon, added)
						slack := 1e-12*exact + 4e-16
						if hi := over.delta(epsilon); hi < exact-slack {
							t.Fatalf("sigma %v, q %v, width %v, added %v, epsilon %v: upper %v below exact %v", s, q, width, added, epsilon, hi, exact)
						}
						if lo := under.delta(epsilon); lo > exact+slack {
							t.Fatalf("sigma %v, q %v, width %v, added %v, epsilon %v: lower %v above exact %v", s, q, width, added, epsilon, lo, exact)
						}
					}
				}
			}
		}
	}
}

// TestMassIsKept: probabilities sum to 1, and connecting the dots keeps those of the other hypothesis too.
func TestMassIsKept(t *testing.T) {
	for _, added := range []bool{false, true} {
		step, _ := removed(0.8, 0.05).discretise(0.003, accuracy{lambda: 1, left: 1e-16, right: 1e-16}, added)
		l := step.up()
		upper, lower := l.infinite, 0.0
		for k, m := range l.mass {
			if m < 0 {
				t.Fatalf("negative mass %g", m)
			}
			upper += m
			lower += m * math.Exp(-(l.offset + float64(k)*l.width))
		}
		if math.Abs(upper-1) > 1e-14 || math.Abs(lower-1) > 1e-13 {
			t.Errorf("added %v: masses %v and %v, want 1", added, upper, lower)
		}
		l = step.down()
		upper = 0
		for _, m := range l.mass {
			upper += m
		}
		if upper > 1+1e-14 || upper < 1-1e-12 {
			t.Errorf("added %v: merged mass %v", added, upper)
		}
	}
}

// TestBothRoundingsErrByTheSquareOfTheWidth: a grid half as wide brings the bounds of a long run four times as close.
// Rounding losses down would only halve the distance.
func TestBothRoundingsErrByTheSquareOfTheWidth(t *testing.T) {
	merged := []Segment{{1, 0.01, 1000}}
	a := newAnalysis(merged)
	rdp, order := epsilonRDP(merged, 1e-5)
	a.epsilon(1e-5, rdp, order)
	gap := func(width float64) float64 {
		q := a.settled
		q.width = width
		over, under, ok := a.both(q, false)
		if !ok {
			t.Fatal("too fine")
		}
		return q.read(over.tails(), above) - q.read(under.tails(), below)
	}
	for _, width := range []float64{1e-3, 5e-4} {
		if ratio := gap(width) / gap(width/2); ratio < 3.5 || ratio > 4.6 {
			t.Errorf("halving a width of %v divides the distance by %v", width, ratio)
		}
	}
}

// TestCompositionIsConvolution compares the tilted transforms with sums over all pairs of losses, and their difference
// with the error the composer admits to.
func TestCompositionIsConvolution(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func(n int) losses {
		l := losses{offset: r.NormFloat64(), width: 0.1, mass: make([]float64, n)}
		sum := 0.0
		for k := range l.mass {
			l.mass[k] = r.ExpFloat64()
			sum += l.mass[k]
		}
		for k := range l.mass {
			l.mass[k] /= sum
		}
		return l
	}
	for _, steps := range []float64{1, 2, 300} { // 300 takes the other branch of convolve
		x, y := random(9), random(14)
		want, offset := y.mass, y.offset
		for range int(steps) {
			next := make([]float64, len(want)+len(x.mass)-1)
			for i, a := range want {
				for j, b := range x.mass {
					next[i+j] += a * b
				}
			}
			want, offset = next, offset+x.offset
		}
		for _, lambda := range []float64{0, 0.5, 3} {
			var c composer
			got, ok := c.compose([]part{{x, steps, 1}, {y, 1, 1}}, setting{lambda: lambda, spill: usualSpill})
			if !ok {
				t.Fatal("too fine")
			}
			for k, m := range got.tilted {
				loss := got.first + float64(k)*got.width
				i := int(math.Round((loss - offset) / got.width))
				exact := 0.0
				if i >= 0 && i < len(want) {
					exact = want[i] * math.Exp(lambda*loss-got.logScale)
				}
				if math.Abs(m-exact) > got.binError+got.tailError+1e-12*exact {
					t.Fatalf("%v steps, tilt %v: %g at loss %v, want %g; admitted error %g", steps, lambda, m, loss, exact, got.binError)
				}
			}
			if got.binError > 1e-11 {
				t.Errorf("%v steps, tilt %v: error bound %g is no use", steps, lambda, got.binError)
			}
		}
	}
}
