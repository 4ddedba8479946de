package compile

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/nntest"
)

// randomModel strings random layers of odd sizes together.
func randomModel(r *rand.Rand) *nn.Model {
	m := &nn.Model{Name: "random", Input: nn.Shape{C: 1 + r.IntN(5), H: 1 + r.IntN(14), W: 1 + r.IntN(14)}}
	if r.IntN(3) == 0 {
		m.Input.C = 1
	}
	s := m.Input
	add := func(l nn.Layer) {
		if out, err := l.Out(s); err == nil && out.Size() <= 4096 {
			m.Layers = append(m.Layers, l)
			s = out
		}
	}
	for range r.IntN(9) {
		switch r.IntN(11) {
		case 0, 1, 2:
			k := 1 + r.IntN(5)
			add(nn.Conv2D{In: s.C, Filters: 1 + r.IntN(19), Kernel: k, Stride: 1 + r.IntN(3), Pad: r.IntN(k)})
		case 3, 4:
			add(nn.ReLU{})
		case 5:
			add(nn.Tanh{})
		case 6:
			add(nn.MaxPool{Kernel: 1 + r.IntN(5), Stride: 1 + r.IntN(3)})
		case 7:
			add(nn.AvgPool{Kernel: 1 + r.IntN(5), Stride: 1 + r.IntN(3)})
		case 8:
			groups := 1 + r.IntN(3)
			if s.C%groups != 0 {
				groups = 1
			}
			add(nn.GroupNorm{Groups: groups, Channels: s.C})
		case 9:
			add(nn.GlobalAvgPool{})
		case 10:
			add(nn.Flatten{})
			if s.H == 1 && s.W == 1 && r.IntN(2) == 0 {
				add(nn.Linear{In: s.C, Units: 1 + r.IntN(20)})
			}
		}
	}
	if s.H != 1 || s.W != 1 {
		add(nn.Flatten{})
	}
	if r.IntN(8) != 0 || s.C < 2 || m.NumParams() == 0 {
		add(nn.Linear{In: s.C, Units: 2 + r.IntN(18)})
	}
	return m
}

// randomCase compiles a random model for a random rule and compares it with the reference.
func randomCase(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	m := randomModel(r)
	if m.Validate() != nil || m.Classes() > 256 {
		return
	}
	rule := clip.Rule{Kind: clip.Kind(r.IntN(3)), Grouping: clip.Grouping(r.IntN(2)), Gamma: 0.1 * r.Float64(), R: 0.01 + r.Float64()}
	points := 1
	if r.IntN(4) == 0 {
		points = 2 + r.IntN(2)
	}
	defer func() {
		if t.Failed() {
			t.Logf("seed %d: input %v, layers %v, rule %+v, %d points", seed, m.Input, m.Layers, rule, points)
		}
	}()
	p := newProblem(r, m, 3+r.IntN(5), points)
	if seed%2 == 1 {
		p.asFloats()
	}
	agree(t, p, rule, randomTolerance)
}

func TestEveryKindOfLayerIsCompared(t *testing.T) {
	var random []*nn.Model
	for seed := range uint64(40) { // as many as a short test has
		random = append(random, randomModel(rand.New(rand.NewPCG(seed, 7))))
	}
	if names := nntest.Missing(random...); len(names) > 0 {
		t.Errorf("no random model has %v", names)
	}
	if names := nntest.Missing(smallModel()); len(names) > 0 {
		t.Errorf("the small model has no %v", names)
	}
}

// A layer that the table does not know is an error, whatever it is like.
func TestUnknownLayersAreRefused(t *testing.T) {
	type unknown struct{ nn.Layer }
	for _, l := range nn.Kinds() {
		if _, err := kindOf(l); err != nil {
			t.Error(err)
		}
	}
	for _, at := range []int{0, 2, 5} {
		p := newProblem(rand.New(rand.NewPCG(5, 5)), smallModel(), 1, 1)
		p.model.Layers[at] = unknown{p.model.Layers[at]}
		if _, err := Compile(p.model, p.options(clip.Rule{})); err == nil || !strings.Contains(err.Error(), "no lowering") {
			t.Errorf("an unknown layer in place %d: error %v", at, err)
		}
	}
}

// Two elementwise layers behind a Flatten that only renames: the second cannot work in place, and is laid out as the first.
func TestElementwiseLayersBehindAFlatten(t *testing.T) {
	for _, second := range []nn.Layer{nn.ReLU{}, nn.Tanh{}} {
		m := &nn.Model{Name: "twice", Input: nn.Shape{C: 3, H: 5, W: 4}, Layers: []nn.Layer{
			nn.Conv2D{In: 3, Filters: 10, Kernel: 2, Stride: 1}, nn.Flatten{}, nn.Tanh{}, second, nn.Linear{In: 120, Units: 5},
		}}
		agree(t, newProblem(rand.New(rand.NewPCG(6, 7)), m, 7, 1), clip.Rule{}, zooTolerance)
	}
}

func TestRandomModelsAgreeWithTheReference(t *testing.T) {
	models := uint64(150)
	if testing.Short() {
		models = 40
	}
	for seed := range models {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomCase(t, seed) })
	}
}

// A vector of float32, as a table's rows are, has a scale and a shift for each of its values.
func TestVectorsAgreeWithTheReference(t *testing.T) {
	for _, size := range []int{1, 3, 8, 21} {
		for _, name := range []string{"logistic", "mlp-tanh"} {
			m, err := nn.ByName(name, nn.Shape{C: size, H: 1, W: 1}, 3)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, newProblem(rand.New(rand.NewPCG(uint64(size), 8)), m, 9, 1).asFloats(), clip.Rule{}, zooTolerance)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(1000 + seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { randomCase(t, seed) })
}
