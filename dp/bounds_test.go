package dp

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/accountant"
	"cloister/dp/ledger"
)

// cellsOf puts whole units into the cells of a grid of n thresholds 0, 1, 2 ...
func cellsOf(n int, values ...float64) []int64 {
	cells := make([]int64, 2*n+1)
	for _, v := range values {
		switch whole := math.Floor(v); {
		case v < 0:
			cells[0] += BoundsShare
		case v > float64(n-1):
			cells[2*n] += BoundsShare
		case v == whole:
			cells[2*int(v)+1] += BoundsShare
		default:
			cells[2*int(whole)+2] += BoundsShare
		}
	}
	return cells
}

// With hardly any noise the bounds are the last threshold that few values lie below and the first that few lie above, as found by trying all.
func TestBoundsAreThoseThatFewLieBeyond(t *testing.T) {
	r := testStream(1)
	const n = 63
	for trial := range 300 {
		values := make([]float64, 1+int(r.Uint64()%200))
		spread := uint64(1 + trial%70)
		for i := range values {
			values[i] = float64(r.Uint64()%spread) - 3
			if r.Uint64()%2 == 0 {
				values[i] += 0.5
			}
		}
		q := &BoundsQuery{Thresholds: n, Units: len(values), Sigma: 1e-6, Few: float64(len(values))/10 + 0.25}
		low, high := q.search(cellsOf(n, values...), r)
		wantLow, wantHigh := 0, n-1
		for i := range n {
			below, above := 0, 0
			for _, v := range values {
				if v < float64(i) {
					below++
				}
				if v > float64(i) {
					above++
				}
			}
			if float64(below) <= q.Few {
				wantLow = max(wantLow, i)
			}
			if float64(above) <= q.Few {
				wantHigh = min(wantHigh, i)
			}
		}
		wantLow = min(wantLow, n-2)
		wantHigh = max(wantHigh, wantLow+1)
		if low != wantLow || high != wantHigh {
			t.Fatalf("%v: bounds %d and %d, want %d and %d", values, low, high, wantLow, wantHigh)
		}
	}
}

// A count's noise is normal with the query's standard deviation, by the mean and the sum of squares of 3,000 at |z| > 4.9 (false alarms of 1e-6
// each), and lies on the release grid.
func TestBoundsNoise(t *testing.T) {
	const counts, sigma = 3000, 2.7
	q := &BoundsQuery{Thresholds: 3, Units: 5, Sigma: sigma}
	r := testStream(2)
	sum, squares := 0.0, 0.0
	for range counts {
		c := q.count([]int64{BoundsShare, BoundsShare / 2}, r)
		if g := gridStep(sigma); math.Abs(math.Remainder(c-2.5, g)) > 1e-9 {
			t.Fatalf("%v is not on a grid of %v", c, g)
		}
		x := (c - 1.5) / sigma
		sum, squares = sum+x, squares+x*x
	}
	if z := sum / math.Sqrt(counts); math.Abs(z) > 4.9 {
		t.Errorf("mean of the noise: z = %.2f", z)
	}
	if z := (squares - counts) / math.Sqrt(2*counts); math.Abs(z) > 4.9 {
		t.Errorf("variance of the noise: z = %.2f", z)
	}
}

// A unit more, anywhere in the grid, changes each count by 1/2 at most, as its noise multiplier 2 Sigma says.
func TestBoundsSensitivity(t *testing.T) {
	const n = 7
	exact := func(units int, cells []int64) float64 { // what is noised: the count without the public N/2
		sum := -float64(units) / 2
		for _, x := range cells {
			sum += float64(x) / BoundsShare
		}
		return sum
	}
	before := cellsOf(n, 1, 2.5, 2.5, 9)
	for _, v := range []float64{-1, 0, 0.5, 3, 5.5, 6, 100} {
		after := slices.Clone(before)
		for i, x := range cellsOf(n, v) {
			after[i] += x
		}
		for i := range n {
			for _, part := range [][2]int{{0, 2*i + 1}, {2*i + 2, 2*n + 1}} {
				change := exact(5, after[part[0]:part[1]]) - exact(4, before[part[0]:part[1]])
				if math.Abs(change) != 0.5 {
					t.Errorf("%v changes the count of cells %v by %v", v, part, change)
				}
			}
		}
	}
}

