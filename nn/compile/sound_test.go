package compile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cloister/clip"
	"cloister/nn"
)

// smallModel has every kind of layer and widths that fill no vector.
func smallModel() *nn.Model {
	return &nn.Model{Name: "small", Input: nn.Shape{C: 3, H: 9, W: 7}, Layers: []nn.Layer{
		nn.Conv2D{In: 3, Filters: 6, Kernel: 3, Stride: 1, Pad: 1}, nn.GroupNorm{Groups: 3, Channels: 6}, nn.ReLU{},
		nn.MaxPool{Kernel: 2, Stride: 1}, nn.Conv2D{In: 6, Filters: 5, Kernel: 3, Stride: 2, Pad: 1}, nn.Tanh{},
		nn.AvgPool{Kernel: 2, Stride: 2}, nn.Flatten{}, nn.Linear{In: 10, Units: 9}, nn.ReLU{}, nn.GlobalAvgPool{}, nn.Linear{In: 9, Units: 4},
	}}
}

// vectorModel begins with a linear layer that fills no tile, in front of others.
func vectorModel() *nn.Model {
	return &nn.Model{Name: "vector", Input: nn.Shape{C: 3, H: 5, W: 3}, Layers: []nn.Layer{
		nn.Flatten{}, nn.Linear{In: 45, Units: 7}, nn.Tanh{}, nn.Linear{In: 7, Units: 4},
	}}
}

// soundModels are the two beginnings of a module: records one by one, and in blocks.
func soundModels() []*nn.Model { return []*nn.Model{smallModel(), vectorModel()} }

// groupNorms are the L2 norms of a sum, group by group, in float64.
func groupNorms(m *nn.Model, rule clip.Rule, sum []float64) []float64 {
	tensors := m.Tensors()
	norms := make([]float64, rule.Groups(len(tensors)))
	for i, t := range tensors {
		for _, x := range sum[t.Offset:][:t.Len] {
			norms[rule.Group(i)] = math.Hypot(norms[rule.Group(i)], x)
		}
	}
	return norms
}

// One record's contribution, as computed, stays within every group's bound: for parameters of any magnitude, bounds
// of any magnitude, and gradients that fill, underflow or overflow float32.
func TestContributionsKeepTheBound(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 1))
	all := append(rules(), clip.Rule{Kind: clip.Normalise}, clip.Rule{Kind: clip.PSAC, R: 1e-20})
	for i := range 2 * len(all) {
		rule := all[i/2]
		p := newProblem(r, soundModels()[i%2], 3, 1)
		module, run := p.start(t, p.options(rule))
		for _, size := range []float64{0, 1e-38, 1e-22, 1e-12, 1e-4, 1, 30, 1e4, 1e10, 1e19, 1e30, math.Inf(1), math.NaN()} {
			params := slices.Clone(p.points[0])
			for i := range params {
				params[i] = float32(float64(params[i]) * size * math.Exp(r.NormFloat64()))
			}
			run.params(0, params)
			for _, c := range []float64{1e-12, 1e-3, 1, 1e12} {
				bounds := make([]float64, module.Layout.Groups)
				for g := range bounds {
					bounds[g] = c * (1 + r.Float64())
				}
				run.bounds(bounds)
				for i := range 3 {
					s := run.step([]int{i}, 10)
					for g, norm := range groupNorms(p.model, rule, s.gradient) {
						if !(norm <= bounds[g]) {
							t.Errorf("%+v, parameters of size %g: group %d contributes %v, its bound is %v", rule, size, g, norm, bounds[g])
						}
					}
				}
			}
		}
	}
}

