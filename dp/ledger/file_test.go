package ledger

import (
	"bytes"
	"strings"
	"testing"

	"cloister/accountant"
)

// carry exports one store and imports the file into another.
func carry(t *testing.T, from, to Store) []Merged {
	t.Helper()
	b, err := Export(from)
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Import(to, b)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

// begun is a ledger in which a run of three steps is charged for so many.
func begun(t *testing.T, store Store, key string, charged int) (*Ledger, RunID) {
	t.Helper()
	l, err := Open(store, key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.Enter(Run{Title: "run", On: "Patients", Events: three, Bands: 1, Epsilon: 2, Delta: 1e-5})
	if err == nil {
		err = l.Charge(id, charged)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l, id
}

// Imports merge by the records' key, enter what is not known, raise what is lower, and lower nothing.
func TestImport(t *testing.T) {
	here, there := &MemoryStore{}, &MemoryStore{}
	l, id := begun(t, here, "k", 1)
	if err := Note(here, id, "checkpoint"); err != nil {
		t.Fatal(err)
	}
	if err := Note(here, RunID{1}, "checkpoint"); err == nil {
		t.Error("something was noted of a run that nobody knows")
	}
	if got := carry(t, here, there); len(got) != 1 || got[0] != (Merged{Key: "k", On: "Patients", Runs: 1, New: 1}) {
		t.Errorf("merged %+v", got)
	}
	if err := l.Charge(id, 3); err != nil {
		t.Fatal(err)
	}
	begun(t, there, "other", 2)
	if got := carry(t, here, there); len(got) != 1 || got[0].Raised != 1 || got[0].New != 0 {
		t.Errorf("merged %+v", got)
	}
	if err := l.Charge(id, 2); err != nil {
		t.Fatal(err)
	}
	before, _ := there.Load("k")
	carry(t, here, there)
	if after, _ := there.Load("k"); !bytes.Equal(before, after) {
		t.Error("a lower charge, or one that was imported twice, changed something")
	}
	again, _ := Open(there, "k")
	e, ok := again.Run(id)
	if !ok || e.Charged != 3 || !e.Elsewhere || e.Day != today() || e.On != "Patients" || e.Epsilon != 2 || len(e.Kept) != 1 || e.Kept[0] != "checkpoint" {
		t.Errorf("read back %+v", e)
	}
	if err := again.Charge(id, 3); err == nil || !strings.Contains(err.Error(), "begun elsewhere") {
		t.Errorf("a run that came with a file goes on: %v", err)
	}
	carry(t, there, here) // and back: what was begun here is still this browser's
	l.Refresh()
	if e, _ := l.Run(id); e.Elsewhere || e.Charged != 3 {
		t.Errorf("back at home: %+v", e)
	}
}

// A run goes on from one checkpoint in two browsers: each is charged, wherever their ledgers meet.
func TestARunThatWentOnElsewhere(t *testing.T) {
	here, there := &MemoryStore{}, &MemoryStore{}
	l, id := begun(t, here, "k", 1)
	carry(t, here, there)
	if err := l.Charge(id, 3); err != nil { // two steps more here
		t.Fatal(err)
	}
	other, _ := Open(there, "k")
	if e, _ := other.Run(id); !e.Elsewhere {
		t.Fatal("a run that came with a file counts as begun here")
	}
	id2, err := other.Enter(Run{Title: "run, gone on with", Events: three, Bands: 1})
	if err == nil {
		err = other.Charge(id2, 3) // and there
	}
	if err != nil {
		t.Fatal(err)
	}
	carry(t, there, here)
	l.Refresh()
	released, _ := accountant.EpsilonOf(accountant.FromSegments([]accountant.Segment{{Sigma: 1, Rate: 0.5, Steps: 5}}), 1e-5)
	if told, err := l.Epsilon(1e-5); err != nil || !(told.Upper >= released.Upper) {
		t.Errorf("the ledger says %v, %v was released; %v", told.Upper, released.Upper, err)
	}
}

// A budget comes with a file where there is none, or where it is the stricter.
func TestImportedBudget(t *testing.T) {
	for _, c := range []struct{ here, file, want float64 }{{0, 3, 3}, {5, 3, 3}, {2, 3, 2}, {3, 0, 3}} {
		here, there := &MemoryStore{}, &MemoryStore{}
		for store, epsilon := range map[*MemoryStore]float64{here: c.here, there: c.file} {
			l, _ := begun(t, store, "k", 0)
			if epsilon > 0 {
				if err := l.SetBudget(epsilon, 1e-5, accountant.Segment{}); err != nil && epsilon != 2 {
					t.Fatal(err)
				}
			}
		}
		carry(t, there, here)
		l, _ := Open(here, "k")
		if b, _ := l.Budget(); b.Epsilon != c.want {
			t.Errorf("%v here, %v in the file: %v", c.here, c.file, b.Epsilon)
		}
	}
}

// A file that is damaged, cut, changed or of another version is refused whole, and says why.
func TestImportRefuses(t *testing.T) {
	from := &MemoryStore{}
	_, id := begun(t, from, "a", 2)
	begun(t, from, "b", 1)
	whole, err := Export(from)
	if err != nil {
		t.Fatal(err)
	}
	to := &MemoryStore{}
	refused := func(b []byte, want string) {
		t.Helper()
		if _, err := Import(to, b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it to say %q", err, want)
		}
	}
	for n := range whole {
		refused(whole[:n], "")
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 4
		refused(bad, "")
	}
	refused([]byte("CLSTLDX\x02and so on"), "version 2")
	refused([]byte("hello, this is a text"), "not a file of ledgers")
	if keys, _ := to.Keys(); len(keys) > 0 {
		t.Errorf("refused files left %v", keys)
	}
	forged := &MemoryStore{}
	l, _ := Open(forged, "b")
	cheap := beginning(&Run{Title: "run", Events: []accountant.Segment{{Sigma: 100, Rate: 0.01, Steps: 3}}, Bands: 1}, today())
	if err := l.write(func() ([]record, error) { return []record{{Run: id, Begin: cheap, UpTo: 2}}, nil }); err != nil {
		t.Fatal(err)
	}
	changed, err := Export(forged)
	if err != nil {
		t.Fatal(err)
	}
	l, _ = Open(to, "b")
	if err := l.write(func() ([]record, error) {
		return []record{{Run: id, Begin: beginning(&Run{Title: "run", Events: three, Bands: 1}, today()), UpTo: 2}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	refused(changed, "another plan")
}

func FuzzImport(f *testing.F) {
	store := &MemoryStore{}
	l, _ := Open(store, "k")
	l.SetBudget(3, 1e-5, accountant.Segment{})
	id, _ := l.BeginCount("x", 30, 2)
	l.Charge(id, 1)
	l.Keep(id, "file")
	whole, _ := Export(store)
	empty, _ := Export(&MemoryStore{})
	f.Add(whole)
	f.Add(empty)
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := b
		if len(b) >= 4 { // past the checksum, which would refuse nearly everything
			sealed = seal(b[:len(b)-4])
		}
		to := &MemoryStore{}
		merged, err := Import(to, sealed)
		if err != nil {
			return
		}
		again, err := Export(to)
		if err != nil {
			t.Fatalf("what was imported cannot be exported: %v", err)
		}
		back := &MemoryStore{}
		if twice, err := Import(back, again); err != nil || len(twice) > len(merged) {
			t.Errorf("%d ledgers, then %d; %v", len(merged), len(twice), err)
		}
	})
}
