package compile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/nntest"
)

// whitenedModels have factors of every kind: channels that fill panels or do not, in windows, pixels and rows.
func whitenedModels(t testing.TB) []*nn.Model {
	conv, linear, flatten := func(in, filters, kernel, stride, pad int) nn.Layer {
		return nn.Conv2D{In: in, Filters: filters, Kernel: kernel, Stride: stride, Pad: pad}
	},
		func(in, units int) nn.Layer { return nn.Linear{In: in, Units: units} }, nn.Flatten{}
	return append(zoo(t), smallModel(),
		&nn.Model{Name: "few", Input: nn.Shape{C: 3, H: 7, W: 6}, Layers: []nn.Layer{conv(3, 3, 1, 1, 0), conv(3, 9, 3, 1, 2), nn.ReLU{}, conv(9, 8, 1, 1, 0), nn.Tanh{}, conv(8, 1, 2, 1, 0), flatten, linear(56, 3)}},
		&nn.Model{Name: "many", Input: nn.Shape{C: 11, H: 4, W: 5}, Layers: []nn.Layer{conv(11, 12, 2, 1, 1), nn.ReLU{}, flatten, linear(360, 4), nn.ReLU{}, linear(4, 3)}},
		&nn.Model{Name: "colours", Input: nn.Shape{C: 3, H: 9, W: 10}, Layers: []nn.Layer{flatten, linear(270, 5), nn.Tanh{}, linear(5, 4)}},
		&nn.Model{Name: "wide", Input: nn.Shape{C: 6, H: 9, W: 10}, Layers: []nn.Layer{conv(6, 10, 1, 1, 0), nn.Tanh{}, flatten, linear(900, 4)}},
		&nn.Model{Name: "one", Input: nn.Shape{C: 2, H: 9, W: 9}, Layers: []nn.Layer{conv(2, 1, 1, 1, 0), nn.ReLU{}, flatten, linear(81, 3)}},
		&nn.Model{Name: "tiny", Input: nn.Shape{C: 2, H: 5, W: 5}, Layers: []nn.Layer{conv(2, 1, 2, 1, 0), flatten, linear(16, 3)}},
		&nn.Model{Name: "signal", Input: nn.Shape{C: 1, H: 1, W: 100}, Layers: []nn.Layer{flatten, linear(100, 3)}},
		&nn.Model{Name: "signals", Input: nn.Shape{C: 5, H: 1, W: 100}, Layers: []nn.Layer{nn.ReLU{}, flatten, linear(500, 3)}},
		&nn.Model{Name: "table", Input: nn.Shape{C: 21, H: 1, W: 1}, Layers: []nn.Layer{linear(21, 13), nn.Tanh{}, linear(13, 3)}},
	)
}

// whitened compares step and norms with the reference.
func (p *problem) whitened(t *testing.T, rule clip.Rule, u []float32, tolerance float64) {
	t.Helper()
	clipper := must(nn.NewClipper(p.model, rule))
	if err := clipper.Whiten(u); err != nil {
		t.Fatal(err)
	}
	o := p.options(rule)
	o.Whiten = true
	module, r := p.start(t, o)
	r.whitening(u)
	all := sequence(0, len(p.labels))
	norms := must(clipper.Norms(p.points, nil, p.samples(all)))
	if compareNorms(t, r.norms(all), norms, clipper.Groups(), tolerance, module.NormMargin) {
		return
	}
	bounds := middleBounds(norms, clipper.Groups())
	r.bounds(bounds)
	for _, indices := range [][]int{{}, {0}, all} {
		want := must(clipper.Sum(p.points, nil, p.samples(indices), bounds, nil))
		compare(t, "step", r.step(indices, 4), sums{want.Gradient, want.Counts, want.Loss}, tolerance)
	}
	if _, loss := r.evaluate(0, len(p.labels)); math.IsNaN(loss) {
		t.Error("no loss")
	}
}

func TestWhitenedStepsAgreeWithTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(50, 1))
	for i, m := range whitenedModels(t) {
		if testing.Short() && m.NumParams() > 110_000 {
			continue
		}
		records, every := 5, 3
		if m.NumParams() > 110_000 {
			records, every = 2, 6
		}
		for k, rule := range rules() {
			if (i+k)%every != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v-%v", m.Name, rule.Kind, rule.Grouping), func(t *testing.T) {
				factors := must(m.Factors())
				p := newProblem(r, m, records, 1)
				if k%2 == 1 {
					p.asFloats()
				}
				p.whitened(t, rule, nntest.Whitening(factors, 1, r), 2*zooTolerance)
			})
		}
	}
}

func TestRandomModelsAreWhitenedLikeTheReference(t *testing.T) {
	models := uint64(100)
	if testing.Short() {
		models = 40
	}
	for seed := range models {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 17))
			m := randomModel(r)
			factors, err := m.Factors()
			if err != nil || m.Classes() > 256 {
				return
			}
			p := newProblem(r, m, 3, 1)
			p.whitened(t, rules()[r.IntN(len(rules()))], nntest.Whitening(factors, 1, r), 2*randomTolerance)
		})
	}
}

