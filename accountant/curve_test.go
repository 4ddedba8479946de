package accountant

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// For Gaussian steps the curve is known: TPR = Phi(Phi^-1(FPR) + mu).
func TestCurveOfGaussians(t *testing.T) {
	for _, mu := range []float64{0.1, 1, 3} {
		c, err := TradeOff([]Segment{{10, 1, 50}, {10 / mu, 1, 1}, {20, 1, 10}})
		if err != nil {
			t.Fatal(err)
		}
		whole := math.Sqrt(0.5 + mu*mu/100 + 10./400)
		normal := distuv.UnitNormal
		for _, fpr := range []float64{1e-6, 1e-4, 0.01, 0.2, 0.5, 0.9} {
			want := normal.CDF(normal.Quantile(fpr) + whole)
			if got := c.TPR(fpr); got < want*(1-1e-9) || got > want+2e-3*want {
				t.Errorf("mu %v: TPR %v at %v, want %v", whole, got, fpr, want)
			}
		}
		if want := 2*normal.CDF(whole/2) - 1; c.Advantage() < want || c.Advantage() > want+1e-3 {
			t.Errorf("advantage %v, want %v", c.Advantage(), want)
		}
	}
}

func TestCurveOfARun(t *testing.T) {
	run := []Segment{{1, 0.01, 1000}, {0.8, 0.02, 100}}
	c, err := TradeOff(run)
	if err != nil {
		t.Fatal(err)
	}
	last := c.Points[len(c.Points)-1]
	if c.Points[0].FPR != 0 || last.FPR != 1 || last.TPR != 1 || len(c.Points) < 50 {
		t.Fatalf("%d points from %v to %v", len(c.Points), c.Points[0], last)
	}
	for i := 1; i < len(c.Points); i++ {
		a, b := c.Points[i-1], c.Points[i]
		if !(b.FPR > a.FPR && b.TPR >= a.TPR && b.TPR >= b.FPR) {
			t.Fatalf("point %v after %v", b, a)
		}
		if i > 1 {
			z := c.Points[i-2]
			if (b.TPR-a.TPR)*(a.FPR-z.FPR) > (a.TPR-z.TPR)*(b.FPR-a.FPR)*(1+1e-9)+1e-15 {
				t.Fatalf("not concave at %v", a)
			}
		}
		if d := c.TPR(1-a.TPR) - (1 - a.FPR); math.Abs(d) > 1e-9 {
			t.Fatalf("not symmetric at %v: off by %v", a, d)
		}
	}
	// Every (epsilon, delta) is a line that the curve stays below, and touches.
	for _, epsilon := range []float64{0.1, 0.7, 2} {
		d, err := Delta(run, epsilon)
		if err != nil {
			t.Fatal(err)
		}
		gap := math.Inf(1)
		for _, p := range c.Points {
			gap = min(gap, math.Exp(epsilon)*p.FPR+d.Upper-p.TPR)
		}
		if gap < -1e-4 || gap > 1e-3 {
			t.Errorf("epsilon %v: the curve keeps %v from its line", epsilon, gap)
		}
	}
	zero, err := Delta(run, 0)
	if a := c.Advantage(); err != nil || a < zero.Lower || a > zero.Upper*1.001 {
		t.Errorf("advantage %v, delta(0) in [%v, %v]", a, zero.Lower, zero.Upper)
	}
}

func TestCurveOfNothingAndOfEverything(t *testing.T) {
	c, err := TradeOff(nil)
	if err != nil || c.Advantage() != 0 || c.TPR(0.3) != 0.3 || c.Success(0.5) != 0.5 || c.Posterior(0.5, 0.1) != 0.5 {
		t.Errorf("nothing released: %+v, %v", c, err)
	}
	c, err = TradeOff([]Segment{{0, 0.5, 1}})
	if err != nil || c.Advantage() != 1 || c.Success(0.2) != 1 {
		t.Errorf("no noise: %+v, %v", c, err)
	}
}

