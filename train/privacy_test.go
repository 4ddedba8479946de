package train

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"cloister/dp"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// A private run's file holds nothing that was computed from the records without noise: no hash of them, which would
// settle for an attacker who knows all of them but one whether that one took part, and no times of steps.
func TestPrivateCheckpointKeepsRecordsApart(t *testing.T) {
	b := newBench(t, 500, 10)
	save := func(c protocol.Config) ([]byte, *Checkpoint) {
		s := b.session(t, c, nil)
		defer s.Close()
		steps(t, s, 2)
		file, err := s.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		saved, err := DecodeCheckpoint(file)
		if err != nil {
			t.Fatal(err)
		}
		return file, saved
	}
	file, saved := save(quick())
	if saved.DataKey != "" || saved.Seconds != 0 || bytes.Contains(file, []byte(b.dataset.Key)) {
		t.Errorf("a private run's file holds data key %q and %v seconds", saved.DataKey, saved.Seconds)
	}
	b.session(t, saved.Config, saved).Close() // the ledger of its records knows it

	if _, open := save(seeded(quick())); open.DataKey != b.dataset.Key {
		t.Errorf("a reproducible run's file names its records %q", open.DataKey)
	}

	saved.Dataset = "Other images"
	if _, err := b.try(saved.Config, saved); err == nil || !strings.Contains(err.Error(), "other records") {
		t.Errorf("restored on another dataset: %v", err)
	}
}

// On records whose ledger does not know the run, it is entered there and the person is told.
func TestPrivateCheckpointOnRecordsUnknownToItsRun(t *testing.T) {
	b := newBench(t, 500, 10)
	s := b.session(t, quick(), nil)
	steps(t, s, 2)
	file, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	saved, err := DecodeCheckpoint(file)
	if err != nil {
		t.Fatal(err)
	}
	b.dataset.Key = strings.Repeat("0", 64)
	resumed := b.session(t, saved.Config, saved)
	defer resumed.Close()
	if got := b.charged(t); got != 2 || !b.told("did not know this run") {
		t.Errorf("%d steps charged, notices %q", got, b.notices)
	}
}

// A run that the ledger marks cannot shed its mark by way of its file.
func TestCheckpointCannotHideThatItsRunIsNotPrivate(t *testing.T) {
	b := newBench(t, 500, 10)
	c := quick()
	c.Diagnostics = true
	s := b.session(t, c, nil)
	steps(t, s, 1)
	file, err := s.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	saved, err := DecodeCheckpoint(file)
	if err != nil {
		t.Fatal(err)
	}
	b.session(t, saved.Config, saved).Close()
	saved.Config.Diagnostics = false
	if _, err := b.try(saved.Config, saved); err == nil || !strings.Contains(err.Error(), "not private") {
		t.Errorf("restored as private: %v", err)
	}
}

// What the page asks the accountant about a plan is what the plan is charged for: with cyclic sampling that is fewer
// steps at a higher rate, of which an attacker learns more.
func TestPlannedSegmentsAreWhatIsCharged(t *testing.T) {
	b := newBench(t, 1000, 10)
	for _, mechanism := range []string{"fixed", "bandmf", "sigma-linear"} {
		c := quick()
		if c.Mechanism.Name = mechanism; mechanism == "sigma-linear" {
			c.Mechanism.Name = "fixed+sigma-linear"
		}
		if mechanism == "bandmf" {
			c.Mechanism.Params = map[string]float64{"bands": 4}
		}
		s := b.session(t, c, nil)
		p := s.Planned()
		s.Close()
		a := Account(protocol.AccountQuestion{Kind: "epsilon", Segments: p.Segments, Delta: p.Delta})
		if a.Error != "" || a.Upper != p.EpsilonUpper {
			t.Errorf("%s: %q costs %v %s, planned %v", mechanism, p.Segments, a.Upper, a.Error, p.EpsilonUpper)
		}
	}
}

// lender remembers the sums that it gave to the engine.
type lender struct {
	backend.Backend
	lent [][]float64
}

func (l *lender) Step(ctx context.Context, r backend.Request) (dp.Sums, error) {
	s, err := l.Backend.Step(ctx, r)
	l.lent = append(l.lent, s.Gradient)
	return s, err
}

// What a session holds after a step has nothing left of the raw sum, with an auditor beside it too; raw figures are told
// where the run says that it is not private.
func TestRawSumsAreGoneAfterAStep(t *testing.T) {
	for _, marked := range []bool{false, true} {
		for _, audited := range []bool{false, true} {
			b := newBench(t, 500, 10)
			l := &lender{}
			b.host.New = func(w backend.Work, train, test backend.Records) (_ backend.Backend, err error) {
				l.Backend, err = backend.NewPlain(w, train, test)
				return l, err
			}
			c := quick()
			c.Diagnostics, c.Audit = marked, audited
			s := b.session(t, c, nil)
			steps(t, s, 2)
			for _, sum := range l.lent {
				if slices.ContainsFunc(sum, func(x float64) bool { return x != 0 }) {
					t.Errorf("marked %v, audited %v: a raw sum outlives its step", marked, audited)
				}
			}
			if told := s.raw != (dp.Raw{}); told != marked || marked != (s.Last().Batch != nil) {
				t.Errorf("marked %v, audited %v: raw figures %+v", marked, audited, s.raw)
			}
			s.Close()
		}
	}
}
