package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// small opens a few generated digits in memory.
func small(t testing.TB, host Host, train, test int) *Dataset {
	t.Helper()
	d, err := generateDigits(context.Background(), host, train, test, func(protocol.Loading) {})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// quick is a configuration that trains in a second.
func quick() protocol.Config {
	return protocol.Config{
		Model: "logistic", Epsilon: 3, Delta: 1e-5, Epochs: 2, BatchSize: 100, ClipNorm: 1,
		Optimizer: "sgd", LearningRate: 0.5, Momentum: 0.5, Schedule: "cosine",
	}
}

type bench struct {
	host    *MemoryHost
	dataset *Dataset
	notices []string
}

func newBench(t testing.TB, train, test int) *bench {
	host := &MemoryHost{New: PlainBackend}
	return &bench{host: host, dataset: small(t, host, train, test)}
}

// newSession is what a trainer does to make one.
func newSession(c protocol.Config, env Environment, saved *Checkpoint) (*Session, error) {
	p, err := propose(c, env.Dataset, saved)
	if err != nil {
		return nil, err
	}
	return p.begin(context.Background(), env)
}

func (b *bench) session(t testing.TB, c protocol.Config, saved *Checkpoint) *Session {
	t.Helper()
	s, err := b.try(c, saved)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) try(c protocol.Config, saved *Checkpoint) (*Session, error) {
	store, _, err := b.host.Ledgers()
	if err != nil {
		return nil, err
	}
	l, err := ledger.Open(store, b.dataset.Key)
	if err != nil {
		return nil, err
	}
	return newSession(c, Environment{
		Dataset: b.dataset, Ledger: l, Compute: b.host.Compute, Workers: 1,
		Notice: func(s string) { b.notices = append(b.notices, s) },
	}, saved)
}

func steps(t testing.TB, s *Session, n int) {
	t.Helper()
	for range n {
		if err := s.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTrainsDigits(t *testing.T) {
	b := newBench(t, 2000, 500)
	c := quick()
	c.Epochs, c.Epsilon = 4, 8
	s := b.session(t, c, nil)
	defer s.Close()
	steps(t, s, s.Planned().Steps)
	e, err := s.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("accuracy %.3f, loss %.3f, epsilon %.4f", e.Accuracy, e.Loss, e.Epsilon)
	if !s.Done() || e.Accuracy < 0.5 {
		t.Errorf("accuracy %v after %d steps, want at least 0.5", e.Accuracy, s.Last().Step)
	}
	if p := s.Planned(); !(p.EpsilonUpper <= 8 && p.EpsilonLower <= p.EpsilonUpper && p.Private) || e.Epsilon != p.EpsilonUpper {
		t.Errorf("planned %+v, spent %v", p, e.Epsilon)
	}
}

// An optimiser that corrects for noise refuses gradients whose noise it does not know; nothing is entered in the ledger.
func TestNoiseCorrectionRefusesFilters(t *testing.T) {
	b := newBench(t, 500, 10)
	for _, mechanism := range []string{"fixed+momentum", "disk", "alc-mvr"} {
		c := quick()
		c.Mechanism.Name, c.Optimizer = mechanism, "adambc"
		if s, err := b.try(c, nil); err == nil || !strings.Contains(err.Error(), "leave out the filter") {
			t.Errorf("%s: %v, %v", mechanism, s, err)
		}
	}
	if runs := b.ledger(t).Runs(); len(runs) > 0 {
		t.Errorf("the ledger has %d runs", len(runs))
	}
	c := quick()
	c.Optimizer = "adambc"
	b.session(t, c, nil).Close()
}

// Runs that are not private say so, in the plan and in the ledger.
func TestNotPrivateRunsSaySo(t *testing.T) {
	for name, change := range map[string]func(*protocol.Config){
		"diagnostics":  func(c *protocol.Config) { c.Diagnostics = true },
		"reproducible": func(c *protocol.Config) { *c = seeded(*c) },
		"noised":       func(c *protocol.Config) { c.NonPrivate = true },
	} {
		b := newBench(t, 500, 10)
		c := quick()
		change(&c)
		s := b.session(t, c, nil)
		steps(t, s, 2)
		p, last := s.Planned(), s.Last()
		if p.Private || !strings.Contains(p.NotPrivate, name) {
			t.Errorf("%s: private %v, because %q", name, p.Private, p.NotPrivate)
		}
		if runs := b.ledger(t).Runs(); len(runs) != 1 || runs[0].NotPrivate == "" {
			t.Errorf("%s: the ledger says %+v", name, runs)
		}
		if c.NonPrivate != math.IsInf(p.EpsilonUpper, 1) || c.NonPrivate != math.IsInf(last.Epsilon, 1) {
			t.Errorf("%s: epsilon %v, %v", name, p.EpsilonUpper, last.Epsilon)
		}
		if c.Diagnostics != (last.TrainLoss != nil && last.Batch != nil) {
			t.Errorf("%s: diagnostics %+v", name, last)
		}
		s.Close()
	}
}

// Without noise and bound the same loop learns better: what privacy costs can be compared.
func TestNonPrivateRunLearns(t *testing.T) {
	b := newBench(t, 2000, 500)
	c := seeded(quick())
	c.NonPrivate, c.LearningRate, c.Epochs = true, 0.1, 4
	s := b.session(t, c, nil)
	defer s.Close()
	steps(t, s, s.Planned().Steps)
	e, err := s.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if e.Accuracy < 0.8 {
		t.Errorf("accuracy %v, want at least 0.8", e.Accuracy)
	}
}

// Figures on a private test split are not shown but for those that the plan pays for.
func TestPrivateTestSplitIsNotEvaluated(t *testing.T) {
	b := newBench(t, 500, 50)
	b.dataset.TestPublic = false
	s := b.session(t, quick(), nil)
	defer s.Close()
	if e, err := s.Evaluate(context.Background()); e != nil || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
	if p := s.Planned(); p.AccuracyTimes != 1 {
		t.Errorf("%d accuracies are planned", p.AccuracyTimes)
	}
}
