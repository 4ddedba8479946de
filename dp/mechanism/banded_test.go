package mechanism

import (
	"math"
	"strings"
	"testing"

	"cloister/dp"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/optimize"
)

// No other optimiser finds a better strategy with as many bands, for constant rates and for those of a schedule.
func TestStrategyNearOptimal(t *testing.T) {
	const steps = 300
	for _, c := range []struct {
		bands    int
		momentum float64
		rates    []float64
	}{{2, 0, constantCurve(steps)}, {8, 0, constantCurve(steps)}, {8, 0.9, constantCurve(steps)}, {7, 0.9, cosineRates(steps, 60)}} {
		it := &iterates{rates: c.rates, momentum: c.momentum}
		cost := func(x []float64) float64 {
			if !(x[0] > 0.05*math.Sqrt(dot(x, x))) {
				return math.Inf(1)
			}
			return math.Log(it.strategyError(x, nil))
		}
		ours, noise := it.bestStrategy(c.bands)
		if len(ours) != c.bands || math.Abs(noise/it.strategyError(ours, nil)-1) > 1e-9 || math.Sqrt(dot(ours, ours)) > 1 {
			t.Errorf("%d bands: strategy %v is said to have noise %v", c.bands, ours, noise)
		}
		r, err := optimize.Minimize(optimize.Problem{Func: cost}, squareRoot(c.bands, c.momentum), &optimize.Settings{MajorIterations: 4000}, &optimize.NelderMead{})
		if err != nil && r == nil {
			t.Fatal(err)
		}
		at, none := cost(ours), cost([]float64{1})
		if math.Sqrt(math.Exp(at-r.F)) > 1.001 || at >= none {
			t.Errorf("%d bands, momentum %v: error %.4f times the best found, %.4f times that of independent noise",
				c.bands, c.momentum, math.Sqrt(math.Exp(at-r.F)), math.Sqrt(math.Exp(at-none)))
		}
	}
}

// The gradient of the error's logarithm against finite differences, in a run that samples its steps too.
func TestStrategyGradient(t *testing.T) {
	for _, steps := range []int{40, 2000} {
		it := &iterates{rates: cosineRates(steps, steps/5), momentum: 0.8}
		c := squareRoot(5, 0.3)
		got := make([]float64, len(c))
		it.strategyError(c, got)
		want := fd.Gradient(nil, func(x []float64) float64 { return math.Log(it.strategyError(x, nil)) }, c, &fd.Settings{Formula: fd.Central})
		for j := range got {
			if math.Abs(got[j]-want[j]) > 1e-6*(1+math.Abs(want[j])) {
				t.Errorf("%d steps: derivative %d is %v, want %v", steps, j, got[j], want[j])
			}
		}
	}
}

// In the benchmark's fixed setting the noise that bandmf leaves in the last iterate is that of the best strategies known (see
// TestGeometricIsNearTheBest), its bands need be no power of two, and as many are chosen as are best, or as memory holds.
func TestBandedIsTheBest(t *testing.T) {
	skipShort(t)
	s := fixedSetting()
	b := builderOf(s)
	for bands, best := range map[int]float64{8: 4.54e-5, 32: 3.63e-5, 78: 3.48e-5} {
		z, err := b.multiplier(bands)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := b.iterates().bestStrategy(bands)
		if got := z / b.BatchSize * b.iterates().lastError(c) / b.iterates().signal(); !(math.Abs(got/best-1) < 0.01) {
			t.Errorf("%d bands: error %.4g of the signal, the best known %.4g", bands, got, best)
		}
	}
	d, err := New("bandmf", nil, s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := dp.NewPlan(d.Spec)
	if err != nil {
		t.Fatal(err)
	}
	got := p.NoiseMultiplier(0) / b.BatchSize * b.iterates().lastError(d.Spec.Strategy) / b.iterates().signal()
	t.Logf("%d bands, noise multiplier %.4f, error %.4g", len(d.Spec.Strategy), p.NoiseMultiplier(0), got)
	if got > 1.01*3.48e-5 {
		t.Errorf("%d bands were chosen, of error %.4g", len(d.Spec.Strategy), got)
	}
	s.Tensors = []int{1 << 20}
	if d, err = New("bandmf", nil, s); err != nil || (len(d.Spec.Strategy)-1)*8<<20 > maxHistory || len(d.Spec.Strategy) < 8 {
		t.Errorf("%d bands of %d numbers are not the most that 128 MB hold (%v)", len(d.Spec.Strategy), 1<<20, err)
	}
	if _, err = New("bandmf", map[string]float64{"bands": 40}, s); err == nil || !strings.Contains(err.Error(), "at most 17") {
		t.Errorf("40 bands of %d numbers: %v", 1<<20, err)
	}
}

// lastError is the root of the squared error that noise of multiplier 1 leaves in the last iterate.
func (it *iterates) lastError(c []float64) float64 {
	one := make([]float64, len(it.rates))
	one[0] = 1
	last, _ := it.noise(it.response(divide(one, c)), nil)
	return math.Sqrt(last)
}

func BenchmarkBestBands(b *testing.B) {
	for _, name := range []string{"bandmf", "cloister"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := New(name, nil, fixedSetting()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