// All counts are charged before one is answered, for whom they protect, and cost what the accountant says of as many Gaussians; what
// cannot be charged is not answered.
func TestBoundsAreCharged(t *testing.T) {
	q, err := NewBoundsQuery(255, 5000, 0.5, 1e-6)
	if err != nil {
		t.Fatal(err)
	}
	if q.Counts() != 16 || q.Few < 3*q.Sigma || q.Few < 50 {
		t.Errorf("%+v asks %d times", q, q.Counts())
	}
	cells := make([]int64, 511)
	cells[300] = 5000 * BoundsShare
	l, err := ledger.Open(&ledger.MemoryStore{}, ledger.DataKey([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	low, high, err := q.Release(l, ledger.Run{Title: "bounds of age", Unit: UnitPerson}, cells)
	if err != nil || low > 149 || high < 150 || high-low > 3 {
		t.Errorf("bounds %d and %d of values between 149 and 150: %v", low, high, err)
	}
	runs := l.Runs()
	if len(runs) != 1 || runs[0].Unit != UnitPerson || runs[0].Charged != 16 || runs[0].Title != "bounds of age" || runs[0].NotPrivate != "" {
		t.Fatalf("the ledger holds %+v", runs)
	}
	got, err := l.Epsilon(1e-6)
	want, err2 := accountant.EpsilonOf(accountant.Repetition{Event: accountant.Gaussian{Sigma: 2 * q.Sigma}, Times: 16}, 1e-6)
	if err != nil || err2 != nil || math.Abs(got.Upper-want.Upper) > 1e-9 || !(got.Upper <= 0.5 && got.Upper > 0.49) {
		t.Errorf("charged %v, by hand %v, want just below 0.5: %v, %v", got.Upper, want.Upper, err, err2)
	}
	broken, err := ledger.Open(deaf{&ledger.MemoryStore{}}, ledger.DataKey([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	if low, high, err := q.Release(broken, ledger.Run{Title: "bounds of age"}, cells); err == nil || low != 0 || high != 0 {
		t.Errorf("a ledger that cannot be written gives %d, %d, %v", low, high, err)
	}
}

// deaf is a store that keeps nothing.
type deaf struct{ ledger.Store }

func (deaf) Append(string, int64, int64, []byte) error { return errors.New("the disk is full") }

func TestBoundsRefuse(t *testing.T) {
	for words, ask := range map[string]func() error{
		"2^k - 1":     func() error { _, err := NewBoundsQuery(6, 100, 1, 1e-6); return err },
		"epsilon":     func() error { _, err := NewBoundsQuery(7, 100, math.NaN(), 1e-6); return err },
		"less than 1": func() error { _, err := NewBoundsQuery(7, 100, 1, 0.01); return err },
		"too few":     func() error { _, err := NewBoundsQuery(255, 50, 0.1, 1e-6); return err },
		"units":       func() error { _, err := NewBoundsQuery(255, 0, 0.1, 1e-6); return err },
		"want 15": func() error {
			_, _, err := (&BoundsQuery{Thresholds: 7, Units: 1, Sigma: 1}).Release(nil, ledger.Run{}, make([]int64, 3))
			return err
		},
		"than 1 units": func() error {
			_, _, err := (&BoundsQuery{Thresholds: 1, Units: 1, Sigma: 1}).Release(nil, ledger.Run{}, []int64{1, BoundsShare, 0})
			return err
		},
		"than 2 units": func() error {
			_, _, err := (&BoundsQuery{Thresholds: 1, Units: 2, Sigma: 1}).Release(nil, ledger.Run{}, []int64{math.MaxInt64, math.MaxInt64, 3})
			return err
		},
		"ledger": func() error {
			_, _, err := (&BoundsQuery{Thresholds: 1, Units: 1, Sigma: 1}).Release(nil, ledger.Run{}, []int64{1, 0, 0})
			return err
		},
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want a refusal that says %q, got %v", words, err)
		}
	}
}
