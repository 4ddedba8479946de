package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// every layer at least once, with strides, padding, overlapping and skipping windows, and widths that are odd
var testModels = []*Model{
	{Name: "dense", Input: Shape{7, 1, 1}, Layers: []Layer{Linear{7, 5}, Tanh{}, Linear{5, 3}}},
	{Name: "relu", Input: Shape{2, 3, 3}, Layers: []Layer{Flatten{}, Linear{18, 9}, ReLU{}, Linear{9, 4}}},
	{Name: "conv", Input: Shape{3, 7, 6}, Layers: []Layer{Conv2D{3, 4, 3, 2, 1}, Tanh{}, Conv2D{4, 5, 2, 1, 0}, Tanh{}, Flatten{}, Linear{5 * 3 * 2, 3}}},
	{Name: "maxpool", Input: Shape{2, 6, 7}, Layers: []Layer{Conv2D{2, 3, 3, 1, 2}, Tanh{}, MaxPool{3, 2}, MaxPool{2, 1}, Flatten{}, Linear{3 * 2 * 3, 3}}},
	{Name: "avgpool", Input: Shape{2, 8, 8}, Layers: []Layer{Conv2D{2, 4, 3, 1, 1}, Tanh{}, AvgPool{2, 2}, Conv2D{4, 6, 3, 1, 1}, Tanh{}, AvgPool{2, 1}, GlobalAvgPool{}, Flatten{}, Linear{6, 4}}},
	{Name: "groupnorm", Input: Shape{3, 6, 6}, Layers: []Layer{Conv2D{3, 6, 3, 1, 1}, GroupNorm{3, 6}, Tanh{}, GlobalAvgPool{}, Linear{6, 3}}},
}

func randomParams(m *Model, rng *rand.Rand) []float32 {
	p := make([]float32, m.NumParams())
	m.Init(p, rng)
	for i := range p {
		p[i] += float32(0.1 * rng.NormFloat64()) // GroupNorm away from 1 and 0
	}
	return p
}

func randomInput(m *Model, rng *rand.Rand) []float32 {
	x := make([]float32, m.Input.Size())
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// lossAt64 is an oracle of its own: the loss in float64, every layer written as its definition, index by index.
func lossAt64(m *Model, params []float64, x []float32, label int) float64 {
	v := make([]float64, len(x))
	for i := range x {
		v[i] = float64(x[i])
	}
	shapes, _ := m.Shapes()
	for i, l := range m.Layers {
		size := 0
		for _, t := range l.Tensors() {
			size += t.Len
		}
		v = layerAt64(l, shapes[i], shapes[i+1], params[:size], v)
		params = params[size:]
	}
	total := 0.0
	for _, z := range v {
		total += math.Exp(z - v[label])
	}
	return math.Log(total)
}

func layerAt64(l Layer, in, out Shape, w, x []float64) []float64 {
	at := func(c, y, k int) float64 {
		if y < 0 || y >= in.H || k < 0 || k >= in.W {
			return 0
		}
		return x[(c*in.H+y)*in.W+k]
	}
	result := make([]float64, 0, out.Size())
	each := func(f func(c, y, k int) float64) []float64 {
		for c := range out.C {
			for y := range out.H {
				for k := range out.W {
					result = append(result, f(c, y, k))
				}
			}
		}
		return result
	}
	pool := func(kernel, stride, c, y, k int, join func(a, b float64) float64, start float64) float64 {
		for dy := range kernel {
			for dx := range kernel {
				start = join(start, at(c, y*stride+dy, k*stride+dx))
			}
		}
		return start
	}
	add := func(a, b float64) float64 { return a + b }
	switch l := l.(type) {
	case Conv2D:
		return each(func(f, y, k int) float64 {
			s := w[len(w)-l.Filters+f]
			for c := range l.In {
				for dy := range l.Kernel {
					for dx := range l.Kernel {
						s += w[((f*l.In+c)*l.Kernel+dy)*l.Kernel+dx] * at(c, y*l.Stride+dy-l.Pad, k*l.Stride+dx-l.Pad)
					}
				}
			}
			return s
		})
	case Linear:
		return each(func(u, _, _ int) float64 {
			s := w[l.Units*l.In+u]
			for i, v := range x {
				s += w[u*l.In+i] * v
			}
			return s
		})
	case ReLU:
		return each(func(c, y, k int) float64 { return math.Max(0, at(c, y, k)) })
	case Tanh:
		return each(func(c, y, k int) float64 { return math.Tanh(at(c, y, k)) })
	case MaxPool:
		return each(func(c, y, k int) float64 { return pool(l.Kernel, l.Stride, c, y, k, math.Max, math.Inf(-1)) })
	case AvgPool:
		return each(func(c, y, k int) float64 {
			return pool(l.Kernel, l.Stride, c, y, k, add, 0) / float64(l.Kernel*l.Kernel)
		})
	case GlobalAvgPool:
		return each(func(c, _, _ int) float64 { return pool(in.H, 1, c, 0, 0, add, 0) / float64(in.H*in.W) })
	case GroupNorm:
		return each(func(c, y, k int) float64 {
			size := l.Channels / l.Groups
			first := c / size * size * in.H * in.W
			group := x[first : first+size*in.H*in.W]
			mean, variance := 0.0, 0.0
			for _, v := range group {
				mean += v / float64(len(group))
			}
			for _, v := range group {
				variance += (v - mean) * (v - mean) / float64(len(group))
			}
			return w[c]*(at(c, y, k)-mean)/math.Sqrt(variance+1e-5) + w[l.Channels+c]
		})
	}
	return x // Flatten
}

func TestGradientMatchesFiniteDifferencesOfTheDefinition(t *testing.T) {
	for _, m := range testModels {
		t.Run(m.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			r, err := NewReference(m)
			if err != nil {
				t.Fatal(err)
			}
			params, x := randomParams(m, rng), randomInput(m, rng)
			grad := make([]float32, len(params))
			wide := make([]float64, len(params))
			for i, p := range params {
				wide[i] = float64(p)
			}
			label := m.Classes() - 1
			if got, want := r.Gradient(params, x, label, grad), lossAt64(m, wide, x, label); math.Abs(got-want) > 1e-5*(1+want) {
				t.Errorf("loss %v, want %v", got, want)
			}
			const h = 1e-6
			for i := range wide {
				keep := wide[i]
				wide[i] = keep + h
				up := lossAt64(m, wide, x, label)
				wide[i] = keep - h
				down := lossAt64(m, wide, x, label)
				wide[i] = keep
				if want := (up - down) / (2 * h); math.Abs(float64(grad[i])-want) > 1e-3*math.Max(math.Abs(want), 1e-2) {
					t.Fatalf("parameter %d: gradient %v, finite difference %v", i, grad[i], want)
				}
			}
		})
	}
}

