package accountant

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func epsilonOf(t *testing.T, e Event, delta float64) EventBounds {
	t.Helper()
	b, err := EpsilonOf(e, delta)
	if err != nil || !(b.lower <= b.Upper && b.Upper <= b.RDP*(1+1e-9)) || !b.known && b.lower != 0 {
		t.Fatalf("%+v: %+v, %v", e, b, err)
	}
	return b
}

func TestEventsReduceToSegments(t *testing.T) {
	schedule := []Segment{{8, 1, 4}, {1, 0.01, 1500}, {1.5, 0.02, 200}}
	want, err := Epsilon(schedule, 1e-6)
	if err != nil {
		t.Fatal(err)
	}
	same := Composition{
		Repetition{PoissonGaussian{1.5, 0.02}, 200},
		Repetition{Composition{Gaussian{8}, Repetition{PoissonGaussian{1, 0.01}, 375}}, 4},
	}
	if got := epsilonOf(t, same, 1e-6); got != fromBothSides(want) {
		t.Errorf("as events %+v, as segments %+v", got, want)
	}
	if got := epsilonOf(t, FromSegments(schedule), 1e-6); got != fromBothSides(want) {
		t.Errorf("FromSegments %+v, want %+v", got, want)
	}
	d, err := DeltaOf(same, 1)
	if direct, _ := Delta(schedule, 1); err != nil || d != fromBothSides(direct) {
		t.Errorf("delta %+v, want %+v; %v", d, direct, err)
	}
	if same.Relation() != AddRemove || (Composition{same, CyclicPoisson{1, 0.1, 2, 2}}).Relation() != ZeroOut {
		t.Error("relations")
	}
}

// The joint query of vector X06: z = 1.1 and a count with noise 10 on one batch.
func TestJointQuery(t *testing.T) {
	v := vectorNamed(t, "X06")
	effective := v.segments(t)[0].Sigma
	if got := EffectiveNoise(1.1, 1, 10); math.Abs(got-effective) > 1e-15 {
		t.Errorf("effective noise %v, want %v", got, effective)
	}
	if z, err := JointNoise(effective, 1, 10); err != nil || math.Abs(z-1.1) > 1e-14 {
		t.Errorf("noise %v, want 1.1; %v", z, err)
	}
	for _, zEff := range []float64{0.3, 1, 20} {
		for _, queries := range []int{0, 1, 8} {
			const sigmaB = 40.0
			z, err := JointNoise(zEff, queries, sigmaB)
			if err != nil || math.Abs(EffectiveNoise(z, queries, sigmaB)-zEff) > 1e-13*zEff {
				t.Errorf("%v, %d: %v, %v", zEff, queries, z, err)
			}
		}
	}
	e := JointQuery{effective, 0.01, 1, 10}
	if z, err := e.GradientSigma(); err != nil || math.Abs(z-1.1) > 1e-14 {
		t.Errorf("the gradient's noise is %v, want 1.1; %v", z, err)
	}
	got := epsilonOf(t, Repetition{e, 2400}, 1e-5)
	bothSides(t, Bounds{Lower: got.lower, Upper: got.Upper}, v.number(t, "eps_best"), 1e-4)
	for _, bad := range [][2]float64{{0, 1}, {math.NaN(), 1}, {1, 0}, {1, 0.5}, {1, -3}} {
		if z, err := JointNoise(bad[0], 1, bad[1]); err == nil {
			t.Errorf("JointNoise(%v) = %v", bad, z)
		}
	}
	if _, err := JointNoise(1, -1, 1); err == nil {
		t.Error("a negative number of counts")
	}
}

