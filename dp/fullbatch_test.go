package dp

import (
	"math"
	"strings"
	"testing"

	"cloister/accountant"
)

// logDelta is the Gaussian mechanism's (Balle and Wang 2018, Theorem 8), written with erfc.
func logDelta(mu, epsilon float64) float64 {
	a, b := epsilon/mu-mu/2, epsilon/mu+mu/2
	return math.Log(math.Erfc(a/math.Sqrt2)/2 - math.Exp(epsilon)*math.Erfc(b/math.Sqrt2)/2)
}

// exactly holds the bounds of an event against one Gaussian mechanism of mu: both are within 1e-9 of its epsilon, on their own side.
func exactly(t *testing.T, what string, e accountant.Event, mu, delta float64) {
	t.Helper()
	b, err := accountant.EpsilonOf(e, delta)
	if err != nil {
		t.Fatal(err)
	}
	lower, known := b.Lower()
	if want := math.Log(delta); !known || !(logDelta(mu, b.Upper) <= want && logDelta(mu, lower) >= want) || !(b.Upper-lower <= 1.01e-9*b.Upper) {
		t.Errorf("%s: epsilon from %v to %v at delta %v, mu %v: delta is e^%v to e^%v, want e^%v", what, lower, b.Upper, delta, mu, logDelta(mu, lower), logDelta(mu, b.Upper), want)
	}
}

// Where every record is in every step, the accountant's figure is the closed form's: of equal steps, of a noise schedule, with counts in each step,
// with counts on held-out records, and after any number of steps.
func TestFullBatchesAreOneGaussian(t *testing.T) {
	curve := make([]float64, 40)
	for i := range curve {
		curve[i] = 1 + 0.05*float64(i)
	}
	for what, s := range map[string]Spec{
		"equal":    {N: 60_000, Rate: 1, Steps: 200, Epsilon: 3, Delta: 1e-5},
		"one step": {N: 100, Rate: 1, Steps: 1, Epsilon: 0.5, Delta: 1e-3},
		"schedule": {N: 5000, Rate: 1, Steps: 40, Schedule: curve, Epsilon: 8, Delta: 1e-6},
		"counts":   {N: 5000, Rate: 1, Steps: 40, Counts: CountQueries{Groups: 3}, Epsilon: 1, Delta: 1e-5},
		"held out": {N: 5000, Rate: 1, Steps: 40, HeldOut: HeldOutCounts{Records: 1000, Every: 8}, Epsilon: 3, Delta: 1e-5},
		"persons":  {N: 5000, Rate: 1, Steps: 40, Unit: UnitPerson, Epsilon: 3, Delta: 1e-5},
	} {
		p, err := NewPlan(s)
		if err != nil {
			t.Fatal(what, err)
		}
		square := 0.0 // of mu
		h := p.Spec().HeldOut
		for step := range s.Steps {
			square += 1 / (p.NoiseMultiplier(step) * p.NoiseMultiplier(step))
			if done := step + 1; done == s.Steps || done%13 == 5 {
				mu := math.Sqrt(square + float64(h.times(s.Steps, done))/(4*h.Sigma*h.Sigma+1e-300))
				if h.Records == 0 {
					mu = math.Sqrt(square)
				}
				exactly(t, what, p.EventAfter(done), mu, s.Delta)
			}
		}
		if e := p.Epsilon().Upper; !(e <= s.Epsilon && e > s.Epsilon*(1-3e-5)) {
			t.Errorf("%s: epsilon %v of %v", what, e, s.Epsilon)
		}
		if words := p.Sampler(); !strings.Contains(words, "at every step") || strings.Contains(words, "Poisson") {
			t.Errorf("%s: records are drawn by %q", what, words)
		}
	}
	// The constant that design goes by: epsilon 3 at delta 1e-5 is mu = 0.71912.
	p := plain(t, Spec{N: 60_000, Rate: 1, Steps: 100, Epsilon: 3, Delta: 1e-5})
	if mu := 10 / p.NoiseMultiplier(0); math.Abs(mu-0.71912) > 1e-5 {
		t.Errorf("mu is %v", mu)
	}
}

// Poisson sampling with certainty is all records: nothing is drawn, so that nothing is assumed of the draw.
func TestFullBatchesDrawNothing(t *testing.T) {
	r := testStream(40)
	s, before := newSampler(&Plan{spec: Spec{N: 1000, Rate: 1, Steps: 2}}, nil, r), *r
	for step := range 2 {
		all := s.draw(r, step)
		for i, record := range all {
			if int(record) != i {
				t.Fatalf("record %d at %d", record, i)
			}
		}
		if len(all) != 1000 {
			t.Errorf("%d records", len(all))
		}
	}
	if a, b := before.Uint64(), r.Uint64(); a != b {
		t.Error("randomness was used up")
	}
	if words := plain(t, Spec{N: 1000, Rate: math.Nextafter(1, 0), Steps: 2, Epsilon: 3, Delta: 1e-5}).Sampler(); words != "Poisson" {
		t.Errorf("a rate below 1 is %q", words)
	}
}
