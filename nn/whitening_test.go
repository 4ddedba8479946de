package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cloister/clip"
)

// RandomWhitening is symmetric and of ordinary size, nowhere near the identity.
func randomWhitening(factors []Factor, rng *rand.Rand) []float32 {
	u := make([]float32, WhiteningLen(factors))
	for _, f := range factors {
		out, in, bias := f.Parts(u)
		*bias = float32(0.5 + rng.Float64())
		for k, matrix := range append([][]float32{out}, in...) {
			n := append([]int{f.Out}, f.In...)[k]
			for i := range n {
				for j := range i + 1 {
					v := float32(rng.NormFloat64() / math.Sqrt(float64(n)))
					matrix[i*n+j], matrix[j*n+i] = v, v
				}
			}
		}
	}
	return u
}

// Against the definition, entry by entry: the whole Kronecker product, in float64.
func TestWhiteningIsTheProductOfItsFactors(t *testing.T) {
	for _, m := range append(testModels, &Model{Name: "wide", Input: Shape{2, 9, 8}, Layers: []Layer{Flatten{}, Linear{144, 3}}},
		&Model{Name: "plane", Input: Shape{1, 9, 8}, Layers: []Layer{ReLU{}, Flatten{}, Tanh{}, Linear{72, 3}}},
		&Model{Name: "channels", Input: Shape{6, 4, 4}, Layers: []Layer{Conv2D{6, 3, 2, 1, 0}, Conv2D{3, 5, 3, 1, 0}, Flatten{}, Linear{5, 3}}}) {
		t.Run(m.Name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(41, 1))
			factors, err := m.Factors()
			if err != nil {
				t.Fatal(err)
			}
			c, err := NewClipper(m, clip.Rule{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.grad {
				c.grad[i] = float32(rng.NormFloat64())
			}
			u := randomWhitening(factors, rng)
			if err := c.Whiten(u); err != nil {
				t.Fatal(err)
			}
			want := make([]float64, len(c.grad))
			for i, v := range c.grad {
				want[i] = float64(v)
			}
			for _, f := range factors {
				byDefinition(f, u, c.tensors, c.grad, want)
			}
			c.whiten()
			for i, v := range c.grad {
				if math.Abs(float64(v)-want[i]) > 1e-5*(1+math.Abs(want[i])) {
					t.Fatalf("coordinate %d is %v, want %v", i, v, want[i])
				}
			}
		})
	}
}

func byDefinition(f Factor, u []float32, tensors []Tensor, grad []float32, want []float64) {
	out, in, bias := f.Parts(u)
	w, b := tensors[f.Weight], tensors[f.Bias]
	inputs := w.Len / f.Out
	entry := func(i, j int) float64 { // of the product over the input's axes
		v := 1.0
		for k := len(f.In) - 1; k >= 0; k-- {
			n := f.In[k]
			v *= float64(in[k][i%n*n+j%n])
			i, j = i/n, j/n
		}
		return v
	}
	for o := range f.Out {
		sum := 0.0
		for p := range f.Out {
			sum += float64(out[o*f.Out+p]) * float64(grad[b.Offset+p])
		}
		want[b.Offset+o] = sum * float64(*bias)
		for i := range inputs {
			sum := 0.0
			for p := range f.Out {
				for j := range inputs {
					sum += float64(out[o*f.Out+p]) * float64(grad[w.Offset+p*inputs+j]) * entry(j, i)
				}
			}
			want[w.Offset+o*inputs+i] = sum
		}
	}
}

func TestFactorsOfTheZoo(t *testing.T) {
	for name, want := range map[string]string{
		"mnist-cnn": "16:[64] 32:[16 16] 32:[32 16] 10:[32]", "cifar-cnn": "32:[27] 64:[32 9] 64:[64 9] 128:[64 9] 10:[128]",
		"mlp": "128:[28 28] 10:[128]",
	} {
		in := Shape{1, 28, 28}
		if name == "cifar-cnn" {
			in = Shape{3, 32, 32}
		}
		m, err := ByName(name, in, 10)
		if err != nil {
			t.Fatal(err)
		}
		factors, err := m.Factors()
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range factors {
			got += fmt.Sprintf(" %d:%v", f.Out, f.In)
		}
		if got[1:] != want {
			t.Errorf("%s has factors%s, want %s", name, got, want)
		}
	}
	big := &Model{Input: Shape{1025, 1, 1}, Layers: []Layer{Linear{1025, 2}}}
	if f, err := big.Factors(); err == nil {
		t.Errorf("a vector of 1025 has factors %v", f)
	}
}

func TestBadWhiteningsAreRefused(t *testing.T) {
	m := testModels[2]
	factors, _ := m.Factors()
	good := randomWhitening(factors, rand.New(rand.NewPCG(41, 2)))
	c, _ := NewClipper(m, clip.Rule{})
	if err := c.Whiten(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(u []float32) []float32{
		"short":            func(u []float32) []float32 { return u[1:] },
		"long":             func(u []float32) []float32 { return append(u, 0) },
		"NaN":              func(u []float32) []float32 { u[3] = float32(math.NaN()); return u },
		"infinite":         func(u []float32) []float32 { u[0] = float32(math.Inf(-1)); return u },
		"huge":             func(u []float32) []float32 { u[0] = 2e6; return u },
		"not symmetric":    func(u []float32) []float32 { u[1]++; return u },
		"in not symmetric": func(u []float32) []float32 { u[factors[0].Out*factors[0].Out+1]++; return u },
	} {
		if err := c.Whiten(spoil(append([]float32(nil), good...))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The bound holds for what is added, which is the whitened gradient.
func TestWhitenedGradientsStayWithinTheBound(t *testing.T) {
	for _, m := range testModels[2:] {
		factors, _ := m.Factors()
		rng := rand.New(rand.NewPCG(41, 3))
		for _, rule := range testRules {
			c, _ := NewClipper(m, rule)
			for _, size := range []float64{1e-6, 1, 1e5} {
				u := randomWhitening(factors, rng)
				for i := range u {
					u[i] *= float32(size)
				}
				if err := c.Whiten(u); err != nil {
					t.Fatal(err)
				}
				bounds := make([]float64, c.Groups())
				for g := range bounds {
					bounds[g] = 0.1 + rng.Float64()
				}
				for _, scale := range []float64{1e-3, 1, 1e15} {
					sum, err := c.Sum([][]float32{randomParams(m, rng)}, nil, randomSamples(m, 1, scale, rng), bounds, nil)
					if err != nil {
						t.Fatal(err)
					}
					checkWithin(t, m, rule, sum, bounds)
				}
			}
		}
	}
}