func TestTruncatedPoisson(t *testing.T) {
	plain := epsilonOf(t, Repetition{PoissonGaussian{1, 0.004}, 1000}, 1e-5)
	roomy := epsilonOf(t, Repetition{TruncatedPoisson{1, 0.004, 60000, 400}, 1000}, 1e-5) // ten deviations above 240
	if roomy.Upper < plain.Upper || roomy.Upper > plain.Upper*1.0001 {
		t.Errorf("a cap that is never reached changes %v to %v", plain.Upper, roomy.Upper)
	}
	tight := epsilonOf(t, Repetition{TruncatedPoisson{1, 0.004, 60000, 345}, 1000}, 1e-5)
	if !(tight.Upper > plain.Upper*1.0001) || tight.lower > plain.lower || math.IsInf(tight.Upper, 1) {
		t.Errorf("a cap that is reached now and then: %+v beside %+v", tight, plain)
	}
	if b := epsilonOf(t, Repetition{TruncatedPoisson{1, 0.004, 60000, 240}, 1000}, 1e-5); !math.IsInf(b.Upper, 1) {
		t.Errorf("a cap at the mean: %+v", b)
	}
	// delta grows by (1 + e^eps) times the probability.
	e := TruncatedPoisson{1, 0.004, 60000, 345}
	with, err1 := DeltaOf(e, 0.5)
	without, err2 := DeltaOf(PoissonGaussian{1, 0.004}, 0.5)
	if want := without.Upper + (1+math.Exp(0.5))*e.Overflow(); err1 != nil || err2 != nil || math.Abs(with.Upper-want) > 1e-8*want {
		t.Errorf("delta %g, want %g", with.Upper, want)
	}
	// Pr[Bin(60000, .004) > 330], summed from the largest term down.
	sum := 0.0
	for k := 346; k < 700; k++ {
		a, _ := math.Lgamma(60001)
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(60001 - k))
		sum += math.Exp(a - b - c + float64(k)*math.Log(0.004) + float64(60000-k)*math.Log1p(-0.004))
	}
	if got := e.Overflow(); math.Abs(got-sum) > 1e-8*sum {
		t.Errorf("overflow %g, want %g", got, sum)
	}
}

func TestCyclicPoisson(t *testing.T) {
	// 2,000 steps over 8 bands are 250 steps at the rate within a group; 2,001 are 251.
	for steps, rounds := range map[int]int{2000: 250, 2001: 251, 7: 1, 0: 0} {
		e := CyclicPoisson{0.8, 0.08, 8, steps}
		got := epsilonOf(t, e, 1e-5)
		want, _ := Epsilon([]Segment{{0.8, 0.08, rounds}}, 1e-5)
		if got.Upper != want.Upper || got.RDP != want.RDP {
			t.Errorf("%d steps: %+v, want %+v", steps, got, want)
		}
		if lower, known := got.Lower(); known || lower != 0 {
			t.Errorf("%d steps: a lower bound of %v is claimed", steps, lower)
		}
		if d, err := DeltaOf(e, 0.5); err != nil || d.known {
			t.Errorf("%d steps: %+v, %v", steps, d, err)
		}
	}
	// Beside plain steps, what those alone cost is a lower bound.
	plain := Repetition{PoissonGaussian{1, 0.01}, 500}
	alone, both := epsilonOf(t, plain, 1e-5), epsilonOf(t, Composition{plain, CyclicPoisson{0.8, 0.08, 8, 2000}}, 1e-5)
	if lower, known := both.Lower(); !known || lower != alone.lower || both.Upper <= alone.Upper {
		t.Errorf("%+v beside %+v", both, alone)
	}
}

func TestSegmentsOf(t *testing.T) {
	e := Composition{Repetition{PoissonGaussian{1, 0.01}, 5}, CyclicPoisson{0.8, 0.08, 8, 20}, JointQuery{2, 0.1, 3, 50}}
	got, err := SegmentsOf(Repetition{e, 2})
	want := []Segment{{1, 0.01, 10}, {2, 0.1, 2}, {0.8, 0.08, 6}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v; %v", got, want, err)
	}
	for _, e := range []Event{Group{1, 0.1, 2, 1}, BallsInBins{1, 5, 1}, TruncatedPoisson{1, 0.1, 1000, 120}, ShuffledBatches{1, 5, 1}, Gaussian{0}} {
		if got, err := SegmentsOf(e); err == nil {
			t.Errorf("%+v gives %v", e, got)
		}
	}
}

