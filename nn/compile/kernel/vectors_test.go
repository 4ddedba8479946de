package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cloister/nn/compile/wasm"
)

// sizes are numbers of vectors around the unrolled loops' edges.
var sizes = []int{0, 1, 2, 3, 4, 5, 7, 8, 19}

// elementwise is a kernel on plain vectors and its twin, value by value.
type elementwise struct {
	name      string
	kernel    func(s *Set) *wasm.Func
	inputs    int // the output follows them
	plain     func(in []float64) float64
	tolerance float64
	inPlace   bool // the output is the last input
	scalar    bool // the last parameter is the address of a factor
}

const testFactor = -0.7

func TestElementwise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, k := range []elementwise{
		{name: "fill", kernel: (*Set).Fill, inPlace: true, inputs: 1, plain: func([]float64) float64 { return 0 }},
		{name: "copy", kernel: (*Set).Copy, inputs: 1, scalar: true, plain: func(v []float64) float64 { return v[0] }},
		{name: "scale", kernel: (*Set).Scale, inputs: 1, scalar: true, plain: func(v []float64) float64 { return testFactor * v[0] }, tolerance: 1e-6},
		{name: "addScaled", kernel: (*Set).AddScaled, inputs: 2, inPlace: true, scalar: true,
			plain: func(v []float64) float64 { return v[1] + testFactor*v[0] }, tolerance: 1e-6},
		{name: "relu", kernel: (*Set).ReLU, inputs: 1, plain: func(v []float64) float64 { return max(0, v[0]) }},
		{name: "reluGradient", kernel: (*Set).ReLUGradient, inputs: 2, plain: func(v []float64) float64 {
			if v[0] > 0 {
				return v[1]
			}
			return 0
		}},
		{name: "tanh", kernel: (*Set).Tanh, inputs: 1, plain: func(v []float64) float64 { return math.Tanh(v[0]) }, tolerance: 3e-7},
		{name: "tanhGradient", kernel: (*Set).TanhGradient, inputs: 2, plain: func(v []float64) float64 { return v[1] * (1 - v[0]*v[0]) }, tolerance: 2e-6},
	} {
		params := 2 + k.inputs
		if k.inPlace {
			params--
		}
		if k.scalar {
			params++
		}
		for _, n := range sizes {
			try(t, k.kernel, params, func(t *testing.T, b *bench) { k.test(t, b, r, n) })
		}
	}
}

func (k elementwise) test(t *testing.T, b *bench, r *rand.Rand, n int) {
	args, inputs := []int{n}, make([][]float32, k.inputs)
	for i := range inputs {
		inputs[i] = random(r, n*Lanes)
		for j := range inputs[i] {
			switch r.IntN(9) {
			case 0:
				inputs[i][j] = 0
			case 1:
				inputs[i][j] *= 10
			}
		}
		args = append(args, b.put(inputs[i]))
	}
	if !k.inPlace {
		args = append(args, b.alloc(n*Lanes))
	}
	out := args[len(args)-1]
	if k.scalar {
		args = append(args, b.put([]float32{testFactor}))
	}
	b.run(args...)
	want := make([]float64, n*Lanes)
	for j := range want {
		v := make([]float64, k.inputs)
		for i := range inputs {
			v[i] = float64(inputs[i][j])
		}
		want[j] = k.plain(v)
	}
	near(t, fmt.Sprintf("%s of %d vectors", k.name, n), b.get(out, n*Lanes), want, k.tolerance*10)
}

func TestTanhKeepsNaNAndLimits(t *testing.T) {
	try(t, (*Set).Tanh, 3, func(t *testing.T, b *bench) {
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		x, y := b.put([]float32{nan, inf, -inf, 1e-9}), b.alloc(4)
		b.run(1, x, y)
		got := b.get(y, 4)
		if got[0] == got[0] || math.Abs(float64(got[1])-1) > 1e-6 || math.Abs(float64(got[2])+1) > 1e-6 || math.Abs(float64(got[3])/1e-9-1) > 1e-6 {
			t.Errorf("tanh of NaN, inf, -inf, 1e-9: %v", got)
		}
	})
}

