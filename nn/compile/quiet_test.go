package compile

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/nntest"
)

// startCounting compiles a problem's step so that it counts its denormal results at an address.
func (p *problem) startCounting(t *testing.T, o Options) (plan *plan, run *runner, counter int) {
	t.Helper()
	plan, err := newPlan(p.model, o)
	if err != nil {
		t.Fatal(err)
	}
	counter = plan.alloc(4)
	plan.Data = plan.top
	plan.module.Memory(plan.Data)
	plan.module.CountDenormals(counter)
	run = start(t, plan.finish(), p.pixels, p.labels)
	run.params(0, p.points[0])
	return plan, run, counter
}

// How long a step takes must not tell what its records hold, and processors are many times slower with denormal numbers. So none
// of the module's float32 operations gives one, for records that the model is sure of, rightly or wrongly, for black
// ones and for those that saturate or silence every unit.
func TestNoRecordMakesDenormals(t *testing.T) {
	models := append(zoo(t), soundModels()...)
	for seed := range uint64(40) {
		if m := randomModel(rand.New(rand.NewPCG(seed, 9))); m.Validate() == nil && m.Classes() <= 256 {
			models = append(models, m)
		}
	}
	r := rand.New(rand.NewPCG(40, 1))
	for i, m := range models {
		if m.NumParams() > 50_000 && (testing.Short() || m.NumParams() > 100_000 && m.Name != "cifar-cnn") {
			continue
		}
		p := sureProblem(r, m, 8)
		clear(p.pixels[7*m.Input.Size():])
		if i%2 == 1 {
			p.asFloats()
			for k := 5 * p.recordBytes(); k < len(p.pixels); k += 4 { // tiny numbers of all sizes
				binary.LittleEndian.PutUint32(p.pixels[k:], math.Float32bits(float32(math.Pow(2, -149*r.Float64()))))
			}
		}
		o := p.options(rules()[r.IntN(len(rules()))])
		factors, err := m.Factors()
		o.Whiten = err == nil && i%3 != 0
		plan, run, counter := p.startCounting(t, o)
		if o.Whiten {
			run.whitening(nntest.Whitening(factors, 1, r))
		}
		bounds := make([]float64, run.layout.Groups)
		for g := range bounds {
			bounds[g] = math.Pow(10, 4*r.Float64()-3)
		}
		run.bounds(bounds)
		p.takeQuietSteps(t, plan, run)
		if n := run.Ints(counter, 1)[0]; n != 0 {
			t.Errorf("%v, %+v: %d denormal results", m.Layers, o.Rule, n)
		}
	}
}

// takeQuietSteps takes steps at parameters of several magnitudes, with labels that the model agrees to and does not.
func (p *problem) takeQuietSteps(t *testing.T, plan *plan, run *runner) {
	t.Helper()
	sizes, everyone := []float64{1, 30, 1e-4, 1e-9, 1e-30}, sequence(0, len(p.labels))
	if p.model.NumParams() > 100_000 {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		params := make([]float32, len(p.points[0]))
		for i, v := range p.points[0] {
			params[i] = v * float32(size)
		}
		run.params(0, params)
		predicted, _ := run.evaluate(0, len(everyone))
		for wrong := range byte(2) {
			labels := make([]byte, len(everyone))
			for i := range labels {
				labels[i] = (predicted[i] + wrong*byte(i%2)) % byte(p.model.Classes())
			}
			run.Write(run.labels, labels)
			run.step(everyone, 3)
		}
		run.norms(everyone)
		checkQuiet(t, plan, run, fmt.Sprintf("%v, parameters times %g", p.model.Layers, size))
	}
}

// checkQuiet looks at what the last record left: what the products read.
func checkQuiet(t *testing.T, p *plan, run *runner, what string) {
	t.Helper()
	check := func(name string, at, floats int, least float64) {
		for i, v := range run.Floats(at, floats) {
			if v != 0 && math.Abs(float64(v)) < least {
				t.Errorf("%s: %s holds %g at %d", what, name, v, i)
				return
			}
		}
	}
	for i, n := range p.nodes {
		check(fmt.Sprintf("node %d", i), n.value, n.size(), kernel.Quiet)
		if n.trainable && i == len(p.nodes)-1 {
			check("the logits' gradient", n.gradient, n.size(), kernel.Quiet)
		}
	}
	check("the packed weights", p.packed, p.packedSize/4, kernel.Quiet)
	check("a record's gradient", p.scratch, p.stored, kernel.Coarse*0x1p-24)
	check("the sums", p.sums, p.summed, 0x1p-126)
}

// Both sides count as nothing what is negligible, and agree on the rest as far as float32 tells a probability from 1.
func TestSureRecordsAgreeWithTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(40, 3))
	for _, m := range zoo(t)[:3] {
		p := sureProblem(r, m, 40)
		_, run := p.start(t, p.options(clip.Rule{}))
		clipper := must(nn.NewClipper(m, clip.Rule{}))
		all, zeros := sequence(0, 40), 0
		predicted, _ := run.evaluate(0, 40)
		copy(p.labels, predicted)
		run.Write(run.labels, p.labels)
		want := must(clipper.Norms(p.points, nil, p.samples(all)))
		for i, got := range run.norms(all) {
			if (got == 0) != (want[i] == 0) || math.Abs(float64(got-want[i])) > 1e-2*float64(want[i])+1e-4 {
				t.Errorf("%s: a sure record's gradient has norm %v, the reference says %v", m.Name, got, want[i])
			}
			if got == 0 {
				zeros++
			}
		}
		if zeros == 0 || zeros == 40 {
			t.Errorf("%s: %d of 40 records have no gradient, want some", m.Name, zeros)
		}
	}
}

// A record whose gradient is 0 costs the same operations as any other, and still contributes nothing.
func TestRecordsWithoutGradientContributeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(40, 2))
	m, err := nn.ByName("mnist-cnn", nn.Shape{C: 1, H: 28, W: 28}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules() {
		p := sureProblem(r, m, 1)
		for i, tensor := 0, m.Tensors()[len(m.Tensors())-1]; i < tensor.Len; i++ {
			p.points[0][tensor.Offset+i] = 0
		}
		p.points[0][m.NumParams()-10] = 1000 // the first class, beyond doubt
		p.labels[0] = 0
		_, run := p.start(t, p.options(rule))
		bounds := make([]float64, run.layout.Groups)
		for g := range bounds {
			bounds[g] = 1
		}
		run.bounds(bounds)
		if norm := groupNorms(m, rule, run.step([]int{0}, 1).gradient); norm[0] != 0 {
			t.Errorf("%+v: a record of no loss contributes %v", rule, norm)
		}
	}
}
