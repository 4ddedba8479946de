//go:build !js

package train

import (
	"math"
	"strings"
	"testing"

	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// newTab is a page of its own over a store that it shares with others.
func newTab(t *testing.T, store ledger.Store, like *talk) *talk {
	p := newTalk(t)
	p.trainer.host.(*MemoryHost).Store = store
	if like != nil {
		p.folder = like.folder
	}
	p.open()
	return p
}

// lastTotal is the last that events say of the ledger.
func lastTotal(t *testing.T, events []protocol.Event) *protocol.LedgerTotal {
	t.Helper()
	var last *protocol.LedgerTotal
	for _, e := range events {
		if e.Ledger != nil {
			last = e.Ledger
		}
	}
	if last == nil {
		t.Fatal("nothing was told of the ledger")
	}
	return last
}

func isDone(e protocol.Event) bool { return e.Type == "done" || e.Type == "error" }

// Two tabs begin on one empty ledger. Each ends with what the ledger says of both, and can ask again.
func TestTwoTabsEndWithTheTrueTotal(t *testing.T) {
	store := &ledger.MemoryStore{}
	a := newTab(t, store, nil)
	b := newTab(t, store, a)
	c := quick()
	start := func(p *talk) *protocol.LedgerTotal {
		p.trainer.Send(protocol.Request{Type: "start", Config: &c})
		first := p.hear("ledger").Ledger
		p.trainer.Send(protocol.Request{Type: "pause"})
		p.hearState("paused")
		return first
	}
	alone := start(a)
	if alone.Others != 0 || !(alone.Total <= 3 && alone.Total > 2.9) || alone.None != "" {
		t.Errorf("on an empty ledger: %+v", alone)
	}
	a.trainer.Send(protocol.Request{Type: "step"}) // so that it has surely spent something
	a.hear("step")
	start(b)
	b.trainer.Send(protocol.Request{Type: "step"})
	b.hear("step")
	ends := map[*talk]*protocol.LedgerTotal{}
	for _, p := range []*talk{a, b} {
		p.trainer.Send(protocol.Request{Type: "resume"})
		ends[p] = lastTotal(t, p.until(isDone))
	}
	l, err := ledger.Open(store, a.trainer.dataset.Key)
	if err != nil {
		t.Fatal(err)
	}
	truth, err := l.Epsilon(c.Delta)
	if err != nil || !(truth.Upper > 3.5) {
		t.Fatalf("the ledger says %v, %v", truth, err)
	}
	a.trainer.Send(protocol.Request{Type: "ledger", ID: 9})
	asked := a.hear("ledger")
	for _, total := range []*protocol.LedgerTotal{ends[a], ends[b], asked.Ledger} {
		if total.Total != truth.Upper || math.Abs(total.Others-alone.Total) > 1e-9 {
			t.Errorf("told %+v, the ledger says %v", total, truth.Upper)
		}
	}
	if asked.ID != 9 {
		t.Errorf("question 9 was answered as %d", asked.ID)
	}
}

// Beside a run that is not private there is no total, whichever began first, and the reason is told.
func TestNoTotalBesideARunThatIsNotPrivate(t *testing.T) {
	store := &ledger.MemoryStore{}
	a := newTab(t, store, nil)
	b := newTab(t, store, a)
	c, open := quick(), seeded(quick())
	c.Epochs = 50
	a.trainer.Send(protocol.Request{Type: "start", Config: &c})
	if l := a.hear("ledger").Ledger; l.None != "" || !(l.Total <= 3) {
		t.Errorf("on an empty ledger: %+v", l)
	}
	a.trainer.Send(protocol.Request{Type: "pause"})
	a.hearState("paused")
	b.trainer.Send(protocol.Request{Type: "start", Config: &open})
	if l := lastTotal(t, b.until(isDone)); !math.IsInf(l.Total, 1) || !strings.Contains(l.None, "this run is not private") {
		t.Errorf("of a run that is not private: %+v", l)
	}
	a.trainer.Send(protocol.Request{Type: "stop"})
	if l := lastTotal(t, a.until(isDone)); !math.IsInf(l.Total, 1) || l.None != "another run on these records was not private" {
		t.Errorf("beside it: %+v", l)
	}
}

// Without a run, the ledger is asked at a stated delta.
func TestLedgerWithoutARun(t *testing.T) {
	p := newTab(t, &ledger.MemoryStore{}, nil)
	p.trainer.Send(protocol.Request{Type: "ledger"})
	p.refused("delta 0")
	p.trainer.Send(protocol.Request{Type: "ledger", Delta: 1e-5, ID: 3})
	if e := p.hear("ledger"); e.ID != 3 || e.Ledger.Total != 0 || e.Ledger.None != "" || e.Ledger.Forgets {
		t.Errorf("heard %+v", e.Ledger)
	}
}