// A bound just below a record's norm must bite: the contribution is then the bound less the margin, no less.
func TestTheMarginIsSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 2))
	for _, m := range append(zoo(t), soundModels()...) {
		if testing.Short() && m.NumParams() > 50_000 {
			continue
		}
		p := newProblem(r, m, 2, 1)
		module, run := p.start(t, p.options(clip.Rule{}))
		if module.NormMargin > 1e-4 || Rounding(60_000) > 1e-3 {
			t.Errorf("%s: margin %g, rounding %g", m.Name, module.NormMargin, Rounding(60_000))
		}
		for i := range 2 {
			norm := float64(run.norms([]int{i})[0])
			bound := norm * (1 - 4*module.NormMargin)
			run.bounds([]float64{bound})
			got := groupNorms(m, clip.Rule{}, run.step([]int{i}, 10).gradient)[0]
			if !(got <= bound && got >= bound*(1-3*module.NormMargin)) {
				t.Errorf("%s: record of norm %v contributes %v at bound %v, margin %g", m.Name, norm, got, bound, module.NormMargin)
			}
		}
	}
}

// norms must never fall below the true norm of what accumulate adds at factor 1.
func TestNormsAreUpperBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 3))
	for _, rule := range []clip.Rule{{}, {Grouping: clip.PerLayer}} {
		for _, m := range append(zoo(t)[:3], soundModels()...) {
			p := newProblem(r, m, 4, 1)
			module, run := p.start(t, p.options(rule))
			ones := make([]float32, module.Layout.Groups)
			for g := range ones {
				ones[g] = 1
			}
			for i := range 4 {
				norms := run.norms([]int{i})
				for g, norm := range groupNorms(m, rule, run.accumulate([]int{i}, 10, ones).gradient) {
					if float64(norms[g]) < norm || float64(norms[g]) > norm*(1+3*module.NormMargin)+1e-30 {
						t.Errorf("%s: group %d has norm %v, norms says %v", m.Name, g, norm, norms[g])
					}
				}
			}
		}
	}
}

// A record more changes the computed sum by at most (1 + Rounding) C, also where every record contributes C in the
// same direction, the worst case for rounding, and a stretch overflows with records.
func TestNeighbouringSumsStayWithinTheRounding(t *testing.T) {
	const records, c = 700, 1.0
	r := rand.New(rand.NewPCG(20, 4))
	for i := range 4 {
		p := newProblem(r, soundModels()[i%2], records, 1)
		if i < 2 {
			size := p.model.Input.Size()
			for i := 1; i < records; i++ {
				copy(p.pixels[i*size:][:size], p.pixels[:size])
				p.labels[i] = p.labels[0]
			}
		}
		_, run := p.start(t, p.options(clip.Rule{Kind: clip.Normalise}))
		run.bounds([]float64{c})
		for _, width := range []int{1, 90, 250, 1 << 30} {
			all := run.step(sequence(0, records), width).gradient
			for _, missing := range []int{0, 1, 31, 32, 33, 100, 300, records - 1} {
				without := run.step(slices.Delete(sequence(0, records), missing, missing+1), width).gradient
				square := 0.0
				for i := range all {
					d := all[i] - without[i]
					square += d * d
				}
				if d := math.Sqrt(square); d > c*(1+Rounding(records)) {
					t.Errorf("width %d: without record %d the sum moves by %v, more than %v", width, missing, d, c*(1+Rounding(records)))
				}
			}
		}
	}
}

// Stretches and blocks only regroup additions.
func TestWidthDoesNotChangeTheSum(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 5))
	for _, m := range soundModels() {
		p := newProblem(r, m, 200, 1)
		_, run := p.start(t, p.options(clip.Rule{Grouping: clip.PerLayer}))
		bounds := make([]float64, run.layout.Groups)
		for g := range bounds {
			bounds[g] = 0.3
		}
		run.bounds(bounds)
		want := run.step(sequence(0, 200), 1)
		for _, width := range []int{2, 7, 32, 33, 150, 1000} {
			compare(t, fmt.Sprintf("width %d", width), run.step(sequence(0, 200), width), want, 1e-5)
		}
	}
}

