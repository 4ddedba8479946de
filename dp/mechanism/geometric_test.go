package mechanism

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/dp"
)

// cosineRates fall by the epoch, as package nn's schedule of that name does.
func cosineRates(steps, perEpoch int) []float64 {
	rates := make([]float64, steps)
	for t := range rates {
		rates[t] = (1 + math.Cos(math.Pi*float64(t/perEpoch)/float64((steps+perEpoch-1)/perEpoch))) / 2
	}
	return rates
}

// fixedSetting is benchmarkSetting with the benchmark's optimiser.
func fixedSetting() Setting {
	s := benchmarkSetting
	s.Momentum, s.Rates = 0.9, cosineRates(s.Steps, s.StepsPerEpoch)
	return s
}

func builderOf(s Setting) *builder {
	b := &builder{Setting: s}
	b.design.Spec.Rate = s.BatchSize / float64(s.N)
	return b
}

// signal is how far the last iterate moves when all gradients are 1.
func (it *iterates) signal() (sum float64) {
	velocity := 0.0
	for _, rate := range it.rates {
		velocity = it.momentum*velocity + 1
		sum += rate * velocity
	}
	return sum
}

// The error against a run of SGD on the columns of the strategy's inverse, one step after the other.
func TestNoiseOfIterates(t *testing.T) {
	const n = 9
	it := iterates{rates: []float64{0.7, 0.7, 0.5, 0.5, 0.5, 0.2, 0.2, 0.1, 0.1}, momentum: 0.6}
	for _, c := range [][]float64{{1}, geometric(3, 0.6), {0.8, 0.5, 0.2}} {
		var want, mean float64
		for r := range n {
			w := make([]float64, n) // of a normal that is 1 in step r alone
			velocity, position := 0.0, 0.0
			for t := range n {
				if t == r {
					w[t] = 1
				}
				for j := 1; j < len(c) && j <= t; j++ {
					w[t] -= c[j] * w[t-j]
				}
				w[t] /= c[0]
				velocity = it.momentum*velocity + w[t]
				position -= it.rates[t] * velocity
				mean += position * position / n
			}
			want += position * position
		}
		last, all := it.noise(it.response(divide(append([]float64{1}, make([]float64, n-1)...), c)), nil)
		if math.Abs(last/want-1) > 1e-12 || math.Abs(all/mean-1) > 1e-12 {
			t.Errorf("%v: errors %v and %v, want %v and %v", c, last, all, want, mean)
		}
	}
	if got, want := it.signal(), 0.7*1+0.7*1.6+0.5*1.96; !(got > want) {
		t.Errorf("signal %v, want more than %v of its first steps", got, want)
	}
}

// The inverse in closed form, and what a sample of steps makes of a long run, which takes as long as a short one.
func TestGeometricInverse(t *testing.T) {
	for _, bands := range []int{1, 2, 3, 8} {
		c := geometric(bands, 0.7)
		want := divide(append([]float64{1}, make([]float64, 29)...), c)
		for i, x := range geometricInverse(bands, 0.7, c[0], 30) {
			if math.Abs(x-want[i]) > 1e-12 {
				t.Fatalf("%d bands: coefficient %d is %v, want %v", bands, i, x, want[i])
			}
		}
	}
	const steps = 6000
	it := iterates{rates: cosineRates(steps, 200), momentum: 0.9}
	inverse := geometricInverse(60, 0.97, geometric(60, 0.97)[0], steps)
	u := slices.Clone(inverse)
	for i := 1; i < steps; i++ {
		u[i] += it.momentum * u[i-1]
	}
	last, mean := it.noise(it.response(inverse), nil)
	var wantLast, wantMean float64
	for r := range steps {
		p := 0.0
		for i := r; i < steps; i++ {
			p += it.rates[i] * u[i-r]
			wantMean += p * p / steps
		}
		wantLast += p * p
	}
	if math.Abs(last/wantLast-1) > 0.01 || math.Abs(mean/wantMean-1) > 0.01 {
		t.Errorf("errors %v and %v, all steps give %v and %v", last, mean, wantLast, wantMean)
	}
}

// In the benchmark's fixed setting: noise of the last iterate over the signal, per unit of the clip norm, against the optimum over
// all banded Toeplitz strategies that was found by general optimisation (rms, accountant's noise multipliers).
func TestGeometricIsNearTheBest(t *testing.T) {
	for bands, best := range map[int]float64{1: 8.57e-5, 8: 4.54e-5, 32: 3.63e-5, 78: 3.48e-5, 117: 3.50e-5} {
		b := builderOf(fixedSetting())
		z, err := b.multiplier(bands)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := b.iterates().bestRatio(bands)
		got := z / b.BatchSize * b.iterates().lastError(c) / b.iterates().signal()
		t.Logf("%d bands: %.4g", bands, got)
		if !(math.Abs(got/best-1) < 0.01) {
			t.Errorf("%d bands: error %.4g of the signal, the best known %.4g", bands, got, best)
		}
	}
}

