package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"cloister/clip"
)

var testRules = []clip.Rule{
	{}, {Grouping: clip.PerLayer}, {Kind: clip.Normalise, Gamma: 0.01}, {Kind: clip.Normalise, Grouping: clip.PerLayer},
	{Kind: clip.PSAC, R: 0.1}, {Kind: clip.PSAC, R: 1, Grouping: clip.PerLayer},
}

func samplesOf(xs [][]float32, labels []int) Samples {
	return Samples{Count: len(xs), At: func(i int, x []float32) int { copy(x, xs[i]); return labels[i] }}
}

func randomSamples(m *Model, n int, scale float64, rng *rand.Rand) Samples {
	xs, labels := make([][]float32, n), make([]int, n)
	for i := range xs {
		xs[i], labels[i] = randomInput(m, rng), rng.IntN(m.Classes())
		for j := range xs[i] {
			xs[i][j] *= float32(scale)
		}
	}
	return samplesOf(xs, labels)
}

func one(m *Model, c *Clipper, params []float32, s Samples, i int, bounds []float64) ClippedSum {
	only := Samples{Count: 1, At: func(_ int, x []float32) int { return s.At(i, x) }}
	sum, err := c.Sum([][]float32{params}, nil, only, bounds, nil)
	if err != nil {
		panic(err)
	}
	return sum
}

func TestSumIsTheSumOfClippedGradients(t *testing.T) {
	for _, m := range testModels {
		for _, rule := range testRules {
			rng := rand.New(rand.NewPCG(11, 12))
			c, err := NewClipper(m, rule)
			if err != nil {
				t.Fatal(err)
			}
			params, s := randomParams(m, rng), randomSamples(m, 9, 1, rng)
			bounds := make([]float64, c.Groups())
			for g := range bounds {
				bounds[g] = 0.05 + 0.3*rng.Float64()
			}
			got, err := c.Sum([][]float32{params}, nil, s, bounds, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float64, m.NumParams())
			counts := make([]float64, c.Groups())
			r, _ := NewReference(m)
			x, grad := make([]float32, m.Input.Size()), make([]float32, m.NumParams())
			for i := range s.Count {
				r.Gradient(params, x, s.At(i, x), grad)
				squares := make([]float64, c.Groups())
				for k, tensor := range m.Tensors() {
					for _, v := range grad[tensor.Offset : tensor.Offset+tensor.Len] {
						squares[rule.Group(k)] += float64(v) * float64(v)
					}
				}
				for k, tensor := range m.Tensors() {
					g := rule.Group(k)
					for j := tensor.Offset; j < tensor.Offset+tensor.Len; j++ {
						want[j] += rule.Factor(math.Sqrt(squares[g]), bounds[g]) * float64(grad[j])
					}
				}
				for g, s := range squares {
					counts[g] -= 0.5
					if math.Sqrt(s) <= bounds[g] {
						counts[g]++
					}
				}
			}
			for j := range want {
				if math.Abs(got.Gradient[j]-want[j]) > 1e-5*math.Max(0.1, math.Abs(want[j])) {
					t.Fatalf("%s %v: coordinate %d is %v, want %v", m.Name, rule, j, got.Gradient[j], want[j])
				}
			}
			for g := range counts {
				if got.Counts[g] != counts[g] {
					t.Errorf("%s %v: count %d is %v, want %v", m.Name, rule, g, got.Counts[g], counts[g])
				}
			}
		}
	}
}

// Whatever the record, what it adds to a group of the computed sum has at most the group's bound as its norm.
func TestOneRecordStaysWithinTheBound(t *testing.T) {
	m := testModels[1] // ReLU: gradients grow with the input without limit
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, rule := range testRules {
		rng := rand.New(rand.NewPCG(13, 14))
		c, _ := NewClipper(m, rule)
		params := randomParams(m, rng)
		for _, size := range []float64{0, 1e-38, 1e-30, 1e-18, 1e-9, 1, 1e9, 1e18, 1e19, 3e38} {
			s := randomSamples(m, 20, size, rng)
			for i := range s.Count {
				bounds := make([]float64, c.Groups())
				for g := range bounds {
					bounds[g] = math.Pow(10, 6*rng.Float64()-4)
				}
				checkWithin(t, m, rule, one(m, c, params, s, i, bounds), bounds)
			}
		}
		poison := randomInput(m, rng)
		for _, bad := range []float32{nan, inf, -inf} {
			poison[3] = bad
			bounds := make([]float64, c.Groups())
			for g := range bounds {
				bounds[g] = 1
			}
			checkWithin(t, m, rule, one(m, c, params, samplesOf([][]float32{poison}, []int{1}), 0, bounds), bounds)
		}
	}
}