// The bound holds for the whitened gradient as computed, whatever the magnitudes of parameters and factors.
func TestWhitenedContributionsKeepTheBound(t *testing.T) {
	r := rand.New(rand.NewPCG(50, 2))
	for _, m := range []*nn.Model{smallModel(), whitenedModels(t)[8], whitenedModels(t)[9]} {
		factors := must(m.Factors())
		for _, rule := range rules() {
			p := newProblem(r, m, 3, 1)
			o := p.options(rule)
			o.Whiten = true
			module, run := p.start(t, o)
			for _, size := range []float64{1e-22, 1e-4, 1, 1e4, 1e12, 1e19, 1e30, math.Inf(1), math.NaN()} {
				params := slices.Clone(p.points[0])
				for i := range params {
					params[i] = float32(float64(params[i]) * size * math.Exp(r.NormFloat64()))
				}
				run.params(0, params)
				for _, factor := range []float64{0, 1e-12, 1e-3, 1, 1e6, 1e25, math.NaN()} {
					run.whitening(nntest.Whitening(factors, factor, r))
					bounds := make([]float64, module.Layout.Groups)
					for g := range bounds {
						bounds[g] = math.Pow(10, 12*r.Float64()-9)
					}
					run.bounds(bounds)
					for i := range 3 {
						for g, norm := range groupNorms(m, rule, run.step([]int{i}, 10).gradient) {
							if !(norm <= bounds[g]) {
								t.Errorf("%s, %+v, parameters of size %g, factors of %g: group %d contributes %v, its bound is %v", m.Name, rule, size, factor, g, norm, bounds[g])
							}
						}
					}
				}
			}
			run.params(0, p.points[0])
			run.whitening(nntest.Whitening(factors, 1, r))
			for _, sum := range run.step(sequence(0, 3), 10).gradient {
				if math.IsNaN(sum) {
					t.Fatalf("%s: after factors that are no numbers, sums are none", m.Name)
				}
			}
		}
	}
}

// norms are never below the true norm of what accumulate adds, and exceed it by the margin only.
func TestWhitenedNormsAreUpperBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(50, 3))
	for _, m := range append(zoo(t)[:3], smallModel()) {
		rule := clip.Rule{Grouping: clip.PerLayer}
		p := newProblem(r, m, 3, 1)
		o := p.options(rule)
		o.Whiten = true
		module, run := p.start(t, o)
		run.whitening(nntest.Whitening(must(m.Factors()), 1, r))
		ones := slices.Repeat([]float32{1}, module.Layout.Groups)
		for i := range 3 {
			norms := run.norms([]int{i})
			for g, norm := range groupNorms(m, rule, run.accumulate([]int{i}, 10, ones).gradient) {
				if float64(norms[g]) < norm || float64(norms[g]) > norm*(1+3*module.NormMargin)+1e-30 {
					t.Errorf("%s: group %d has norm %v, norms says %v", m.Name, g, norm, norms[g])
				}
			}
		}
	}
}

func TestWhiteningIsRefusedWhereItIsNotFor(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(50, 4)), smallModel(), 1, 2)
	for what, change := range map[string]func(o *Options){
		"two points":      func(o *Options) { o.Points = 2 },
		"without privacy": func(o *Options) { o.Points, o.NonPrivate = 1, true },
	} {
		o := p.options(clip.Rule{})
		o.Whiten = true
		change(&o)
		if _, err := Compile(p.model, o); err == nil {
			t.Errorf("%s: compiled", what)
		}
	}
	long := newProblem(rand.New(rand.NewPCG(50, 5)), &nn.Model{Input: nn.Shape{C: 2000, H: 1, W: 1}, Layers: []nn.Layer{nn.Linear{In: 2000, Units: 2}}}, 1, 1)
	o := long.options(clip.Rule{})
	o.Whiten = true
	if _, err := Compile(long.model, o); err == nil {
		t.Error("a vector of 2000 was taken")
	}
	point := newProblem(rand.New(rand.NewPCG(50, 6)), &nn.Model{Input: nn.Shape{C: 5, H: 1, W: 1}, Layers: []nn.Layer{nn.Conv2D{In: 5, Filters: 2, Kernel: 3, Stride: 1, Pad: 1}}}, 1, 1)
	o = point.options(clip.Rule{})
	o.Whiten = true
	if _, err := Compile(point.model, o); err == nil {
		t.Error("a convolution of bare channels was taken")
	}
	for _, l := range nn.Kinds() {
		if must(kindOf(l)).elementwise != nn.Elementwise(l) {
			t.Errorf("package nn and the table disagree on whether %T works value by value", l)
		}
	}
}