// Chosen bands are as good as any others, to 1 %, and keep to what memory and groups allow.
func TestBandsAreChosen(t *testing.T) {
	skipShort(t)
	s := fixedSetting()
	d, err := New("cloister", nil, s)
	if err != nil {
		t.Fatal(err)
	}
	b := builderOf(s)
	error := func(bands int) float64 {
		z, err := b.multiplier(bands)
		if err != nil {
			t.Fatal(err)
		}
		_, noise := b.iterates().bestRatio(bands)
		return z * math.Sqrt(noise)
	}
	chosen := error(len(d.Spec.Strategy))
	for _, bands := range []int{20, 47, 53, 78, 90, 130} {
		if other := error(bands); other < 0.99*chosen {
			t.Errorf("%d bands were chosen, %d have %.3f of their noise", len(d.Spec.Strategy), bands, other/chosen)
		}
	}
	s.Tensors = []int{1 << 20}
	if d, err = New("cloister", nil, s); err != nil || len(d.Spec.Strategy)*8<<20 > maxHistory {
		t.Errorf("%d bands of %d numbers are more than 128 MB (%v)", len(d.Spec.Strategy), 1<<20, err)
	}
	if _, err = New("cloister", map[string]float64{"bands": 40}, s); err == nil || !strings.Contains(err.Error(), "at most 14") {
		t.Errorf("40 bands of %d numbers: %v", 1<<20, err)
	}
	s.Tensors, s.BatchSize = benchmarkSetting.Tensors, 60000
	if d, err = New("cloister", nil, s); err != nil || d.Spec.Strategy != nil {
		t.Errorf("all records in every step: strategy %v (%v), want independent noise", d.Spec.Strategy, err)
	}
}

// fakeWhitener tells what it was asked, and gives that back.
type fakeWhitener struct {
	asked  []uint64
	params []float32
	fail   bool
}

func (f *fakeWhitener) make(params []float32, images int, damping float64, source uint64) ([]float32, error) {
	if f.fail {
		return nil, errors.New("not finite")
	}
	f.asked, f.params = append(f.asked, source), slices.Clone(params)
	return []float32{float32(source), params[0], float32(damping), float32(images)}, nil
}

