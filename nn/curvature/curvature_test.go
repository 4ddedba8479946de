package curvature

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"cloister/nn"

	"gonum.org/v1/gonum/dsp/fourier"
)

func model(t testing.TB, name string, in nn.Shape) (*nn.Model, []float32) {
	t.Helper()
	m, err := nn.ByName(name, in, 10)
	if err != nil {
		t.Fatal(err)
	}
	params := make([]float32, m.NumParams())
	m.Init(params, rand.New(rand.NewPCG(1, 1)))
	return m, params
}

// U F U is the identity for a damped factor F: its root was inverted.
func TestFactorsAreInverseRoots(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for _, n := range []int{1, 2, 7, 40} {
		for _, damping := range []float64{1e-6, 1e-3, 0.3, 10} {
			sums := make([]float64, n*n)
			for range n/2 + 1 { // of low rank, and of a size of its own
				v := make([]float64, n)
				for i := range v {
					v[i] = 1e-3 * rng.NormFloat64()
				}
				for i := range n {
					for j := range n {
						sums[i*n+j] += v[i] * v[j]
					}
				}
			}
			u, mean := make([]float32, n*n), 0.0
			if err := inverseRoot(u, sums, n, damping); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				mean += sums[i*n+i] / float64(n)
			}
			for i := range n {
				for j := range n {
					got := 0.0
					for k := range n {
						for l := range n {
							f := sums[k*n+l] / mean
							if k == l {
								f += damping
							}
							got += float64(u[i*n+k]) * f * float64(u[l*n+j])
						}
					}
					if want := float64(1 - min(1, (i-j)*(i-j))); math.Abs(got-want) > 1e-4 {
						t.Fatalf("n %d, damping %v: U F U is %v at %d,%d", n, damping, got, i, j)
					}
				}
			}
		}
	}
}

// Moments by their definition: a linear layer's output gradient is its bias' gradient, a convolution's windows are read off its input.
func TestMomentsFollowTheirDefinition(t *testing.T) {
	m := &nn.Model{Input: nn.Shape{C: 5, H: 4, W: 4}, Layers: []nn.Layer{nn.Conv2D{In: 5, Filters: 3, Kernel: 3, Stride: 1, Pad: 1}, nn.Tanh{}, nn.Flatten{}, nn.Linear{In: 48, Units: 4}}}
	params, rng := make([]float32, m.NumParams()), rand.New(rand.NewPCG(3, 1))
	m.Init(params, rng)
	moments, err := nn.NewMoments(m)
	if err != nil {
		t.Fatal(err)
	}
	reference, err := nn.NewReference(m)
	if err != nil {
		t.Fatal(err)
	}
	x, grad, tensors := make([]float32, 80), make([]float32, len(params)), m.Tensors()
	channels, taps, units, square := make([]float64, 25), make([]float64, 81), make([]float64, 16), 0.0
	const samples = 3
	for label := range samples {
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		if err := moments.Add(params, x, label); err != nil {
			t.Fatal(err)
		}
		reference.Gradient(params, x, label, grad)
		d := grad[tensors[3].Offset:]
		for i := range 4 {
			for j := range 4 {
				units[i*4+j] += float64(d[i]) * float64(d[j])
			}
		}
		at := func(c, tap, p int) float64 {
			row, column := p/4+tap/3-1, p%4+tap%3-1
			if row < 0 || row > 3 || column < 0 || column > 3 {
				return 0
			}
			return float64(x[(c*4+row)*4+column])
		}
		for p := range 16 {
			for a := range 5 {
				for k := range 9 {
					for b := range 5 {
						channels[a*5+b] += at(a, k, p) * at(b, k, p)
					}
					for l := range 9 {
						taps[k*9+l] += at(a, k, p) * at(a, l, p)
					}
					square += at(a, k, p) * at(a, k, p) / 45
				}
			}
		}
	}
	conv, linear := moments.Factors[0], moments.Factors[1]
	check := func(what string, got, want []float64) {
		t.Helper()
		for i, v := range got {
			if math.Abs(v-want[i]) > 1e-5*(1+math.Abs(want[i])) {
				t.Errorf("%s: moment %d is %v, want %v", what, i, v, want[i])
				return
			}
		}
	}
	check("channels", moments.Sums[conv.Offset+9:][:25], channels)
	check("taps", moments.Sums[conv.Offset+34:][:81], taps)
	check("squares", moments.Sums[conv.Offset+115:][:1], []float64{square})
	check("units", moments.Sums[linear.Offset:][:16], units)
	if !slices.Equal(moments.Positions, []int{16 * samples, samples}) {
		t.Errorf("positions %v", moments.Positions)
	}
}

