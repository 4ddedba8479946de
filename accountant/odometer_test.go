package accountant

import (
	"math"
	"testing"
)

func TestOdometer(t *testing.T) {
	for name, schedule := range map[string][]Segment{
		"constant":  {{0.9, 0.01, 3000}},
		"schedule":  {{1.4, 0.01, 400}, {1, 0.01, 800}, {0.7, 0.02, 100}, {20, 1, 3}},
		"idle":      {{1, 0, 10}, {1, 0.02, 50}, {1, 0.02, 0}, {0.8, 0.02, 50}},
		"full":      {{30, 1, 100}},
		"one":       {{0.8, 0.1, 1}},
		"no noise":  {{1, 0.1, 5}, {0, 0.1, 1}},
		"no record": {{1, 0, 20}},
	} {
		t.Run(name, func(t *testing.T) {
			const delta = 1e-5
			o, err := NewOdometer(schedule, delta)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := Epsilon(schedule, delta)
			if err != nil || o.Planned() != whole || o.Steps() != TotalSteps(schedule) {
				t.Fatalf("planned %+v over %d steps, want %+v; %v", o.Planned(), o.Steps(), whole, err)
			}
			before := 0.0
			for k := range o.Steps() + 1 {
				got, err := o.After(k)
				if err != nil || math.IsNaN(got) || got < before {
					t.Fatalf("step %d: %v after %v; %v", k, got, before, err)
				}
				before = got
				if k%137 == 1 || k == o.Steps() {
					checkReading(t, o, k, got)
				}
			}
			if before != whole.Upper {
				t.Errorf("ends at %v, want %v", before, whole.Upper)
			}
			for _, k := range []int{-1, o.Steps() + 1} {
				if _, err := o.After(k); err == nil {
					t.Errorf("step %d is answered", k)
				}
			}
		})
	}
}

// checkReading compares with the tight bounds of the steps done: never below the truth, and not far above.
func checkReading(t *testing.T, o *Odometer, k int, got float64) {
	t.Helper()
	b, err := Epsilon(o.prefix(k), o.delta)
	if err != nil {
		t.Fatal(err)
	}
	if got < b.Lower {
		t.Errorf("step %d reads %v, spent at least %v", k, got, b.Lower)
	}
	if got > b.RDP*1.05 && got > o.planned.Upper {
		t.Errorf("step %d reads %v, Renyi accounting says %v", k, got, b.RDP)
	}
}

// The odometer may be read at any step, in any order.
func TestOdometerOutOfOrder(t *testing.T) {
	schedule := []Segment{{1, 0.01, 100}, {0.8, 0.02, 100}}
	inOrder, _ := NewOdometer(schedule, 1e-6)
	jumping, _ := NewOdometer(schedule, 1e-6)
	last, _ := jumping.After(150)
	for k := range 151 {
		got, err := inOrder.After(k)
		if k == 150 && (got != last || err != nil) {
			t.Errorf("after 150 steps %v in order, %v at once; %v", got, last, err)
		}
	}
}

func TestRenyiFilter(t *testing.T) {
	const epsilon, delta = 3.0, 1e-5
	typical := Segment{1, 0.01, 1}
	f, err := NewRenyiFilter(epsilon, delta, typical)
	if err != nil {
		t.Fatal(err)
	}
	n, err := f.StepsLeft(1, 0.01)
	if err != nil || n < 1000 {
		t.Fatalf("%d steps; %v", n, err)
	}
	// Used up by the typical step, the filter is as good as Renyi accounting of that many steps.
	if v, _, err := EpsilonRDP([]Segment{{1, 0.01, n}}, delta); err != nil || v > epsilon || v < 0.999*epsilon {
		t.Errorf("%d steps spend %v; %v", n, v, err)
	}
	// Spent adaptively, whatever is admitted stays within the budget even when known beforehand.
	var ran []Segment
	for i := 0; ; i++ {
		s := Segment{1 + 0.1*float64(i%9), 0.005 * float64(1+i%4), 100 + 10*i}
		left := f.Left()
		if err := f.Admit([]Segment{s}); err != nil {
			if f.Left() != left {
				t.Error("a refusal was charged")
			}
			break
		}
		ran = append(ran, s)
	}
	if b, err := Epsilon(ran, delta); err != nil || len(ran) < 5 || b.RDP > epsilon || b.Upper > epsilon {
		t.Errorf("%d runs admitted, together %+v; %v", len(ran), b, err)
	}
	if err := f.Admit([]Segment{{-1, 0.1, 1}}); err == nil {
		t.Error("a bad segment is admitted")
	}
	if err := f.Admit([]Segment{{0, 0.1, 1}}); err == nil {
		t.Error("a step without noise is admitted")
	}
	for _, bad := range [][2]float64{{0, 1e-5}, {1, 0}, {1e-9, 1e-9}, {math.NaN(), 0.1}} {
		if _, err := NewRenyiFilter(bad[0], bad[1], Segment{}); err == nil {
			t.Errorf("a filter for %v", bad)
		}
	}
}
