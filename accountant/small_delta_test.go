package accountant

import (
	"math"
	"math/rand/v2"
	"testing"
)

// checkSmallDelta: at delta and at a tenth of it bounds are numbers, in order, never above the Renyi one, within the given
// relative distance (or 1e-6), and rise as delta falls.
func checkSmallDelta(t *testing.T, s []Segment, delta, apart float64) {
	t.Helper()
	var before Bounds
	for _, delta := range []float64{delta, delta / 10} {
		b, err := Epsilon(s, delta)
		if err != nil {
			t.Fatal(err)
		}
		if !(b.Lower >= 0 && b.Lower <= b.Upper && b.Upper <= b.RDP*(1+1e-9)) {
			t.Errorf("%s at %g: %+v", FormatSegments(s), delta, b)
		}
		if !(b.Upper-b.Lower <= apart*b.Upper+1e-6) {
			t.Errorf("%s at %g: bounds [%v, %v] too far apart", FormatSegments(s), delta, b.Lower, b.Upper)
		}
		if !(b.Upper >= before.Lower && b.Upper >= before.Upper*(1-apart)-1e-6) {
			t.Errorf("%s: epsilon falls from [%v, %v] to [%v, %v] at %g", FormatSegments(s), before.Lower, before.Upper, b.Lower, b.Upper, delta)
		}
		before = b
	}
}

// Where the record hardly ever takes part, no tilt brings the tail that matters out of a Fourier transform's rounding:
// bounds came out as NaN, as the Renyi figure many times too large, or falling with delta.
func TestRareParticipationAtSmallDelta(t *testing.T) {
	skipShort(t)
	for _, c := range []struct {
		s     Segment
		delta float64
	}{
		{Segment{2.1, 1e-4, 121}, 1e-12}, {Segment{0.6, 0.005, 95}, 1e-14}, {Segment{1.59, 4.78e-4, 4}, 5.5e-13},
		{Segment{5, 1e-3, 167}, 1.7e-14}, {Segment{0.405, 2.2e-5, 2}, 6.6e-14}, {Segment{25, 5.6e-4, 12}, 1.2e-14},
		{Segment{0.65, 5.7e-5, 11}, 8.9e-12}, {Segment{14, 6.6e-5, 4}, 1.2e-13}, {Segment{18.9, 1.2e-5, 16}, 1.6e-5},
		{Segment{3.67, 1.06e-5, 67}, 1.1e-12}, {Segment{4.9, 1.44e-5, 13}, 3.4e-13}, {Segment{0.3, 0.0081, 91784}, 1.04e-14},
	} {
		checkSmallDelta(t, []Segment{c.s}, c.delta, 0.01)
	}
}

// TestSmallDeltaAtRandom covers what is claimed: sigma from 0.3 to 50, rates from 1e-5 to 1, up to a million steps.
func TestSmallDeltaAtRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	between := func(lo, hi float64) float64 { return lo * math.Pow(hi/lo, r.Float64()) }
	for i := range questions(400, 12, 2) {
		s := []Segment{{between(0.3, 50), between(1e-5, 1), int(between(1, 1e6))}}
		if i%6 == 5 {
			s = append(s, Segment{between(0.3, 50), between(1e-5, 1), int(between(1, 1e4))})
		}
		checkSmallDelta(t, s, between(1e-14, 1e-9), 0.01)
	}
}

// TestManyNarrowStepsBesideOthers are schedules whose bounds came out up to 6 % apart: some steps have losses that crowd into
// far less than a cell of the grid that the others allow, and rounding what lay beside the crowd down added up over all steps.
func TestManyNarrowStepsBesideOthers(t *testing.T) {
	skipShort(t)
	for _, c := range []struct {
		s     []Segment
		delta float64
	}{
		{[]Segment{{1.39, 8.8e-4, 1}, {1.83, 7.1e-5, 43809}, {7.7, 0.0135, 827121}, {2.85, 9.1e-4, 488551}}, 2e-6},
		{[]Segment{{0.547, 0.715, 8}, {0.346, 0.394, 78}, {2.63, 7.1e-5, 149732}}, 9.4e-7},
		{[]Segment{{12.1, 1.42e-5, 321065}, {1.18, 4.7e-5, 3}}, 1.14e-6},
	} {
		b, err := Epsilon(c.s, c.delta)
		if err != nil || !(b.Upper <= b.Lower*1.005) {
			t.Errorf("%s at %g: bounds [%v, %v], %v", FormatSegments(c.s), c.delta, b.Lower, b.Upper, err)
		}
	}
}