// What whitening is for: transformed by their own factors with next to no damping, output gradients have equal power in all
// directions that they have any in. Ten classes' gradients sum to zero, which leaves nine.
func TestWhitenedGradientsAreWhite(t *testing.T) {
	m, params := model(t, "logistic", nn.Shape{C: 1, H: 6, W: 6})
	rng := rand.New(rand.NewPCG(4, 1))
	u, err := Whitening(m, params, Options{Images: 5000, Exponent: 1.5, Damping: 1e-6}, rand.New(rand.NewPCG(5, 1)))
	if err != nil {
		t.Fatal(err)
	}
	moments, err := nn.NewMoments(m)
	if err != nil {
		t.Fatal(err)
	}
	noise, x := newNoise(m.Input, 1.5), make([]float32, 36)
	for range 5000 {
		noise.draw(x, rng)
		if err := moments.Add(params, x, rng.IntN(10)); err != nil {
			t.Fatal(err)
		}
	}
	f := moments.Factors[0]
	out, _, _ := f.Parts(u)
	power, trace := make([]float64, 10), 0.0
	for i := range 10 {
		for k := range 10 {
			for l := range 10 {
				power[i] += float64(out[i*10+k]) * moments.Sums[k*10+l] * float64(out[l*10+i])
			}
		}
		trace += power[i]
	}
	for i, p := range power { // 500 samples a class on either side: one standard deviation is 6 %
		if math.Abs(p/trace*10-1) > 0.35 {
			t.Errorf("unit %d has %v of a tenth of the power", i, p/trace*10)
		}
	}
}

// Amplitudes fall as stated, channels are apart, mean and variance are a normalised record's.
func TestNoiseIsPink(t *testing.T) {
	for _, s := range []nn.Shape{{C: 1, H: 28, W: 28}, {C: 3, H: 16, W: 11}, {C: 2, H: 1, W: 64}} {
		for _, exponent := range []float64{0, 1, 1.8} {
			rng, area := rand.New(rand.NewPCG(6, 1)), s.H*s.W
			n, x := newNoise(s, exponent), make([]float32, s.Size())
			ratio := 0.0 // of powers, its logarithm
			transform := fourier.NewFFT(s.W)
			const draws = 200
			for range draws {
				n.draw(x, rng)
				mean, square := 0.0, 0.0
				for _, v := range x[:area] {
					mean += float64(v) / float64(area)
					square += float64(v) * float64(v) / float64(area)
				}
				if math.Abs(mean) > 1e-5 || math.Abs(square-1) > 1e-4 {
					t.Fatalf("%v: mean %v, variance %v", s, mean, square)
				}
				line := make([]float64, s.W) // the mean over rows holds the frequencies without a vertical part
				for i, v := range x[:area] {
					line[i%s.W] += float64(v)
				}
				c := transform.Coefficients(nil, line)
				ratio += 2 * math.Log(cmplx.Abs(c[1])/cmplx.Abs(c[4])) / draws
			}
			// The logarithm of an exponential variable's deviation is pi/sqrt 6, so the mean's is 0.13.
			if want := 2 * exponent * math.Log(4); math.Abs(ratio-want) > 0.64 {
				t.Errorf("%v, exponent %v: four times the frequency has 1/%.3g of the power, want 1/%.3g", s, exponent, math.Exp(ratio), math.Exp(want))
			}
		}
	}
}

func TestSameSourceSameWhitening(t *testing.T) {
	m, params := model(t, "mnist-cnn", nn.Shape{C: 1, H: 28, W: 28})
	o := Options{Images: 4, Exponent: 1.5, Damping: 0.3}
	var all [][]float32
	for _, seed := range []uint64{1, 1, 2} {
		u, err := Whitening(m, params, o, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	if !slices.Equal(all[0], all[1]) || slices.Equal(all[0], all[2]) {
		t.Error("a source's whitening is not its own")
	}
}

func TestBadProblemsAreRefused(t *testing.T) {
	m, params := model(t, "mnist-cnn", nn.Shape{C: 1, H: 28, W: 28})
	rng := rand.New(rand.NewPCG(7, 1))
	good := Options{Images: 2, Exponent: 1.5, Damping: 0.3}
	for _, o := range []Options{{0, 1, 1}, {1, -1, 1}, {1, math.NaN(), 1}, {1, 1, 0}, {1, 1, math.Inf(1)}, {1 << 20, 1, 1}} {
		if _, err := Whitening(m, params, o, rng); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	if _, err := Whitening(m, params[1:], good, rng); err == nil {
		t.Error("took too few parameters")
	}
	broken := slices.Clone(params)
	broken[10] = float32(math.NaN())
	if _, err := Whitening(m, broken, good, rng); err == nil {
		t.Error("made factors of parameters that are no numbers")
	}
	for i := range broken { // every unit is silent, and no gradient reaches the first layers
		broken[i] = 0
	}
	if u, err := Whitening(m, broken, good, rng); err != nil || slices.ContainsFunc(u, func(v float32) bool { return v != v }) {
		t.Errorf("a silent network has no whitening: %v", err)
	}
}

func BenchmarkWhitening(b *testing.B) {
	for name, in := range map[string]nn.Shape{"mnist-cnn": {C: 1, H: 28, W: 28}, "cifar-cnn": {C: 3, H: 32, W: 32}} {
		m, params := model(b, name, in)
		for _, images := range []int{1, 33} {
			b.Run(fmt.Sprintf("%s/%d images", name, images), func(b *testing.B) {
				for b.Loop() {
					if _, err := Whitening(m, params, Options{Images: images, Exponent: 1.5, Damping: 0.3}, rand.New(rand.NewPCG(8, 1))); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
