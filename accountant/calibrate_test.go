package accountant

import (
	"math"
	"slices"
	"testing"
)

func TestCalibrateASchedulesShape(t *testing.T) {
	shape := []Segment{{1, 0.01, 200}, {0.8, 0.01, 200}, {1.5, 0.05, 30}, {10, 1, 2}}
	for _, target := range []float64{0.3, 1, 8} {
		c, err := CalibrateSigma(shape, target, 1e-6)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range c.Segments {
			if s.Sigma != shape[i].Sigma*c.Factor || s.Rate != shape[i].Rate || s.Steps != shape[i].Steps {
				t.Errorf("segment %d is %v, shape %v, factor %v", i, s, shape[i], c.Factor)
			}
		}
		b, err := Epsilon(c.Segments, 1e-6)
		if err != nil || b.Upper > target || b.Upper != c.EpsilonUpper || b.Lower < target*(1-3e-4) {
			t.Errorf("target %v: [%v, %v] at factor %v; %v", target, b.Lower, b.Upper, c.Factor, err)
		}
	}
}

func TestCalibrateRejects(t *testing.T) {
	good := []Segment{{1, 0.01, 100}}
	for _, bad := range []struct {
		shape          []Segment
		epsilon, delta float64
	}{
		{good, 0, 1e-5}, {good, -1, 1e-5}, {good, math.NaN(), 1e-5}, {good, math.Inf(1), 1e-5}, {good, 1, 0}, {good, 1, 1},
		{nil, 1, 1e-5}, {[]Segment{{1, 0, 10}}, 1, 1e-5}, {[]Segment{{0, 0.1, 10}}, 1, 1e-5}, {[]Segment{{1, 2, 10}}, 1, 1e-5},
	} {
		if c, err := CalibrateSigma(bad.shape, bad.epsilon, bad.delta); err == nil {
			t.Errorf("%+v gives %v", bad, c)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for _, c := range []struct {
		x      float64
		digits int
		want   float64
	}{
		{0.6507332, 4, 0.6508}, {0.65, 4, 0.65}, {15.32741906, 6, 15.3275}, {123456789, 3, 124000000}, {0.000123451, 5, 0.00012346},
		{9.9999, 3, 10}, {1, 6, 1}, {0.30000000000000004, 6, 0.300001}, {0, 3, 0},
	} {
		if got := RoundUp(c.x, c.digits); math.Abs(got-c.want) > 1e-12*c.want || got < c.x {
			t.Errorf("RoundUp(%v, %d) = %v, want %v", c.x, c.digits, got, c.want)
		}
	}
}

func TestStepsAllowed(t *testing.T) {
	spent := []Segment{{1, 0.01, 500}}
	n, err := StepsAllowed(spent, 0.9, 0.01, 2, 1e-5)
	if err != nil || n < 10 {
		t.Fatal(n, err)
	}
	at := func(n int) float64 {
		b, err := Epsilon(append(slices.Clone(spent), Segment{0.9, 0.01, n}), 1e-5)
		if err != nil {
			t.Fatal(err)
		}
		return b.Upper
	}
	if at(n) > 2 {
		t.Errorf("%d steps spend %v", n, at(n))
	}
	if more := n + max(n/2000, 1); at(more) <= 2 { // the bound itself wavers by some 1e-5
		t.Errorf("%d steps would have been allowed: they spend %v", more, at(more))
	}
	if n, err := StepsAllowed([]Segment{{0.3, 0.1, 100}}, 1, 0.01, 1, 1e-5); n != 0 || err != nil {
		t.Errorf("an overdrawn budget allows %d steps; %v", n, err)
	}
	if n, err := StepsAllowed(nil, 1, 0, 1, 1e-5); n != math.MaxInt || err != nil {
		t.Errorf("steps that cost nothing: %d; %v", n, err)
	}
	if n, err := StepsAllowed(nil, 0, 0.1, 1, 1e-5); n != 0 || err != nil {
		t.Errorf("steps without noise: %d; %v", n, err)
	}
	for _, bad := range [][4]float64{{-1, 0.1, 1, 1e-5}, {1, 2, 1, 1e-5}, {1, 0.1, 0, 1e-5}, {1, 0.1, 1, 2}} {
		if n, err := StepsAllowed(nil, bad[0], bad[1], bad[2], bad[3]); err == nil {
			t.Errorf("%v gives %d", bad, n)
		}
	}
}

func TestRootFindsWhatBisectionFinds(t *testing.T) {
	for name, f := range map[string]func(float64) float64{
		"cubic":   func(x float64) float64 { return x*x*x - 2 },
		"flat":    func(x float64) float64 { return math.Pow(x-1.3, 15) },
		"steep":   func(x float64) float64 { return math.Tanh(1e6 * (x - 0.123456789)) },
		"jump":    func(x float64) float64 { return math.Copysign(1, x-0.7) },
		"falling": func(x float64) float64 { return math.Exp(-x) - 0.5 },
	} {
		lo, hi := -3.0, 5.0
		calls := 0
		got := root(func(x float64) float64 { calls++; return f(x) }, lo, f(lo), hi, f(hi), 1e-12)
		for range 200 {
			if mid := (lo + hi) / 2; (f(mid) > 0) == (f(hi) > 0) {
				hi = mid
			} else {
				lo = mid
			}
		}
		wide := 1e-11
		if name == "flat" {
			wide = 0.2 // values within 1e-16 of zero are zero
		}
		if math.Abs(got-hi) > wide || calls > 46 {
			t.Errorf("%s: root %v after %d calls, bisection %v", name, got, calls, hi)
		}
	}
	if at, least := minimise(func(x float64) float64 { return (x - 0.3) * (x - 0.3) }, -5, 9, 1e-8); math.Abs(at-0.3) > 1e-7 || least > 1e-14 {
		t.Errorf("minimum %v at %v", least, at)
	}
}