// The published mechanisms that ours joins are its parts: the same noise without whitening, the same whitening without correlation.
func TestPartsOfOurs(t *testing.T) {
	s := contractSetting
	s.Whitener = &Whitener{Len: 4, Make: (&fakeWhitener{}).make}
	of := func(name string, params map[string]float64) *Design {
		d, err := New(name, params, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ours, noise, whitened := of("cloister", map[string]float64{"bands": 4}), of("dp-lambda-cgd", map[string]float64{"bands": 4}), of("dp-kfc", nil)
	if !slices.Equal(noise.Spec.Strategy, ours.Spec.Strategy) || len(noise.Spec.Strategy) != 4 || noise.Whitened {
		t.Errorf("noise of strategy %v, whitened %t; ours has %v", noise.Spec.Strategy, noise.Whitened, ours.Spec.Strategy)
	}
	if !whitened.Whitened || whitened.Spec.Strategy != nil {
		t.Errorf("whitened %t, noise of strategy %v", whitened.Whitened, whitened.Spec.Strategy)
	}
}

// Factors are made at the parameters of the first step of each period, are the same within it, whoever asks again, and are
// kept by a checkpoint; where they cannot be made, the last ones stay.
func TestWhiteningIsRenewed(t *testing.T) {
	s := contractSetting
	f := &fakeWhitener{}
	s.Whitener = &Whitener{Len: 4, Make: f.make}
	design := func() *Design {
		d, err := New("cloister", map[string]float64{"every": 5, "damping": 0.5, "images": 32}, s)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Whitened {
			t.Fatal("not whitened")
		}
		return d
	}
	d := design()
	ask := func(d *Design, step int) []float32 {
		a := dp.Ask{Bounds: make([]float64, 1)}
		d.Policy.Ask(dp.View{Step: step, Params: []float32{float32(100 + step)}}, &a)
		return slices.Clone(a.Whitening)
	}
	for step := range 12 {
		first := float32(step / 5 * 5)
		for range 2 {
			if got, want := ask(d, step), []float32{first, 100 + first, 0.5, 32}; !slices.Equal(got, want) {
				t.Fatalf("step %d: factors %v, want %v", step, got, want)
			}
		}
	}
	if want := []uint64{0, 5, 10}; !slices.Equal(f.asked, want) {
		t.Errorf("made at steps %v, want %v", f.asked, want)
	}
	restored := design()
	if err := restored.Policy.SetState(d.Policy.AppendState(nil)); err != nil {
		t.Fatal(err)
	}
	if got := ask(restored, 13); !slices.Equal(got, []float32{10, 110, 0.5, 32}) || len(f.asked) != 3 {
		t.Errorf("restored: factors %v", got)
	}
	f.fail = true
	if got := ask(restored, 15); !slices.Equal(got, []float32{10, 110, 0.5, 32}) {
		t.Errorf("not made anew: factors %v", got)
	}
	if got := ask(design(), 0); got == nil || len(got) != 0 {
		t.Errorf("never made: factors %v, want some that a compute side refuses", got)
	}
	for name, change := range map[string]func(*Setting, map[string]float64){
		"damping 0":  func(_ *Setting, p map[string]float64) { p["damping"] = 0 },
		"no noise":   func(s *Setting, _ map[string]float64) { s.NonPrivate = true },
		"no network": func(s *Setting, _ map[string]float64) { s.Whitener = nil },
	} {
		s, p := s, map[string]float64{}
		change(&s, p)
		if d, err := New("cloister", p, s); err != nil || d.Whitened {
			t.Errorf("%s: whitened %v, %v", name, d.Whitened, err)
		}
	}
}

// What the policy states reaches the compute side with every query.
func TestQueriesCarryTheWhitening(t *testing.T) {
	s := contractSetting
	f := &fakeWhitener{}
	s.Whitener = &Whitener{Len: 4, Make: f.make}
	d, err := New("cloister", map[string]float64{"every": 2, "bands": 4}, s)
	if err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, dp.Options{Plan: plan(t, d.Spec), Policy: d.Policy, Tensors: s.Tensors})
	for step := range 5 {
		_, err := e.Next(context.Background(), make([]float32, s.Params()), func(ctx context.Context, q dp.Query) (dp.Sums, error) {
			if len(q.Whitening) != 4 || q.Whitening[0] != float32(step/2*2) {
				t.Errorf("step %d: whitening %v", step, q.Whitening)
			}
			return nothingFound(s.Params(), 1)(ctx, q)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The gain leaves as much noise in the last iterate whatever else is chosen: 4 in the setting that it was found in. It leaves a person's
// learning rate its meaning, and another that is asked for is taken.
func TestGainFollowsTheNoise(t *testing.T) {
	skipShort(t)
	gainOf := func(params map[string]float64, change func(*Setting)) float64 {
		s := fixedSetting()
		if change != nil {
			change(&s)
		}
		d, err := New("cloister", params, s)
		if err != nil {
			t.Fatal(err)
		}
		return d.Policy.(*composed).gain
	}
	usual := gainOf(nil, nil)
	independent := gainOf(map[string]float64{"bands": 1}, nil)
	t.Logf("gain %.4f, with independent noise %.4f", usual, independent)
	for what, c := range map[string]struct{ got, want float64 }{
		"the fixed setting": {usual, 4},
		"half the bound":    {gainOf(map[string]float64{"clip": 0.5}, nil), 8},
		"twice the rate": {gainOf(nil, func(s *Setting) {
			for i := range s.Rates {
				s.Rates[i] *= 2
			}
		}), 4},
		"a gain of one's own": {gainOf(map[string]float64{"gain": 3}, nil), 3},
		"no noise":            {gainOf(nil, func(s *Setting) { s.NonPrivate = true }), 4},
		"next to no noise":    {gainOf(nil, func(s *Setting) { s.Epsilon = 1000 }), 4.5},
		"independent noise":   {independent, 4 * 3.47e-5 / 8.57e-5},
	} {
		if math.Abs(c.got/c.want-1) > 0.01 {
			t.Errorf("%s: gain %v, want %v", what, c.got, c.want)
		}
	}
}

// Layers that a normalisation follows have a gain of their own; what is said of the noise is its root mean square.
func TestGainOfScaleFreeLayers(t *testing.T) {
	s := contractSetting
	s.ScaleFree = []bool{false, true, true, false}
	d, err := New("cloister", map[string]float64{"bands": 1, "gain": 2, "longer": 3}, s)
	if err != nil {
		t.Fatal(err)
	}
	r := dp.Released{Gradient: make([]float32, s.Params()), NoiseStd: 1, NoiseStds: []float64{1}}
	for i := range r.Gradient {
		r.Gradient[i] = 1
	}
	d.Policy.Observe(&r)
	from, squares := 0, 0.0
	for i, n := range s.Tensors {
		want := float32(2)
		if s.ScaleFree[i] {
			want = 6
		}
		for _, v := range r.Gradient[from : from+n] {
			if v != want {
				t.Fatalf("tensor %d: %v, want %v", i, v, want)
			}
		}
		squares += float64(want*want) * float64(n)
		from += n
	}
	if want := math.Sqrt(squares / float64(from)); math.Abs(r.NoiseStd/want-1) > 1e-12 || math.Abs(r.NoiseStds[0]/want-1) > 1e-12 {
		t.Errorf("noise %v and %v, want %v", r.NoiseStd, r.NoiseStds, want)
	}
}