// A record whose values are not finite counts as nothing, and leaves nothing behind for the next one.
func TestNonFiniteRecordsVanish(t *testing.T) {
	models := soundModels()
	for seed := range uint64(60) {
		m := randomModel(rand.New(rand.NewPCG(seed, 8)))
		if seed%3 == 0 { // an activation function writes the logits' padding
			m.Layers = append(m.Layers, nn.Tanh{})
		}
		if m.Validate() == nil && m.Classes() <= 256 {
			models = append(models, m)
		}
	}
	r := rand.New(rand.NewPCG(20, 6))
	for _, m := range models {
		p := newProblem(r, m, 6, 1)
		o := p.options(clip.Rule{Grouping: clip.PerLayer})
		_, run := p.start(t, o)
		bounds := make([]float64, run.layout.Groups)
		for g := range bounds {
			bounds[g] = 0.5
		}
		run.bounds(bounds)
		clean := run.step(sequence(0, 6), 3)
		for _, bad := range []float64{math.NaN(), math.Inf(1), 3e38} {
			for _, tensor := range m.Tensors() {
				params := slices.Clone(p.points[0])
				for i := range tensor.Len {
					params[tensor.Offset+i] = float32(bad)
				}
				run.params(0, params)
				s := run.step(sequence(0, 6), 3)
				for g, norm := range groupNorms(m, o.Rule, s.gradient) {
					if !(norm <= 6*bounds[g]) {
						t.Errorf("%v: %s = %v: group %d sums to %v", m.Layers, tensor.Name, bad, g, norm)
					}
				}
			}
		}
		run.params(0, p.points[0])
		if again := run.step(sequence(0, 6), 3); !slices.Equal(again.gradient, clean.gradient) || again.loss != clean.loss {
			t.Errorf("%v: after values that are not finite, the same step gives another sum", m.Layers)
		}
	}
}

func TestLabelsThatAreNoClassCountAsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 7))
	for i := range 4 {
		p := newProblem(r, soundModels()[i%2], 5, 1)
		if i > 1 {
			p = p.asFloats()
		}
		_, run := p.start(t, p.options(clip.Rule{}))
		run.bounds([]float64{0.5})
		for _, width := range []int{2, 9} {
			run.Write(run.labels, p.labels)
			want := run.step([]int{0, 1, 3}, width)
			run.Write(run.labels+2, []byte{4})
			run.Write(run.labels+4, []byte{255})
			compare(t, "step", run.step(sequence(0, 5), width), want, 1e-6)
		}
		if norms := run.norms(sequence(0, 5)); norms[2] != 0 || norms[4] != 0 || norms[3] == 0 {
			t.Errorf("norms %v, want zeros for records 2 and 4", norms)
		}
		run.evaluate(0, 5)
	}
}

// What a record adds does not depend on who stands beside it in a block, nor on whether it comes alone: here all of a block but one are
// float32 records whose products overflow, and count as nothing.
func TestRecordsOfABlockAreApart(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 17))
	p := newProblem(r, vectorModel(), 9, 1).asFloats()
	_, run := p.start(t, p.options(clip.Rule{}))
	run.bounds([]float64{0.5})
	want := run.step([]int{4}, 16)
	size := p.recordBytes()
	for i := range 9 {
		if i != 4 {
			for k := 0; k < size; k += 4 {
				binary.LittleEndian.PutUint32(p.pixels[i*size+k:], math.Float32bits(1e30))
			}
		}
	}
	run.Write(run.pixels, p.pixels)
	got := run.step(sequence(0, 9), 16)
	if !slices.Equal(got.gradient, want.gradient) {
		t.Errorf("beside records that count as nothing a record adds something else")
	}
}

func TestModulesAreDeterministicAndSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 8))
	for _, m := range append(zoo(t), soundModels()...) {
		for _, rule := range rules() {
			p := newProblem(r, m, 1, 1)
			a, err := Compile(m, p.options(rule))
			if err != nil {
				t.Fatal(err)
			}
			b, err := Compile(m, p.options(rule))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Wasm, b.Wasm) || a.Layout != b.Layout {
				t.Errorf("%s: two compilations differ", m.Name)
			}
			if len(a.Wasm) > 64<<10 {
				t.Errorf("%s, %v: %d bytes, more than 64 KB", m.Name, rule, len(a.Wasm))
			}
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	m := smallModel()
	good := Options{Scale: make([]float32, 3), Shift: make([]float32, 3)}
	many, err := nn.ByName("logistic", nn.Shape{C: 1, H: 4, W: 4}, 257)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		model *nn.Model
		o     Options
	}{
		{"no layers", &nn.Model{Input: m.Input}, good},
		{"too few scales", m, Options{Scale: make([]float32, 2), Shift: make([]float32, 3)}},
		{"an unknown rule", m, Options{Scale: good.Scale, Shift: good.Shift, Rule: clip.Rule{Kind: 9}}},
		{"too many points", m, Options{Scale: good.Scale, Shift: good.Shift, Points: 17}},
		{"257 classes", many, Options{Scale: make([]float32, 1), Shift: make([]float32, 1)}},
		{"no parameters", &nn.Model{Input: nn.Shape{C: 4, H: 1, W: 1}, Layers: []nn.Layer{nn.ReLU{}}}, Options{Scale: make([]float32, 4), Shift: make([]float32, 4)}},
	} {
		if _, err := Compile(c.model, c.o); err == nil {
			t.Errorf("compiled with %s", c.what)
		}
	}
	if _, err := Compile(m, good); err != nil {
		t.Error(err)
	}
}

// Sizes that the proof does not cover are refused, whoever asks.
func TestSizesBeyondTheProofAreRefused(t *testing.T) {
	if r := Rounding(MaxRecords); !(r > 0 && r < 0.005) {
		t.Errorf("rounding %v for the most records", r)
	}
	if r := Rounding(MaxRecords + 1); !math.IsInf(r, 1) {
		t.Errorf("rounding %v for a record more", r)
	}
	p := newProblem(rand.New(rand.NewPCG(20, 9)), smallModel(), 1, 1)
	module, run := p.start(t, p.options(clip.Rule{}))
	if run.Try("step", run.pixels, run.labels, run.indices, MaxRecords+1, 1) == nil {
		t.Error("a step over too many records does not trap")
	}
	for _, n := range [][2]int{{MaxRecords + 1, 0}, {-1, 0}, {0, -1}, {MaxRecords, MaxRecords * 8}, {0, 1 << 60}} {
		if place, err := module.Layout.Place(n[0], n[1]); err == nil {
			t.Errorf("%v records were placed at %+v", n, place)
		}
	}
}

func TestPlacesDoNotOverlap(t *testing.T) {
	l := Layout{Data: 128, Record: 7, Groups: 3}
	for _, n := range [][2]int{{0, 0}, {1, 0}, {5, 900}, {1000, 3}} {
		p, err := l.Place(n[0], n[1])
		if err != nil {
			t.Fatal(err)
		}
		at := l.Data
		for i, piece := range [][2]int{{p.Pixels[0], 7 * n[0]}, {p.Labels[0], n[0]}, {p.Pixels[1], 7 * n[1]}, {p.Labels[1], n[1]},
			{p.Indices, 4 * n[0]}, {p.Out, max(12*n[0], n[1])}, {p.End, 0}} {
			if piece[0] < at || piece[0]%64 != 0 {
				t.Errorf("%v records: piece %d is at %d, the one before ends at %d", n, i, piece[0], at)
			}
			at = piece[0] + piece[1]
		}
	}
}

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		rate float64
		want int
	}{{1, 32}, {0.5, 32}, {256. / 60000, 3750}, {0, 1 << 30}, {1e-30, 1 << 30}, {math.NaN(), 1 << 30}} {
		if got := Width(c.rate); got != c.want {
			t.Errorf("rate %v: %d, want %d", c.rate, got, c.want)
		}
	}
}
