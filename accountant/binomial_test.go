package accountant

import (
	"math"
	"testing"
)

// tailByRatios is the tail from the ratios of neighbouring terms alone: their sum over all k is 1, whatever the largest
// term is.
func tailByRatios(n int, p float64, k int) float64 {
	mode := int(float64(n+1) * p)
	odds := p / (1 - p)
	all, tail := 0.0, 0.0
	add := func(j int, term float64) {
		all += term
		if j >= k {
			tail += term
		}
	}
	for j, term := mode, 1.0; j <= n && term > 1e-300; j++ {
		add(j, term)
		term *= float64(n-j) / float64(j+1) * odds
	}
	for j, term := mode, 1.0; j > 0 && term > 1e-300; {
		term *= float64(j) / float64(n-j+1) / odds
		j--
		add(j, term)
	}
	return tail / all
}

// The incomplete beta function was off by 2.5e-7 at 1e8 records, above the margin that was kept for it.
func TestBinomialTail(t *testing.T) {
	for _, n := range []int{1, 2, 17, 300, 60_000, 5_000_000, 100_000_000, 1_000_000_000, 1 << 40} {
		for _, p := range []float64{1e-7, 1e-4, 0.004, 0.3, 0.5, 0.97} {
			mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
			if deviation > 60_000 {
				continue // the test would take too long
			}
			for _, z := range []float64{-6, -1, 0, 0.5, 2, 8, 12, 25} {
				k := int(math.Ceil(mean + z*deviation))
				if k < 0 || k > n {
					continue
				}
				want := tailByRatios(n, p, k)
				if got := binomialTail(n, p, k); math.Abs(got-want) > 1e-10*want+1e-290 {
					t.Errorf("Pr[Bin(%d, %v) >= %d] = %g, want %g (%.2g)", n, p, k, got, want, got/want-1)
				}
			}
		}
	}
	for _, c := range []struct {
		n    int
		p    float64
		k    int
		want float64
	}{{10, 0, 1, 0}, {10, 1, 10, 1}, {10, 0.5, 0, 1}, {10, 0.5, 11, 0}, {3, 0.5, 3, 0.125}, {3, 0.5, 1, 0.875}} {
		if got := binomialTail(c.n, c.p, c.k); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("Pr[Bin(%d, %v) >= %d] = %v, want %v", c.n, c.p, c.k, got, c.want)
		}
	}
}

// What is charged for a cap is not below the probability that it is exceeded, up to the largest data sets taken.
func TestTruncatedPoissonOfManyRecords(t *testing.T) {
	for _, n := range []int{60_000, 100_000_000, 3_000_000_000} {
		rate := 2000 / float64(n)
		e := TruncatedPoisson{1, rate, n, 2300}
		r, err := reduced(e)
		if err != nil {
			t.Fatal(err)
		}
		if want := tailByRatios(n, rate, 2301); r.coupling < want || r.coupling > want*(1+2e-9) {
			t.Errorf("%d records: %g is charged for a probability of %g", n, r.coupling, want)
		}
	}
	for _, e := range []TruncatedPoisson{{1, 0.1, 1<<40 + 1, 5}, {1, 0.1, 0, 5}, {1, 0.1, 10, -1}} {
		if _, err := EpsilonOf(e, 1e-5); err == nil || !math.IsNaN(e.Overflow()) {
			t.Errorf("%+v is accepted", e)
		}
	}
}
