package accountant

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestCalibrateASchedulesShape(t *testing.T) {
	shape := []Segment{{1, 0.01, 200}, {0.8, 0.01, 200}, {1.5, 0.05, 30}, {10, 1, 2}}
	targets := []float64{0.3, 1, 8}
	if testing.Short() {
		targets = targets[1:2]
	}
	for _, target := range targets {
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
	skipShort(t)
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

// checkAnswer asks for the noise of one question and holds the answer against what the accountant says there and just
// below.
func checkAnswer(t *testing.T, shape []Segment, epsilon, delta float64) {
	t.Helper()
	c, err := CalibrateSigma(shape, epsilon, delta)
	if err != nil {
		t.Errorf("%s at (%v, %v): %v", FormatSegments(shape), epsilon, delta, err)
		return
	}
	if b, err := Epsilon(c.Segments, delta); err != nil || !(b.Upper <= epsilon) || b.Upper != c.EpsilonUpper || RoundUp(c.Factor, calibrationDigits) != c.Factor {
		t.Errorf("%s at (%v, %v): factor %v with %+v, %v", FormatSegments(shape), epsilon, delta, c.Factor, b, err)
	}
	if c.Factor*shape[0].Sigma <= leastNoise*1.000001 {
		return
	}
	if b, err := Epsilon(scaled(shape, c.Factor*0.997), delta); err != nil || !(b.Upper > epsilon) {
		t.Errorf("%s at (%v, %v): factor %v is more than it takes: %+v, %v", FormatSegments(shape), epsilon, delta, c.Factor, b, err)
	}
}

// Once in three such questions had no answer: the tight one lies far below the Renyi one where rare participation is what
// protects.
func TestCalibrationAlwaysAnswers(t *testing.T) {
	checkAnswer(t, []Segment{{1, 1.526e-4, 20}}, 0.1586, 1.6e-8)
	r := rand.New(rand.NewPCG(8, 1))
	between := func(least, most float64) float64 { return least * math.Exp(r.Float64()*math.Log(most/least)) }
	for range questions(100, 3, 0) {
		steps := int(between(1, 1e5))
		checkAnswer(t, []Segment{{between(0.1, 10), between(1e-5, 1), steps}}, between(0.01, 50), between(1e-12, 1e-3))
	}
}

// A record that is in a sample with a probability below delta needs no noise.
func TestCalibrationOfRareParticipation(t *testing.T) {
	c, err := CalibrateSigma([]Segment{{2, 1e-7, 20}}, 1, 1e-5)
	if err != nil || c.Factor != leastNoise/2 || c.EpsilonUpper != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCalibrationSaysWhyNot(t *testing.T) {
	for want, mechanism := range map[string]func(float64) Event{
		"exceeds its cap":      func(z float64) Event { return Repetition{TruncatedPoisson{z, 0.004, 60000, 300}, 100} },
		"sound amplification":  func(z float64) Event { return ShuffledBatches{z, 100, 2} },
		"nothing to calibrate": func(z float64) Event { return Composition{} },
		"sampling rate":        func(z float64) Event { return PoissonGaussian{z, 2} },
	} {
		if z, _, err := Calibrate(mechanism, 1, 1e-5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("noise %v, error %v, want one that says %q", z, err, want)
		}
	}
	if c, err := CalibrateSigma([]Segment{{1, 1, 1e15}}, 1e-12, 1e-300); err == nil || !strings.Contains(err.Error(), "1e+12") {
		t.Errorf("%+v, error %v", c, err)
	}
}

// TestCalibrateEvents: any mechanism with a noise to choose, each against the bound at its own answer.
func TestCalibrateEvents(t *testing.T) {
	skipShort(t)
	for name, mechanism := range map[string]func(float64) Event{
		"steps":         func(z float64) Event { return Repetition{PoissonGaussian{z, 0.01}, 500} },
		"counts":        func(z float64) Event { return Repetition{JointQuery{z, 0.01, 4, 40}, 500} },
		"cyclic":        func(z float64) Event { return CyclicPoisson{z, 0.05, 4, 700} },
		"a cap":         func(z float64) Event { return Repetition{TruncatedPoisson{z, 0.004, 60000, 400}, 500} },
		"groups":        func(z float64) Event { return Group{z, 0.01, 2, 100} },
		"bins":          func(z float64) Event { return BallsInBins{z, 4, 1} },
		"beside others": func(z float64) Event { return Composition{Gaussian{20}, Repetition{PoissonGaussian{z, 0.01}, 100}} },
	} {
		const epsilon, delta = 2.0, 1e-6
		z, upper, err := Calibrate(mechanism, epsilon, delta)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		at, less := epsilonOf(t, mechanism(z), delta), epsilonOf(t, mechanism(z*0.995), delta)
		if !(upper <= epsilon) || at.Upper != upper || !(less.Upper > epsilon) {
			t.Errorf("%s: noise %v costs %v (%v), a little less noise %v", name, z, upper, at.Upper, less.Upper)
		}
	}
	// Full batches beside the noise that is sought may use up the budget alone.
	if z, _, err := Calibrate(func(z float64) Event { return Composition{Gaussian{1}, PoissonGaussian{z, 0.01}} }, 2, 1e-6); err == nil {
		t.Errorf("noise %v outdoes a release without enough", z)
	}
}
