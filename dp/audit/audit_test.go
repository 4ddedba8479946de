package audit

import (
	"context"
	"math"
	"strings"
	"testing"

	"cloister/accountant"
	"cloister/clip"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/dp/mechanism"
)

func seed(x uint64) *uint64 { return &x }

var small = mechanism.Setting{
	N: 400, BatchSize: 40, Steps: 30, StepsPerEpoch: 10, ClipNorm: 1, Tensors: []int{1, 1, 1}, Epsilon: 3, Delta: 1e-5,
}

// audited are mechanisms and how often each is audited: every clip rule, allocation, filter and schedule there is.
var audited = []struct {
	name   string
	params map[string]float64
	seeds  uint64
}{
	{"fixed", nil, 20}, {"quantile", nil, 20}, {"alds", nil, 20}, {"amc-ns", nil, 20}, {"alc-nd", nil, 20}, {"bandmf", map[string]float64{"bands": 4}, 20},
	{"cloister", map[string]float64{"bands": 4}, 6},
	{"auto-s", nil, 6}, {"auto-v", nil, 6}, {"psac", nil, 6}, {"disk", nil, 6}, {"alc-mvr", nil, 6}, {"ac-van", nil, 6}, {"noise-decay", nil, 6},
	{"per-layer", map[string]float64{"allocation": 1}, 6}, {"per-layer", map[string]float64{"allocation": 2}, 6},
	{"quantile-layer", map[string]float64{"allocation": 1}, 6}, {"quantile-layer", map[string]float64{"allocation": 2}, 6},
}

// Sound mechanisms are not refuted: a lower bound at 95 % may exceed the true epsilon in one run of twenty. More than 21
// of all 192 runs by chance: probability 3e-4 were the rate as bad as 5 %.
func TestSoundIsNotRefuted(t *testing.T) {
	alarms, runs, highest := 0, 0, 0.0
	for _, c := range audited {
		var frozen dp.Spec
		for s := range c.seeds {
			r, plan := runSmall(t, c.name, c.params, Options{Canaries: 200, Seed: seed(s)}, &frozen)
			highest = max(highest, r.Epsilon)
			runs++
			if r.Refutes(plan.Epsilon().Upper) {
				alarms++
			}
		}
	}
	t.Logf("%d alarms in %d runs, highest lower bound %.3f", alarms, runs, highest)
	if runs != 192 || alarms > 21 {
		t.Errorf("%d of %d audits refute a sound epsilon", alarms, runs)
	}
}

