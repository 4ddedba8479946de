package dp

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cloister/accountant"
	"cloister/clip"
	"cloister/dp/ledger"
)

// plain is a plan with stated noise and no say on epsilon.
func plain(t testing.TB, s Spec) *Plan {
	t.Helper()
	if s.Epsilon == 0 {
		s.Epsilon, s.Delta = 1e9, 1e-5
	}
	p, err := NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func memoryLedger(t testing.TB) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(&ledger.MemoryStore{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newTestEngine(t testing.TB, o Options) *Engine {
	t.Helper()
	if o.Ledger == nil {
		o.Ledger = memoryLedger(t)
	}
	e, err := NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// nothingFound is a compute side whose records all have zero gradients.
func nothingFound(dim, groups int) func(context.Context, Query) (Sums, error) {
	return func(_ context.Context, q Query) (Sums, error) {
		return Sums{Gradient: make([]float64, dim), Counts: make([]float64, groups), Records: len(q.Records)}, nil
	}
}

// blocks sets how many steps an engine's reservations cover.
func blocks(e *Engine, n int) *Engine {
	e.block = n
	return e
}

func seed(x uint64) *uint64 { return &x }

// The released noise is normal with standard deviation z (1 + rounding) C / (q N): shape by Kolmogorov-Smirnov and
// scale by the sum of squares, each with a false-alarm rate of 1e-6 a case. Sigma 1 alone would not tell a squared
// deviation from a right one, hence the spread.
func TestReleasedNoise(t *testing.T) {
	for i, c := range []struct{ z, bound, rounding, rate float64 }{{0.2385, 1, 0, 0.01}, {0.65, 3, 0, 0.1}, {1, 1, 0.01, 0.5}, {2.7, 0.01, 0, 0.1}, {40, 7, 0.25, 1}} {
		const dim, n, steps = 20_000, 1000, 5
		p := plain(t, Spec{N: n, Rate: c.rate, Steps: steps, NoiseMultiplier: c.z})
		e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, c.bound), Tensors: []int{dim}, Rounding: c.rounding, Seed: seed(uint64(i))})
		want := c.z * c.bound * (1 + c.rounding) / (c.rate * n)
		var scores []float64
		square := 0.0
		for range steps {
			r, err := e.Next(context.Background(), nil, nothingFound(dim, 1))
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(r.NoiseStd/want-1) > 1e-12 || math.Abs(r.NoiseStds[0]/want-1) > 1e-12 {
				t.Errorf("z = %v: states noise %v, want %v", c.z, r.NoiseStd, want)
			}
			for _, g := range r.Gradient {
				x := float64(g) / want
				scores, square = append(scores, x), square+x*x
			}
		}
		if p := ksNormal(scores); p < 1e-6 {
			t.Errorf("z = %v: Kolmogorov-Smirnov p = %g", c.z, p)
		}
		m := float64(len(scores))
		if score := (square - m) / math.Sqrt(2*m); math.Abs(score) > 4.9 {
			t.Errorf("z = %v: standard deviation off by a factor %.5f", c.z, math.Sqrt(square/m))
		}
	}
}

// Per-layer noise: with weights a the deviations are z a_g sqrt(sum (C_h/a_h)^2), so that bounds over deviations have
// length 1/z.
func TestAllocatedNoise(t *testing.T) {
	bounds, tensors := []float64{0.5, 2, 0.1}, []int{9000, 4000, 7000}
	for name, allocate := range map[string]func(b, w []float64){"equal": nil, "per layer": func(b, w []float64) { copy(w, b) }, "uneven": func(_, w []float64) { copy(w, []float64{3, 0.1, 1}) }} {
		const z, steps = 0.8, 6
		policy := fixedPolicy(clip.Rule{Grouping: clip.PerLayer}, bounds...)
		policy.allocate = allocate
		e := newTestEngine(t, Options{Plan: plain(t, Spec{N: 100, Rate: 0.5, Steps: steps, NoiseMultiplier: z}), Policy: policy, Tensors: tensors, Seed: seed(4)})
		squares := make([]float64, 3)
		for range steps {
			r, err := e.Next(context.Background(), nil, nothingFound(20_000, 3))
			if err != nil {
				t.Fatal(err)
			}
			from := 0
			for g, n := range tensors {
				for _, x := range r.Gradient[from : from+n] {
					squares[g] += float64(x) * float64(x)
				}
				from += n
			}
		}
		budget := 0.0
		for g, n := range tensors {
			std := 50 * math.Sqrt(squares[g]/float64(n*steps)) // qN = 50
			budget += bounds[g] * bounds[g] / (std * std)
		}
		// Relative standard error of the budget at most sqrt(2/(4000*6)) = 0.9 %; five of them.
		if got := 1 / math.Sqrt(budget); math.Abs(got/z-1) > 0.025 {
			t.Errorf("%s: measured noise multiplier %.4f, want %v", name, got, z)
		}
	}
}

// The mean divides by the constant q N, never by how many records the sample held, and is exact but for its noise.
func TestDividesByExpectedBatch(t *testing.T) {
	const n, rate, z = 5000, 0.02, 1e-3
	e := newTestEngine(t, Options{Plan: plain(t, Spec{N: n, Rate: rate, Steps: 20, NoiseMultiplier: z, NonPrivate: false}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Seed: seed(1)})
	sizes := map[int]bool{}
	for range 20 {
		var size int
		r, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
			size = len(q.Records)
			return Sums{Gradient: []float64{float64(size), 0}, Records: size}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sizes[size] = true
		if want := float64(size) / (n * rate); math.Abs(float64(r.Gradient[0])-want) > 6*r.NoiseStd+1e-6 {
			t.Errorf("batch of %d released as %v, want %v", size, r.Gradient[0], want)
		}
	}
	if len(sizes) < 5 {
		t.Errorf("only %d batch sizes in 20 steps: not Poisson", len(sizes))
	}
}

// Noised counts: fraction of q N within the bound, noise sigma_b/(q N), and the gradient's noise grown so that the pair
// costs the plan's multiplier.
func TestCounts(t *testing.T) {
	const n, rate, z, sigma, steps, groups = 1000, 0.2, 0.9, 10.0, 3000, 2
	p := plain(t, Spec{N: n, Rate: rate, Steps: steps, NoiseMultiplier: z, Counts: CountQueries{Groups: groups, Sigma: sigma}})
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{Grouping: clip.PerLayer}, 1, 1), Tensors: []int{1, 1}, Seed: seed(1)})
	var sum, square float64
	for range steps {
		var true0 float64
		r, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
			true0 = float64(len(q.Records)) / 2
			return Sums{Gradient: make([]float64, 2), Counts: []float64{true0, -true0}, Records: len(q.Records)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for g, sign := range []float64{1, -1} {
			x := (r.Counts[g]-0.5)*n*rate - sign*true0
			sum, square = sum+x, square+x*x
		}
		if want := 1 / math.Sqrt(1/z/z-groups/4.0/sigma/sigma) * math.Sqrt2 / (n * rate); math.Abs(r.NoiseStd/want-1) > 1e-12 {
			t.Fatalf("gradient noise %v, want %v", r.NoiseStd, want)
		}
	}
	m := float64(groups * steps)
	if score := (square/sigma/sigma - m) / math.Sqrt(2*m); math.Abs(score) > 4.9 {
		t.Errorf("count noise off by a factor %.4f", math.Sqrt(square/m)/sigma)
	}
	if score := sum / sigma / math.Sqrt(m); math.Abs(score) > 4.9 {
		t.Errorf("count noise has mean %v", sum/m)
	}
}

