package mechanism

import (
	"context"
	"errors"
	"testing"

	"cloister/dp"
	"cloister/dp/ledger"
)

var errCrash = errors.New("the process was killed")

// plan freezes a spec.
func plan(t testing.TB, s dp.Spec) *dp.Plan {
	t.Helper()
	p, err := dp.NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func memoryLedger(t testing.TB) *ledger.Ledger { return openLedger(t, &ledger.MemoryStore{}) }

func openLedger(t testing.TB, s *ledger.MemoryStore) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(s, "test")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// copyOf is a store that holds the test's ledger as it is now.
func copyOf(t testing.TB, s *ledger.MemoryStore) *ledger.MemoryStore {
	t.Helper()
	held, err := s.Load("test")
	if err != nil {
		t.Fatal(err)
	}
	c := &ledger.MemoryStore{}
	if err := c.Append("test", 0, 0, held); err != nil {
		t.Fatal(err)
	}
	return c
}

func newTestEngine(t testing.TB, o dp.Options) *dp.Engine {
	t.Helper()
	if o.Ledger == nil {
		o.Ledger = memoryLedger(t)
	}
	e, err := dp.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// nothingFound is a compute side whose records all have zero gradients.
func nothingFound(dim, groups int) func(context.Context, dp.Query) (dp.Sums, error) {
	return func(_ context.Context, q dp.Query) (dp.Sums, error) {
		return dp.Sums{Gradient: make([]float64, dim), Counts: make([]float64, groups), Records: len(q.Records)}, nil
	}
}

func seed(x uint64) *uint64 { return &x }
