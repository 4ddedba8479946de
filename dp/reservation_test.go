package dp

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/dp/ledger"
)

var errCrash = errors.New("the process was killed")

// crashStore is a store whose process is killed during its n-th write, after `torn` of the write's bytes.
type crashStore struct {
	ledger.MemoryStore
	writes, crashAt, torn int
	watch                 func()
}

func (c *crashStore) Append(key string, size, at int64, p []byte) error {
	if c.watch != nil {
		c.watch()
	}
	if c.writes++; c.writes-1 == c.crashAt {
		if err := c.MemoryStore.Append(key, size, at, p[:min(c.torn, len(p))]); err != nil {
			return err
		}
		return errCrash
	}
	return c.MemoryStore.Append(key, size, at, p)
}

// Killed during any write, after any number of its bytes, the ledger that the next process reads charges at least the
// steps that were released, and at most one block more.
func TestCrashNeverUnderstates(t *testing.T) {
	const steps, block = 7, 3
	for crashAt := range 5 {
		for torn := 0; torn < 400; torn += 13 {
			store := &crashStore{crashAt: crashAt, torn: torn}
			l, err := ledger.Open(store, "k")
			if err != nil {
				t.Fatal(err)
			}
			released := 0
			var run ledger.RunID
			e, err := NewEngine(Options{Plan: plain(t, Spec{N: 10, Rate: 0.5, Steps: steps, NoiseMultiplier: 1}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l})
			if err == nil {
				blocks(e, block)
			}
			for err == nil && released < steps {
				run = e.Run()
				if _, err = e.Next(context.Background(), nil, nothingFound(2, 1)); err == nil {
					released++
				}
			}
			after, err := ledger.Open(&store.MemoryStore, "k")
			if err != nil {
				t.Fatalf("write %d torn at %d: %v", crashAt, torn, err)
			}
			entry, found := after.Run(run)
			if released > 0 && !found {
				t.Fatalf("write %d torn at %d: the run is gone", crashAt, torn)
			}
			if entry.Charged < released || entry.Charged > released+block {
				t.Errorf("write %d torn at %d: %d steps released, %d charged", crashAt, torn, released, entry.Charged)
			}
			// The ledger goes on behind a torn end.
			if _, err := after.BeginCount("next", 1, 1); err != nil {
				t.Errorf("write %d torn at %d: %v", crashAt, torn, err)
			}
			if _, err := ledger.Open(&store.MemoryStore, "k"); err != nil {
				t.Errorf("write %d torn at %d, then written: %v", crashAt, torn, err)
			}
		}
	}
}

// Every reservation is durable before the noise stream moves for the steps that it covers.
func TestReservationBeforeNoise(t *testing.T) {
	store := &crashStore{crashAt: -1}
	l, err := ledger.Open(store, "k")
	if err != nil {
		t.Fatal(err)
	}
	e := blocks(newTestEngine(t, Options{Plan: plain(t, Spec{N: 10, Rate: 0.5, Steps: 10, NoiseMultiplier: 1}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l}), 4)
	before, reservations := *e.noise, 0
	store.watch = func() {
		reservations++
		if *e.noise != before || e.drawn {
			t.Error("noise was drawn before its reservation")
		}
	}
	for range 10 {
		if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err != nil {
			t.Fatal(err)
		}
		before = *e.noise
		if entry, _ := l.Run(e.Run()); entry.Charged < e.Step() {
			t.Errorf("%d steps done, %d charged", e.Step(), entry.Charged)
		}
	}
	if reservations != 3 {
		t.Errorf("%d reservations of 4 for 10 steps", reservations)
	}
	if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); !errors.Is(err, ErrDone) {
		t.Errorf("an 11th step of 10: %v", err)
	}
}

// A ledger that cannot be written stops the run before its noise.
func TestLedgerFailureStops(t *testing.T) {
	store := &crashStore{crashAt: 1}
	l, _ := ledger.Open(store, "k")
	e := newTestEngine(t, Options{Plan: plain(t, Spec{N: 10, Rate: 0.5, Steps: 3, NoiseMultiplier: 1}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l})
	noise := *e.noise
	if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); !errors.Is(err, errCrash) {
		t.Errorf("error %v", err)
	}
	if *e.noise != noise || e.Step() != 0 {
		t.Error("noise was drawn without a reservation")
	}
}

// Settle gives back the unused part of a block; a run that resumes goes on behind what is charged.
func TestSettleAndResume(t *testing.T) {
	store := &ledger.MemoryStore{}
	l, _ := ledger.Open(store, "k")
	p := plain(t, Spec{N: 10, Rate: 0.5, Steps: 20, NoiseMultiplier: 1})
	o := Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l}
	e := blocks(newTestEngine(t, o), 8)
	step := func(e *Engine) {
		t.Helper()
		if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err != nil {
			t.Fatal(err)
		}
	}
	step(e)
	step(e)
	state, err := e.State()
	if err != nil || state.Random != nil {
		t.Fatalf("a private run's state holds random state (%v)", err)
	}
	if err := e.Settle(); err != nil {
		t.Fatal(err)
	}
	charged := func() int {
		again, err := ledger.Open(store, "k")
		if err != nil {
			t.Fatal(err)
		}
		entry, _ := again.Run(e.Run())
		return entry.Charged
	}
	if charged() != 2 {
		t.Errorf("%d steps charged after settling 2", charged())
	}
	step(e) // going on after settling reserves again
	if charged() != 10 {
		t.Errorf("%d steps charged, want 2 + a block of 8", charged())
	}
	l2, _ := ledger.Open(store, "k") // the process was killed here
	o.Ledger, o.Resume = l2, state.Run
	e2 := blocks(newTestEngine(t, o), 8)
	if err := e2.Restore(state); err != nil {
		t.Fatal(err)
	}
	if e2.Step() != 10 {
		t.Errorf("resumes at step %d, want 10", e2.Step())
	}
	n := 0
	for ; e2.Step() < p.Steps(); n++ {
		step(e2)
	}
	if n != 10 || charged() != 20 {
		t.Errorf("%d steps more, %d charged: the plan's 20 were exceeded or lost", n, charged())
	}
	o.Plan = plain(t, Spec{N: 10, Rate: 0.5, Steps: 20, NoiseMultiplier: 1.1})
	if _, err := NewEngine(o); err == nil || !strings.Contains(err.Error(), "another plan") {
		t.Errorf("resumed with another plan: %v", err)
	}
	o.Plan, o.Seed = p, seed(1)
	if _, err := NewEngine(o); err == nil || !strings.Contains(err.Error(), "cannot go on") {
		t.Errorf("a private run went on as reproducible: %v", err)
	}
}