// Banded noise: the strategy applied to what was released is white noise again, and the stated deviation is true.
func TestCorrelatedNoise(t *testing.T) {
	for name, c := range map[string][]float64{"any": testStrategy(5), "geometric": geometric(7, 0.8)} {
		t.Run(name, func(t *testing.T) { testCorrelatedNoise(t, c) })
	}
}

// geometric is a strategy of unit norm whose coefficients fall by a ratio.
func geometric(bands int, ratio float64) []float64 {
	c, norm := make([]float64, bands), 0.0
	for j := range c {
		c[j] = math.Pow(ratio, float64(j))
		norm = math.Hypot(norm, c[j])
	}
	for j := range c {
		c[j] /= norm * (1 + 1e-12)
	}
	return c
}

// Two terms are the same noise as the sum over all bands, failed steps or not.
func TestGeometricNoise(t *testing.T) {
	const dim, steps = 50, 300
	for _, bands := range []int{3, 4, 78, 117} {
		strategy := geometric(bands, 1-1/float64(bands))
		short, long := newCorrelation(strategy, dim), newCorrelation(strategy, dim)
		if short.ratio == 0 {
			t.Fatalf("%d bands: not taken for geometric", bands)
		}
		long.ratio, long.past = 0, long.past[1:]
		rng, z := newStream(seed(5), "noise"), make([]float64, dim)
		for step := range steps {
			fillNormal(rng, z)
			a, b := slices.Clone(z), slices.Clone(z)
			short.shape(slices.Clone(z)) // a step that fails
			short.shape(a)
			long.shape(b)
			for i := range a {
				if !(math.Abs(a[i]-b[i]) <= 1e-10*(1+math.Abs(b[i]))) {
					t.Fatalf("%d bands, step %d: %v, by the sum %v", bands, step, a[i], b[i])
				}
			}
			if x, y := short.commit(a), long.commit(b); x != y {
				t.Fatalf("%d bands, step %d: deviation %v and %v", bands, step, x, y)
			}
		}
	}
	bent := geometric(9, 0.7)
	bent[8] *= 1 - 1e-13
	for _, c := range [][]float64{{1}, geometric(2, 0.5), bent, testStrategy(5)} {
		if r := ratio(c); r != 0 {
			t.Errorf("%v has ratio %v", c, r)
		}
	}
}

