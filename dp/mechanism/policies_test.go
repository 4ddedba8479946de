package mechanism

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/dp"
)

// benchmarkSetting is the fixed setting of the public benchmark: MNIST, batch 256, five epochs of 234 steps.
var benchmarkSetting = Setting{
	N: 60000, BatchSize: 256, Steps: 1170, StepsPerEpoch: 234, ClipNorm: 1, Epsilon: 3, Delta: 1e-5,
	Tensors: []int{1024, 16, 8192, 32, 16384, 32, 320, 10},
}

// The sound first and last noise multipliers of the benchmark's schedules at epsilon = 3, known from other accountants
// to the digits given. For AMC-NS the last digit hangs on how 1,170 steps are spread over 40 levels.
func TestSoundNoise(t *testing.T) {
	skipShort(t)
	for name, want := range map[string][2]float64{
		"fixed": {0.65073, 0.65073}, "alds": {1.137, 0.594}, "alc-nd": {1.170, 0.599}, "amc-ns": {1.808, 0.542},
	} {
		d, err := New(name, nil, benchmarkSetting)
		if err != nil {
			t.Fatal(err)
		}
		p, err := dp.NewPlan(d.Spec)
		if err != nil {
			t.Fatal(err)
		}
		first, last := p.NoiseMultiplier(0), p.NoiseMultiplier(p.Steps()-1)
		if math.Abs(first/want[0]-1) > 1.6e-3 || math.Abs(last/want[1]-1) > 1.6e-3 || p.Epsilon().Upper > 3 {
			t.Errorf("%s: noise multiplier %.5f to %.5f, want %v; epsilon %v", name, first, last, want, p.Epsilon())
		}
	}
}

func mechanism(t *testing.T, name string, params map[string]float64, s Setting) *composed {
	t.Helper()
	d, err := New(name, params, s)
	if err != nil {
		t.Fatal(err)
	}
	return d.Policy.(*composed)
}

func bounds(p dp.Policy, groups, step int) []float64 {
	a := dp.Ask{Bounds: make([]float64, groups)}
	p.Ask(dp.View{Step: step}, &a)
	return a.Bounds
}

// A clip schedule on an adaptive bound stays a schedule: the median is followed by what is counted, not by what is used.
func TestAdaptationDoesNotUndoASchedule(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	const groups = 8
	for name, want := range map[string]float64{"alc-nd": 0.85 * 0.85 * 0.85, "quantile-layer+clip-step": 0.85 * 0.85 * 0.85} {
		p := mechanism(t, name, nil, benchmarkSetting)
		used := 0.0
		for step := range benchmarkSetting.Steps {
			a := dp.Ask{Bounds: make([]float64, groups)}
			p.Ask(dp.View{Step: step}, &a)
			counts := make([]float64, groups)
			for range 256 {
				for g, threshold := range a.Thresholds {
					if norm := math.Exp(0.5 * r.NormFloat64()); norm <= threshold { // of median 1
						counts[g] += 1. / 256
					}
				}
			}
			p.Observe(&dp.Released{Step: step, Counts: counts, Bounds: a.Bounds})
			if step >= benchmarkSetting.Steps-100 {
				used += a.Bounds[3] / 100
			}
		}
		if math.Abs(used/want-1) > 0.05 {
			t.Errorf("%s: the bound ends at %.3f of the median, want %.3f", name, used, want)
		}
	}
}

// The noised-quantile rule finds the quantile of norms it is told the counts of.
func TestQuantileFollows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, quantile := range []float64{0.25, 0.5, 0.9} {
		s := benchmarkSetting
		p := mechanism(t, "quantile", map[string]float64{"quantile": quantile}, s)
		for step := range 600 {
			c, within := bounds(p, 1, step)[0], 0.0
			for range 256 {
				if 5*math.Exp(r.NormFloat64()) <= c {
					within++
				}
			}
			p.Observe(&dp.Released{Step: step, Counts: []float64{(within + 12.8*r.NormFloat64()) / 256}})
		}
		want := 5 * math.Exp(math.Sqrt2*math.Erfinv(2*quantile-1))
		if got := bounds(p, 1, 600)[0]; math.Abs(math.Log(got/want)) > 0.15 {
			t.Errorf("quantile %v: bound %v, want about %v", quantile, got, want)
		}
	}
}

