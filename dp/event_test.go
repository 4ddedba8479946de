package dp

import (
	"slices"
	"testing"

	"cloister/accountant"
	"cloister/dp/ledger"
)

// TestEventIsTheOnlyStatement: what was calibrated, what is charged, what the ledger keeps and what an odometer promises are
// one figure, for every kind of plan.
func TestEventIsTheOnlyStatement(t *testing.T) {
	decaying := make([]float64, 234)
	for i := range decaying {
		decaying[i] = 1 - 0.3*float64(i/78)
	}
	const q = 256. / 60000
	for name, s := range map[string]Spec{
		"fixed":     {N: 60000, Rate: q, Steps: 234, Epsilon: 8, Delta: 1e-5},
		"counts":    {N: 60000, Rate: q, Steps: 234, Epsilon: 3, Delta: 1e-5, Counts: CountQueries{Groups: 4}},
		"schedule":  {N: 60000, Rate: q, Steps: 234, Epsilon: 3, Delta: 1e-5, Schedule: decaying},
		"bands":     {N: 60000, Rate: q, Steps: 234, Epsilon: 3, Delta: 1e-5, Strategy: testStrategy(8)},
		"all of it": {N: 60000, Rate: 1, Steps: 20, Epsilon: 3, Delta: 1e-5},
	} {
		p := plain(t, s)
		promised := p.Epsilon()
		if !(promised.Upper <= s.Epsilon && promised.Upper > 0.99*s.Epsilon) {
			t.Errorf("%s: epsilon %v, asked for %v", name, promised.Upper, s.Epsilon)
		}
		entry := ledger.Run{Events: p.Events(), Bands: p.Bands()}
		if kept, err := accountant.EpsilonOf(entry.Event(), s.Delta); err != nil || kept != promised {
			t.Errorf("%s: the ledger's entry costs %+v, the plan %+v; %v", name, kept, promised, err)
		}
		o, err := accountant.NewOdometer(p.EventAfter, p.Steps(), s.Delta)
		if err != nil || o.Promised() != promised.Upper || o.After(p.Steps()) != promised.Upper {
			t.Fatalf("%s: the odometer promises %v, the plan %v; %v", name, o.Promised(), promised.Upper, err)
		}
		before := 0.0
		for k := range p.Steps() + 1 {
			got := o.After(k)
			if got < before || got > promised.Upper {
				t.Fatalf("%s: step %d reads %v after %v", name, k, got, before)
			}
			before = got
		}
		for _, k := range []int{1, 16, p.Steps() / 2} {
			tight, err := accountant.EpsilonOf(p.EventAfter(k), s.Delta)
			if got := o.After(k); err != nil || got < tight.Upper*0.995 || got > max(tight.Upper*1.05, min(tight.Upper+0.05, 1.05)) {
				t.Errorf("%s: step %d reads %v, costs %v; %v", name, k, got, tight.Upper, err)
			}
		}
		if again := plain(t, p.Spec()); again.Epsilon() != promised || !slices.Equal(again.Events(), p.Events()) {
			t.Errorf("%s: the plan's own Spec makes another plan", name)
		}
	}
}
