package compile

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/compile/wasmtest"
)

// problem is a model with parameters and records.
type problem struct {
	model          *nn.Model
	norm           nn.Normalisation
	pixels, labels []byte
	points         [][]float32
}

func newProblem(r *rand.Rand, m *nn.Model, records, points int) *problem {
	p := &problem{model: m, pixels: make([]byte, records*m.Input.Size()), labels: make([]byte, records)}
	for i := range p.pixels {
		p.pixels[i] = byte(r.IntN(256))
	}
	for i := range p.labels {
		p.labels[i] = byte(r.IntN(m.Classes()))
	}
	for c := range m.Input.C {
		p.norm.Mean = append(p.norm.Mean, 0.3+0.1*float32(c))
		p.norm.Std = append(p.norm.Std, 0.25+0.05*float32(c))
	}
	for range points {
		v := make([]float32, m.NumParams())
		for _, t := range m.Tensors() {
			for i := range v[t.Offset:][:t.Len] {
				v[t.Offset+i] = float32(t.Init.Value + (2*r.Float64()-1)*max(t.Init.Bound, 0.2))
			}
		}
		p.points = append(p.points, v)
	}
	return p
}

// sureProblem has a last layer so steep that most records' probabilities are 0 or 1 in float32.
func sureProblem(r *rand.Rand, m *nn.Model, records int) *problem {
	p := newProblem(r, m, records, 1)
	x, reference := make([]float32, m.Input.Size()), must(nn.NewReference(m))
	spread := 0.0
	for i := range records {
		p.norm.Apply(x, p.pixels[i*len(x):][:len(x)])
		z := reference.Forward(p.points[0], x)
		spread += float64(slices.Max(z)-slices.Min(z)) / float64(records)
	}
	last := m.Tensors()[len(m.Tensors())-2:]
	for _, t := range last {
		for i := range p.points[0][t.Offset:][:t.Len] {
			p.points[0][t.Offset+i] *= float32(150 / spread)
		}
	}
	return p
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// asFloats makes the records float32, with fractions that no uint8 has.
func (p *problem) asFloats() *problem {
	var values []byte
	for i, v := range p.pixels {
		values = binary.LittleEndian.AppendUint32(values, math.Float32bits(float32(v)/255+float32(i%7)/100))
	}
	p.pixels, p.norm.Float = values, true
	return p
}

// recordBytes is the size of one record.
func (p *problem) recordBytes() int { return p.model.Input.Size() * p.norm.ValueBytes() }

func (p *problem) options(rule clip.Rule) Options {
	scale, shift := p.norm.ScaleShift()
	return Options{Rule: rule, Scale: scale, Shift: shift, Float: p.norm.Float, Points: len(p.points), FMA: wasmtest.FMA(FMAProbe)}
}

func (p *problem) samples(indices []int) nn.Samples {
	size := p.recordBytes()
	return nn.Samples{Count: len(indices), At: func(i int, x []float32) int {
		k := indices[i]
		p.norm.Apply(x, p.pixels[k*size:][:size])
		return int(p.labels[k])
	}}
}

func (p *problem) start(t testing.TB, o Options) (*Module, *runner) {
	t.Helper()
	m, err := Compile(p.model, o)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, m, p.pixels, p.labels)
	for k, v := range p.points {
		r.params(k, v)
	}
	return m, r
}

func rules() []clip.Rule {
	var all []clip.Rule
	for _, g := range []clip.Grouping{clip.Global, clip.PerLayer} {
		all = append(all, clip.Rule{Grouping: g},
			clip.Rule{Kind: clip.Normalise, Gamma: 0.01, Grouping: g}, clip.Rule{Kind: clip.PSAC, R: 0.1, Grouping: g})
	}
	return all
}

// middleBounds puts each group's bound between two of its norms, so that some are clipped and none is a close call.
func middleBounds(norms []float32, groups int) []float64 {
	bounds := make([]float64, groups)
	for g := range bounds {
		var own []float64
		for i := g; i < len(norms); i += groups {
			own = append(own, math.Log(max(float64(norms[i]), 1e-9)))
		}
		slices.Sort(own)
		widest, at := -1.0, 0
		for i := len(own) / 4; i < len(own)-1; i++ {
			if gap := own[i+1] - own[i]; gap > widest {
				widest, at = gap, i
			}
		}
		bounds[g] = math.Exp((own[at] + own[min(at+1, len(own)-1)]) / 2)
	}
	return bounds
}

// distance is |a - b| / |b|, and |a| when b is zero.
func distance(a, b []float64) float64 {
	d, n := 0.0, 0.0
	for i := range a {
		d += (a[i] - b[i]) * (a[i] - b[i])
		n += b[i] * b[i]
	}
	if n == 0 {
		return math.Sqrt(d)
	}
	return math.Sqrt(d / n)
}

// What float32 activations may make both sides differ by, relatively to the sum's norm: a few thousand roundings deep in
// the zoo's models; random ones may cancel most of a value.
const (
	zooTolerance    = 5e-5
	randomTolerance = 1e-3
)

func TestZooAgreesWithTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range zoo(t) {
		for i, rule := range rules() {
			if testing.Short() && i%3 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v-%v", m.Name, rule.Kind, rule.Grouping), func(t *testing.T) {
				records := 9
				if m.NumParams() > 100_000 {
					records = 4
				}
				agree(t, newProblem(r, m, records, 1), rule, zooTolerance)
			})
		}
	}
}

func zoo(t testing.TB) []*nn.Model {
	var all []*nn.Model
	for _, name := range append(nn.Names(), "mnist-cnn-tanh", "cifar-cnn-tanh", "mlp-tanh") {
		in := nn.Shape{C: 1, H: 28, W: 28}
		if name[0] == 'c' {
			in = nn.Shape{C: 3, H: 32, W: 32}
		}
		m, err := nn.ByName(name, in, 10)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// agree compares step, norms, accumulate and evaluate with the reference, for the rule and without privacy.
func agree(t *testing.T, p *problem, rule clip.Rule, tolerance float64) {
	t.Helper()
	n := len(p.labels)
	clipper, err := nn.NewClipper(p.model, rule)
	if err != nil {
		t.Fatal(err)
	}
	module, r := p.start(t, p.options(rule))
	coefficients := []float64{1, -0.6, 0.3}[:len(p.points)]
	r.coefficients(coefficients)
	all := sequence(0, n)
	norms, err := clipper.Norms(p.points, coefficients, p.samples(all))
	if err != nil {
		t.Fatal(err)
	}
	cancels := compareNorms(t, r.norms(all), norms, clipper.Groups(), tolerance, module.NormMargin)
	if cancels { // a direction is noise
		return
	}
	bounds := middleBounds(norms, clipper.Groups())
	r.bounds(bounds)
	for _, indices := range [][]int{{}, {n - 1}, all} {
		want, err := clipper.Sum(p.points, coefficients, p.samples(indices), bounds, nil)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "step", r.step(indices, 4), sums{want.Gradient, want.Counts, want.Loss}, tolerance)
	}
	factors := make([]float32, len(norms))
	for i := range factors {
		factors[i] = 0.1 + float32(i%7)
	}
	want, err := clipper.Accumulate(p.points, coefficients, p.samples(all), factors)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "accumulate", r.accumulate(all, 3, factors), sums{want.Gradient, want.Counts, want.Loss}, tolerance)
	p.evaluates(t, r)

	o := p.options(rule)
	o.NonPrivate = true
	_, r = p.start(t, o)
	r.coefficients(coefficients)
	for i := range factors {
		factors[i] = 1
	}
	if want, err = clipper.Accumulate(p.points, coefficients, p.samples(all), factors); err != nil {
		t.Fatal(err)
	}
	compare(t, "non-private step", r.step(all, 5), sums{want.Gradient, want.Counts, want.Loss}, tolerance)
}

// compareNorms compares [record][group], and says whether a group's gradient is what rounding left of much larger terms.
func compareNorms(t *testing.T, got, want []float32, groups int, tolerance, margin float64) (cancels bool) {
	t.Helper()
	for i, w := range want {
		largest := float64(slices.Max(want[i/groups*groups:][:groups]))
		if d := float64(got[i]) - float64(w); !(math.Abs(d) <= (tolerance+2*margin)*float64(w)+0.02*tolerance*largest) {
			t.Fatalf("norm %d is %v, the reference says %v", i, got[i], w)
		}
		cancels = cancels || float64(max(got[i], w)) < 20*tolerance*largest && got[i] != w
	}
	return cancels
}

func compare(t *testing.T, what string, got, want sums, tolerance float64) {
	t.Helper()
	if d := distance(got.gradient, want.gradient); !(d <= tolerance) {
		t.Errorf("%s: sum differs by %.2g", what, d)
	}
	if !slices.Equal(got.counts, want.counts) {
		t.Errorf("%s: counts %v, want %v", what, got.counts, want.counts)
	}
	if d := math.Abs(got.loss - want.loss); !(d <= 1e-5*(1+math.Abs(want.loss))) {
		t.Errorf("%s: loss %v, want %v", what, got.loss, want.loss)
	}
}

// evaluates checks predictions and loss of all but the first and last record.
func (p *problem) evaluates(t *testing.T, r *runner) {
	t.Helper()
	ref, err := nn.NewReference(p.model)
	if err != nil {
		t.Fatal(err)
	}
	first, n := 1, len(p.labels)-2
	predictions, loss := r.evaluate(first, n)
	size, x, want := p.recordBytes(), make([]float32, p.model.Input.Size()), 0.0
	grad := make([]float32, p.model.NumParams())
	for i := range n {
		p.norm.Apply(x, p.pixels[(first+i)*size:][:size])
		want += ref.Gradient(p.points[0], x, int(p.labels[first+i]), grad)
		logits := ref.Forward(p.points[0], x)
		best := slices.Max(logits)
		if v := logits[predictions[i]]; float64(best-v) > 1e-4*(1+math.Abs(float64(best))) {
			t.Errorf("record %d: predicted class %d with logit %v, the largest is %v", first+i, predictions[i], v, best)
		}
	}
	if math.Abs(loss-want) > 1e-5*(1+want) {
		t.Errorf("evaluation loss %v, want %v", loss, want)
	}
}