// ALDS by its own formula, from counts that are told.
func TestALDSRule(t *testing.T) {
	p := mechanism(t, "alds", nil, benchmarkSetting)
	want := slices.Repeat([]float64{1 / math.Sqrt(8)}, 8)
	r := rand.New(rand.NewPCG(2, 1))
	capped := 0
	for step := range 1170 {
		for l, c := range bounds(p, 8, step) {
			if math.Abs(c-want[l]) > 1e-9*want[l] {
				t.Fatalf("step %d layer %d: bound %v, want %v", step, l, c, want[l])
			}
		}
		counts, square := make([]float64, 8), 0.0
		for l := range counts {
			counts[l] = 0.2 + 0.5*r.Float64() // mostly above: bounds grow until the joint limit holds them
			want[l] = min(max(want[l]*math.Exp(0.1*((1-counts[l])-0.5)), 0.01), 10)
			square += want[l] * want[l]
		}
		if limit := math.Pow(0.9, float64((step+1)/234)); math.Sqrt(square) > limit && step < 1169 {
			capped++
			for l := range want {
				want[l] *= limit / math.Sqrt(square)
			}
		}
		p.Observe(&dp.Released{Step: step, Counts: counts})
	}
	if capped < 500 {
		t.Errorf("the joint limit held only %d times", capped)
	}
}

// Filters against their definitions, written as sums over all past gradients.
func TestFilters(t *testing.T) {
	s := benchmarkSetting
	s.Tensors = []int{1}
	r := rand.New(rand.NewPCG(3, 1))
	var g []float64
	for range 30 {
		g = append(g, float64(float32(r.NormFloat64())))
	}
	weighted := func(t int, w func(age int) float64) (sum, total float64) {
		for age := range t + 1 {
			sum, total = sum+w(age)*g[t-age], total+w(age)
		}
		return sum, total
	}
	lowPassResponse := func(age int) float64 { // of b_0 + b_1 x over 1 - 0.9 x, by long division
		if age == 0 {
			return 0.05
		}
		return 0.05*math.Pow(0.9, float64(age)) + 0.05*math.Pow(0.9, float64(age-1))
	}
	for name, want := range map[string]func(t int) float64{
		"fixed+momentum": func(t int) float64 {
			s, _ := weighted(t, func(a int) float64 { return 0.1 * math.Pow(0.9, float64(a)) })
			return s
		},
		"fixed+momentum-corrected": func(t int) float64 {
			s, w := weighted(t, func(a int) float64 { return math.Pow(0.9, float64(a)) })
			return s / w
		},
		"fixed+doppler": func(t int) float64 { s, w := weighted(t, lowPassResponse); return s / w },
		"alc-mvr-2": func(t int) float64 {
			s, _ := weighted(t, func(a int) float64 { return 0.1 * math.Pow(0.9, float64(a)) })
			return s
		},
		"alc-mvr": func(t int) float64 {
			s, _ := weighted(t, func(a int) float64 { return 0.1 * math.Pow(0.9, float64(a)) })
			return s + g[0]*math.Pow(0.9, float64(t+1)) // the first gradient counts in full
		},
	} {
		p := mechanism(t, name, nil, s)
		for step := range g {
			x := dp.Released{Step: step, Gradient: []float32{float32(g[step])}, Counts: []float64{0.5}}
			p.Observe(&x)
			if math.Abs(float64(x.Gradient[0])-want(step)) > 1e-6 {
				t.Errorf("%s: step %d gives %v, want %v", name, step, x.Gradient[0], want(step))
				break
			}
		}
	}
}

