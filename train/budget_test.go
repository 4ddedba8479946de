//go:build !js

package train

import (
	"math"
	"os"
	"strings"
	"testing"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// withBudget is a page whose records have a budget.
func withBudget(t *testing.T, store ledger.Store, epsilon float64) *talk {
	p := newTab(t, store, nil)
	c := quick()
	p.trainer.Send(protocol.Request{Type: "budget", Budget: &protocol.Budget{Epsilon: epsilon, Delta: 1e-5}, Config: &c, Delta: 1e-5, ID: 4})
	if e := p.hear("spending"); e.ID != 4 || e.Spending == nil || e.Spending.Ledger.Budget.Epsilon != epsilon || e.Spending.Ledger.Budget.Others != 0 {
		t.Fatalf("after a budget was set: %+v", e)
	}
	return p
}

func (p *talk) propose(c protocol.Config) protocol.Event {
	p.Helper()
	p.trainer.Send(protocol.Request{Type: "propose", Config: &c, ID: 1})
	return p.hear("proposal")
}

func (p *talk) trainThrough(c protocol.Config) []protocol.Event {
	p.Helper()
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	return p.until(isDone)
}

// A run that the budget does not allow is refused before it begins, whatever mechanism it has, with what still fits; that fits,
// as fewer steps and as more noise, and does not exceed the budget.
func TestBudgetRefusesAndOffers(t *testing.T) {
	mechanisms := []string{"fixed+sigma-linear", "bandmf"}
	if os.Getenv("CLOISTER_LONG") != "" {
		mechanisms = append(mechanisms, "fixed", "quantile")
	}
	for _, mechanism := range mechanisms {
		t.Run(mechanism, func(t *testing.T) {
			store := &ledger.MemoryStore{}
			p := withBudget(t, store, 3)
			c := quick()
			c.Mechanism.Name = mechanism
			e := p.propose(c)
			if e.Proposal == nil {
				t.Fatal(e.Message)
			}
			b := e.Ledger.Budget
			if b == nil || b.None != "" || !(b.Total > 1) || b.Room == nil {
				t.Fatalf("a plan of all of the epsilon: %+v; %s", b, e.Message)
			}
			heard := p.trainThrough(c)
			last := heard[len(heard)-1]
			if last.Type != "error" || !strings.Contains(last.Message, "lifetime budget") || !strings.Contains(last.Message, "what still fits") {
				t.Fatalf("it was not refused: %+v", last)
			}
			l, err := ledger.Open(store, p.trainer.dataset.Key)
			if err != nil || len(l.Runs()) != 0 {
				t.Fatalf("the refusal left %d runs; %v", len(l.Runs()), err)
			}
			r := b.Room
			if !(r.Steps > 0 && r.Steps < e.Proposal.Steps && r.StepsEpsilon > 0 && r.Noise > 1 && r.Noise < 2 && r.NoiseEpsilon > 1.5 && r.NoiseEpsilon < 3) {
				t.Fatalf("room %+v", r)
			}
			shorter, quieter := c, c
			shorter.Epsilon, shorter.Epochs = r.StepsEpsilon, float64(r.Steps)/float64(e.Proposal.StepsPerEpoch)
			quieter.Epsilon = r.NoiseEpsilon
			for _, fits := range []protocol.Config{shorter, quieter} {
				e := p.propose(fits)
				if b := e.Ledger.Budget; b.None != "" || b.Room != nil || !(b.Total <= 1 && b.Total > 0.4) {
					t.Errorf("what should fit: %+v (%s)", b, e.Message)
				}
			}
			heard = p.trainThrough(quieter)
			if last := heard[len(heard)-1]; last.Type != "done" {
				t.Fatalf("what should fit: %s", last.Message)
			}
			if total := lastTotal(t, heard); !(total.Budget.Total <= 1 && total.Total <= 3) {
				t.Errorf("after it: %+v", total)
			}
			if e := p.propose(c); e.Ledger.Budget.Room == nil || e.Ledger.Budget.Room.Steps > 10 {
				t.Errorf("when all is spent: %+v", e.Ledger.Budget)
			}
		})
	}
}

// Two tabs each have a plan that fits alone: the second to draw noise is refused.
func TestTwoTabsOneBudget(t *testing.T) {
	store := &ledger.MemoryStore{}
	a := withBudget(t, store, 4)
	b := newTab(t, store, a)
	c := quick()
	a.trainer.Send(protocol.Request{Type: "start", Config: &c})
	a.hear("planned")
	b.trainer.Send(protocol.Request{Type: "start", Config: &c})
	ends := []protocol.Event{}
	for _, p := range []*talk{a, b} {
		all := p.until(isDone)
		ends = append(ends, all[len(all)-1])
	}
	done := 0
	for _, e := range ends {
		if e.Type == "done" {
			done++
		} else if !strings.Contains(e.Message, "lifetime budget") {
			t.Errorf("refused for another reason: %s", e.Message)
		}
	}
	l, err := ledger.Open(store, a.trainer.dataset.Key)
	if err != nil {
		t.Fatal(err)
	}
	if truth, err := l.Epsilon(c.Delta); err != nil || done != 1 || !(truth.Upper <= 4) {
		t.Errorf("%d runs are through, together epsilon %v; %v", done, truth.Upper, err)
	}
}

// A run that is not private does not go with a budget, in either order.
func TestBudgetBesideARunThatIsNotPrivate(t *testing.T) {
	p := withBudget(t, &ledger.MemoryStore{}, 8)
	open := seeded(quick())
	if e := p.propose(open); e.Ledger.Budget.None == "" || !math.IsInf(e.Ledger.Budget.Total, 1) || e.Ledger.Budget.Room != nil {
		t.Errorf("proposed: %+v", e.Ledger.Budget)
	}
	heard := p.trainThrough(open)
	if last := heard[len(heard)-1]; last.Type != "error" || !strings.Contains(last.Message, "not private") {
		t.Errorf("it ran: %+v", last)
	}
	p.trainer.Send(protocol.Request{Type: "budget", Budget: &protocol.Budget{}, Delta: 1e-5, ID: 5})
	if e := p.hear("spending"); e.Spending == nil || e.Spending.Ledger.Budget != nil {
		t.Errorf("lifted, the budget is %+v", e)
	}
	heard = p.trainThrough(open)
	if last := heard[len(heard)-1]; last.Type != "done" {
		t.Fatal(last.Message)
	}
	p.trainer.Send(protocol.Request{Type: "budget", Budget: &protocol.Budget{Epsilon: 100, Delta: 1e-5}, Delta: 1e-5, ID: 6})
	if e := p.hear("spending"); e.Spending != nil || !strings.Contains(e.Message, "no budget covers it") {
		t.Errorf("a budget beside it: %+v", e)
	}
}

// The history tells what was trained when, on what, by which plan, at which cost and what was kept; it goes into a file, and
// from there into another browser.
func TestHistoryTravels(t *testing.T) {
	p := newTab(t, &ledger.MemoryStore{}, nil)
	c := quick()
	run := p.trainThrough(c)
	p.trainer.Send(protocol.Request{Type: "keep", Run: run[len(run)-1].Planned.Run, Kept: "a checkpoint"})
	p.trainer.Send(protocol.Request{Type: "keep", Run: strings.Repeat("0", 32), Kept: "a checkpoint"})
	if e := p.hear("notice"); !strings.Contains(e.Message, "could not note") {
		t.Errorf("a run that nobody knows: %q", e.Message)
	}
	p.trainer.Send(protocol.Request{Type: "spending", Delta: 1e-5, ID: 2})
	s := p.hear("spending").Spending
	if s == nil || len(s.Runs) != 1 || s.Collection == "" || s.Ledger.Total != s.Ledger.Others+s.Runs[0].Epsilon {
		t.Fatalf("history %+v", s)
	}
	r := s.Runs[0]
	if !(r.Epsilon > 2.9 && r.Epsilon <= 3) || r.Delta != 1e-5 || r.Charged != r.Steps || r.Steps != 30 || len(r.Day) != len("2026-01-01") || r.Segments == "" || r.Elsewhere || len(r.Kept) != 1 || r.On != s.Collection {
		t.Errorf("line %+v", r)
	}
	p.trainer.Send(protocol.Request{Type: "export", ID: 3})
	file := p.hear("exported").Ledgers
	q := newTab(t, &ledger.MemoryStore{}, p)
	for _, news := range []int{1, 0} {
		q.trainer.Send(protocol.Request{Type: "import", Ledgers: file, ID: 4})
		if m := q.hear("imported").Imported; len(m) != 1 || m[0].New != news || m[0].Runs != 1 || m[0].Collection != s.Collection {
			t.Errorf("merged %+v", m)
		}
	}
	if e := q.propose(c); math.Abs(e.Ledger.Others-r.Epsilon) > 1e-9 {
		t.Errorf("after the import the ledger holds %v, not %v", e.Ledger.Others, r.Epsilon)
	}
	file[20] ^= 1
	q.trainer.Send(protocol.Request{Type: "import", Ledgers: file, ID: 5})
	if e := q.hear("imported"); e.Imported != nil || !strings.Contains(e.Message, "damaged") {
		t.Errorf("a damaged file: %+v", e)
	}
}

// A collection is known by its name, whatever is in it and however it is written; the first is that of all earlier own data.
func TestCollections(t *testing.T) {
	open := func(name string) (*Dataset, error) {
		ds := people(400, 100, false)
		var files []protocol.File
		if err := data.Pack(ds, func(name string, file []byte) error {
			files = append(files, protocol.File{Name: name, Blob: protocol.Blob{Handle: append([]byte(nil), file...)}})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return OpenDataset(t.Context(), &MemoryHost{New: PlainBackend}, protocol.Source{Kind: "own", Files: files, Collection: name}, func(protocol.Loading) {})
	}
	keys := map[string]string{}
	for _, name := range []string{"", "Own data", "Patients", " patients  ", "Patients 2", "mnist"} {
		d, err := open(name)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = d.Key
		if d.Info().Collection == "" || d.Info().Nobodys {
			t.Errorf("%q: %+v", name, d.Info())
		}
	}
	if keys[""] != ledger.DataKey([]byte("own data")) || keys[""] != keys["Own data"] || keys["Patients"] != keys[" patients  "] || keys["Patients"] == keys["Patients 2"] || keys["Patients"] == keys[""] {
		t.Errorf("keys %v", keys)
	}
	if keys["mnist"] == ledger.DataKey([]byte("mnist")) {
		t.Error("a collection of a published set's name shares its ledger")
	}
	if _, err := open(strings.Repeat("x", 81)); err == nil {
		t.Error("a long name")
	}
}