// TestGroup against an integral of the two mixtures for one step, and against one record and against full batches for
// many.
func TestGroup(t *testing.T) {
	const s, q, k = 0.8, 0.1, 3
	m := newMixture(s, q, k)
	for _, epsilon := range []float64{0.1, 1, 2.5} {
		for _, added := range []bool{false, true} {
			p := m.pair
			if added {
				p = p.reversed()
			}
			density := func(weights []float64, x float64) (sum float64) {
				for i, c := range p.centers {
					sum += weights[i] * normalPDF((x-c)/s) / s
				}
				return sum
			}
			want, n := 0.0, 50_000
			for i := range n {
				x := -14 + 28*(float64(i)+0.5)/float64(n)
				want += max(0, density(p.upper, x)-math.Exp(epsilon)*density(p.lower, x)) * 28 / float64(n)
			}
			acc := accuracy{lambda: 1, left: 1e-16, right: 1e-16}
			step, _ := m.discretise(1e-3, acc, added)
			over, under := step.up(), step.down()
			if hi, lo := over.delta(epsilon), under.delta(epsilon); hi < want-1e-9 || lo > want+1e-9 || hi-lo > 1e-5 {
				t.Errorf("epsilon %v, added %v: [%v, %v], want %v", epsilon, added, lo, hi, want)
			}
		}
	}
	one := epsilonOf(t, Group{1, 0.004, 1, 1000}, 1e-5)
	if direct, _ := Epsilon([]Segment{{1, 0.004, 1000}}, 1e-5); one != fromBothSides(direct) {
		t.Errorf("a group of one: %+v, want %+v", one, direct)
	}
	before := one.Upper
	for k := 2; k <= 5; k++ {
		b := epsilonOf(t, Group{1, 0.004, k, 1000}, 1e-5)
		// Generic group privacy, and the group always taking part together, are upper bounds of their own.
		together, _ := Epsilon([]Segment{{1 / float64(k), 0.004 * float64(k), 1000}}, 1e-5)
		if b.Upper <= before || b.Upper > b.lower*1.001 || b.lower > together.Upper {
			t.Errorf("%d records: %+v; one fewer %v, all at once %v", k, b, before, together.Upper)
		}
		before = b.Upper
	}
	if got, want := epsilonOf(t, Group{20, 1, 4, 10}, 1e-5).Upper, GaussianEpsilon(4*math.Sqrt(10)/20, 1e-5); math.Abs(got-want) > 1e-8 {
		t.Errorf("full batches: %v, want %v", got, want)
	}
	if !strings.Contains(string(Group{Records: 4}.Relation()), "4 records") {
		t.Error("relation")
	}
}

// A group's moments of both directions against a brute-force sum.
func TestGroupMoments(t *testing.T) {
	m := newMixture(1.2, 0.05, 4)
	for _, a := range []float64{1.5, 2, 6, 20} {
		best := 0.0
		for _, power := range []float64{a, 1 - a} {
			sum, n := 0.0, 50_000
			for i := range n {
				z := -20 + 110*(float64(i)+0.5)/float64(n)
				sum += math.Exp(power*m.loss(z*1.2)-z*z/2) * 110 / float64(n) / sqrt2Pi
			}
			best = max(best, math.Log(sum))
		}
		if got := m.logMoment(a); math.Abs(got-best) > 1e-9*best {
			t.Errorf("order %v: %v, want %v", a, got, best)
		}
	}
}

func TestShuffledBatchesAreRefused(t *testing.T) {
	e := ShuffledBatches{Sigma: 0.6, Batches: 234, Epochs: 5}
	if _, err := EpsilonOf(Repetition{e, 2}, 1e-5); !errors.Is(err, ErrShuffled) || !strings.Contains(err.Error(), "Poisson") {
		t.Errorf("error %v", err)
	}
	b, err := e.Bounds(1e-5)
	if err != nil || !(b.Lower > 0 && b.Lower <= b.Upper) || b.Upper != GaussianEpsilon(math.Sqrt(5)/0.6, 1e-5) {
		t.Errorf("%+v, %v", b, err)
	}
	// What papers quote for shuffling, the figure of Poisson sampling, is refuted by the lower bound.
	poisson, _ := Epsilon([]Segment{{0.6, 1. / 234, 234 * 5}}, 1e-5)
	if b.Lower <= poisson.Upper {
		t.Errorf("lower bound %v does not refute Poisson's %v", b.Lower, poisson.Upper)
	}
	if e.Relation() != ZeroOut {
		t.Error("relation")
	}
}

