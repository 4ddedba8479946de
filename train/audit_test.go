package train

import (
	"math"
	"strings"
	"testing"

	"cloister/train/protocol"
)

// An auditor beside a run finds nothing that contradicts its plan (fixed seeds: no false alarm, of which 5 % were allowed),
// and the plan is the one of the run without.
func TestAuditBesideARun(t *testing.T) {
	b := newBench(t, 1000, 200)
	for _, mechanism := range []protocol.Mechanism{
		{Name: "fixed"}, {Name: "auto-s+sigma-linear"}, {Name: "disk+average-ema"}, {Name: "bandmf"},
		{Name: "quantile-layer"}, {Name: "per-layer", Params: map[string]float64{"allocation": 2}},
	} {
		t.Run(mechanism.Name, func(t *testing.T) {
			c := seeded(quick())
			c.Mechanism = mechanism
			alone := b.session(t, c, nil)
			defer alone.Close()
			c.Audit = true
			s := b.session(t, c, nil)
			defer s.Close()
			if a, err := s.Audited(); a != nil || err != nil {
				t.Errorf("before the first step: %+v, %v", a, err)
			}
			steps(t, s, s.Planned().Steps)
			a, err := s.Audited()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d of %d guesses right, epsilon at least %.3f", a.Correct, a.Guesses, a.Lower)
			if a.Step != 20 || a.Steps != 20 || a.Guesses != 250 || a.Lower > s.Planned().EpsilonUpper || !math.IsInf(a.Privacy.Proven, 1) || !strings.Contains(a.Privacy.Why, "seed") {
				t.Errorf("%+v", a)
			}
			p, q := s.Planned(), alone.Planned()
			if x, y := s.plan.Spec().Counts.Sigma, alone.plan.Spec().Counts.Sigma; math.Abs(x-y) > 1e-9*y {
				t.Errorf("count noise %v, alone %v", x, y)
			}
			if math.Abs(p.NoiseMultiplier/q.NoiseMultiplier-1) > 1e-9 || math.Abs(p.SamplingRate/q.SamplingRate-1) > 1e-12 || p.Parameters != q.Parameters {
				t.Errorf("audited: %+v; alone: %+v", p, q)
			}
		})
	}
}

// The auditor has teeth: a budget of 1000 hides nobody.
func TestAuditSeesThroughALargeEpsilon(t *testing.T) {
	b := newBench(t, 1000, 0)
	c := quick()
	c.Epsilon, c.Audit = 1000, true
	s := b.session(t, c, nil)
	defer s.Close()
	steps(t, s, s.Planned().Steps)
	a, err := s.Audited()
	if err != nil || a.Lower < 3 || a.Privacy.Proven != s.Planned().EpsilonUpper {
		t.Errorf("%+v, %v", a, err)
	}
}

// The model is untouched: full batches with next to no noise lead to the same parameters with an auditor and without.
func TestAuditLeavesTheModelAlone(t *testing.T) {
	b := newBench(t, 500, 0)
	mechanisms := []string{"cloister", "fixed", "disk", "quantile-layer+momentum"}
	if testing.Short() {
		mechanisms = mechanisms[:1]
	}
	for _, mechanism := range mechanisms {
		c := seeded(quick())
		c.Epsilon, c.BatchSize, c.Epochs, c.Mechanism.Name = 1000, 500, 10, mechanism
		alone := b.session(t, c, nil)
		defer alone.Close()
		start := append([]float32(nil), alone.params...)
		c.Audit = true
		watched := b.session(t, c, nil)
		defer watched.Close()
		steps(t, alone, 10)
		steps(t, watched, 10)
		moved, apart := distance(alone.params, start), distance(alone.params, watched.params)
		t.Logf("%s: moved %.4f, apart %.4f", mechanism, moved, apart)
		if !(apart < moved/8) { // what noise there is left does that; factors of other parameters would do more
			t.Errorf("%s: %.4f apart after moving %.4f", mechanism, apart, moved)
		}
	}
}

func distance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]-b[i]) * float64(a[i]-b[i])
	}
	return math.Sqrt(sum)
}

// A checkpoint holds neither coins nor scores: a restored run has new canaries, watched from there.
func TestAuditedRunIsRestored(t *testing.T) {
	b := newBench(t, 1000, 0)
	c := quick()
	c.Audit, c.Mechanism.Name = true, "quantile+momentum"
	s := b.session(t, c, nil)
	steps(t, s, 7)
	file, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	saved, err := DecodeCheckpoint(file)
	if err != nil {
		t.Fatal(err)
	}
	r := b.session(t, saved.Config, saved)
	defer r.Close()
	steps(t, r, 13)
	if a, err := r.Audited(); err != nil || !r.Done() || a.Step != 13 || a.Lower > 3 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestAuditRefusesARunWithoutNoise(t *testing.T) {
	b := newBench(t, 500, 0)
	c := quick()
	c.Audit, c.NonPrivate = true, true
	if _, err := b.try(c, nil); err == nil || !strings.Contains(err.Error(), "without noise") {
		t.Errorf("error %v", err)
	}
}