// The benchmark's networks are too large for every coordinate: a random direction stands for all of them. Their kinks
// do no harm: a step of 1e-6 crosses few, and each by next to nothing.
func TestZooGradientsMatchDirectionalDifferences(t *testing.T) {
	for _, name := range []string{"logistic", "mlp", "mlp-tanh", "mnist-cnn", "mnist-cnn-tanh", "cifar-cnn", "cifar-cnn-tanh"} {
		t.Run(name, func(t *testing.T) {
			in := Shape{1, 28, 28}
			if strings.HasPrefix(name, "cifar") {
				in = Shape{3, 32, 32}
			}
			m, err := ByName(name, in, 10)
			if err != nil {
				t.Fatal(err)
			}
			checkSlope(t, m, rand.New(rand.NewPCG(3, 4)))
		})
	}
}

// Every shape that a convolution may have: windows larger and smaller than the stride, padding on both sides, inputs
// down to one window, filters that are no multiple of four.
func TestConvolutionsOfAllShapes(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for range 60 {
		l := Conv2D{In: 1 + rng.IntN(5), Filters: 1 + rng.IntN(9), Kernel: 1 + rng.IntN(5), Stride: 1 + rng.IntN(4)}
		l.Pad = rng.IntN(l.Kernel)
		smallest := max(1, l.Kernel-2*l.Pad)
		in := Shape{l.In, smallest + rng.IntN(8), smallest + rng.IntN(8)}
		out, err := l.Out(in)
		if err != nil {
			t.Fatal(err)
		}
		// a first layer before it, so that the gradient by its input counts as well
		m := &Model{Name: l.String(), Input: in, Layers: []Layer{Conv2D{l.In, l.In, 1, 1, 0}, l, Flatten{}, Linear{out.Size(), 3}}}
		checkSlope(t, m, rng)
	}
}

// checkSlope compares the gradient along a random direction with the definition's central difference.
func checkSlope(t *testing.T, m *Model, rng *rand.Rand) {
	t.Helper()
	r, err := NewReference(m)
	if err != nil {
		t.Fatal(err)
	}
	params, x, label := randomParams(m, rng), randomInput(m, rng), m.Classes()-1
	grad := make([]float32, len(params))
	r.Gradient(params, x, label, grad)
	up, down, slope := make([]float64, len(params)), make([]float64, len(params)), 0.0
	const h = 1e-6
	for i, p := range params {
		d := rng.NormFloat64()
		up[i], down[i] = float64(p)+h*d, float64(p)-h*d
		slope += d * float64(grad[i])
	}
	want := (lossAt64(m, up, x, label) - lossAt64(m, down, x, label)) / (2 * h)
	if math.Abs(slope-want) > 1e-3*math.Max(math.Abs(want), 0.1) {
		t.Errorf("%s on %v: slope %v along a random direction, finite difference %v", m.Name, m.Input, slope, want)
	}
}

