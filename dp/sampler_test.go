package dp

import (
	"math"
	"testing"
)

// Every record's inclusion count over many draws is binomial(draws, q). The sum of squared standard scores over records
// is chi-square with n degrees of freedom; the false-alarm rate is 1e-6 (|z| > 4.9) for each rate, somewhat more for the
// smallest, whose totals are Poisson with means 12 and 48.
func TestPoissonInclusion(t *testing.T) {
	const n, draws = 1003, 4000 // not a multiple of 4
	for _, q := range []float64{3e-6, 1.2e-5, 1e-3, 256.0 / 60000, 0.1, 1.0 / 3, 0.5, 0.999, 1 - 1e-12} {
		r, counts, total := testStream(7), make([]float64, n), 0.0
		var sample []int32
		for range draws {
			sample = poisson(r, newRate(q), n, sample[:0])
			for k, i := range sample {
				if k > 0 && sample[k-1] >= i || i < 0 || i >= n {
					t.Fatalf("q = %v: sample not ascending in range: %v", q, sample)
				}
				counts[i]++
			}
			total += float64(len(sample))
		}
		if q > 0.9999 {
			if total != n*draws {
				t.Errorf("q = %v: %v of %d", q, total, n*draws)
			}
			continue
		}
		variance := draws * q * (1 - q)
		chi := 0.0
		for _, c := range counts {
			chi += (c - draws*q) * (c - draws*q) / variance
		}
		// The score's fourth moment gives chi's own variance: n (2 + kurtosis excess of a binomial).
		sd := math.Sqrt(n * (2 + (1-6*q*(1-q))/variance))
		// Below 2^-16 only the total tells: were ties of the leading bits taken or lost, it would be far off.
		if z := (chi - n) / sd; math.Abs(z) > 4.9 && q > 1e-4 {
			t.Errorf("q = %v: dispersion of inclusion counts z = %.2f", q, z)
		}
		if z := (total - n*draws*q) / math.Sqrt(n*variance); math.Abs(z) > 4.9 {
			t.Errorf("q = %v: mean inclusion rate %.6f, z = %.2f", q, total/n/draws, z)
		}
	}
}

// Batch sizes are binomial(n, q), and neighbouring records, which share a random word, are in independently.
func TestPoissonIndependence(t *testing.T) {
	const n, draws, q = 400, 50_000, 0.07
	r := testStream(8)
	var sum, square, pairs [4]float64
	for range draws {
		s := poisson(r, newRate(q), n, nil)
		x := float64(len(s)) - n*q
		sum[0] += x
		square[0] += x * x
		in := map[int32]bool{}
		for _, i := range s {
			in[i] = true
		}
		for _, i := range s {
			for lag := range pairs {
				if lag > 0 && in[i+int32(lag)] {
					pairs[lag]++
				}
			}
		}
	}
	v := n * q * (1 - q)
	if z := sum[0] / math.Sqrt(draws*v); math.Abs(z) > 4.9 {
		t.Errorf("mean batch size z = %.2f", z)
	}
	if z := (square[0]/draws - v) / (v * math.Sqrt(2.0/draws)); math.Abs(z) > 4.9 {
		t.Errorf("batch size variance %.3f, want %.3f, z = %.2f", square[0]/draws, v, z)
	}
	for lag := 1; lag < 4; lag++ {
		// Joint inclusions of (i, i+lag): about binomial(draws (n - lag), q^2), a little over-dispersed by shared records.
		mean := draws * float64(n-lag) * q * q
		sd := math.Sqrt(mean * (1 - q*q + 2*q*(1-q)))
		if z := (pairs[lag] - mean) / sd; math.Abs(z) > 4.9 {
			t.Errorf("pairs at distance %d: %v, want %.0f, z = %.2f", lag, pairs[lag], mean, z)
		}
	}
}

func TestRateNeverAbove(t *testing.T) {
	for _, q := range []float64{math.SmallestNonzeroFloat64, 1e-20, 1e-9, 0.1, 0.3, 1 - 1e-16} {
		r := newRate(q)
		if got := float64(r.bits) / (1 << 32) / (1 << 32); got > q {
			t.Errorf("rate %v became %v", q, got)
		}
	}
	if len(poisson(testStream(1), newRate(1), 10, nil)) != 10 || len(poisson(testStream(1), newRate(1e-30), 1000, nil)) != 0 {
		t.Error("rates 1 and 0 are not sure")
	}
}

// Cyclic Poisson: groups partition the records evenly at random, and a record is only seen in its own group's steps.
func TestCyclicPoisson(t *testing.T) {
	p := &Plan{spec: Spec{N: 6000, Rate: 0.05, Steps: 400, Strategy: []float64{0.8, 0.4, 0.3, 0.2}}}
	r := testStream(3)
	s := newSampler(p, nil, r)
	seen, chi := map[int32]int{}, 0.0
	for g, group := range s.groups {
		chi += math.Pow(float64(len(group))-1500, 2) / 1500
		for _, i := range group {
			if _, twice := seen[i]; twice {
				t.Fatalf("record %d assigned twice", i)
			}
			seen[i] = g
		}
	}
	if len(seen) != 6000 || chi > 30 { // chi-square with 3 degrees of freedom exceeds 30 with probability 1.4e-6
		t.Errorf("%d records assigned, chi-square %.1f", len(seen), chi)
	}
	total := 0.0
	for step := range 400 {
		for _, i := range s.draw(r, step) {
			total++
			if seen[i] != step%4 {
				t.Fatalf("step %d sampled a record of group %d", step, seen[i])
			}
		}
	}
	want := 400 * 0.05 * 6000.0
	if z := (total - want) / math.Sqrt(want*0.8); math.Abs(z) > 4.9 {
		t.Errorf("%v inclusions, want %v, z = %.2f", total, want, z)
	}
}

func BenchmarkPoisson60000(b *testing.B) {
	r, q := testStream(1), newRate(256.0/60000)
	var s []int32
	b.ReportAllocs()
	for b.Loop() {
		s = poisson(r, q, 60000, s[:0])
	}
}
