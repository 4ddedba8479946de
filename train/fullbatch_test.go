//go:build !js

package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"cloister/accountant"
	"cloister/dp"
	"cloister/train/protocol"
)

func fullBatches(epochs float64) protocol.Config {
	c := quick()
	c.FullBatch, c.BatchSize, c.Epochs, c.Optimizer, c.Schedule = true, 1<<20, epochs, "nesterov", "constant"
	c.Mechanism = protocol.Mechanism{Name: "fixed+average-tail"}
	return c
}

// A run of full batches takes everybody at every step, whatever the batch size is: an epoch is a step, epsilon that of one Gaussian mechanism,
// at the end and on the way; it can be saved and go on. It is tried about fifty times.
func TestFullBatches(t *testing.T) {
	const epochs = 120
	for _, persons := range []bool{false, true} {
		b := openPeople(t, people(600, 300, persons))
		s := b.session(t, fullBatches(epochs), nil)
		p := s.Planned()
		relation, sampler := dp.Relation, "every record at every step"
		if persons {
			relation, sampler = dp.PersonRelation, "every person at every step, one record of each"
		}
		if p.Steps != epochs || p.StepsPerEpoch != 1 || p.SamplingRate != 1 || p.Relation != relation || p.Sampler != sampler {
			t.Errorf("%d steps at rate %v, %q, %q", p.Steps, p.SamplingRate, p.Relation, p.Sampler)
		}
		tried := 0
		for !s.Done() {
			steps(t, s, 1)
			if s.TryNow() {
				tried++
			}
			done := s.engine.Step()
			exact := accountant.GaussianEpsilon(math.Sqrt(float64(done))/p.NoiseMultiplier, p.Delta)
			if spent := s.Spend().Epsilon; !(spent >= exact && (spent <= 1.06*exact || spent <= exact+0.05)) {
				t.Errorf("after %d steps %v is said to be spent, in truth %v", done, spent, exact)
			}
			if done == 50 {
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
				s = b.session(t, saved.Config, saved)
			}
		}
		if tried < 40 || tried > 60 {
			t.Errorf("tried %d times", tried)
		}
		if p.EpsilonUpper > 3 || p.EpsilonUpper-p.EpsilonLower > 1e-8 {
			t.Errorf("epsilon from %v to %v", p.EpsilonLower, p.EpsilonUpper)
		}
		e, err := s.Evaluate(context.Background())
		if err != nil || e.Accuracy < 0.7 {
			t.Errorf("accuracy %+v, %v", e, err)
		}
		s.Close()
	}
}

// An auditor's canaries take part in full batches as others do.
func TestFullBatchesAreAudited(t *testing.T) {
	b := openPeople(t, people(600, 300, false))
	c := fullBatches(10)
	c.Audit = true
	s := b.session(t, c, nil)
	defer s.Close()
	if p := s.Planned(); p.SamplingRate != 1 || p.Steps != 10 {
		t.Errorf("%d steps at rate %v", p.Steps, p.SamplingRate)
	}
	steps(t, s, 10)
	if found, err := s.Audited(); err != nil || !(found.Lower <= 3) {
		t.Errorf("%+v, %v", found, err)
	}
}

// Noised counts are released when they are due, also where full batches are tried more rarely.
func TestFullBatchesCountWhenDue(t *testing.T) {
	ds := people(600, 300, false)
	b := privateTest(t, ds)
	c := fullBatches(103)
	c.AccuracyEvery = 10
	s := b.session(t, c, nil)
	defer s.Close()
	want, got := s.Planned().AccuracyTimes, 0
	for !s.Done() {
		steps(t, s, 1)
		if !s.TryNow() {
			continue
		}
		e, err := s.Evaluate(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if e != nil {
			got++
		}
	}
	if got != want || want != 11 {
		t.Errorf("%d accuracies of %d", got, want)
	}
}

// Correlated noise gains nothing where nothing is sampled: the mechanisms settle for one band, and refuse more.
func TestFullBatchesTakeOneBand(t *testing.T) {
	b := openPeople(t, people(600, 300, false))
	for _, name := range []string{"bandmf", "cloister"} {
		c := fullBatches(20)
		c.Mechanism = protocol.Mechanism{Name: name}
		p, err := propose(c, b.dataset, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.plan.Bands() != 1 {
			t.Errorf("%s: %d bands", name, p.plan.Bands())
		}
		c.Mechanism.Params = map[string]float64{"bands": 4}
		if _, err := propose(c, b.dataset, nil); err == nil || !strings.Contains(err.Error(), "bands") {
			t.Errorf("%s: 4 bands: %v", name, err)
		}
	}
}

// A linear model starts at zero.
func TestHeadsStartAtZero(t *testing.T) {
	m := people(10, 10, false).Manifest
	for name, zeros := range map[string]int{"logistic": 8, "small-mlp": 66, "small-mlp-tanh": 66, "mlp": 0} {
		model, err := network(&protocol.Config{Model: name}, &m)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, x := range Initial(model, nil) {
			if x == 0 {
				got++
			}
		}
		if got != zeros {
			t.Errorf("%s starts with %d zeros, want %d", name, got, zeros)
		}
	}
}