func TestGradientAllocatesNothing(t *testing.T) {
	for _, m := range testModels {
		rng := rand.New(rand.NewPCG(5, 6))
		r, _ := NewReference(m)
		params, x, grad := randomParams(m, rng), randomInput(m, rng), make([]float32, m.NumParams())
		if n := testing.AllocsPerRun(5, func() { r.Gradient(params, x, 0, grad) }); n != 0 {
			t.Errorf("%s: %v allocations a gradient", m.Name, n)
		}
	}
}

func TestInitIsUniformWithinTheBound(t *testing.T) {
	m, _ := ByName("cifar-cnn", Shape{3, 32, 32}, 10)
	params := make([]float32, m.NumParams())
	m.Init(params, rand.New(rand.NewPCG(7, 8)))
	for _, tensor := range m.Tensors() {
		largest, square := 0.0, 0.0
		for _, v := range params[tensor.Offset : tensor.Offset+tensor.Len] {
			largest = math.Max(largest, math.Abs(float64(v)))
			square += float64(v) * float64(v) / float64(tensor.Len)
		}
		if b := tensor.Init.Bound; b == 0 {
			if largest != tensor.Init.Value {
				t.Errorf("%s starts at %v, want %v", tensor.Name, largest, tensor.Init.Value)
			}
		} else if largest > b || tensor.Len > 800 && math.Abs(square/(b*b/3)-1) > 0.15 {
			// the mean square of 800 uniforms strays 0.15 from b^2/3 in fewer than one case in 10^5
			t.Errorf("%s: largest %v, mean square %v for bound %v", tensor.Name, largest, square, b)
		}
	}
}

func TestUnfitModelsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      Shape
		classes int
	}{
		{"resnet", Shape{1, 28, 28}, 10}, {"mnist-cnn", Shape{1, 8, 8}, 10}, {"mnist-cnn", Shape{0, 28, 28}, 10},
		{"logistic", Shape{1, 28, 28}, 1}, {"mlp", Shape{1 << 20, 1 << 20, 1 << 20}, 10}, {"logistic-tanh", Shape{1, 28, 28}, 10},
	} {
		if _, err := ByName(c.name, c.in, c.classes); err == nil {
			t.Errorf("%s on %v with %d classes was accepted", c.name, c.in, c.classes)
		}
	}
	for _, layers := range [][]Layer{nil, {Conv2D{1, 4, 3, 0, 1}, Flatten{}}, {Conv2D{2, 4, 3, 1, 1}, Flatten{}}, {GroupNorm{2, 1}, Flatten{}}, {MaxPool{9, 1}, Flatten{}}, {ReLU{}},
		// sizes whose products overflow
		{Conv2D{1, 1 << 20, 1 << 31, 1 << 40, 1<<31 - 1}, Flatten{}}, {Conv2D{1, 1 << 24, 1 << 12, 1 << 40, 1<<12 - 1}, Flatten{}},
		{Flatten{}, Linear{36, math.MaxInt / 36}}, {Flatten{}, Linear{36, 1 << 24}},
	} {
		if err := (&Model{Input: Shape{1, 6, 6}, Layers: layers}).Validate(); err == nil {
			t.Errorf("%v was accepted", layers)
		}
	}
}

func BenchmarkGradient(b *testing.B) {
	for name, in := range map[string]Shape{"mnist-cnn": {1, 28, 28}, "cifar-cnn": {3, 32, 32}} {
		b.Run(name, func(b *testing.B) {
			m, _ := ByName(name, in, 10)
			rng := rand.New(rand.NewPCG(9, 10))
			r, _ := NewReference(m)
			params, x, grad := randomParams(m, rng), randomInput(m, rng), make([]float32, m.NumParams())
			for b.Loop() {
				r.Gradient(params, x, 1, grad)
			}
		})
	}
}

func ExampleByName() {
	m, _ := ByName("mnist-cnn", Shape{1, 28, 28}, 10)
	for _, l := range m.Layers {
		fmt.Println(l)
	}
	// Output:
	// conv 1->16 8x8 stride 2 pad 3
	// relu
	// maxpool 2 stride 1
	// conv 16->32 4x4 stride 2 pad 0
	// relu
	// maxpool 2 stride 1
	// flatten
	// linear 512->32
	// relu
	// linear 32->10
}