// What is not finite is gone where the factor is 0, and what is tiny where the least says so; a NaN stays.
func TestQuietKernels(t *testing.T) {
	nan, inf, tiny := float32(math.NaN()), float32(math.Inf(1)), float32(Quiet/1.001)
	ones := []float32{1, 1, 1, 1}
	for _, c := range []struct {
		name   string
		kernel func(s *Set) *wasm.Func
		x      []float32
		more   [][]float32 // the last one is where the result comes to, unless none is given
		want   []float32
	}{
		{"hush", (*Set).Hush, []float32{Quiet, -Quiet, tiny, -tiny}, nil, []float32{Quiet, -Quiet, 0, 0}},
		{"hush", (*Set).Hush, []float32{nan, inf, -inf, 0}, nil, []float32{nan, inf, -inf, 0}},
		{"relu", (*Set).ReLU, []float32{tiny, Quiet, -1, nan}, [][]float32{ones}, []float32{0, Quiet, 0, nan}},
		{"reluGradient", (*Set).ReLUGradient, ones, [][]float32{{tiny, -Quiet, -tiny, nan}, ones}, []float32{0, -Quiet, 0, nan}},
		{"tanh", (*Set).Tanh, []float32{1e-11, -1e-11, 0, 1e-38}, [][]float32{ones}, []float32{0, 0, 0, 0}},
		{"tanhGradient", (*Set).TanhGradient, []float32{0, 0, 1 - 0x1p-24, 0}, [][]float32{{tiny, Quiet, 0x1p-20, nan}, ones}, []float32{0, Quiet, 0, nan}},
		{"copy", (*Set).Copy, []float32{nan, inf, 1, -inf}, [][]float32{ones, {0}}, []float32{0, 0, 0, 0}},
		{"scale", (*Set).Scale, []float32{nan, inf, 1, -inf}, [][]float32{ones, {0}}, []float32{0, 0, 0, 0}},
		{"scale", (*Set).Scale, []float32{0x1p-50, -0x1p-51, nan, 1}, [][]float32{ones, {0x1p-10}}, []float32{0x1p-60, 0, nan, 0x1p-10}},
		{"addScaled", (*Set).AddScaled, []float32{nan, inf, 1, -inf}, [][]float32{ones, {0}}, ones},
	} {
		try(t, c.kernel, 2+len(c.more), func(t *testing.T, b *bench) {
			args := []int{1, b.put(c.x)}
			for _, v := range c.more {
				args = append(args, b.put(v))
			}
			b.run(args...)
			out := args[len(args)-1]
			if n := len(c.more); n > 0 && len(c.more[n-1]) == 1 {
				out = args[len(args)-2]
			}
			for i, got := range b.get(out, 4) {
				if got != c.want[i] && !(got != got && c.want[i] != c.want[i]) {
					t.Errorf("%s of %v and %v: %v at %d, want %v", c.name, c.x, c.more, got, i, c.want[i])
				}
			}
		})
	}
}

// Squares must hold where float32 squares underflow or overflow.
func TestSquares(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, scale := range []float64{1e-40, 1e-22, 1, 1e25} {
		for _, n := range sizes {
			try(t, (*Set).Squares, 3, func(t *testing.T, b *bench) {
				x, want := random(r, n*Lanes), 0.0
				for i := range x {
					x[i] = float32(float64(x[i]) * scale)
					want += float64(x[i]) * float64(x[i])
				}
				sum := b.alloc(2)
				b.WriteDoubles(sum, []float64{scale * scale})
				want += scale * scale
				b.run(n, b.put(x), sum)
				if got := b.Doubles(sum, 1)[0]; math.Abs(got-want) > 1e-14*want {
					t.Errorf("%d vectors of %g: %v, want %v", n, scale, got, want)
				}
			})
		}
	}
}

func TestFlush(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range sizes {
		try(t, (*Set).Flush, 3, func(t *testing.T, b *bench) {
			v, before := random(r, n*Lanes), doubled(random(r, n*Lanes))
			x, y := b.put(v), b.alloc(2*n*Lanes)
			b.WriteDoubles(y, before)
			b.run(n, x, y)
			for i, got := range b.Doubles(y, n*Lanes) {
				if want := before[i] + float64(v[i]); got != want {
					t.Fatalf("%d vectors: sum %d is %v, want %v", n, i, got, want)
				}
			}
			near(t, "flushed", b.get(x, n*Lanes), make([]float64, n*Lanes), 0)
			b.get(y, 2*n*Lanes)
		})
	}
}

func TestPermute(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 40 {
		n, size := []int{1 + r.IntN(4), 1 + r.IntN(4), 1 + r.IntN(20)}, 4+4*r.IntN(2)
		order := r.Perm(3) // of the target's axes, outermost first
		axes, reversed := make([]Axis, 3), make([]bool, 3)
		from, to, start := size, size, 0
		for i := 2; i >= 0; i-- {
			axes[i].N, axes[i].From = n[i], from
			from *= n[i]
		}
		for i := 2; i >= 0; i-- {
			k := order[i]
			axes[k].To = to
			to *= n[k]
			if reversed[k] = r.IntN(4) == 0; reversed[k] { // some axes backwards
				start += (n[k] - 1) * axes[k].To
				axes[k].To *= -1
			}
		}
		try(t, func(s *Set) *wasm.Func { return s.Permute(size, axes...) }, 2, func(t *testing.T, b *bench) {
			floats := from / 4
			v, out := random(r, floats), b.alloc(floats)
			b.run(b.put(v), out+start)
			got := b.get(out, floats)
			for i := range n[0] {
				for j := range n[1] {
					for k := range n[2] {
						f := (i*axes[0].From + j*axes[1].From + k*axes[2].From) / 4
						g := (start + i*axes[0].To + j*axes[1].To + k*axes[2].To) / 4
						for h := range size / 4 {
							if got[g+h] != v[f+h] {
								t.Fatalf("%v of %d bytes: element %d,%d,%d is misplaced", axes, size, i, j, k)
							}
						}
					}
				}
			}
		})
	}
}

func TestGrid(t *testing.T) {
	for _, size := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {4, 7}} {
		try(t, (*Set).Grid, 6, func(t *testing.T, b *bench) {
			rows, columns := size[0], size[1]
			at := b.alloc(rows * columns)
			b.run(at, rows, columns, 5, -100, 3)
			for i, v := range b.get(at, rows*columns) {
				if got, want := int32(math.Float32bits(v)), int32(5-100*(i/columns)+3*(i%columns)); got != want {
					t.Fatalf("%dx%d: entry %d is %d, want %d", rows, columns, i, got, want)
				}
			}
		})
	}
}