// runSmall audits a mechanism at the small setting, calibrating once.
func runSmall(t *testing.T, name string, params map[string]float64, o Options, frozen *dp.Spec) (Result, *dp.Plan) {
	t.Helper()
	s := small
	a, design, err := Design(name, params, s, o)
	if err != nil {
		t.Fatal(err)
	}
	if frozen.NoiseMultiplier == 0 {
		*frozen = design.Spec
	}
	plan, err := dp.NewPlan(*frozen)
	if err != nil {
		t.Fatal(err)
	}
	*frozen = plan.Spec()
	r, err := a.Run(context.Background(), plan, design.Policy, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, plan
}

// The audit has teeth: with an epsilon of 100 behind a claim of 3 it says so for every kind of noise, correlated and
// per layer included, and the more it can guess the larger the bound.
func TestFindsLittleNoise(t *testing.T) {
	for _, name := range []string{"fixed", "auto-s", "psac", "disk", "quantile-layer", "ac-van", "alc-nd", "bandmf", "cloister"} {
		var params map[string]float64
		if name == "bandmf" || name == "cloister" {
			params = map[string]float64{"bands": 4}
		}
		frozen := dp.Spec{N: 1400, Rate: 0.1, Steps: 30, Epsilon: 1e6, Delta: 1e-5, NoiseMultiplier: 0.2}
		design, err := mechanism.New(name, params, small)
		if err != nil {
			t.Fatal(err)
		}
		frozen.Schedule, frozen.Strategy, frozen.Counts = design.Spec.Schedule, design.Spec.Strategy, design.Spec.Counts
		r, _ := runSmall(t, name, params, Options{Seed: seed(3)}, &frozen)
		t.Logf("%s: %d of %d guesses right, epsilon at least %.3f", name, r.Correct, r.Guesses, r.Epsilon)
		if !r.Refutes(3) {
			t.Errorf("%s: epsilon at least %.3f", name, r.Epsilon)
		}
	}
}

// Full participation in every group, and noise next to none, leave finite scores or minus infinity, never NaN.
func TestScoresWithoutChance(t *testing.T) {
	frozen := dp.Spec{N: 600, Rate: 0.5, Steps: 20, Epsilon: 1e9, Delta: 1e-5, NoiseMultiplier: 0.01, Strategy: []float64{0.8, 0.6}}
	s := small
	s.BatchSize, s.Steps = 200, 20
	a, design, err := Design("bandmf", map[string]float64{"bands": 2}, s, Options{Canaries: 200, Seed: seed(1)})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := dp.NewPlan(frozen)
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Run(context.Background(), plan, design.Policy, nil)
	if err != nil || r.Correct != r.Guesses || r.Epsilon != r.Most {
		t.Errorf("%d of %d guesses right, %v", r.Correct, r.Guesses, err)
	}
}

// A default audit of correlated noise takes as many canaries as it can keep.
func TestCanariesFitTheMemory(t *testing.T) {
	s := small
	s.Steps = 100_000
	a, _, err := Design("bandmf", map[string]float64{"bands": 4}, s, Options{})
	if err != nil || a.Canaries != maxSeen/100_000 {
		t.Errorf("%+v, %v", a.Options, err)
	}
}

// Log ratios against the definition, by summing over every participation pattern of a short run.
func TestLogRatio(t *testing.T) {
	const q, batch = 0.3, 10.0
	for _, strategy := range [][]float64{nil, {0.8, 0.6}} {
		s := NewSequence(1, q, batch, strategy)
		bounds, stds := []float64{1, 2}, []float64{0.7, 1.9} // per group, in units of the sum
		releases := [][2]float32{{0.03, -0.1}, {0.2, 0.15}, {-0.11, 0.4}}
		for _, r := range releases {
			s.Begin()
			grown := s.correlated()
			for g := range bounds {
				s.Add(r[g:g+1], bounds[g], stds[g]*grown/batch)
			}
			s.End()
		}
		got := s.LogRatios()[0]
		patterns, weights := everyPattern(q, len(releases), max(1, len(strategy)))
		ratio := 0.0
		for i, p := range patterns {
			ratio += weights[i] * math.Exp(logDensity(releases, p, bounds, stds, batch, strategy)-logDensity(releases, make([]bool, 3), bounds, stds, batch, strategy))
		}
		if strategy == nil && math.Abs(got-math.Log(ratio)) > 1e-5 {
			t.Errorf("log ratio %v, want %v", got, math.Log(ratio))
		}
		// With correlation, groups of a layer see the same whitened noise only when their ratios of bound to deviation are
		// constant, as they are here.
		if strategy != nil && math.Abs(got-math.Log(ratio)) > 1e-5 {
			t.Errorf("banded: log ratio %v, want %v", got, math.Log(ratio))
		}
	}
}

// everyPattern lists participations and their probabilities: each step at rate q, or with b bands one step of each b,
// the same throughout, at rate b q.
func everyPattern(q float64, steps, b int) (patterns [][]bool, weights []float64) {
	for group := range b {
		for bits := range 1 << steps {
			p, w, ok := make([]bool, steps), 1/float64(b), true
			for t := range p {
				p[t] = bits>>t&1 == 1
				if t%b != group {
					ok = ok && !p[t]
					continue
				}
				if p[t] {
					w *= float64(b) * q
				} else {
					w *= 1 - float64(b)*q
				}
			}
			if ok {
				patterns, weights = append(patterns, p), append(weights, w)
			}
		}
	}
	return patterns, weights
}

// logDensity of the releases given who took part, up to a constant.
func logDensity(releases [][2]float32, took []bool, bounds, stds []float64, batch float64, strategy []float64) float64 {
	if strategy == nil {
		strategy = []float64{1}
	}
	total := 0.0
	for g := range bounds {
		for t := range releases {
			white := 0.0 // C (release - signal), in units of the noise
			for k := 0; k < len(strategy) && k <= t; k++ {
				x := float64(releases[t-k][g]) * batch
				if took[t-k] {
					x -= bounds[g]
				}
				white += strategy[k] * x / stds[g]
			}
			total -= white * white / 2
		}
	}
	return total
}

// Beside a real run the model gets what it would have got: its own part of sums, points and releases.
func TestModelIsUntouched(t *testing.T) {
	a, err := New(Options{Canaries: 10, Seed: seed(1)}, clip.Rule{Grouping: clip.PerLayer}, []int{2, 3}, 5)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Tensors(); got[0] != 12 || got[1] != 13 || a.N() != 15 {
		t.Fatalf("tensors %v, N %d", got, a.N())
	}
	wide := make([]float32, 25)
	for i := range wide {
		wide[i] = float32(i)
	}
	compute := a.compute(func(_ context.Context, q dp.Query) (dp.Sums, error) {
		if len(q.Records) != 2 || len(q.Points[0]) != 5 || q.Points[0][2] != 12 {
			t.Errorf("the model's side saw %+v", q)
		}
		return dp.Sums{Gradient: []float64{1, 2, 3, 4, 5}, Counts: []float64{1, -1}, Records: 2}, nil
	})
	s, err := compute(context.Background(), dp.Query{Records: []int32{1, 4, 5, 6, 7, 8, 14}, Points: [][]float32{wide}, Coefficients: []float64{1}, Bounds: []float64{0.5, 2}, Rule: clip.Rule{Grouping: clip.PerLayer}})
	if err != nil {
		t.Fatal(err)
	}
	narrow := make([]float32, 25)
	for i, x := range s.Gradient {
		narrow[i] = float32(x)
	}
	if m := Take(a.layout, make([]float32, 5), narrow); m[0] != 1 || m[4] != 5 || s.Records != 7 || s.Counts[0] != 1 {
		t.Errorf("model part %v of %v, %d records, counts %v", m, s.Gradient, s.Records, s.Counts)
	}
	for j := range 10 {
		want := 0.0
		if a.in[j] && (j <= 3 || j == 9) {
			want = 1
		}
		if math.Abs(s.Gradient[2+j]-0.5*want) > 1e-12 || math.Abs(s.Gradient[15+j]-2*want) > 1e-12 {
			t.Errorf("canary %d adds %v and %v", j, s.Gradient[2+j], s.Gradient[15+j])
		}
	}
	// A release is the mean over the real records alone again.
	r := dp.Released{Gradient: []float32{3}, NoiseStd: 1, NoiseStds: []float64{2}, Counts: []float64{0.75}}
	if a.rescale(&r); r.Gradient[0] != 9 || r.NoiseStd != 3 || r.NoiseStds[0] != 6 || r.Counts[0] != 1.25 {
		t.Errorf("of 5 records and 10 canaries: %+v", r)
	}
}

// What an audit keeps does not grow with the steps, or is refused before it does.
func TestMemoryIsBounded(t *testing.T) {
	s, row := NewSequence(1000, 0.01, 1, nil), make([]float32, 1000)
	if n := testing.AllocsPerRun(100, func() { s.Begin(); s.Add(row, 1, 1); s.End() }); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
	plan, err := dp.NewPlan(dp.Spec{N: 1000, Rate: 1e-3, Steps: 100_000, Strategy: []float64{0.8, 0.6}, Epsilon: 1e6, Delta: 1e-5, NoiseMultiplier: 1})
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(Options{}, clip.Rule{}, []int{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Begin(plan); err == nil || !strings.Contains(err.Error(), "at most 167 canaries") {
		t.Errorf("100000 steps with correlated noise: %v", err)
	}
}

func TestOptionsRefused(t *testing.T) {
	for want, o := range map[string]Options{
		"canaries":   {Canaries: 1},
		"guesses":    {Canaries: 10, Guesses: 11},
		"confidence": {Confidence: 1.5},
	} {
		if _, err := New(o, clip.Rule{}, []int{1}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// What an auditor adds to a step of 26,010 parameters beside the gradients: "alone" is the engine's own part.
func BenchmarkBeside(b *testing.B) {
	s := mechanism.Setting{
		N: 60000, BatchSize: 256, Steps: 1170, StepsPerEpoch: 234, ClipNorm: 1, Epsilon: 3, Delta: 1e-5,
		Tensors: []int{1024, 16, 8192, 32, 16384, 32, 320, 10},
	}
	params, sum := make([]float32, s.Params()), make([]float64, s.Params())
	compute := func(_ context.Context, q dp.Query) (dp.Sums, error) {
		return dp.Sums{Gradient: sum, Records: len(q.Records)}, nil
	}
	for _, name := range []string{"fixed", "per-layer", "bandmf"} {
		alone, err := mechanism.New(name, nil, s)
		if err != nil {
			b.Fatal(err)
		}
		e := benchmarkEngine(b, alone.Spec, alone.Policy, s.Tensors)
		b.Run(name+"/alone", func(b *testing.B) {
			for b.Loop() {
				if e.Step() == s.Steps {
					e = benchmarkEngine(b, alone.Spec, alone.Policy, s.Tensors)
				}
				if _, err := e.Next(context.Background(), params, compute); err != nil {
					b.Fatal(err)
				}
			}
		})
		a, audited, err := Design(name, nil, s, Options{})
		if err != nil {
			b.Fatal(err)
		}
		begin := func() {
			e = benchmarkEngine(b, audited.Spec, audited.Policy, a.Tensors())
			if err := a.Begin(e.Plan()); err != nil {
				b.Fatal(err)
			}
		}
		begin()
		b.Run(name+"/audited", func(b *testing.B) {
			for b.Loop() {
				if e.Step() == s.Steps {
					begin()
				}
				if _, err := a.Next(context.Background(), e, params, compute); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchmarkEngine(b *testing.B, spec dp.Spec, policy dp.Policy, tensors []int) *dp.Engine {
	b.Helper()
	spec.NoiseMultiplier, spec.Epsilon = 2, 1e9
	plan, err := dp.NewPlan(spec)
	if err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(&ledger.MemoryStore{}, "audit")
	if err != nil {
		b.Fatal(err)
	}
	e, err := dp.NewEngine(dp.Options{Plan: plan, Policy: policy, Tensors: tensors, Ledger: l, Title: "benchmark"})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// All verdicts together, however many, are wrong with probability 0.05 at most; and what the same guesses show falls.
func TestRepetitionsAreCorrected(t *testing.T) {
	sum := 0.0
	for k := 1; k <= 1_000_000; k++ {
		sum += 1 - ConfidenceOf(k)
	}
	if !(sum <= 0.05 && sum > 0.0499) {
		t.Errorf("errors sum to %v, want just below 0.05", sum)
	}
	last := math.Inf(1)
	for _, k := range []int{0, 2, 3, 10} {
		bound, err := accountant.AuditLowerBound(2000, 250, 250, 1e-5, ConfidenceOf(k))
		if err != nil || !(bound < last && bound > 0) {
			t.Errorf("asked for the %dth time: at least %v after %v, %v", k, bound, last, err)
		}
		last = bound
		t.Logf("asked %d times, all right: %v", k, bound)
	}
	if ConfidenceOf(-5) != ConfidenceOf(1) {
		t.Error("less than once is not once")
	}
}