// Whatever its coefficients, the low-pass filter answers with a mean of what it was given.
func TestLowPassIsStable(t *testing.T) {
	s := benchmarkSetting
	s.Tensors = []int{1}
	var ends [3][2]float64
	for i, p := range find("doppler").Params {
		ends[i] = [2]float64{p.Min, p.Max}
	}
	r := rand.New(rand.NewPCG(4, 1))
	for corner := range 8 {
		params := map[string]float64{"a1": ends[0][corner&1], "b0": ends[1][corner>>1&1], "b1": ends[2][corner>>2]}
		p, worst := mechanism(t, "fixed+doppler", params, s), 0.0
		for step := range 2000 {
			x := dp.Released{Step: step, Gradient: []float32{float32(1 - 2*r.IntN(2))}}
			p.Observe(&x)
			worst = max(worst, math.Abs(float64(x.Gradient[0])))
		}
		if !(worst <= 1+1e-6) {
			t.Errorf("%v: gradients of length 1 became %v", params, worst)
		}
	}
}

func TestAveraging(t *testing.T) {
	s := benchmarkSetting
	s.Tensors, s.Steps, s.StepsPerEpoch = []int{1}, 20, 5
	make1 := func(name string, params map[string]float64) Averaging {
		d, err := New("fixed+"+name, params, s)
		if err != nil {
			t.Fatal(err)
		}
		return d.Averaging
	}
	tail, ema := make1("average-tail", map[string]float64{"share": 0.25}), make1("average-ema", map[string]float64{"decay": 0.8})
	got := []float32{-1}
	if tail.Average(got); got[0] != -1 {
		t.Error("an average of nothing")
	}
	sum, mass := 0.0, 0.0
	for step := range 20 {
		x := []float32{float32(step * step)}
		tail.Add(step, x)
		ema.Add(step, x)
		sum, mass = 0.8*sum+0.2*float64(x[0]), 0.8*mass+0.2
		if ema.Average(got); math.Abs(float64(got[0])-sum/mass) > 1e-4 {
			t.Errorf("step %d: moving average %v, want %v", step, got[0], sum/mass)
		}
		want := float64(step * step)
		if step >= 15 {
			want = 0
			for k := 15; k <= step; k++ {
				want += float64(k*k) / float64(step-14)
			}
		}
		if tail.Average(got); math.Abs(float64(got[0])-want) > 1e-4 {
			t.Errorf("step %d: tail average %v, want %v", step, got[0], want)
		}
	}
}

// DiSK looks ahead along the last move, with coefficients that sum to 1; one point is enough when they say so.
func TestLookahead(t *testing.T) {
	s := benchmarkSetting
	s.Tensors = []int{2}
	p := mechanism(t, "disk", nil, s)
	ask := func(step int, x ...float32) dp.Ask {
		a := dp.Ask{Bounds: make([]float64, 1)}
		p.Ask(dp.View{Step: step, Params: x}, &a)
		return a
	}
	if a := ask(0, 1, 2); !slices.Equal(a.Points[0], []float32{1, 2}) || !slices.Equal(a.Points[1], []float32{1, 2}) {
		t.Errorf("first step looks at %v", a.Points)
	}
	a := ask(1, 3, 1)
	if !slices.Equal(a.Points[0], []float32{4, 0.5}) || !slices.Equal(a.Points[1], []float32{3, 1}) {
		t.Errorf("looks at %v", a.Points)
	}
	if w := 0.3 / (0.7 * 0.5); math.Abs(a.Coefficients[0]-w) > 1e-12 || math.Abs(a.Coefficients[1]-(1-w)) > 1e-12 {
		t.Errorf("coefficients %v", a.Coefficients)
	}
	p = mechanism(t, "disk", map[string]float64{"gamma": 0.3 / 0.7}, s)
	if a := ask(0, 1, 2); len(a.Points) != 1 || a.Coefficients[0] != 1 {
		t.Errorf("gamma = (1-kappa)/kappa asks for %d gradients", len(a.Points))
	}
}

func TestMechanismRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		params     map[string]float64
	}{
		{"nonsense", "unknown mechanism", nil},
		{"momentum", "begins with one mechanism", nil},
		{"fixed+quantile", "begins with one mechanism", nil},
		{"fixed", `no parameter "rate"`, map[string]float64{"rate": 1}},
		{"quantile", "want 0 to 2", map[string]float64{"rate": math.NaN()}},
		{"quantile", "lowest bound", map[string]float64{"low": 5, "high": 2}},
		{"bandmf+sigma-linear", "one noise multiplier", nil},
		{"bandmf", "groups no smaller than a batch", map[string]float64{"bands": 500}},
		{"fixed" + strings.Repeat("+momentum", 20), "at most 8", nil},
		{"dp-adam-bc+momentum", "leave out the filter", nil},
		{"dp-adam-bc+clip-linear+momentum-corrected", "leave out the filter", nil},
		{"dp-adam-bc+doppler", "leave out the filter", nil},
		{"per-layer", "whole number", map[string]float64{"allocation": 1.5}},
		{"bandmf", "whole number", map[string]float64{"bands": 2.5}},
		{"noise-decay", "whole number", map[string]float64{"stages": 3.5}},
		{"fixed+clip-step", "whole number", map[string]float64{"clip-step.stages": 3.5}},
		{"fixed+doppler", `"a1" is 0.9999`, map[string]float64{"a1": 0.9999, "b0": 1, "b1": 0}},
	} {
		d, err := New(c.name, c.params, benchmarkSetting)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, %v", c.name, c.params, d, err)
		}
	}
	bad := benchmarkSetting
	bad.ClipNorm = math.Inf(1)
	if _, err := New("fixed", nil, bad); err == nil {
		t.Error("an infinite clip norm")
	}
}

// DP-AdamBC knows one figure for the noise: whatever filters, or spreads noise unevenly, is not for it.
func TestCheckOptimizer(t *testing.T) {
	for name, refused := range map[string]string{
		"fixed": "", "per-layer": "", "dp-adam-bc+clip-linear+average-ema": "",
		"quantile+momentum": "filter", "fixed+doppler": "filter", "amc-ns": "filter", "alc-mvr": "filter", "alc-mvr-2": "filter",
		"ac-van": "filter", "disk": "filter", "alc-nd 1": "allocation", "per-layer 2": "allocation",
	} {
		name, how, _ := strings.Cut(name, " ")
		var params map[string]float64
		if how != "" {
			params = map[string]float64{"allocation": float64(how[0] - '0')}
		}
		d, err := New(name, params, benchmarkSetting)
		if err != nil || d.CheckOptimizer("adam") != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := d.CheckOptimizer("adambc"); (err != nil) != (refused != "") || err != nil && !strings.Contains(err.Error(), refused) {
			t.Errorf("%s %s: %v, want it to speak of %q", name, how, err, refused)
		}
	}
}

// Every entry says what a person must know, and names are unique.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Catalogue() {
		if m.Name == "" || m.Title == "" || m.Summary == "" || m.Pays == "" || m.Paper == "" || seen[m.Name] {
			t.Errorf("entry %+v is incomplete or double", m)
		}
		seen[m.Name] = true
		for _, p := range m.Params {
			if !(p.Min <= p.Default && p.Default <= p.Max) || p.Title == "" {
				t.Errorf("%s: parameter %+v", m.Name, p)
			}
			if n := len(p.Choices); n > 0 && (!p.Whole || p.Min != 0 || p.Max != float64(n-1)) {
				t.Errorf("%s: parameter %s has %d words for %v to %v", m.Name, p.Name, n, p.Min, p.Max)
			}
		}
		if (m.Kind == Clipping) != (m.Family != "") {
			t.Errorf("%s is a %s of family %q", m.Name, m.Kind, m.Family)
		}
	}
	if first := Catalogue()[0].Family; first != recommended {
		t.Errorf("the first family is %q: a form offers what did best first", first)
	}
}

