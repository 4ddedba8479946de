package dp

import (
	"math"

	"cloister/clip"
)

// testPolicy has the same bounds at every step, and no state.
type testPolicy struct {
	rule     clip.Rule
	bounds   []float64
	allocate func(bounds, weights []float64) // nil: equal noise
}

func fixedPolicy(rule clip.Rule, bounds ...float64) *testPolicy {
	return &testPolicy{rule: rule, bounds: bounds}
}

func (p *testPolicy) Rule() clip.Rule { return p.rule }

func (p *testPolicy) Ask(_ View, a *Ask) {
	copy(a.Bounds, p.bounds)
	if p.allocate != nil {
		a.Allocation = make([]float64, len(p.bounds))
		p.allocate(a.Bounds, a.Allocation)
	}
}

func (p *testPolicy) Observe(*Released) error     { return nil }
func (p *testPolicy) AppendState(b []byte) []byte { return b }
func (p *testPolicy) SetState([]byte) error       { return nil }

// testStrategy is the banded square root of prefix sums (Kalinin and Lampert 2024), of unit norm.
func testStrategy(bands int) []float64 {
	c, norm := []float64{1}, 1.0
	for j := 1; j < bands; j++ {
		c = append(c, c[j-1]*(1-0.5/float64(j)))
		norm = math.Hypot(norm, c[j])
	}
	for j := range c {
		c[j] /= norm * (1 + 1e-12)
	}
	return c
}
