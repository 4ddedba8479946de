package clip

import (
	"math"
	"math/rand/v2"
	"testing"
)

var rules = []Rule{{}, {Kind: Normalise}, {Kind: Normalise, Gamma: 0.01}, {Kind: Normalise, Gamma: 10}, {Kind: PSAC, R: 0.1}, {Kind: PSAC, R: 5}}

func TestFactorKeepsTheBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	norms := []float64{0, Floor, 1e-300, 1e-18, 1.0000001e-18, 1e-9, 1, 1e9, 1e19, 1e300, math.MaxFloat64, math.Inf(1), math.NaN()}
	for range 10000 {
		norms = append(norms, math.Pow(10, 60*rng.Float64()-30))
	}
	for _, rule := range rules {
		if err := rule.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, n := range norms {
			for _, bound := range []float64{1e-12, 1, 0.3, 1e12} {
				f := rule.Factor(n, bound)
				usable := n > Floor && !math.IsInf(n, 1)
				if f < 0 || f > 0 && f < Least || !usable && f != 0 || usable && n*f > bound*(1+1e-15) || usable && bound/n > 1e-20 && n > 1e-9 && f == 0 {
					t.Errorf("%v: norm %v bound %v has factor %v", rule, n, bound, f)
				}
			}
		}
	}
}

// Whatever the numbers, a valid rule never lets a norm past its bound.
func FuzzFactor(f *testing.F) {
	f.Add(uint8(0), 2.0, 1.0, 0.0)
	f.Add(uint8(1), 1e-17, 1e12, 1e-300)
	f.Add(uint8(2), 1.1e-18, 1e-12, 1e38)
	f.Add(uint8(2), math.MaxFloat64, 1.0, math.SmallestNonzeroFloat64)
	f.Add(uint8(1), math.NaN(), 1.0, math.MaxFloat32)
	f.Fuzz(func(t *testing.T, kind uint8, norm, bound, parameter float64) {
		rule := Rule{Kind: Kind(kind % 3), Gamma: parameter, R: parameter}
		if rule.Validate() != nil || CheckBounds([]float64{bound}, 1) != nil {
			return
		}
		factor := rule.Factor(norm, bound)
		switch {
		case !(factor >= 0) || factor > 0 && factor < Least || math.IsInf(factor, 1):
			t.Errorf("%v: factor %v for norm %v", rule, factor, norm)
		case factor > 0 && !(norm*factor <= bound*(1+1e-15)):
			t.Errorf("%v: norm %v with factor %v passes bound %v", rule, norm, factor, bound)
		case rule.Kind == Clip && norm > Floor && norm <= bound && factor != 1:
			t.Errorf("a norm %v within the bound %v is scaled by %v", norm, bound, factor)
		}
	})
}

// PSAC is not monotone: n + r/(n + r) is least at n = sqrt(r) - r, where its derivative 1 - r/(n + r)^2 vanishes.
func TestPSACIsLargestAtItsPeak(t *testing.T) {
	rule := Rule{Kind: PSAC, R: 0.1}
	peak := math.Sqrt(0.1) - 0.1
	for _, n := range []float64{peak * 0.9, peak * 1.1, peak / 10, peak * 10} {
		if rule.Factor(n, 1) >= rule.Factor(peak, 1) {
			t.Errorf("factor %v at norm %v, %v at %v", rule.Factor(n, 1), n, rule.Factor(peak, 1), peak)
		}
	}
}

// Values by hand from the papers' formulas.
func TestFactors(t *testing.T) {
	for _, c := range []struct {
		rule              Rule
		norm, bound, want float64
	}{
		{Rule{}, 0.5, 1, 1}, {Rule{}, 4, 1, 0.25}, {Rule{Kind: Normalise}, 4, 2, 0.5},
		{Rule{Kind: Normalise, Gamma: 1}, 3, 2, 0.5}, {Rule{Kind: PSAC, R: 1}, 1, 3, 2},
	} {
		if got := c.rule.Factor(c.norm, c.bound); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%v: factor %v for norm %v bound %v, want %v", c.rule, got, c.norm, c.bound, c.want)
		}
	}
}

func TestSensitivityIsJoint(t *testing.T) {
	if got := Sensitivity([]float64{3, 4, 12}); math.Abs(got-13) > 1e-12 {
		t.Errorf("sensitivity %v, want 13", got)
	}
	if (Rule{}).Groups(8) != 1 || (Rule{Grouping: PerLayer}).Groups(8) != 8 || (Rule{Grouping: PerLayer}).Group(3) != 3 {
		t.Error("groups are wrong")
	}
}

func TestBadRulesAndBoundsAreRefused(t *testing.T) {
	for _, r := range []Rule{{Kind: 9}, {Grouping: 9}, {Kind: Normalise, Gamma: -1}, {Kind: Normalise, Gamma: math.NaN()}, {Kind: PSAC}, {Kind: PSAC, R: math.Inf(1)}} {
		if r.Validate() == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
	for _, b := range [][]float64{nil, {1, 1}, {0}, {-1}, {math.NaN()}, {math.Inf(1)}, {1e-13}, {1e13}} {
		if CheckBounds(b, 1) == nil {
			t.Errorf("bounds %v were accepted", b)
		}
	}
}
