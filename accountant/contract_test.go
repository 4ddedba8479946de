package accountant

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// An opinion is what every accountant must be able to give; the tests of this file hold for all of them.
type opinion struct {
	name string
	// epsilon encloses the truth: lower is 0 where an accountant has nothing to say.
	epsilon func(segments []Segment, delta float64) (lower, upper float64, err error)
	tight   float64 // how far the upper bound may exceed a known truth, relatively
	noise   float64 // how far two equal questions' answers may differ, relatively
}

var opinions = []opinion{
	{"RDP", func(s []Segment, delta float64) (float64, float64, error) {
		v, _, err := EpsilonRDP(s, delta)
		return 0, v, err
	}, 0.35, 1e-6},
	{"PLD", func(s []Segment, delta float64) (float64, float64, error) {
		b, err := Epsilon(s, delta)
		return b.Lower, b.Upper, err
	}, 1e-4, 2e-4},
	{"PRV", func(s []Segment, delta float64) (float64, float64, error) {
		e, err := PRV{}.Epsilon(s, delta)
		return e.Lower, e.Upper, err
	}, 0.02, 1e-3},
}

func forEachOpinion(t *testing.T, check func(t *testing.T, o opinion)) {
	for _, o := range opinions {
		t.Run(o.name, func(t *testing.T) { check(t, o) })
	}
}

func (o opinion) upper(t *testing.T, segments []Segment, delta float64) float64 {
	t.Helper()
	lower, upper, err := o.epsilon(segments, delta)
	if err != nil || math.IsNaN(lower) || math.IsNaN(upper) || lower > upper || lower < 0 {
		t.Fatalf("%v at %v: [%v, %v], %v", segments, delta, lower, upper, err)
	}
	return upper
}

func TestContractNothingCostsNothing(t *testing.T) {
	forEachOpinion(t, func(t *testing.T, o opinion) {
		for _, s := range [][]Segment{nil, {}, {{1, 0, 100}}, {{1, 0.1, 0}}, {{0, 0, 5}}} {
			if v := o.upper(t, s, 1e-5); v != 0 {
				t.Errorf("%v costs %v", s, v)
			}
		}
		if v := o.upper(t, []Segment{{1, 0.1, 10}}, 1); v != 0 {
			t.Errorf("at delta = 1: %v", v)
		}
	})
}

func TestContractNoGuaranteeIsInfinite(t *testing.T) {
	forEachOpinion(t, func(t *testing.T, o opinion) {
		if v := o.upper(t, []Segment{{1, 0.1, 10}}, 0); !math.IsInf(v, 1) {
			t.Errorf("at delta = 0: %v", v)
		}
		if v := o.upper(t, []Segment{{1, 0.1, 10}, {0, 0.01, 1}}, 1e-5); !math.IsInf(v, 1) {
			t.Errorf("with a step without noise: %v", v)
		}
	})
}

func TestContractBadQuestionsAreErrors(t *testing.T) {
	nan := math.NaN()
	forEachOpinion(t, func(t *testing.T, o opinion) {
		for _, s := range []Segment{{-1, 0.1, 1}, {nan, 0.1, 1}, {math.Inf(1), 0.1, 1}, {1, -0.1, 1}, {1, 1.1, 1}, {1, nan, 1}, {1, 0.1, -1}, {1, 0.1, maxSteps + 1}} {
			if _, _, err := o.epsilon([]Segment{{1, 0.1, 1}, s}, 1e-5); err == nil {
				t.Errorf("%v is accepted", s)
			}
		}
		for _, delta := range []float64{-1e-9, 1.1, nan, math.Inf(1)} {
			if _, _, err := o.epsilon([]Segment{{1, 0.1, 1}}, delta); err == nil {
				t.Errorf("delta = %v is accepted", delta)
			}
		}
	})
}

func TestContractClosedForms(t *testing.T) {
	forEachOpinion(t, func(t *testing.T, o opinion) {
		check := func(s []Segment, delta, truth float64) {
			lower, upper, err := o.epsilon(s, delta)
			if err != nil || upper < truth*(1-1e-9) || lower > truth*(1+1e-9) || upper > truth*(1+o.tight)+1e-6 {
				t.Errorf("%v at %v: [%v, %v], truth %v; %v", s, delta, lower, upper, truth, err)
			}
		}
		for _, delta := range []float64{1e-4, 1e-7} {
			check([]Segment{{10, 1, 40}}, delta, GaussianEpsilon(math.Sqrt(40)/10, delta))
			check([]Segment{{10, 1, 30}, {20, 1, 30}}, delta, GaussianEpsilon(math.Sqrt(30./100+30./400), delta))
			if o.name != "RDP" { // a single step at a low rate is where moments say least
				check([]Segment{{0.7, 0.05, 1}}, delta, oneStepEpsilon(0.7, 0.05, delta))
			}
		}
	})
}

// TestContractMonotone: more noise, a lower rate, fewer steps and a larger delta never cost more.
func TestContractMonotone(t *testing.T) {
	forEachOpinion(t, func(t *testing.T, o opinion) {
		base := []Segment{{0.9, 0.01, 300}, {1.5, 0.05, 40}}
		whole := o.upper(t, base, 1e-5)
		vary := func(what string, change func(s []Segment) float64) {
			s := slices.Clone(base)
			if got := o.upper(t, s, change(s)); got > whole*(1+o.noise) {
				t.Errorf("%s raises epsilon from %v to %v", what, whole, got)
			}
		}
		for _, f := range []float64{1.01, 1.3, 4} {
			vary("more noise", func(s []Segment) float64 { s[0].Sigma *= f; return 1e-5 })
			vary("a lower rate", func(s []Segment) float64 { s[1].Rate /= f; return 1e-5 })
			vary("fewer steps", func(s []Segment) float64 { s[0].Steps = int(300 / f); return 1e-5 })
			vary("a larger delta", func(s []Segment) float64 { return f * 1e-5 })
		}
	})
}