// A banded plan resumes at a multiple of its bands, so that cycles do not overlap.
func TestBandedResume(t *testing.T) {
	store := &ledger.MemoryStore{}
	l, _ := ledger.Open(store, "k")
	o := Options{Plan: plain(t, Spec{N: 100, Rate: 0.1, Steps: 20, NoiseMultiplier: 1, Strategy: testStrategy(4)}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l}
	e := blocks(newTestEngine(t, o), 3)
	for range 5 {
		if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err != nil {
			t.Fatal(err)
		}
	}
	o.Resume = e.Run()
	if e2 := blocks(newTestEngine(t, o), 3); e2.Step() != 8 { // charged 6 steps
		t.Errorf("resumes at step %d, want 8", e2.Step())
	}
}

// Runs on the same records compose: their plans' events together, whether they ran to the end or not.
func TestRunsCompose(t *testing.T) {
	store := &ledger.MemoryStore{}
	p := plain(t, Spec{N: 1000, Rate: 0.1, Steps: 50, Epsilon: 2, Delta: 1e-5})
	var last float64
	for run := 1; run <= 3; run++ {
		l, err := ledger.Open(store, "k")
		if err != nil {
			t.Fatal(err)
		}
		e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l})
		if before, _ := l.Epsilon(1e-5); before.Upper != last {
			t.Errorf("run %d begun and already charged", run)
		}
		if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err != nil {
			t.Fatal(err)
		}
		b, err := l.Epsilon(1e-5)
		if err != nil {
			t.Fatal(err)
		}
		if run == 1 && math.Abs(b.Upper-p.Epsilon().Upper) > 1e-9 || b.Upper <= last || b.Upper > 2*float64(run) {
			t.Errorf("after run %d epsilon %v, before it %v", run, b.Upper, last)
		}
		last = b.Upper
	}
	l, _ := ledger.Open(store, "k")
	id, err := l.BeginCount("held-out accuracy", 20, 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Charge(id, 1); err != nil {
		t.Fatal(err)
	}
	if b, _ := l.Epsilon(1e-5); b.Upper <= last {
		t.Error("a count on held-out records cost nothing")
	}
	if other, _ := ledger.Open(store, "other"); len(other.Runs()) != 0 {
		t.Error("another data set's ledger holds these runs")
	}
}
