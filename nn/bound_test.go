package nn

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"cloister/clip"
)

// Privacy rests on these: what one record adds to the computed sum stays within its bound, whatever its gradient is.

// gradients are adversarial: all magnitudes that float32 has, alone and mixed, and what is no number.
var gradients = map[string]func(rng *rand.Rand) float32{
	"ordinary":      func(rng *rand.Rand) float32 { return float32(rng.NormFloat64()) },
	"equal":         func(rng *rand.Rand) float32 { return 1.0 / 3 },
	"huge":          func(rng *rand.Rand) float32 { return math.MaxFloat32 * float32(2*rng.Float64()-1) },
	"largest":       func(rng *rand.Rand) float32 { return math.MaxFloat32 },
	"tiny":          func(rng *rand.Rand) float32 { return float32(1e-19 * rng.NormFloat64()) },
	"at the floor":  func(rng *rand.Rand) float32 { return float32(3e-19 * rng.Float64()) },
	"denormal":      func(rng *rand.Rand) float32 { return float32(1e-41 * rng.NormFloat64()) },
	"smallest":      func(rng *rand.Rand) float32 { return math.SmallestNonzeroFloat32 },
	"any magnitude": func(rng *rand.Rand) float32 { return float32(math.Pow(10, 83*rng.Float64()-45)) },
	"one large": func(rng *rand.Rand) float32 {
		if rng.IntN(20) == 0 {
			return 1e20
		}
		return float32(1e-20 * rng.NormFloat64())
	},
	"with NaN":       poisoned(float32(math.NaN())),
	"with infinity":  poisoned(float32(math.Inf(1))),
	"with -infinity": poisoned(float32(math.Inf(-1))),
	"zero":           func(*rand.Rand) float32 { return 0 },
}

func poisoned(bad float32) func(*rand.Rand) float32 {
	return func(rng *rand.Rand) float32 {
		if rng.IntN(10) == 0 {
			return bad
		}
		return float32(rng.NormFloat64())
	}
}

func TestAdversarialGradientsStayWithinTheBound(t *testing.T) {
	m := testModels[2]
	for _, rule := range testRules {
		c, err := NewClipper(m, rule)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(23, 24))
		bounds, sum := make([]float64, c.Groups()), c.newSum()
		for name, next := range gradients {
			for _, bound := range []float64{1e-12, 1e-6, 0.3, 1, 1e6, 1e12} {
				for g := range bounds {
					bounds[g] = bound
				}
				clear(sum.Gradient)
				for i := range c.grad {
					c.grad[i] = next(rng)
				}
				GroupNorms(c.norms, c.tensors, rule, c.grad)
				c.addClipped(&sum, bounds, bounds)
				t.Run(name, func(t *testing.T) { checkWithin(t, m, rule, sum, bounds) })
				checkKept(t, name, c, sum, bound)
			}
		}
	}
}

// checkKept insists that a sound gradient is not lost: clipped, it reaches its bound to float32's precision.
func checkKept(t *testing.T, name string, c *Clipper, sum ClippedSum, bound float64) {
	t.Helper()
	got := make([]float64, c.Groups())
	for i, tensor := range c.tensors {
		for _, v := range sum.Gradient[tensor.Offset:][:tensor.Len] {
			got[c.rule.Group(i)] += v * v
		}
	}
	for g, norm := range c.norms {
		want := norm * c.rule.Factor(norm, bound)
		if math.IsInf(norm, 1) {
			want = 0
		}
		if math.Abs(math.Sqrt(got[g])-want) > 1e-6*want+1e-36 {
			t.Errorf("%s, %v: group %d of norm %v contributes %v, want %v of bound %v", name, c.rule, g, norm, math.Sqrt(got[g]), want, bound)
		}
	}
}

// Adding one record to any others, at any place, moves the computed sum by at most the sensitivity and its rounding.
func TestNeighbouringSumsDifferByAtMostTheSensitivity(t *testing.T) {
	m := testModels[1]
	for _, rule := range testRules {
		rng := rand.New(rand.NewPCG(25, 26))
		c, _ := NewClipper(m, rule)
		points := [][]float32{randomParams(m, rng)}
		bounds := make([]float64, c.Groups())
		for g := range bounds {
			bounds[g] = 0.01 + rng.Float64()
		}
		sensitivity := clip.Sensitivity(bounds)
		const n = 60
		all := randomSamples(m, n, 100, rng)
		whole, err := c.Sum(points, nil, all, bounds, nil)
		if err != nil {
			t.Fatal(err)
		}
		if norm := vectorNorm(whole.Gradient); norm > n*sensitivity {
			t.Errorf("%v: %d records sum to norm %v, each may add %v", rule, n, norm, sensitivity)
		}
		for removed := range n {
			rest := Samples{Count: n - 1, At: func(i int, x []float32) int {
				if i >= removed {
					i++
				}
				return all.At(i, x)
			}}
			without, err := c.Sum(points, nil, rest, bounds, nil)
			if err != nil {
				t.Fatal(err)
			}
			difference := make([]float64, len(whole.Gradient))
			for j := range difference {
				difference[j] = whole.Gradient[j] - without.Gradient[j]
			}
			if norm := vectorNorm(difference); !(norm <= sensitivity*(1+SumRounding(n))) {
				t.Errorf("%v: record %d moves the sum by %v, the sensitivity is %v", rule, removed, norm, sensitivity)
			}
			for g := range bounds {
				if d := math.Abs(whole.Counts[g] - without.Counts[g]); d != 0.5 {
					t.Errorf("%v: record %d moves count %d by %v", rule, removed, g, d)
				}
			}
		}
	}
}

