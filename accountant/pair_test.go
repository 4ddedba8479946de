package accountant

import (
	"math"
	"testing"
)

// TestLossAndInverse: loss(at(l)) = l to the drift that the analysis allows for, at every rate up to 1: either form of
// either function cancels somewhere.
func TestLossAndInverse(t *testing.T) {
	for _, q := range []float64{1e-12, 1e-5, 0.004, 0.3, 0.5, 0.9, 0.999999, 1 - 1e-12, 1 - 1e-15, 1 - 0x1p-53, 1} {
		m := amplified{q: q, logQ: math.Log(q), logStay: math.Log1p(-q)}
		for magnitude := 1e-15; magnitude < 1e4; magnitude *= 1.3 {
			for _, l := range []float64{magnitude, -magnitude} {
				if l <= m.logStay*(1-1e-15) {
					if u := m.inverse(l); l < m.logStay*(1+1e-15) && !math.IsInf(u, -1) {
						t.Fatalf("q %v: loss %v lies below the infimum %v, but has the inverse %v", q, l, m.logStay, u)
					}
					continue
				}
				got := m.loss(m.inverse(l))
				if allowed := 1e-15 * (10 + math.Abs(l)); !(math.Abs(got-l) <= allowed) {
					t.Fatalf("q %v: loss(inverse(%v)) is off by %v, at most %v", q, l, got-l, allowed)
				}
			}
		}
		for u := -2000.0; u < 2000; u += 0.37 { // increasing, and right at both ends
			l := m.loss(u)
			if l < m.loss(u-0.1) || q == 1 && l != u || l < m.logStay || l > max(u, 0) {
				t.Fatalf("q %v: loss %v at %v", q, l, u)
			}
		}
	}
}

// TestFullBatchesBesideSubsampledSteps: where q is 1 or next to it, and the noise of full batches small, the bounds are
// as tight as anywhere. The truth is that of Gaussian steps, or next to it.
func TestFullBatchesBesideSubsampledSteps(t *testing.T) {
	for _, c := range []struct {
		kinds []kind
		mu    float64
	}{
		{[]kind{{poisson{0.25, 1}, 1}, {poisson{2, 1}, 10}}, math.Sqrt(16 + 2.5)},
		{[]kind{{poisson{0.25, 1 - 0x1p-53}, 1}, {poisson{2, 1}, 10}}, math.Sqrt(16 + 2.5)},
		{[]kind{{poisson{0.05, 1}, 1}, {poisson{3, 1}, 100}}, math.Sqrt(400 + 100./9)},
		{[]kind{{poisson{1, 1}, 70}, {poisson{1, 1 - 1e-15}, 30}}, 10},
		{[]kind{{poisson{0.004, 1}, 1}, {poisson{5, 1 - 1e-14}, 4}}, math.Sqrt(62500 + 4./25)},
	} {
		const delta = 1e-5
		k := moments(func(a float64) float64 { return a * (a - 1) / 2 * c.mu * c.mu })
		order, rdp := bestOrder(func(a float64) float64 { return k.epsilonAt(a, delta) })
		b := analysisOf(c.kinds, c.kinds).epsilon(delta, rdp, order)
		bothSides(t, b, GaussianEpsilon(c.mu, delta), 2e-4)
	}
	b, err := Epsilon([]Segment{{0.25, 1, 1}, {1, 0.01, 100}}, 1e-5)
	if alone := GaussianEpsilon(4, 1e-5); err != nil || b.Upper-b.Lower > 1e-4*b.Upper || b.Lower < alone || b.Upper > alone*1.05 {
		t.Errorf("[%v, %v], the full batch alone %v; %v", b.Lower, b.Upper, alone, err)
	}
}
