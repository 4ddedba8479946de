package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cloister/nn/compile/wasm"
)

func TestCrossEntropy(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for _, classes := range []int{2, 3, 4, 5, 8, 10, 16, 37} {
		for _, scale := range []float64{0, 1, 30, 1e4} {
			n, label := (classes+Panel-1)/Panel*Panel, r.IntN(classes)
			z := random(r, n)
			for i := range z {
				z[i] = float32(float64(z[i]) * scale)
			}
			loss, p := softmax(z[:classes], label)
			want := make([]float64, n)
			for i, v := range p {
				want[i] = 0.5 * v
			}
			what := fmt.Sprintf("%d logits of size %g", classes, scale)
			try(t, func(s *Set) *wasm.Func { return s.CrossEntropy(classes) }, 5, func(t *testing.T, b *bench) {
				gradient, total := b.alloc(n), b.alloc(2)
				b.WriteDoubles(total, []float64{1})
				b.run(b.put(z), gradient, label, total, b.put([]float32{0.5}))
				near(t, what, b.get(gradient, n), want, 1e-6)
				if got := float64(b.get(gradient, n)[label]); math.Abs(got-want[label]) > 1e-5*math.Abs(want[label])+1e-16 {
					t.Errorf("%s: the label's entry is %v, want %v", what, got, want[label])
				}
				if got := b.Doubles(total, 1)[0] - 1; math.Abs(got-loss) > 1e-6*(1+loss) {
					t.Errorf("%s: loss %v, want %v", what, got, loss)
				}
			})
			try(t, func(s *Set) *wasm.Func { return s.Loss(classes) }, 4, func(t *testing.T, b *bench) {
				total := b.alloc(2)
				b.WriteDoubles(total, []float64{1})
				b.run(b.put(z), b.alloc(n), label, total)
				if got := b.Doubles(total, 1)[0] - 1; math.Abs(got-loss) > 1e-6*(1+loss) {
					t.Errorf("%s: loss %v, want %v", what, got, loss)
				}
			})
		}
	}
}

// softmax is log(sum exp z) - z[label] and its gradient.
func softmax(z []float32, label int) (loss float64, gradient []float64) {
	largest, sum := math.Inf(-1), 0.0
	for _, v := range z {
		largest = max(largest, float64(v))
	}
	for _, v := range z {
		gradient = append(gradient, math.Exp(float64(v)-largest))
		sum += gradient[len(gradient)-1]
	}
	others := 0.0
	for i := range gradient {
		if gradient[i] /= sum; i != label {
			others += gradient[i]
		}
	}
	gradient[label] = -others
	return math.Log(sum) + largest - float64(z[label]), gradient
}

// A logit that is not finite must show in every gradient: only so does the record's norm tell.
func TestCrossEntropySpreadsNaN(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for at := range 5 {
			z := []float32{1, 2, 3, 4, 5, 0, 0, 0}
			z[at] = float32(bad)
			try(t, func(s *Set) *wasm.Func { return s.CrossEntropy(5) }, 5, func(t *testing.T, b *bench) {
				gradient, total := b.alloc(8), b.alloc(2)
				b.run(b.put(z), gradient, 1, total, b.put([]float32{1}))
				for i, v := range b.get(gradient, 8)[:5] {
					if v == v {
						t.Errorf("logit %d is %v, but gradient %d is %v", at, bad, i, v)
					}
				}
			})
		}
	}
}

func TestLogarithm(t *testing.T) {
	var m wasm.Module
	log := NewSet(&m, false).logarithm()
	f := m.Export("run", wasm.I32)
	at := f.Param(0)
	f.Get(at).Get(at).F64Load(0).Call(log).F64Store(0)
	m.Memory(64)
	b := newBench(t, &m)
	for _, x := range []float64{1, 1.0000001, 1.4142135, 1.5, 2, 2.5, 10, 256, 1e30, math.NaN(), math.Inf(1)} {
		b.WriteDoubles(8, []float64{x})
		b.run(8)
		got, want := b.Doubles(8, 1)[0], math.Log(x)
		if math.IsNaN(x) || math.IsInf(x, 1) {
			if !math.IsNaN(got) && !math.IsInf(got, 1) {
				t.Errorf("log %v is %v", x, got)
			}
		} else if math.Abs(got-want) > 1e-12*max(want, 1e-3) {
			t.Errorf("log %v is %v, want %v", x, got, want)
		}
	}
}

func TestArgMax(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		want   byte
	}{{[]float32{1, 2, 3}, 2}, {[]float32{3, 2, 3}, 0}, {[]float32{-5, -1, -2, -1}, 1}, {[]float32{0, 0}, 0}} {
		try(t, func(s *Set) *wasm.Func { return s.ArgMax(len(c.logits)) }, 2, func(t *testing.T, b *bench) {
			out := b.alloc(1)
			b.run(b.put(c.logits), out)
			if got := b.Bytes(out, 1)[0]; got != c.want {
				t.Errorf("%v: %d, want %d", c.logits, got, c.want)
			}
		})
	}
}

func TestGroupNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	for _, c := range []struct{ channels, groups int }{{1, 1}, {4, 2}, {6, 3}, {8, 8}, {12, 1}, {20, 4}, {32, 8}, {70, 7}} {
		for range 3 {
			groupNorm(t, r, c.channels, c.groups)
		}
	}
}

func groupNorm(t *testing.T, r *rand.Rand, channels, groups int) {
	padded := (channels + Panel - 1) / Panel * Panel
	x := newPicture(r, 1+r.IntN(4), 2+r.IntN(4), padded/Lanes)
	y := newPicture(r, x.Height, x.Width, x.Vectors)
	g := GroupNorm{Image: x.Image, OutRow: y.Row, Channels: channels, Groups: groups, Eps: 1e-5}
	gamma, beta := random(r, padded), random(r, padded)
	each := func(visit func(y, x, c int)) {
		for i := range x.Height {
			for j := range x.Width {
				for c := range padded {
					visit(i, j, c)
				}
			}
		}
	}
	each(func(i, j, c int) {
		if c >= channels {
			x.values[x.at(i, j, c)], y.values[y.at(i, j, c)], gamma[c], beta[c] = 0, 0, 0, 0
		}
	})
	xhat, out, dx := doubled(x.values), doubled(y.values), doubled(x.values)
	dgamma, dbeta := make([]float64, padded), make([]float64, padded)
	size := channels / groups
	for k := range groups { // from the definition, with y's values as the gradient dy
		n, mean, variance, a, b := 0.0, 0.0, 0.0, 0.0, 0.0
		in := func(visit func(at, to, c int)) {
			each(func(i, j, c int) {
				if c < channels && c/size == k {
					visit(x.at(i, j, c), y.at(i, j, c), c)
				}
			})
		}
		in(func(at, _, _ int) { n++; mean += float64(x.values[at]) })
		mean /= n
		in(func(at, _, _ int) { variance += math.Pow(float64(x.values[at])-mean, 2) / n })
		inverse := 1 / math.Sqrt(variance+1e-5)
		in(func(at, to, c int) {
			xhat[at] = (float64(x.values[at]) - mean) * inverse
			out[to] = xhat[at]*float64(gamma[c]) + float64(beta[c])
			dy := float64(y.values[to])
			dgamma[c] += dy * xhat[at]
			dbeta[c] += dy
			a += dy * float64(gamma[c]) / n
			b += dy * float64(gamma[c]) * xhat[at] / n
		})
		in(func(at, to, c int) {
			dx[at] = inverse * (float64(gamma[c])*float64(y.values[to]) - a - xhat[at]*b)
		})
	}
	what := fmt.Sprintf("%+v", g)
	try(t, func(s *Set) *wasm.Func { return s.GroupNormForward(g) }, 7, func(t *testing.T, b *bench) {
		for _, inPlace := range []bool{false, true} {
			from := b.put(x.values)
			to := from
			if !inPlace {
				to = b.put(x.values)
			}
			result := b.put(y.values)
			b.run(from, to, result, b.put(gamma), b.put(beta), b.alloc(padded), b.alloc(padded*GroupNormScratch))
			near(t, "xhat of "+what, b.get(to, len(xhat)), xhat, 1e-4)
			near(t, "y of "+what, b.get(result, len(out)), out, 1e-4)
		}
	})
	var m wasm.Module
	s := NewSet(&m, false)
	forward, sums, gradient := s.GroupNormForward(g), s.GroupNormSums(g), s.GroupNormGradient(g)
	f := m.Export("run", i32s(11)...)
	arg := func(params ...int) {
		for _, p := range params {
			f.Get(f.Param(p))
		}
	}
	// x, y, gamma, beta, inverse, scratch, dy, dx, dgamma, dbeta
	arg(0, 0, 1, 2, 3, 4, 5)
	f.Call(forward)
	arg(6, 0, 8, 9)
	f.Call(sums)
	arg(6, 0, 7, 2, 4, 8, 9, 5)
	f.Call(gradient)
	m.Memory(benchMemory)
	b := newBench(t, &m)
	to, toGamma, toBeta := b.put(x.values), b.alloc(padded), b.alloc(padded)
	b.run(b.put(x.values), b.put(y.values), b.put(gamma), b.put(beta), b.alloc(padded), b.alloc(padded*GroupNormScratch),
		b.put(y.values), to, toGamma, toBeta, 0)
	near(t, "dgamma of "+what, b.get(toGamma, padded), dgamma, 1e-4)
	near(t, "dbeta of "+what, b.get(toBeta, padded), dbeta, 1e-4)
	near(t, "dx of "+what, b.get(to, len(dx)), dx, 1e-3)
}