func testCorrelatedNoise(t *testing.T, c []float64) {
	const dim, steps, z = 4000, 40, 0.7
	p := plain(t, Spec{N: 1000, Rate: 0.1, Steps: steps, NoiseMultiplier: z, Strategy: c})
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 2), Tensors: []int{dim}, Seed: seed(11)})
	var released [][]float64
	for step := range steps {
		r, err := e.Next(context.Background(), nil, nothingFound(dim, 1))
		if err != nil {
			t.Fatal(err)
		}
		w, square := make([]float64, dim), 0.0
		for i, g := range r.Gradient {
			w[i] = float64(g) * 100 / (2 * z)
			square += float64(g) * float64(g)
		}
		released = append(released, w)
		if got := math.Sqrt(square/dim) / r.NoiseStd; math.Abs(got-1) > 4.9/math.Sqrt(2*dim) {
			t.Errorf("step %d: stated deviation off by a factor %.4f", step, got)
		}
	}
	var white []float64
	lag := 0.0
	var last []float64
	for t := range released {
		x := make([]float64, dim)
		for j := 0; j < len(c) && j <= t; j++ {
			for i, w := range released[t-j] {
				x[i] += c[j] * w
			}
		}
		for i := range last {
			lag += last[i] * x[i]
		}
		last = x
		white = append(white, x...)
	}
	m := float64(len(white))
	if score := lag / math.Sqrt(m-dim); math.Abs(score) > 4.9 {
		t.Errorf("successive noise correlates: z = %.2f", score)
	}
	if p := ksNormal(white); p < 1e-6 {
		t.Errorf("Kolmogorov-Smirnov p = %g", p)
	}
}

