//go:build !js

package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/data"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// privateTest makes the test split private.
func privateTest(t *testing.T, ds *data.Dataset) *bench {
	t.Helper()
	ds.TestPublic = false
	return openPeople(t, ds)
}

// On private held-out records there is an accuracy where the plan has it, at the end or every few epochs, with its error and nothing else.
// It is near the truth: a deviation beyond 4.9 standard deviations of the noise is a false alarm of 1e-6.
func TestNoisedAccuracy(t *testing.T) {
	for _, persons := range []bool{false, true} {
		b := privateTest(t, people(4000, 1000, persons))
		c := quick()
		c.Epochs, c.AccuracyEvery = 5, 2
		if persons {
			c.BatchSize = 50
		}
		s := b.session(t, c, nil)
		p := s.Planned()
		if p.AccuracyTimes != 3 || !(p.AccuracyNoise > 0 && p.AccuracyNoise < mostNoise) || p.NoAccuracy != "" || !(p.EpsilonUpper <= 3) {
			t.Errorf("planned %d accuracies with noise %v, %q, epsilon %v", p.AccuracyTimes, p.AccuracyNoise, p.NoAccuracy, p.EpsilonUpper)
		}
		released := 0
		var told []protocol.Evaluated
		for !s.Done() {
			steps(t, s, 1)
			if !s.TryNow() {
				continue
			}
			e, err := s.Evaluate(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if e == nil {
				continue
			}
			released++
			told = append(told, protocol.Evaluated{Epoch: e.Epoch, Step: e.Step, Accuracy: e.Accuracy, StdError: e.StdError, Noised: e.Noised})
			if !e.Noised || len(e.Confusion) > 0 || len(e.Predictions) > 0 || !math.IsNaN(e.Loss) {
				t.Errorf("told of private records: %+v", e)
			}
			shares, err := b.dataset.right(context.Background(), s.backend, s.evaluated())
			if err != nil {
				t.Fatal(err)
			}
			truth := 0.0
			for _, x := range shares {
				truth += x / float64(len(shares))
			}
			if math.Abs(e.Accuracy-truth) > 4.9*p.AccuracyNoise || e.StdError < p.AccuracyNoise {
				t.Errorf("accuracy %v +- %v, in truth %v, noise %v", e.Accuracy, e.StdError, truth, p.AccuracyNoise)
			}
			if again, err := s.Evaluate(context.Background()); again != nil || err != nil {
				t.Errorf("told twice: %v, %v", again, err)
			}
		}
		file, err := s.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		saved, err := DecodeCheckpoint(file)
		if err != nil {
			t.Fatal(err)
		}
		again := b.session(t, saved.Config, saved)
		if e, err := again.Evaluate(context.Background()); e != nil || err != nil || len(again.history) != 3 {
			t.Errorf("restored: %v, %v, and %d accuracies before it", e, err, len(again.history))
		}
		before, _ := again.History() // with the error bars that they had
		for i := range before {
			before[i].Loss, before[i].Epsilon = 0, 0
		}
		if !slices.Equal(before, told) {
			t.Errorf("before it there was %+v, told as %+v", told, before)
		}
		again.Close()
		saved.Plan.HeldOut.Sigma /= 100 // a file from outside that would release more than was planned
		if _, err := b.try(saved.Config, saved); err == nil {
			t.Error("a checkpoint with less noise on its accuracies is taken")
		}
		if released != 3 {
			t.Errorf("%d accuracies, want after 2, 4 and 5 epochs", released)
		}
		s.Close()
	}
}

// Where noise would blur it, where nothing is held out, and where it is not wanted, the run says why there is no accuracy, and pays nothing.
func TestNoAccuracy(t *testing.T) {
	for _, c := range []struct {
		held, every int
		want        string
	}{{6, 0, "too few"}, {0, 0, "no records were held out"}, {1000, -1, "ask for none"}} {
		b := privateTest(t, people(1000, c.held, false))
		config := quick()
		config.AccuracyEvery = c.every
		s := b.session(t, config, nil)
		p := s.Planned()
		if !strings.Contains(p.NoAccuracy, c.want) || p.AccuracyTimes != 0 || !b.told(c.want) || s.plan.Spec().HeldOut.Records != 0 {
			t.Errorf("%d held out: %q, %d accuracies", c.held, p.NoAccuracy, p.AccuracyTimes)
		}
		s.Close()
	}
}

// A run without noise is not private and counts without, and is not taken for one that diverged, as there is no loss.
func TestAccuracyWithoutNoise(t *testing.T) {
	b := privateTest(t, people(400, 100, false))
	c := quick()
	c.NonPrivate = true
	s := b.session(t, c, nil)
	defer s.Close()
	steps(t, s, s.Planned().Steps)
	e, err := s.Evaluate(context.Background())
	if err != nil || e == nil || !e.Noised || s.Planned().AccuracyNoise != 0 || s.Planned().Private || b.told("diverged") {
		t.Errorf("%+v, %v, planned %+v, notices %q", e, err, s.Planned(), b.notices)
	}
}

// A person counts once, by the share of their records that are right.
func TestRightCountsPersons(t *testing.T) {
	d := &Dataset{TestLabels: []byte{0, 1, 1, 0, 1}}
	d.Unit, d.TestPersons = data.UnitPerson, 2
	d.owners.add(data.TestSplit, []uint32{0, 0, 1, 0, 0})
	shares, err := d.right(context.Background(), answers{0, 0, 1, 1, 1}, nil)
	if err != nil || len(shares) != 2 || shares[0] != 0.5 || shares[1] != 1 {
		t.Errorf("shares %v, %v", shares, err)
	}
}

// answers is a backend that predicts these classes.
type answers []uint8

func (a answers) Evaluate(context.Context, []float32, backend.Split) (backend.Evaluation, error) {
	return backend.Evaluation{Predictions: a}, nil
}
