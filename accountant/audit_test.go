package accountant

import (
	"math"
	"testing"
)

// TestAuditPublishedValues are those of the paper's implementation at 95 % confidence, to the digits given.
func TestAuditPublishedValues(t *testing.T) {
	for _, c := range []struct {
		m, r, v        int
		approx, simple float64 // at delta = 1e-5 and 0
	}{
		{1000, 100, 100, 3.465, 3.493}, {1000, 400, 399, 4.412, 4.427}, {1000, 800, 760, 2.672, 2.673},
		{1000, 1000, 1000, 5.782, 5.809}, {5000, 1000, 999, 5.267, 5.348}, {100, 50, 50, 2.782, 2.785},
	} {
		for delta, want := range map[float64]float64{1e-5: c.approx, 0: c.simple} {
			got, err := AuditLowerBound(c.m, c.r, c.v, delta, 0.95)
			if err != nil || math.Abs(got-want) > 6e-4 {
				t.Errorf("m, r, v = %d, %d, %d at delta %v: %v, want %v; %v", c.m, c.r, c.v, delta, got, want, err)
			}
		}
	}
}

func TestAuditIsRefutationOnly(t *testing.T) {
	for _, v := range []int{0, 300, 500, 520} { // no better than guessing
		if got, err := AuditLowerBound(1000, 1000, v, 1e-5, 0.95); got != 0 || err != nil {
			t.Errorf("%d of 1000 right: %v, %v", v, got, err)
		}
	}
	if got, err := AuditLowerBound(1000, 0, 0, 1e-5, 0.95); got != 0 || err != nil {
		t.Errorf("no guess: %v, %v", got, err)
	}
	// At the bound itself the observation is not yet refuted; a little above it no longer at all.
	got, _ := AuditLowerBound(1000, 200, 190, 1e-5, 0.95)
	if below, above := auditPValue(1000, 200, 190, 1e-5, got), auditPValue(1000, 200, 190, 1e-5, got+1e-6); below > 0.05 || above < 0.05-1e-6 {
		t.Errorf("p-values %v and %v around %v", below, above, got)
	}
	stricter, _ := AuditLowerBound(1000, 200, 190, 1e-5, 0.99)
	if !(stricter < got) {
		t.Errorf("at 99 %%: %v, at 95 %%: %v", stricter, got)
	}
}

func TestAuditRejects(t *testing.T) {
	for _, c := range [][3]int{{0, 0, 0}, {10, 11, 1}, {10, 5, 6}, {10, -1, 0}, {10, 5, -1}} {
		if got, err := AuditLowerBound(c[0], c[1], c[2], 1e-5, 0.95); err == nil {
			t.Errorf("%v gives %v", c, got)
		}
	}
	for _, c := range [][2]float64{{-1, 0.95}, {math.NaN(), 0.95}, {0, 0}, {0, 1}, {0, math.NaN()}} {
		if got, err := AuditLowerBound(10, 5, 5, c[0], c[1]); err == nil {
			t.Errorf("%v gives %v", c, got)
		}
	}
}
