package dp

import (
	"context"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/dp/ledger"
)

// Two tabs that resume one run from one checkpoint would each release every remaining step, with noise of its own, for
// one charge. Whatever the order of their steps and pauses, no step is released twice and the ledger charges each.
func TestOneRunInTwoTabs(t *testing.T) {
	const steps, block = 12, 3
	p := plain(t, Spec{N: 10, Rate: 0.5, Steps: steps, NoiseMultiplier: 1})
	for schedule := range 1 << 8 { // bit: which tab acts
		for pause := range 10 { // when the acting tab settles
			store := &ledger.MemoryStore{}
			l, _ := ledger.Open(store, "k")
			o := Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l}
			o.Resume = newTestEngine(t, o).Run()
			var tabs [2]*Engine
			for i := range tabs {
				o.Ledger, _ = ledger.Open(store, "k")
				tabs[i] = blocks(newTestEngine(t, o), block)
			}
			released := map[int]bool{}
			for turn := range 8 {
				e := tabs[schedule>>turn&1]
				at := e.Step()
				if r, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err == nil {
					if released[r.Step] {
						t.Fatalf("schedule %08b, pause %d: step %d was released twice", schedule, pause, at)
					}
					released[r.Step] = true
				} else if !strings.Contains(err.Error(), "goes on elsewhere") {
					t.Fatal(err)
				}
				if turn == pause {
					e.Settle() // refused or not, it must not take back what the other tab spent
				}
			}
			after, err := ledger.Open(store, "k")
			if err != nil {
				t.Fatal(err)
			}
			entry, _ := after.Run(o.Resume)
			for step := range released {
				if step >= entry.Charged {
					t.Fatalf("schedule %08b, pause %d: step %d was released, %d are charged", schedule, pause, step, entry.Charged)
				}
			}
			if len(released) == 0 {
				t.Fatalf("schedule %08b: neither tab could go on", schedule)
			}
		}
	}
}
