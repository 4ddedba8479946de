package replay

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"cloister/dp/audit"
	"cloister/dp/mechanism"
)

func seed(x uint64) *uint64 { return &x }

func eightLayers() Setting {
	s := mnist
	s.Tensors = []int{1, 1, 1, 1, 1, 1, 1, 1}
	return s
}

// The audit refutes the benchmark's claim of epsilon 3 for its standard mechanism and for the noise of AMC-NS and ALC-ND,
// which is too small by sqrt(L) besides.
func TestRefutesTheBenchmark(t *testing.T) {
	for _, name := range []string{"standard", "amc-ns", "alc-nd"} {
		r, _, err := Audit(context.Background(), name, eightLayers(), audit.Options{Seed: seed(1)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d of %d guesses right, epsilon at least %.3f", name, r.Correct, r.Guesses, r.Epsilon)
		if !r.Refutes(3) {
			t.Errorf("%s: epsilon at least %.3f does not refute 3", name, r.Epsilon)
		}
	}
}

// The same noise defect at a level that is sound for the joint sensitivity: sigma_0 from the accountant, noise still too
// small by sqrt(8).
func TestRefutesForgottenLayers(t *testing.T) {
	for name, sigma := range map[string]float64{"per-layer": 0.6507, "amc-ns": 1.808} {
		s := eightLayers()
		s.NoiseMultiplier = sigma
		r, _, err := Audit(context.Background(), name, s, audit.Options{Seed: seed(2)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d of %d guesses right, epsilon at least %.3f", name, r.Correct, r.Guesses, r.Epsilon)
		if !r.Refutes(3) {
			t.Errorf("%s at sigma %v: epsilon at least %.3f does not refute 3", name, sigma, r.Epsilon)
		}
	}
}

// Every published mechanism has a sound version.
func TestSoundVersions(t *testing.T) {
	setting := mechanism.Setting{N: 60000, BatchSize: 256, Steps: 1170, StepsPerEpoch: 234, ClipNorm: 1, Tensors: []int{3, 4}, Epsilon: 3, Delta: 1e-5}
	for _, name := range Names() {
		if _, err := mechanism.New(Sound(name), nil, setting); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// known are gradients whose norms hang on the record alone.
type known struct{ Setting }

func (k known) Norms() ([][]float64, error) {
	norms := make([][]float64, k.BatchSize)
	for i := range norms {
		norms[i] = slices.Repeat([]float64{float64(i) / 100}, len(k.Tensors))
	}
	return norms, nil
}

func (k known) Sum([][]float64) ([]float64, error) { return make([]float64, len(k.Tensors)), nil }

// Canaries steer nothing: ALC-MVR, whose report follows its bound, reports beside an auditor what it reports alone.
func TestCanariesSteerNothing(t *testing.T) {
	s := eightLayers()
	alone, err := New("alc-mvr-1", s, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	a, watched, err := NewAuditor("alc-mvr-1", s, audit.Options{Seed: seed(1)})
	if err != nil {
		t.Fatal(err)
	}
	for step := range 20 {
		for m, g := range map[Mechanism]Gradients{alone: known{s}, watched: a.Beside(known{s})} {
			if _, err := m.ClipAndNoise(g, step, 0); err != nil {
				t.Fatal(err)
			}
		}
		if x, y := alone.EffectiveSigma(step, 0), watched.EffectiveSigma(step, 0); x != y || x == s.NoiseMultiplier {
			t.Fatalf("step %d: sigma %v alone, %v watched", step, x, y)
		}
	}
}
