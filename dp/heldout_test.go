package dp

import (
	"context"
	"errors"
	"math"
	"testing"

	"cloister/accountant"
	"cloister/clip"
)

func counted(shares ...float64) func(context.Context) ([]float64, error) {
	return func(context.Context) ([]float64, error) { return shares, nil }
}

// A count's noise is normal with the plan's standard deviation: by the sum of squares and the mean of 3,000 releases, at |z| > 4.9,
// with false alarms of 1e-6 each. It lies on the release grid.
func TestHeldOutNoise(t *testing.T) {
	const releases, sigma = 3000, 2.7
	plan := plain(t, Spec{N: 10, Rate: 0.1, Steps: releases, NoiseMultiplier: 100, HeldOut: HeldOutCounts{Records: 4, Every: 1, Sigma: sigma}})
	e := newTestEngine(t, Options{Plan: plan, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{1}, Seed: seed(4)})
	sum, squares := 0.0, 0.0
	for range releases {
		step(t, e)
		a, err := e.HeldOut(context.Background(), counted(1, 1, 0.5, 0.25))
		if err != nil {
			t.Fatal(err)
		}
		x := (a.Share - 0.6875) * 4
		if g := gridStep(sigma); math.Abs(math.Remainder((a.Share-0.5)*4, g)) > 1e-9 || a.NoiseStd != sigma/4 {
			t.Fatalf("released %v with noise %v: not on a grid of %v", a.Share, a.NoiseStd, g)
		}
		sum, squares = sum+x/sigma, squares+x*x/sigma/sigma
	}
	if z := sum / math.Sqrt(releases); math.Abs(z) > 4.9 {
		t.Errorf("mean of the noise: z = %.2f", z)
	}
	if z := (squares - releases) / math.Sqrt(2*releases); math.Abs(z) > 4.9 {
		t.Errorf("variance of the noise: z = %.2f", z)
	}
}

// What counts cost is in the plan's event, as the accountant composes it by hand, and in the ledger; the noise of the steps grows for it,
// and the counts take at most a sixteenth of the budget.
func TestHeldOutIsCharged(t *testing.T) {
	spec := Spec{N: 2000, Rate: 0.05, Steps: 50, Epsilon: 3, Delta: 1e-5, HeldOut: HeldOutCounts{Records: 100, Every: 20}}
	p, err := NewPlan(spec)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Spec()
	byHand := accountant.Composition{
		accountant.Repetition{Event: accountant.PoissonGaussian{Sigma: s.NoiseMultiplier, Rate: 0.05}, Times: 50},
		accountant.Repetition{Event: accountant.Gaussian{Sigma: 2 * s.HeldOut.Sigma}, Times: 3}, // after 20, 40 and 50
	}
	want, err := accountant.EpsilonOf(byHand, 1e-5)
	if err != nil || p.Epsilon().Upper != want.Upper || !(want.Upper <= 3 && want.Upper > 2.9) {
		t.Errorf("epsilon %v, by hand %v, %v", p.Epsilon().Upper, want.Upper, err)
	}
	single, err := accountant.CalibrateSigma([]accountant.Segment{{Sigma: 1, Rate: 1, Steps: 1}}, 3, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	if share := 3 * math.Pow(single.Factor/(2*s.HeldOut.Sigma), 2); share > heldOutShare*(1+1e-9) {
		t.Errorf("the counts take %v of the budget", share)
	}
	spec.HeldOut = HeldOutCounts{}
	without, err := NewPlan(spec)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := s.NoiseMultiplier, without.Spec().NoiseMultiplier; !(a > b && a < 1.1*b) {
		t.Errorf("noise multiplier %v with counts, %v without", a, b)
	}
	l := memoryLedger(t)
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{1}, Ledger: l})
	entry, _ := l.Run(e.Run())
	if b, err := accountant.EpsilonOf(entry.Event(), 1e-5); err != nil || b.Upper < want.Upper*(1-1e-9) {
		t.Errorf("the ledger charges %v, %v", b.Upper, err)
	}
}

// Counts of a plan with correlated noise are in its bound and in what the ledger adds up.
func TestHeldOutWithBands(t *testing.T) {
	p, err := NewPlan(Spec{N: 2000, Rate: 0.02, Steps: 40, Strategy: []float64{0.8, 0.4, 0.3}, Epsilon: 3, Delta: 1e-5, HeldOut: HeldOutCounts{Records: 200}})
	if err != nil {
		t.Fatal(err)
	}
	l := memoryLedger(t)
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{1}, Ledger: l})
	entry, _ := l.Run(e.Run())
	if b, err := accountant.EpsilonOf(entry.Event(), 1e-5); err != nil || math.Abs(b.Upper/p.Epsilon().Upper-1) > 1e-9 || b.Upper > 3 {
		t.Errorf("the ledger charges %v for %v, %v", b.Upper, p.Epsilon().Upper, err)
	}
}

// A count is released once, where the plan has it and after the step before it; a failed one may be repeated; after a break it stays out.
func TestHeldOutIsReleasedOnce(t *testing.T) {
	p := plain(t, Spec{N: 10, Rate: 0.1, Steps: 5, NoiseMultiplier: 10, HeldOut: HeldOutCounts{Records: 2, Every: 2, Sigma: 9}})
	l, ctx := memoryLedger(t), context.Background()
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{1}, Ledger: l})
	if _, err := e.HeldOut(ctx, counted(0, 0)); err == nil {
		t.Error("a count before the first step")
	}
	due := ""
	for e.Step() < 5 {
		step(t, e)
		if !e.HeldOutDue() {
			due += "-"
			continue
		}
		due += "x"
		for _, bad := range []func(context.Context) ([]float64, error){
			counted(1), counted(1, 1.01), counted(math.NaN(), 0), func(context.Context) ([]float64, error) { return nil, errors.New("lost") },
		} {
			if _, err := e.HeldOut(ctx, bad); err == nil || !e.HeldOutDue() {
				t.Fatal("a count of bad shares, or none after one")
			}
		}
		if _, err := e.HeldOut(ctx, counted(1, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := e.HeldOut(ctx, counted(1, 0)); err == nil {
			t.Fatal("a count released twice")
		}
	}
	if due != "-x-xx" {
		t.Errorf("counts were due at %s, want after steps 2, 4 and the last", due)
	}
	again := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{1}, Ledger: l, Resume: e.Run()})
	if again.HeldOutDue() {
		t.Error("a run that goes on releases its last count again")
	}
}

func step(t *testing.T, e *Engine) {
	t.Helper()
	if _, err := e.Next(context.Background(), []float32{0}, nothingFound(1, 1)); err != nil {
		t.Fatal(err)
	}
}