func checkWithin(t *testing.T, m *Model, rule clip.Rule, sum ClippedSum, bounds []float64) {
	t.Helper()
	squares := make([]float64, len(bounds))
	for k, tensor := range m.Tensors() {
		for _, v := range sum.Gradient[tensor.Offset : tensor.Offset+tensor.Len] {
			squares[rule.Group(k)] += v * v
		}
	}
	for g, s := range squares {
		if !(math.Sqrt(s) <= bounds[g]) {
			t.Errorf("%v: group %d contributes %.9g, bound %.9g", rule, g, math.Sqrt(s), bounds[g])
		}
	}
}

func TestTwoPassesGiveTheSum(t *testing.T) {
	m := testModels[2]
	rule := clip.Rule{Grouping: clip.PerLayer}
	rng := rand.New(rand.NewPCG(15, 16))
	c, _ := NewClipper(m, rule)
	params, s := randomParams(m, rng), randomSamples(m, 7, 1, rng)
	points, bounds := [][]float32{params}, []float64{.1, .1, .1, .1, .1, .1}
	want, err := c.Sum(points, nil, s, bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	norms, err := c.Norms(points, nil, s)
	if err != nil {
		t.Fatal(err)
	}
	factors := make([]float32, len(norms))
	for i, n := range norms {
		factors[i] = float32(rule.Factor(float64(n), bounds[i%len(bounds)]))
	}
	got, err := c.Accumulate(points, nil, s, factors)
	if err != nil {
		t.Fatal(err)
	}
	for j := range want.Gradient {
		if math.Abs(got.Gradient[j]-want.Gradient[j]) > 1e-6 {
			t.Fatalf("coordinate %d: %v in two passes, %v in one", j, got.Gradient[j], want.Gradient[j])
		}
	}
}

// Two points with coefficients 2 and -1 at the same parameters give the gradient itself, clipped once.
func TestPointsAreCombinedBeforeTheClip(t *testing.T) {
	m := testModels[0]
	rng := rand.New(rand.NewPCG(17, 18))
	c, _ := NewClipper(m, clip.Rule{})
	params, s := randomParams(m, rng), randomSamples(m, 5, 1, rng)
	want, _ := c.Sum([][]float32{params}, nil, s, []float64{0.2}, nil)
	got, err := c.Sum([][]float32{params, params}, []float64{2, -1}, s, []float64{0.2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for j := range want.Gradient {
		if math.Abs(got.Gradient[j]-want.Gradient[j]) > 1e-6 {
			t.Fatalf("coordinate %d: %v, want %v", j, got.Gradient[j], want.Gradient[j])
		}
	}
}

func TestBadSumsAreRefused(t *testing.T) {
	m := testModels[0]
	c, _ := NewClipper(m, clip.Rule{})
	rng := rand.New(rand.NewPCG(19, 20))
	params := randomParams(m, rng)
	bad := samplesOf([][]float32{randomInput(m, rng)}, []int{m.Classes()})
	if _, err := c.Sum([][]float32{params}, nil, bad, []float64{1}, nil); err == nil {
		t.Error("a label beyond the classes was accepted")
	}
	good := randomSamples(m, 2, 1, rng)
	for _, bounds := range [][]float64{{}, {1, 1}, {0}, {math.NaN()}, {math.Inf(1)}, {-1}} {
		if _, err := c.Sum([][]float32{params}, nil, good, bounds, nil); err == nil {
			t.Errorf("bounds %v were accepted", bounds)
		}
	}
	if _, err := c.Accumulate([][]float32{params}, nil, good, []float32{1}); err == nil {
		t.Error("too few factors were accepted")
	}
	for _, coefficients := range [][]float64{{}, {1, 1}} {
		if _, err := c.Sum([][]float32{params}, coefficients, good, []float64{1}, nil); err == nil {
			t.Errorf("coefficients %v were accepted for one point", coefficients)
		}
	}
	if _, err := c.Norms(nil, nil, good); err == nil {
		t.Error("norms at no point were accepted")
	}
	if _, err := NewClipper(m, clip.Rule{Kind: clip.PSAC}); err == nil {
		t.Error("PSAC without r was accepted")
	}
}