// A failed computation releases nothing, spends nothing twice and is repeated with the same sample.
func TestFailedStep(t *testing.T) {
	l := memoryLedger(t)
	e := newTestEngine(t, Options{Plan: plain(t, Spec{N: 500, Rate: 0.1, Steps: 3, NoiseMultiplier: 1}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{4}, Ledger: l})
	lost := errors.New("worker lost")
	var first []int32
	_, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
		first = slices.Clone(q.Records)
		return Sums{}, lost
	})
	if !errors.Is(err, lost) || e.Step() != 0 {
		t.Fatalf("step %d, error %v", e.Step(), err)
	}
	unit := slices.Clone(e.unit)
	r, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
		if !slices.Equal(first, q.Records) {
			t.Error("the repeat drew another sample")
		}
		return nothingFound(4, 1)(context.Background(), q)
	})
	if err != nil || r.Step != 0 || e.Step() != 1 {
		t.Fatalf("repeat: %v", err)
	}
	if !slices.Equal(unit, e.unit) {
		t.Error("the repeat drew other noise")
	}
	if run, _ := l.Run(e.Run()); run.Charged != 1 {
		t.Errorf("charged %d steps for one", run.Charged)
	}
}

// Sums that no honest computation returns are refused before noise could hide them.
func TestBadSums(t *testing.T) {
	honest := func(q Query) Sums {
		return Sums{Gradient: make([]float64, 3), Counts: make([]float64, 2), Records: len(q.Records)}
	}
	for name, spoil := range map[string]func(*Sums){
		"3 coordinates, want": func(s *Sums) { s.Gradient = append(s.Gradient[:0], 0, 0) },
		"lost":                func(s *Sums) { s.Records-- },
		"finite":              func(s *Sums) { s.Gradient[2] = math.NaN() },
		"not finite":          func(s *Sums) { s.Gradient[0] = math.Inf(-1) },
		"exceeds its bound":   func(s *Sums) { s.Gradient[2] = 1.001 * float64(s.Records) },
		"1 counts":            func(s *Sums) { s.Counts = s.Counts[:1] },
		"count 1":             func(s *Sums) { s.Counts[1] = math.NaN() },
	} {
		p := plain(t, Spec{N: 50, Rate: 0.5, Steps: 3, NoiseMultiplier: 1, Counts: CountQueries{Groups: 2, Sigma: 5}})
		e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{Grouping: clip.PerLayer}, 1, 1), Tensors: []int{2, 1}})
		_, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
			s := honest(q)
			spoil(&s)
			return s, nil
		})
		if name == "3 coordinates, want" {
			name = "2 coordinates"
		}
		if err == nil || !strings.Contains(err.Error(), name) || e.Step() != 0 {
			t.Errorf("%s: error %v", name, err)
		}
		if _, err = e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) { return honest(q), nil }); err != nil {
			t.Errorf("%s: an honest repeat failed: %v", name, err)
		}
	}
}

// What is released is an integer number of grid steps: nothing of the sum's low bits survives.
func TestGrid(t *testing.T) {
	r := testStream(2)
	const n = 1000
	sum, unit, out := make([]float64, n), make([]float64, n), make([]float32, n)
	for _, std := range []float64{1e-9, 0.037, 0.65, 1, 2.9e4} {
		g := gridStep(std)
		if !(g <= std/64 && g > std/128) {
			t.Errorf("std %v: grid %v", std, g)
		}
		fillNormal(r, unit)
		fillNormal(r, sum)
		for i := range sum {
			sum[i] *= std * 100
		}
		addNoise(out, sum, unit, std, 1)
		for i := range out {
			k := float64(out[i]) / g
			if k != math.Trunc(k) {
				t.Fatalf("std %v: %v is %v grid steps", std, out[i], k)
			}
			if d := math.Abs(float64(out[i]) - (sum[i] + std*unit[i])); d > g*0.5001+1e-7*math.Abs(sum[i]) {
				t.Fatalf("std %v: rounding moved by %v, grid %v", std, d, g)
			}
		}
	}
}