func TestBallsInBins(t *testing.T) {
	for i, e := range []BallsInBins{{1, 2, 1}, {0.7, 50, 1}, {1, 100, 3}, {3, 7, 20}} {
		if testing.Short() && i > 0 {
			break
		}
		b := epsilonOf(t, e, 1e-5)
		unamplified := GaussianEpsilon(math.Sqrt(float64(e.Epochs))/e.Sigma, 1e-5)
		if !(b.known && b.lower > 0 && b.Upper < unamplified) {
			t.Errorf("%+v: [%v, %v], without amplification %v", e, b.lower, b.Upper, unamplified)
		}
		// The simulated delta of the removing direction, 4.5 standard errors off once in 300,000 times.
		d, err := DeltaOf(e, b.Upper/3)
		if err != nil {
			t.Fatal(err)
		}
		estimate, off, err := e.EstimateDeltaNoGuarantee(b.Upper/3, 20_000, 1)
		if err != nil || d.Upper < estimate-4.5*off || d.Upper > 1.3*estimate+4.5*off {
			t.Errorf("%+v: delta at most %v, simulated %v +- %v; %v", e, d.Upper, estimate, off, err)
		}
	}
	if got, want := epsilonOf(t, BallsInBins{2, 1, 9}, 1e-5).Upper, GaussianEpsilon(1.5, 1e-5); math.Abs(got-want) > 1e-8 {
		t.Errorf("one bin: %v, want %v", got, want)
	}
	// Composed with other steps it costs more than alone.
	alone := epsilonOf(t, BallsInBins{1, 20, 1}, 1e-5)
	if both := epsilonOf(t, Composition{BallsInBins{1, 20, 1}, Gaussian{5}}, 1e-5); both.Upper <= alone.Upper {
		t.Errorf("with another release %v, alone %v", both.Upper, alone.Upper)
	}
}

// TestAveragesKeepTheMean: rounding a likelihood ratio may not change its mean, which is the other hypothesis's mass.
func TestAveragesKeepTheMean(t *testing.T) {
	one, ok := singleRatio(0.9, 0.01, accuracy{right: 1e-15})
	if !ok {
		t.Fatal("too fine")
	}
	for _, n := range []int{1, 2, 3, 10, 37} {
		a := averageOf(one, n)
		mass, mean := a.zero, a.infinite
		for k, m := range a.mass {
			mass += m
			mean += m * math.Exp(a.offset+float64(k)*a.width)
		}
		if math.Abs(mass-1) > 1e-12 || math.Abs(mean-1) > 1e-12 {
			t.Errorf("average of %d: mass %v, mean %v", n, mass, mean)
		}
	}
}

func TestEventsReject(t *testing.T) {
	for _, e := range []Event{
		Gaussian{0}, Gaussian{-1}, PoissonGaussian{1, 2}, PoissonGaussian{math.NaN(), 0.1}, JointQuery{1, 0.1, 1, 0}, JointQuery{0, 0.1, 1, 1},
		Repetition{Gaussian{1}, -1}, Repetition{Repetition{Gaussian{1}, 1 << 40}, 1 << 40}, TruncatedPoisson{1, 0.1, 0, 5},
		CyclicPoisson{1, 0.1, 0, 10}, Group{1, 0.1, 0, 1}, Group{0, 0.1, 2, 1}, Group{1, 0.1, 2, -1}, BallsInBins{0, 5, 1}, BallsInBins{1, 0, 1},
	} {
		if b, err := EpsilonOf(e, 1e-5); err == nil {
			t.Errorf("%+v gives %+v", e, b)
		}
		if b, err := DeltaOf(e, 1); err == nil {
			t.Errorf("%+v gives %+v", e, b)
		}
	}
	if _, err := EpsilonOf(Gaussian{1}, 2); err == nil {
		t.Error("delta = 2")
	}
}