// The clip norms that a plan fixes are those that the policy asks for; where bounds follow what is released there are none.
func TestClipNormsAreThoseAskedFor(t *testing.T) {
	for name, fixed := range map[string]bool{
		"fixed": false, "fixed+clip-step": true, "per-layer+clip-linear": true, "noise-decay": true, "cloister+clip-cosine": true,
		"quantile+clip-step": false, "alds": false, "alc-nd": false,
	} {
		d, err := New(name, nil, contractSetting)
		if err != nil {
			t.Fatal(err)
		}
		if (d.ClipNorms != nil) != fixed {
			t.Errorf("%s: clip norms %v", name, d.ClipNorms)
		}
		for step, norm := range d.ClipNorms {
			ask := dp.Ask{Bounds: make([]float64, d.Policy.Rule().Groups(len(contractSetting.Tensors)))}
			d.Policy.Ask(dp.View{Step: step, Params: make([]float32, contractSetting.Params())}, &ask)
			if asked := clip.Sensitivity(ask.Bounds); math.Abs(asked-norm) > 1e-12*norm {
				t.Errorf("%s: step %d has a clip norm of %v, asked for is %v", name, step, norm, asked)
			}
		}
	}
}

// What a step of each mechanism costs beside the gradients: sampling, noise, release, filters.
func BenchmarkMechanisms(b *testing.B) {
	for _, m := range Catalogue() {
		name := m.Name
		if m.Kind != Clipping {
			name = "fixed+" + name
		}
		b.Run(name, func(b *testing.B) {
			d, err := New(name, nil, benchmarkSetting)
			if err != nil {
				b.Fatal(err)
			}
			d.Spec.NoiseMultiplier, d.Spec.Epsilon = 2, 1e9
			p, err := dp.NewPlan(d.Spec)
			if err != nil {
				b.Fatal(err)
			}
			dim, groups := benchmarkSetting.Params(), d.Policy.Rule().Groups(8)
			params, sums := make([]float32, dim), dp.Sums{Gradient: make([]float64, dim), Counts: make([]float64, groups)}
			compute := func(_ context.Context, q dp.Query) (dp.Sums, error) { sums.Records = len(q.Records); return sums, nil }
			e := newTestEngine(b, dp.Options{Plan: p, Policy: d.Policy, Tensors: benchmarkSetting.Tensors})
			for b.Loop() {
				if e.Step() == p.Steps() {
					e = newTestEngine(b, dp.Options{Plan: p, Policy: d.Policy, Tensors: benchmarkSetting.Tensors})
				}
				if _, err := e.Next(context.Background(), params, compute); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A gain multiplies what is followed and what is said of its noise, before any filter, and costs nothing.
func TestGain(t *testing.T) {
	with := func(params map[string]float64) *Design {
		d, err := New("fixed+momentum", params, contractSetting)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	plain, longer := with(nil), with(map[string]float64{"gain": 8})
	if !reflect.DeepEqual(plain.Spec, longer.Spec) {
		t.Error("a gain changes the plan")
	}
	for step := range 3 {
		a := dp.Released{Step: step, Gradient: []float32{1, -2.5}, NoiseStd: 0.3, NoiseStds: []float64{0.3}}
		b := dp.Released{Step: step, Gradient: []float32{1, -2.5}, NoiseStd: 0.3, NoiseStds: []float64{0.3}}
		for _, r := range []*dp.Released{&a, &b} {
			r.Gradient = append(r.Gradient, make([]float32, contractSetting.Params()-2)...)
		}
		plain.Policy.Observe(&a)
		longer.Policy.Observe(&b)
		if b.Gradient[0] != 8*a.Gradient[0] || b.Gradient[1] != 8*a.Gradient[1] || b.NoiseStd != 8*a.NoiseStd || b.NoiseStds[0] != 8*a.NoiseStds[0] {
			t.Fatalf("step %d: %v and %v with a gain of 8", step, a.Gradient[:2], b.Gradient[:2])
		}
	}
}
