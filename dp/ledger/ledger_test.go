package ledger

import (
	"slices"
	"strings"
	"testing"

	"cloister/accountant"
)

// three are the events of a run of three steps.
var three = []accountant.Segment{{Sigma: 1, Rate: 0.5, Steps: 3}}

// Two processes that hold the same ledger see each other's records.
func TestTwoWriters(t *testing.T) {
	store := &MemoryStore{}
	a, _ := Open(store, "k")
	b, _ := Open(store, "k")
	ida, err := a.Begin("a", three, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	idb, err := b.Begin("b", three, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{a.Charge(ida, 2), b.Charge(idb, 3)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := Open(store, "k")
	if err != nil {
		t.Fatal(err)
	}
	if runs := l.Runs(); len(runs) != 2 || runs[0].Charged != 2 || runs[1].Charged != 3 {
		t.Errorf("runs %+v", runs)
	}
}

// Damage that is not a torn end is refused with its place: spends must not vanish quietly.
func TestDamagedLedger(t *testing.T) {
	store := &MemoryStore{}
	l, _ := Open(store, "k")
	id, _ := l.Begin("run", three, 1, "")
	for i := range 3 {
		if err := l.Charge(id, i+1); err != nil {
			t.Fatal(err)
		}
	}
	whole, _ := store.Load("k")
	for at := range whole {
		bad := append([]byte(nil), whole...)
		bad[at] ^= 0x40
		if records, _, err := readLedger(bad); err == nil {
			t.Fatalf("byte %d flipped: no error, %d records", at, len(records))
		}
	}
	if _, _, err := readLedger([]byte("CLSTLDG\x02rest")); err == nil || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("another version: %v", err)
	}
	if records, sound, err := readLedger(append(whole, make([]byte, 100)...)); err != nil || len(records) != 4 || sound != len(whole) {
		t.Errorf("a tail of zeros: %d records, %v", len(records), err)
	}
}

// What the ledger writes it can read: a plan with more stretches than the decoder takes is refused before it is written.
func TestLedgerReadsWhatItWrites(t *testing.T) {
	events := make([]accountant.Segment, maxEvents+1)
	for i := range events {
		events[i] = accountant.Segment{Sigma: 1 + float64(i)/1e6, Rate: 0.5, Steps: 1}
	}
	store := &MemoryStore{}
	l, _ := Open(store, "k")
	if _, err := l.Begin("too long", events, 1, ""); err == nil || !strings.Contains(err.Error(), "stretches") {
		t.Errorf("%d stretches: %v", len(events), err)
	}
	if _, err := l.Begin("longest", events[:maxEvents], 1, ""); err != nil {
		t.Fatal(err)
	}
	again, err := Open(store, "k")
	if err != nil {
		t.Fatal(err)
	}
	if runs := again.Runs(); len(runs) != 1 || len(runs[0].Events) != maxEvents {
		t.Errorf("%d runs", len(runs))
	}
}

func FuzzReadLedger(f *testing.F) {
	store := &MemoryStore{}
	l, _ := Open(store, "k")
	id, _ := l.BeginCount("x", 3, 2)
	l.Charge(id, 1)
	whole, _ := store.Load("k")
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte(ledgerMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, sound, err := readLedger(b)
		if err != nil {
			return
		}
		again, size, err := readLedger(b[:sound])
		if err != nil || size != sound || len(again) != len(records) {
			t.Errorf("the sound part of %d bytes reads as %d of %d: %v", sound, size, len(b), err)
		}
	})
}

// Whose privacy a run protects outlives the program; a unit that nobody knows is damage.
// Whatever the clock says, nothing is written that could not be read again.
func TestWritesNothingUnreadable(t *testing.T) {
	store := &MemoryStore{}
	l, _ := Open(store, "k")
	id, err := l.BeginCount("a count", 5, 10)
	if err == nil {
		err = l.Charge(id, 7)
	}
	if err != nil {
		t.Fatal(err)
	}
	before, _ := store.Load("k")
	for _, r := range []record{
		{Budget: &Budget{Day: "10000-01-01"}}, {Run: RunID{1}, Begin: beginning(&Run{Bands: 1}, "-001-01-01")}, {Run: id, UpTo: MaxSteps + 1},
	} {
		if err := l.write(func() ([]record, error) { return []record{r}, nil }); err == nil {
			t.Errorf("%+v was written", r)
		}
	}
	if err := l.Charge(id, -1); err == nil {
		t.Error("fewer than no steps are charged")
	}
	if after, _ := store.Load("k"); !slices.Equal(before, after) {
		t.Error("what was refused changed something")
	}
	if again, err := Open(store, "k"); err != nil || again.Runs()[0].Charged != 7 {
		t.Errorf("%v", err)
	}
}

func TestUnitIsKept(t *testing.T) {
	store := &MemoryStore{}
	l, err := Open(store, "unit")
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.Enter(Run{Unit: "person", Title: "run", Events: []accountant.Segment{{Sigma: 1, Rate: 0.1, Steps: 3}}, Bands: 1})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(store, "unit")
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := again.Run(id); !ok || e.Unit != "person" {
		t.Errorf("read back as %+v", e)
	}
	if _, err := l.Enter(Run{Unit: "household", Title: "run", Bands: 1}); err == nil {
		t.Error("a unit that nobody knows is entered")
	}
}