// The curve never says more than epsilon and delta by themselves allow.
func TestGenericFiguresAreLooser(t *testing.T) {
	run := []Segment{{0.9, 0.01, 2000}}
	c, err := TradeOff(run)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Epsilon(run, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	if a, g := c.Advantage(), GenericAdvantage(b.Upper, 1e-5); !(a < g && g < 1) {
		t.Errorf("advantage %v, generic %v", a, g)
	}
	for _, prior := range []float64{0.01, 0.5, 0.9} {
		if p, g := c.Posterior(prior, 1e-3), GenericPosterior(prior, b.Upper); !(p < g+0.01 && p > prior) {
			t.Errorf("prior %v: posterior %v, generic %v", prior, p, g)
		}
		if s := c.Success(prior); s < max(prior, 1-prior) || s > 1 {
			t.Errorf("prior %v: success %v", prior, s)
		}
	}
	if got := GenericPosterior(0.5, 1); math.Abs(got-1/(1+math.Exp(-1))) > 1e-15 {
		t.Errorf("posterior %v", got)
	}
	if got, want := GenericAdvantage(1, 0.01), (math.E-1+0.02)/(math.E+1); math.Abs(got-want) > 1e-15 {
		t.Errorf("advantage %v, want %v", got, want)
	}
}

// supports is how far a curve rises above lines of slope e^epsilon through the origin: at least delta(epsilon), or else
// it claims that attackers fail who do not.
func (c Curve) supports(epsilon float64) float64 {
	most := 0.0
	for _, p := range c.Points {
		most = max(most, p.TPR-math.Exp(epsilon)*p.FPR)
	}
	return most
}

// TestCurvesFailClosed: for schedules whose epsilon goes up to 1e5 a curve is concave, answers wherever epsilon does, and
// never claims less than delta(epsilon) proves possible. Where e^epsilon overflowed it once said that attackers are blind.
func TestCurvesFailClosed(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	between := func(lo, hi float64) float64 { return lo * math.Pow(hi/lo, r.Float64()) }
	schedules := [][]Segment{{{0.5, 0.5, 2000}}, {{1, 1, 100}}, {{0.25, 1, 1}, {1, 0.01, 100}}, {{0.003, 1, 1}, {1, 0.01, 100}}, {{0.01, 1e-5, 3}, {1, 0.01, 100}}}
	if testing.Short() {
		schedules = schedules[:2]
	}
	for range questions(60, 3, 0) {
		s := []Segment{{between(0.05, 20), between(1e-4, 1), int(between(1, 2000))}}
		if r.IntN(3) == 0 {
			s = append(s, Segment{between(0.01, 3), 1, 1})
		}
		schedules = append(schedules, s)
	}
	for _, s := range schedules {
		b, err := Epsilon(s, 1e-5)
		if err != nil {
			t.Fatal(err)
		}
		c, err := TradeOff(s)
		if err != nil {
			t.Errorf("%s: epsilon %v, but no curve: %v", FormatSegments(s), b.Upper, err)
			continue
		}
		for i, p := range c.Points {
			if !(p.FPR >= 0 && p.TPR >= p.FPR && p.TPR <= 1 && (i == 0 || p.FPR > c.Points[i-1].FPR)) {
				t.Fatalf("%s: point %d is %v", FormatSegments(s), i, p)
			}
		}
		for _, epsilon := range []float64{0, 1, 8} {
			d, err := Delta(s, epsilon)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.supports(epsilon); got < d.Lower*(1-1e-9) || got > d.Upper+2e-3 && b.Upper < 1e3 {
				t.Errorf("%s: the curve allows delta(%v) = %v, proven [%v, %v]", FormatSegments(s), epsilon, got, d.Lower, d.Upper)
			}
		}
	}
}

// TestCurveOfStrongGaussians: for full batches up to epsilon 1e5 no rate lies below the truth.
func TestCurveOfStrongGaussians(t *testing.T) {
	for _, sigma := range []float64{1.3, 0.3, 0.1, 0.03, 0.0025} {
		for _, s := range [][]Segment{{{sigma, 1, 1}}, {{sigma, 1, 1}, {50, 0.5, 10}}} {
			c, err := TradeOff(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, fpr := range []float64{1e-300, 1e-30, 1e-9, 1e-4, 0.01, 0.3, 0.9} {
				truth := distuv.UnitNormal.CDF(distuv.UnitNormal.Quantile(fpr) + 1/sigma)
				if got := c.TPR(fpr); !(got >= truth*(1-1e-9)) {
					t.Errorf("%s: TPR %v at %v, a Gaussian step's alone is %v", FormatSegments(s), got, fpr, truth)
				}
			}
			if truth := 2*distuv.UnitNormal.CDF(0.5/sigma) - 1; !(c.Advantage() >= truth*(1-1e-12)) {
				t.Errorf("%s: advantage %v, a Gaussian step's alone is %v", FormatSegments(s), c.Advantage(), truth)
			}
		}
	}
}

// TestPolygonKeepsEveryConstraintThatBinds and no other, whatever the slopes: between any two rates it is the lowest line.
func TestPolygonKeepsEveryConstraintThatBinds(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	for range 200 {
		lines, delta := []line{}, r.Float64()
		for epsilon := 0.0; len(lines) < 2+r.IntN(30); epsilon += r.ExpFloat64() * math.Exp(3*r.NormFloat64()) {
			lines = append(lines, line{epsilon, delta})
			if r.IntN(4) > 0 {
				delta *= r.Float64()
			}
		}
		c := Curve{polygon(lines)}
		for range 50 {
			fpr := math.Pow(r.Float64(), 1+4*r.ExpFloat64())
			lowest := 1.0
			for _, l := range lines {
				lowest = min(lowest, l.delta+math.Exp(l.epsilon)*fpr, 1-math.Exp(-l.epsilon)*(1-l.delta-fpr)) // and its mirror image
			}
			if got := c.TPR(fpr); math.Abs(got-lowest) > 1e-9 {
				t.Fatalf("%v: %v at %v, the lowest line is at %v", lines, got, fpr, lowest)
			}
		}
	}
}