// TestContractOrderAndGrouping: the answer depends on the multiset of steps alone.
func TestContractOrderAndGrouping(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	forEachOpinion(t, func(t *testing.T, o opinion) {
		s := []Segment{{0.8, 0.01, 100}, {1.2, 0.02, 50}, {5, 1, 3}, {0.8, 0.01, 7}}
		want := o.upper(t, s, 1e-6)
		var single []Segment
		for _, p := range s {
			for range p.Steps {
				single = append(single, Segment{p.Sigma, p.Rate, 1})
			}
		}
		r.Shuffle(len(single), func(i, j int) { single[i], single[j] = single[j], single[i] })
		if got := o.upper(t, single, 1e-6); math.Abs(got-want) > 1e-12*want {
			t.Errorf("step by step, shuffled: %v, want %v", got, want)
		}
		slices.Reverse(s)
		if got := o.upper(t, s, 1e-6); math.Abs(got-want) > 1e-12*want {
			t.Errorf("reversed: %v, want %v", got, want)
		}
	})
}

// TestContractAccountantsAgree on schedules at random: every interval holds the truth, so that all overlap.
func TestContractAccountantsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range questions(100, 8, 1) {
		var s []Segment
		for range 1 + r.IntN(3) {
			s = append(s, Segment{math.Exp(r.Float64()*3 - 0.9), math.Exp(-r.Float64() * 8), 1 + int(math.Exp(r.Float64()*7))})
		}
		delta := math.Pow(10, -2-7*r.Float64())
		lowest, highest := 0.0, math.Inf(1)
		for _, o := range opinions {
			lower, upper, err := o.epsilon(s, delta)
			if err != nil {
				t.Fatal(err)
			}
			lowest, highest = max(lowest, lower), min(highest, upper)
		}
		if lowest > highest*(1+1e-9) {
			t.Errorf("%s at %g: a lower bound %v exceeds an upper bound %v", FormatSegments(s), delta, lowest, highest)
		}
	}
}

// TestRenyiIsLooserThanTheTightBound: the tight answer is never above the Renyi one.
func TestRenyiIsLooserThanTheTightBound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range questions(100, 10, 2) {
		s := []Segment{{math.Exp(r.Float64()*4 - 1), math.Exp(-r.Float64() * 10), 1 + r.IntN(3000)}}
		b, err := Epsilon(s, 1e-6)
		if err != nil || b.Upper > b.RDP || b.Lower > b.Upper {
			t.Errorf("%v: %+v, %v", s, b, err)
		}
	}
}

// TestDeltaIsTheInverseOfEpsilon within the distance of the bounds.
func TestDeltaIsTheInverseOfEpsilon(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range questions(60, 5, 1) {
		s := []Segment{{math.Exp(r.Float64()*2 - 0.7), math.Exp(-r.Float64() * 6), 1 + r.IntN(2000)}, {2, 0.01, 10}}
		delta := math.Pow(10, -2-8*r.Float64())
		e, err := Epsilon(s, delta)
		if err != nil {
			t.Fatal(err)
		}
		if e.Lower == 0 {
			continue
		}
		atUpper, err1 := Delta(s, e.Upper)
		atLower, err2 := Delta(s, e.Lower)
		if err1 != nil || err2 != nil || atUpper.Lower > delta || atLower.Upper < delta {
			t.Errorf("%s: epsilon in [%v, %v] at %g, but delta there in [%g, %g] and [%g, %g]; %v %v", FormatSegments(s),
				e.Lower, e.Upper, delta, atLower.Lower, atLower.Upper, atUpper.Lower, atUpper.Upper, err1, err2)
		}
		if atUpper.Upper < atUpper.Lower || atUpper.Upper > atUpper.Lower*1.01 {
			t.Errorf("%s: delta in [%g, %g] at epsilon %v", FormatSegments(s), atUpper.Lower, atUpper.Upper, e.Upper)
		}
	}
}

// TestManyKindsOfStep: a schedule in which no step equals another is answered within 2 %, and encloses the answer for
// the same schedule cut into few kinds.
func TestManyKindsOfStep(t *testing.T) {
	skipShort(t)
	schedule := manySigmas()
	b, err := Epsilon(schedule, 1e-5)
	if err != nil || b.Upper > b.Lower*1.02 {
		t.Errorf("bounds [%v, %v], %v", b.Lower, b.Upper, err)
	}
	var less, more []Segment
	for i := 0; i < len(schedule); i += 9 { // sigma falls along the schedule
		less = append(less, Segment{schedule[i+8].Sigma, schedule[i].Rate, 9})
		more = append(more, Segment{schedule[i].Sigma, schedule[i].Rate, 9})
	}
	high, err1 := Epsilon(less, 1e-5)
	low, err2 := Epsilon(more, 1e-5)
	if err1 != nil || err2 != nil || b.Lower > high.Upper || b.Upper < low.Lower {
		t.Errorf("[%v, %v] misses [%v, %v]; %v %v", b.Lower, b.Upper, low.Lower, high.Upper, err1, err2)
	}
}