func vectorNorm(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}

// Coefficients reach where inputs do not: gradients of any size, overflowing ones included, are clipped after combining.
func TestCombinedGradientsStayWithinTheBound(t *testing.T) {
	m := testModels[1]
	for _, rule := range testRules {
		rng := rand.New(rand.NewPCG(27, 28))
		c, _ := NewClipper(m, rule)
		points := [][]float32{randomParams(m, rng), randomParams(m, rng)}
		bounds := make([]float64, c.Groups())
		for g := range bounds {
			bounds[g] = 0.1
		}
		for _, coefficients := range [][]float64{{1, -1}, {1e-19, 1e-19}, {1e-30, 0}, {1e-44, 1e-44}, {1e38, 1e38}, {3e38, -3e38}, {1e300, 1}, {-5, 1e-9}} {
			for range 10 {
				s := randomSamples(m, 1, 10, rng)
				sum, err := c.Sum(points, coefficients, s, bounds, nil)
				if err != nil {
					t.Fatal(err)
				}
				checkWithin(t, m, rule, sum, bounds)
			}
		}
	}
}

// In two passes a factor of bound/norm keeps the bound too, and a gradient that is not finite is left out by any factor.
func TestTwoPassesKeepTheBound(t *testing.T) {
	m := testModels[1]
	for _, rule := range testRules {
		rng := rand.New(rand.NewPCG(29, 30))
		c, _ := NewClipper(m, rule)
		points := [][]float32{randomParams(m, rng)}
		bounds, factors := make([]float64, c.Groups()), make([]float32, c.Groups())
		for _, scale := range []float64{1e-3, 1, 1e6, 1e25, 3e38} {
			s := randomSamples(m, 1, scale, rng)
			norms, err := c.Norms(points, nil, s)
			if err != nil {
				t.Fatal(err)
			}
			for g, norm := range norms {
				if float64(norm) < c.norms[g] {
					t.Errorf("norm %v of a gradient whose norm is %v", norm, c.norms[g])
				}
				bounds[g] = math.Pow(10, 3*rng.Float64()-2)
				factors[g] = float32(bounds[g] / float64(norm))
			}
			sum, err := c.Accumulate(points, nil, s, factors)
			if err != nil {
				t.Fatal(err)
			}
			checkWithin(t, m, rule, sum, bounds)
		}
		broken := randomInput(m, rng)
		broken[0] = float32(math.NaN())
		for g := range factors {
			factors[g] = 1
		}
		sum, err := c.Accumulate(points, nil, samplesOf([][]float32{broken}, []int{0}), factors)
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range sum.Gradient {
			if v != 0 {
				t.Fatalf("%v: coordinate %d of a broken record adds %v", rule, j, v)
			}
		}
	}
}

// Against exact arithmetic: the norm of as many coordinates as a large model has falls short by less than the margin says.
func TestNormsAreExactEnough(t *testing.T) {
	const n = 1 << 18
	rng := rand.New(rand.NewPCG(31, 32))
	for _, name := range []string{"ordinary", "equal", "any magnitude", "one large", "denormal", "largest"} {
		grad, exact := make([]float32, n), new(big.Float).SetPrec(1200)
		for i := range grad {
			grad[i] = gradients[name](rng)
			v := new(big.Float).SetPrec(1200).SetFloat64(float64(grad[i]))
			exact.Add(exact, v.Mul(v, v))
		}
		norm := make([]float64, 1)
		GroupNorms(norm, []Tensor{{Len: n}}, clip.Rule{}, grad)
		want, _ := exact.Sqrt(exact).Float64()
		if math.Abs(norm[0]-want) > want*n/(1<<54) {
			t.Errorf("%s: norm %v, exactly %v", name, norm[0], want)
		}
	}
}

func TestNoRecordsSumToZero(t *testing.T) {
	m := testModels[0]
	c, _ := NewClipper(m, clip.Rule{})
	s, err := c.Sum([][]float32{make([]float32, m.NumParams())}, nil, Samples{}, []float64{1}, nil)
	if err != nil || vectorNorm(s.Gradient) != 0 || s.Counts[0] != 0 || s.Loss != 0 || len(s.Gradient) != m.NumParams() {
		t.Errorf("an empty sample sums to %v, error %v", s, err)
	}
}

// A step allocates its result, and nothing for each record.
func TestRecordsAllocateNothing(t *testing.T) {
	m := testModels[2]
	rng := rand.New(rand.NewPCG(33, 34))
	c, _ := NewClipper(m, clip.Rule{Grouping: clip.PerLayer})
	points, bounds := [][]float32{randomParams(m, rng), randomParams(m, rng)}, []float64{1, 1, 1, 1, 1, 1}
	allocations := func(records int) float64 {
		s := randomSamples(m, records, 1, rng)
		return testing.AllocsPerRun(5, func() { c.Sum(points, []float64{1, -1}, s, bounds, nil) })
	}
	if few, many := allocations(1), allocations(20); few != many {
		t.Errorf("%v allocations for 1 record, %v for 20", few, many)
	}
}