func TestNonPrivate(t *testing.T) {
	l := memoryLedger(t)
	p := plain(t, Spec{N: 10, Rate: 1, Steps: 1, NonPrivate: true})
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{1}, Ledger: l})
	r, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
		return Sums{Gradient: []float64{25}, Records: len(q.Records)}, nil // beyond any bound: nothing is clipped
	})
	if err != nil || r.Gradient[0] != 2.5 || r.NoiseStd != 0 {
		t.Errorf("released %+v, %v", r, err)
	}
	if _, notPrivate := l.Spent(); notPrivate != 1 || e.NotPrivate() == "" || !math.IsInf(p.Epsilon().Upper, 1) {
		t.Error("a run without noise is not marked")
	}
}

func TestPlanRefuses(t *testing.T) {
	good := Spec{N: 100, Rate: 0.1, Steps: 10, Epsilon: 3, Delta: 1e-5}
	for want, spoil := range map[string]func(*Spec){
		"records":            func(s *Spec) { s.N = 0 },
		"sampling rate":      func(s *Spec) { s.Rate = math.NaN() },
		"sampling rate 1.1":  func(s *Spec) { s.Rate = 1.1 },
		"0 steps":            func(s *Spec) { s.Steps = 0 },
		"schedule":           func(s *Spec) { s.Schedule = make([]float64, 9) },
		"at step 3":          func(s *Spec) { s.Schedule = []float64{1, 1, 1, math.NaN(), 1, 1, 1, 1, 1, 1} },
		"target epsilon":     func(s *Spec) { s.Epsilon = math.Inf(1) },
		"epsilon 0":          func(s *Spec) { s.Epsilon = 0 },
		"delta":              func(s *Spec) { s.Delta = 1 },
		"costs epsilon":      func(s *Spec) { s.NoiseMultiplier = 0.1 },
		"count noise":        func(s *Spec) { s.Counts = CountQueries{Groups: 2, Sigma: math.Inf(1)} },
		"raise the count":    func(s *Spec) { s.Counts = CountQueries{Groups: 2, Sigma: 0.01} },
		"column norm":        func(s *Spec) { s.Strategy = []float64{1, 0.5} },
		"not a schedule":     func(s *Spec) { s.Strategy, s.Schedule = []float64{0.6, 0.5}, slices.Repeat([]float64{1}, 10) },
		"group at rate 1.1":  func(s *Spec) { s.Strategy, s.Rate = []float64{0.6, 0.5}, 0.55 },
		"times over":         func(s *Spec) { s.Strategy = []float64{0.01, 0.9999} }, // its noise would soon be rounding errors
		"strategy of 0 band": func(s *Spec) { s.Strategy = []float64{} },
	} {
		s := good
		spoil(&s)
		if _, err := NewPlan(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
}

// A plan cannot be changed from outside, and its Spec makes the same plan again.
func TestPlanIsFrozen(t *testing.T) {
	s := Spec{N: 1000, Rate: 0.1, Steps: 4, Epsilon: 3, Delta: 1e-5, Schedule: []float64{1, 1, 0.5, 0.5}}
	p := plain(t, s)
	z := p.NoiseMultiplier(0)
	s.Schedule[0] = 1e-3
	out := p.Spec()
	out.Schedule[0] = 1e-3
	p.Events()[0].Sigma = 0
	if p.NoiseMultiplier(0) != z || p.Spec().Schedule[0] != 1 || p.Events()[0].Sigma != z {
		t.Error("a plan changed")
	}
	again := plain(t, p.Spec())
	if again.NoiseMultiplier(3) != p.NoiseMultiplier(3) || again.Epsilon() != p.Epsilon() {
		t.Error("the plan's own Spec makes another plan")
	}
	got, err := accountant.SegmentsOf(p.EventAfter(3))
	if want := []accountant.Segment{{Sigma: z, Rate: 0.1, Steps: 2}, {Sigma: z / 2, Rate: 0.1, Steps: 1}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("events after 3 steps: %v, want %v; %v", got, want, err)
	}
}

// fickle is a policy that keeps its answer and raises it while the step runs.
type fickle struct {
	*testPolicy
	kept *Ask
}

func (f *fickle) Ask(v View, a *Ask) {
	f.testPolicy.Ask(v, a)
	a.Allocation = slices.Repeat([]float64{1}, len(a.Bounds))
	f.kept = a
}

// Clip and noise follow the bounds that a step began with, whatever a policy does to its answer meanwhile. Keeping a copy
// costs no memory.
func TestAnswerIsCopied(t *testing.T) {
	p := plain(t, Spec{N: 100, Rate: 0.5, Steps: 1000, NoiseMultiplier: 2})
	policy := &fickle{testPolicy: fixedPolicy(clip.Rule{Grouping: clip.PerLayer}, 3, 4)}
	e := newTestEngine(t, Options{Plan: p, Policy: policy, Tensors: []int{2, 2}})
	bounds := []float64{}
	r, err := e.Next(context.Background(), nil, func(ctx context.Context, q Query) (Sums, error) {
		policy.kept.Bounds[0], policy.kept.Allocation[0] = 1e-6, 1e-6
		policy.kept.Bounds, policy.kept.Allocation = policy.kept.Bounds[:1], nil
		bounds = append(bounds, q.Bounds...)
		return nothingFound(4, 2)(ctx, q)
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = 2 * 5.0 / 50 // z times sqrt(3^2 + 4^2), over q N
	if !slices.Equal(bounds, []float64{3, 4}) || !slices.Equal(r.Bounds, []float64{3, 4}) || math.Abs(r.NoiseStds[0]-want) > 1e-12 || math.Abs(r.NoiseStds[1]-want) > 1e-12 {
		t.Errorf("clipped by %v, released with bounds %v and noise %v, want %v", bounds, r.Bounds, r.NoiseStds, want)
	}
	q := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{Grouping: clip.PerLayer}, 3, 4), Tensors: []int{2, 2}})
	if n := testing.AllocsPerRun(100, func() {
		if err := q.prepare(nil); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations to prepare a step", n)
	}
}

// No lower bound is claimed for a run with bands, by plan or ledger. With a second band next to nothing, eight groups over
// eight steps are one random allocation, which costs far less than what is charged.
func TestBandsHaveNoLowerBound(t *testing.T) {
	strategy := []float64{1, 1e-9, 0, 0, 0, 0, 0, 0}
	p := plain(t, Spec{N: 800, Rate: 1.0 / 8, Steps: 8, Strategy: strategy, Epsilon: 3, Delta: 1e-5})
	truth, err := accountant.EpsilonOf(accountant.BallsInBins{Sigma: p.NoiseMultiplier(0), Batches: 8, Epochs: 1}, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	if truth.Upper > 1.3 || p.Epsilon().Upper < truth.Upper {
		t.Errorf("random allocation costs %v, charged %v: the example is none", truth, p.Epsilon())
	}
	if lower, known := p.Epsilon().Lower(); known {
		t.Errorf("a plan with bands claims epsilon of at least %v; at most %v is proven", lower, truth.Upper)
	}
	l := memoryLedger(t)
	e := newTestEngine(t, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l})
	if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err != nil {
		t.Fatal(err)
	}
	if b, err := l.Epsilon(1e-5); err != nil || b != p.Epsilon() {
		t.Errorf("the ledger says %+v, the plan %+v; %v", b, p.Epsilon(), err)
	}
	e = newTestEngine(t, Options{Plan: plain(t, Spec{N: 800, Rate: 0.1, Steps: 8, Epsilon: 2, Delta: 1e-5}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l})
	if _, err := e.Next(context.Background(), nil, nothingFound(2, 1)); err != nil {
		t.Fatal(err)
	}
	both, err := l.Epsilon(1e-5)
	if lower, known := both.Lower(); err != nil || !known || !(lower > 1.99 && both.Upper > p.Epsilon().Upper) {
		t.Errorf("beside a run without bands the ledger says %+v, %v", both, err)
	}
}

func BenchmarkStep26010(b *testing.B) {
	p := plain(b, Spec{N: 60000, Rate: 256.0 / 60000, Steps: MaxSteps, NoiseMultiplier: 1})
	e := newTestEngine(b, Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{26010}})
	s := Sums{Gradient: make([]float64, 26010), Counts: make([]float64, 1)}
	compute := func(_ context.Context, q Query) (Sums, error) { s.Records = len(q.Records); return s, nil }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Next(context.Background(), nil, compute); err != nil {
			b.Fatal(err)
		}
	}
}

// Raw figures leave the engine of a marked run alone, and nothing of a raw sum outlives its step.
func TestRawSumsStayInside(t *testing.T) {
	p := plain(t, Spec{N: 50, Rate: 0.5, Steps: 3, NoiseMultiplier: 1, Counts: CountQueries{Groups: 1, Sigma: 5}})
	var told []Raw
	o := Options{Plan: p, Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Diagnose: func(r Raw) { told = append(told, r) }}
	o.Ledger = memoryLedger(t)
	if _, err := NewEngine(o); err == nil || !strings.Contains(err.Error(), "not private") {
		t.Errorf("a private run's engine would tell raw figures: %v", err)
	}
	for _, reason := range []string{"", "diagnostics"} {
		if o.NotPrivate = reason; reason == "" {
			o.Diagnose = nil
		} else {
			o.Diagnose = func(r Raw) { told = append(told, r) }
		}
		e := newTestEngine(t, o)
		for _, failure := range []error{nil, errors.New("lost"), nil} {
			told = nil
			var kept Sums
			size := 0
			_, err := e.Next(context.Background(), nil, func(_ context.Context, q Query) (Sums, error) {
				size = len(q.Records)
				kept = Sums{Gradient: []float64{0.25, -0.5}, Counts: []float64{0.5}, Loss: 7, Records: size}
				return kept, failure
			})
			if !errors.Is(err, failure) {
				t.Fatal(err)
			}
			if kept.Gradient[0] != 0 || kept.Gradient[1] != 0 || kept.Counts[0] != 0 {
				t.Errorf("run %q, step failing with %v: %v was left of the sum", reason, failure, kept)
			}
			if want := reason != "" && failure == nil; want != (len(told) == 1 && told[0] == Raw{size, 7}) || !want && len(told) > 0 {
				t.Errorf("run %q, step failing with %v: told %v", reason, failure, told)
			}
		}
	}
}

// How many steps are charged ahead follows from the plan, however fast they go.
func TestReservationsIgnoreThePace(t *testing.T) {
	for steps, block := range map[int]int{7: 1, 100: 1, 101: 2, 950: 10} {
		var charged [2][]int
		for pace := range charged {
			l := memoryLedger(t)
			e := newTestEngine(t, Options{Plan: plain(t, Spec{N: 10, Rate: 0.5, Steps: steps, NoiseMultiplier: 1}), Policy: fixedPolicy(clip.Rule{}, 1), Tensors: []int{2}, Ledger: l})
			for range min(steps, 25) {
				_, err := e.Next(context.Background(), nil, func(ctx context.Context, q Query) (Sums, error) {
					time.Sleep(time.Duration(pace) * time.Millisecond)
					return nothingFound(2, 1)(ctx, q)
				})
				if err != nil {
					t.Fatal(err)
				}
				run, _ := l.Run(e.Run())
				charged[pace] = append(charged[pace], run.Charged)
			}
		}
		if !slices.Equal(charged[0], charged[1]) || charged[0][0] != block {
			t.Errorf("%d steps: charged %v, slowly %v", steps, charged[0], charged[1])
		}
	}
}