// TestMixedSchedulesAtRandom: of two to five segments anywhere in the range claimed.
func TestMixedSchedulesAtRandom(t *testing.T) {
	skipShort(t)
	r := rand.New(rand.NewPCG(33, 34))
	between := func(lo, hi float64) float64 { return lo * math.Pow(hi/lo, r.Float64()) }
	for range questions(600, 8, 1) {
		var s []Segment
		for range 2 + r.IntN(4) {
			s = append(s, Segment{between(0.3, 50), between(1e-5, 1), int(between(1, 1e6))})
		}
		checkSmallDelta(t, s, between(1e-14, 1e-5), 0.01)
	}
}

// twoStepDelta is the exact delta of two steps in one direction, by integrating over the first one's output: an oracle that
// shares neither grids nor transforms with the accountant.
func twoStepDelta(s, q, epsilon float64, added bool) float64 {
	p := removed(s, q)
	if added {
		p = p.reversed()
	}
	one := func(epsilon float64) float64 { // one step's, at any epsilon
		switch x := p.at(epsilon); {
		case math.IsInf(x, -1):
			return -math.Expm1(epsilon)
		case math.IsInf(x, 1):
			return 0
		default:
			up, low := 0.0, 0.0
			for i, c := range p.centers {
				up += p.upper[i] * normalCDF((c-x)/s)
				low += p.lower[i] * normalCDF((c-x)/s)
			}
			return up - math.Exp(epsilon)*low
		}
	}
	sum, h := 0.0, s/400
	for x := -14 * s; x < 1+14*s; x += h {
		at := x
		if added {
			at = -x
		}
		density := 0.0
		for i, c := range p.centers {
			density += p.upper[i] * normalPDF((at-c)/s)
		}
		sum += density * h / s * max(one(epsilon-p.loss(at)), 0)
	}
	return sum
}

func TestTwoStepsAtSmallDelta(t *testing.T) {
	for _, c := range []struct{ sigma, rate, delta float64 }{{1.6, 4.8e-4, 1e-13}, {0.6, 1e-3, 1e-14}, {5, 1e-3, 1e-12}, {1, 0.2, 1e-10}} {
		b, err := Epsilon([]Segment{{c.sigma, c.rate, 2}}, c.delta)
		if err != nil || b.Lower <= 0 {
			t.Fatal(b, err)
		}
		truth := func(epsilon float64) float64 {
			return max(twoStepDelta(c.sigma, c.rate, epsilon, false), twoStepDelta(c.sigma, c.rate, epsilon, true))
		}
		if high, low := truth(b.Upper), truth(b.Lower); high > c.delta*(1+1e-4) || low < c.delta*(1-1e-4) {
			t.Errorf("%+v: epsilon in [%v, %v], but there delta is %g and %g", c, b.Lower, b.Upper, low, high)
		}
	}
}

// One step's closed form holds the composed answer to the truth where a single participation decides.
func TestOneRareStepAtSmallDelta(t *testing.T) {
	for _, c := range []struct{ sigma, rate, delta float64 }{{2, 1e-4, 1e-15}, {0.5, 1e-5, 1e-12}, {10, 0.01, 1e-14}, {0.8, 0.9, 1e-15}, {30, 1, 1e-13}} {
		kinds := []kind{{poisson{c.sigma, c.rate}, 1}}
		k := segmentMoments([]Segment{{c.sigma, c.rate, 1}})
		order, rdp := bestOrder(func(a float64) float64 { return k.epsilonAt(a, c.delta) })
		bothSides(t, analysisOf(kinds, kinds).epsilon(c.delta, rdp, order), oneStepEpsilon(c.sigma, c.rate, c.delta), 0.01)
	}
}

// Beyond the window nothing but what was left out of it is left, and it falls with the loss.
func TestTailsAreFiniteEverywhere(t *testing.T) {
	step, _ := removed(1, 1e-4).discretise(0.01, accuracy{lambda: 1, left: 1e-16, right: 1e-20}, false)
	for _, lambda := range []float64{0.3, 5, 40} {
		var c composer
		d, ok := c.compose([]part{{step.up(), 50, 1}}, setting{lambda: lambda, spill: usualSpill})
		if !ok {
			t.Fatal("no composition")
		}
		tails, before := d.tails(), 0.0
		for delta := 1e-3; delta > 1e-18; delta /= 1.9 {
			low, high := tails.epsilon(delta, below), tails.epsilon(delta, above)
			if !(low >= 0 && high >= low && high >= before-1e-12 && !math.IsInf(high, 1)) {
				t.Fatalf("tilt %v, delta %g: [%v, %v] after %v", lambda, delta, low, high, before)
			}
			before = high
		}
	}
}
