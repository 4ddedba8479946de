package backend

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cloister/clip"
	"cloister/dp"
	"cloister/nn"
	"cloister/nn/nntest"
)

// maker makes one implementation; every one passes the whole contract.
type maker func(t *testing.T, work Work, train, test Records) Backend

func plainMaker(t *testing.T, work Work, train, test Records) Backend {
	p, err := NewPlain(work, train, test)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlainKeepsTheContract(t *testing.T) { contract(t, plainMaker) }

// contract is what every backend promises, whatever computes.
func contract(t *testing.T, make maker) {
	for i, m := range contractModels() {
		for j, rule := range contractRules() {
			if testing.Short() && (i+j)%2 > 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s-%s", m.Name, rule.Kind, rule.Grouping), func(t *testing.T) {
				agreesWithReference(t, make, m, rule)
			})
		}
	}
	t.Run("every kind of layer", func(t *testing.T) { everyKind(t) })
	small := contractModels()[0]
	t.Run("two passes", func(t *testing.T) { twoPasses(t, make, small) })
	t.Run("several points", func(t *testing.T) { severalPoints(t, make, small) })
	t.Run("without privacy", func(t *testing.T) { withoutPrivacy(t, make, small) })
	t.Run("float32", func(t *testing.T) { takesFloats(t, make) })
	t.Run("whitening", func(t *testing.T) { whitens(t, make) })
	t.Run("bound", func(t *testing.T) { keepsTheBound(t, make) })
	t.Run("evaluate", func(t *testing.T) { evaluates(t, make) })
	t.Run("refuses", func(t *testing.T) { refuses(t, make, small) })
}

// contractModels has every kind of layer, in shapes that fill no vector exactly.
func contractModels() []*nn.Model {
	in := nn.Shape{C: 1, H: 13, W: 11}
	flat := in.Size()
	return []*nn.Model{
		{Name: "mlp", Input: in, Layers: []nn.Layer{nn.Flatten{}, nn.Linear{In: flat, Units: 9}, nn.Tanh{}, nn.Linear{In: 9, Units: 5}}},
		{Name: "conv-pool", Input: in, Layers: []nn.Layer{
			nn.Conv2D{In: 1, Filters: 6, Kernel: 5, Stride: 2, Pad: 2}, nn.ReLU{}, nn.MaxPool{Kernel: 2, Stride: 1},
			nn.Conv2D{In: 6, Filters: 7, Kernel: 3, Stride: 1}, nn.ReLU{}, nn.Flatten{}, nn.Linear{In: 7 * 4 * 3, Units: 5},
		}},
		{Name: "conv-norm", Input: nn.Shape{C: 3, H: 8, W: 8}, Layers: []nn.Layer{
			nn.Conv2D{In: 3, Filters: 8, Kernel: 3, Stride: 1, Pad: 1}, nn.GroupNorm{Groups: 4, Channels: 8}, nn.ReLU{}, nn.AvgPool{Kernel: 2, Stride: 2},
			nn.Conv2D{In: 8, Filters: 12, Kernel: 3, Stride: 1, Pad: 1}, nn.GroupNorm{Groups: 3, Channels: 12}, nn.Tanh{}, nn.GlobalAvgPool{},
			nn.Flatten{}, nn.Linear{In: 12, Units: 5},
		}},
	}
}

func everyKind(t *testing.T) {
	if names := nntest.Missing(contractModels()...); len(names) > 0 {
		t.Errorf("no model of the contract has %v", names)
	}
}

func contractRules() []clip.Rule {
	var rules []clip.Rule
	for _, g := range []clip.Grouping{clip.Global, clip.PerLayer} {
		rules = append(rules, clip.Rule{Grouping: g},
			clip.Rule{Kind: clip.Normalise, Gamma: 0.01, Grouping: g}, clip.Rule{Kind: clip.PSAC, R: 0.1, Grouping: g})
	}
	return rules
}

func workOf(m *nn.Model, rule clip.Rule) Work {
	w := Work{Model: m, Rule: rule, Rate: 0.25}
	for c := range m.Input.C {
		w.Mean = append(w.Mean, 0.1+0.1*float32(c))
		w.Std = append(w.Std, 0.3)
	}
	return w
}

func randomRecords(m *nn.Model, n int, rng *rand.Rand) Records {
	r := Records{Values: make([]byte, n*m.Input.Size()), Labels: make([]byte, n)}
	for i := range r.Values {
		r.Values[i] = byte(rng.Uint32())
	}
	for i := range r.Labels {
		r.Labels[i] = byte(rng.IntN(m.Classes()))
	}
	return r
}

// asFloats are the same records, as far as numbers in float32 can be: a work that says so sees what it saw of uint8, and a fraction.
func asFloats(r Records) Records {
	f := Records{Labels: r.Labels}
	for i, v := range r.Values {
		f.Values = binary.LittleEndian.AppendUint32(f.Values, math.Float32bits(float32(v)/255+float32(i%7)/100))
	}
	return f
}

func randomParams(m *nn.Model, rng *rand.Rand) []float32 {
	params := make([]float32, m.NumParams())
	m.Init(params, rng)
	return params
}

// everyOther is a sample with gaps, across all workers' shares.
func everyOther(n int) []int32 {
	var sample []int32
	for i := 0; i < n; i++ {
		if i%3 != 1 {
			sample = append(sample, int32(i))
		}
	}
	return sample
}

// bounds are some that clip part of the records.
func boundsFor(w *Work) []float64 {
	b := make([]float64, w.Groups())
	for g := range b {
		b[g] = 0.5 / math.Sqrt(float64(len(b))) * (1 + 0.1*float64(g))
	}
	return b
}

func agreesWithReference(t *testing.T, make maker, m *nn.Model, rule clip.Rule) {
	rng := rand.New(rand.NewPCG(1, 2))
	work, train, test := workOf(m, rule), randomRecords(m, 41, rng), randomRecords(m, 7, rng)
	params := randomParams(m, rng)
	have, want := make(t, work, train, test), plainMaker(t, work, train, test)
	defer have.Close()
	wider := boundsFor(&work)
	for g := range wider {
		wider[g] *= 1.5
	}
	for i, sample := range [][]int32{{}, {17}, {40}, everyOther(41), everyOther(41)} {
		r := Request{Points: [][]float32{params}, Records: sample, Bounds: boundsFor(&work)}
		if i == 4 { // counts need not be taken at the bounds
			r.Thresholds = wider
		}
		got, err := have.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := want.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		sameSums(t, got, ref, clip.Sensitivity(r.Bounds), have.Rounding())
		if !equalFloats(got.Counts, ref.Counts) {
			t.Errorf("counts %v of %d records, want %v", got.Counts, len(sample), ref.Counts)
		}
	}
}

// sameSums allows float32 errors a record and coordinate, relative to what a record may contribute.
func sameSums(t *testing.T, got, want dp.Sums, sensitivity, rounding float64) {
	t.Helper()
	if got.Records != want.Records || len(got.Gradient) != len(want.Gradient) {
		t.Fatalf("sum of %d records, %d coordinates; want %d, %d", got.Records, len(got.Gradient), want.Records, len(want.Gradient))
	}
	n := float64(max(1, want.Records))
	square := 0.0
	for i, x := range want.Gradient {
		d := got.Gradient[i] - x
		square += d * d
	}
	if d := math.Sqrt(square); !(d <= n*sensitivity*(2e-5+rounding)) {
		t.Errorf("sum is %g away from the reference, of norm %g a record", d, sensitivity)
	}
	if d := math.Abs(got.Loss - want.Loss); !(d <= 1e-4*n) {
		t.Errorf("loss %v, want %v", got.Loss, want.Loss)
	}
}

func equalFloats(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func twoPasses(t *testing.T, make maker, m *nn.Model) {
	rng := rand.New(rand.NewPCG(3, 4))
	work, train := workOf(m, clip.Rule{Grouping: clip.PerLayer}), randomRecords(m, 23, rng)
	b := make(t, work, train, Records{})
	defer b.Close()
	r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(23), Bounds: boundsFor(&work)}
	norms, err := b.Norms(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	want, err := plainMaker(t, work, train, Records{}).Norms(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	groups := work.Groups()
	if len(norms) != len(want) {
		t.Fatalf("%d norms, want %d", len(norms), len(want))
	}
	factors := append([]float32(nil), norms...)
	for i, n := range norms {
		if d := math.Abs(float64(n-want[i])) / float64(want[i]); !(d <= 2e-4) {
			t.Errorf("norm %d is %v, want %v", i, n, want[i])
		}
		factors[i] = float32(work.Rule.Factor(float64(n), r.Bounds[i%groups]))
	}
	got, err := b.Accumulate(context.Background(), r, factors)
	if err != nil {
		t.Fatal(err)
	}
	accumulated := append([]float64(nil), got.Gradient...)
	step, err := b.Step(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	got.Gradient = accumulated
	sameSums(t, got, step, clip.Sensitivity(r.Bounds), b.Rounding()+1e-3) // Step lowers its factors by a margin
	if _, err := b.Accumulate(context.Background(), r, factors[1:]); err == nil {
		t.Error("took too few factors")
	}
}

func severalPoints(t *testing.T, make maker, m *nn.Model) {
	rng := rand.New(rand.NewPCG(5, 6))
	work, train := workOf(m, clip.Rule{}), randomRecords(m, 19, rng)
	work.Points = 2
	have, want := make(t, work, train, Records{}), plainMaker(t, work, train, Records{})
	defer have.Close()
	a, b := randomParams(m, rng), randomParams(m, rng)
	for _, r := range []Request{
		{Points: [][]float32{a, b}, Coefficients: []float64{1.5, -0.5}},
		{Points: [][]float32{b}}, // fewer than the most
		{Points: [][]float32{b}, Coefficients: []float64{2}},
	} {
		r.Records, r.Bounds = everyOther(19), []float64{0.7}
		got, err := have.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := want.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		sameSums(t, got, ref, 0.7, have.Rounding())
	}
}

func withoutPrivacy(t *testing.T, make maker, m *nn.Model) {
	rng := rand.New(rand.NewPCG(7, 8))
	work, train := workOf(m, clip.Rule{}), randomRecords(m, 19, rng)
	work.NonPrivate = true
	have := make(t, work, train, Records{})
	defer have.Close()
	r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(19)}
	got, err := have.Step(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	want, longest := rawSum(t, &work, train, &r)
	sameSums(t, got, want, longest, 0)
}

// whitens transforms gradients before the clip, in both passes too; what one record contributes stays within the bound.
func whitens(t *testing.T, make maker) {
	for _, m := range contractModels() {
		for _, rule := range contractRules() {
			rng := rand.New(rand.NewPCG(17, 18))
			factors, err := m.Factors()
			if err != nil {
				t.Fatal(err)
			}
			work, train := workOf(m, rule), randomRecords(m, 23, rng)
			work.Whiten = true
			have, want := make(t, work, train, Records{}), plainMaker(t, work, train, Records{})
			r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(23), Bounds: boundsFor(&work)}
			for range 2 { // factors are renewed as a run goes on
				r.Whitening = nntest.Whitening(factors, 1, rng)
				got, err := have.Step(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				ref, err := want.Step(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				sameSums(t, got, ref, clip.Sensitivity(r.Bounds), have.Rounding())
				whitenedNorms(t, have, want, r)
			}
			contributionStays(t, have, &work, r.Points[0], r.Whitening, 1)
			for what, u := range map[string][]float32{"no": nil, "a short": r.Whitening[1:], "a broken": append([]float32{float32(math.NaN())}, r.Whitening[1:]...)} {
				bad := r
				bad.Whitening = u
				if _, err := have.Step(context.Background(), bad); err == nil {
					t.Errorf("took %s whitening", what)
				}
			}
			have.Close()
		}
	}
}

func whitenedNorms(t *testing.T, have, want Backend, r Request) {
	t.Helper()
	norms, err := have.Norms(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := want.Norms(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range norms {
		if d := math.Abs(float64(n - ref[i])); !(d <= 2e-4*float64(ref[i])) {
			t.Errorf("whitened norm %d is %v, want %v", i, n, ref[i])
		}
	}
}

// takesFloats trains on and evaluates float32 records: images, and vectors, whose values have a mean and deviation each.
func takesFloats(t *testing.T, make maker) {
	table := &nn.Model{Name: "table", Input: nn.Shape{C: 7, H: 1, W: 1}, Layers: []nn.Layer{nn.Flatten{}, nn.Linear{In: 7, Units: 9}, nn.Tanh{}, nn.Linear{In: 9, Units: 5}}}
	for _, m := range append(contractModels(), table) {
		rng := rand.New(rand.NewPCG(15, 16))
		work, train, test := workOf(m, clip.Rule{}), asFloats(randomRecords(m, 19, rng)), asFloats(randomRecords(m, 7, rng))
		work.Float = true
		have, want := make(t, work, train, test), plainMaker(t, work, train, test)
		r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(19), Bounds: boundsFor(&work)}
		got, err := have.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := want.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		sameSums(t, got, ref, clip.Sensitivity(r.Bounds), have.Rounding())
		said, err := have.Evaluate(context.Background(), r.Points[0], Test)
		if err != nil {
			t.Fatal(err)
		}
		right, _ := want.Evaluate(context.Background(), r.Points[0], Test)
		if math.Abs(said.Loss-right.Loss) > 1e-5 || string(said.Predictions) != string(right.Predictions) {
			t.Errorf("%s: loss %v, predictions %v; want %v, %v", m.Name, said.Loss, said.Predictions, right.Loss, right.Predictions)
		}
		have.Close()
	}
}

// rawSum adds gradients as they are, by the reference, and returns the longest.
func rawSum(t *testing.T, work *Work, train Records, r *Request) (sum dp.Sums, longest float64) {
	reference, err := nn.NewReference(work.Model)
	if err != nil {
		t.Fatal(err)
	}
	n := work.Model.NumParams()
	x, grad := make([]float32, work.Model.Input.Size()), make([]float32, n)
	sum = dp.Sums{Gradient: make([]float64, n), Records: len(r.Records)}
	for _, i := range r.Records {
		nn.Normalisation{Mean: work.Mean, Std: work.Std}.Apply(x, train.values(int(i), len(x)))
		sum.Loss += reference.Gradient(r.Points[0], x, int(train.Labels[i]), grad)
		square := 0.0
		for k, g := range grad {
			sum.Gradient[k] += float64(g)
			square += float64(g) * float64(g)
		}
		longest = max(longest, math.Sqrt(square))
	}
	return sum, longest
}

// keepsTheBound feeds gradients that float32 has trouble with: huge, tiny, infinite, spread over many magnitudes. One
// record's computed contribution must stay within every group's bound.
func keepsTheBound(t *testing.T, make maker) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, m := range contractModels() {
		for _, rule := range contractRules() {
			work, train := workOf(m, rule), randomRecords(m, 3, rng)
			b := make(t, work, train, Records{})
			for _, size := range []float64{1e-30, 1e-8, 1, 1e3, 1e8, 1e19, 1e30, math.Inf(1)} {
				params := randomParams(m, rng)
				for i := range params {
					params[i] = float32(float64(params[i]) * size * math.Exp(rng.NormFloat64()))
				}
				contributionStays(t, b, &work, params, nil, size)
			}
			b.Close()
		}
	}
}

func contributionStays(t *testing.T, b Backend, work *Work, params, whitening []float32, size float64) {
	t.Helper()
	for record := range int32(3) {
		r := Request{Points: [][]float32{params}, Records: []int32{record}, Bounds: boundsFor(work), Whitening: whitening}
		s, err := b.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		tensors := work.Model.Tensors()
		squares := make([]float64, work.Groups())
		for i, tensor := range tensors {
			for _, x := range s.Gradient[tensor.Offset : tensor.Offset+tensor.Len] {
				squares[work.Rule.Group(i)] += x * x
			}
		}
		for g, square := range squares {
			if norm := math.Sqrt(square); !(norm <= r.Bounds[g]*(1+b.Rounding())) {
				t.Errorf("%s, %v, parameters of size %g: group %d contributes %v of at most %v", work.Model.Name, work.Rule, size, g, norm, r.Bounds[g])
			}
		}
	}
}

func evaluates(t *testing.T, make maker) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, m := range contractModels() {
		work, train, test := workOf(m, clip.Rule{}), randomRecords(m, 9, rng), randomRecords(m, 37, rng)
		params := randomParams(m, rng)
		have, want := make(t, work, train, test), plainMaker(t, work, train, test)
		for _, split := range []Split{Test, Train} {
			got, err := have.Evaluate(context.Background(), params, split)
			if err != nil {
				t.Fatal(err)
			}
			ref, _ := want.Evaluate(context.Background(), params, split)
			if math.Abs(got.Loss-ref.Loss) > 1e-5 || string(got.Predictions) != string(ref.Predictions) {
				t.Errorf("%s, split %d: loss %v, predictions %v; want %v, %v", m.Name, split, got.Loss, got.Predictions, ref.Loss, ref.Predictions)
			}
		}
		if _, err := have.Evaluate(context.Background(), params[1:], Test); err == nil {
			t.Error("took too few parameters")
		}
		have.Close()
	}
}

func refuses(t *testing.T, make maker, m *nn.Model) {
	rng := rand.New(rand.NewPCG(13, 14))
	work, train := workOf(m, clip.Rule{}), randomRecords(m, 5, rng)
	b := make(t, work, train, Records{})
	params := randomParams(m, rng)
	good := Request{Points: [][]float32{params}, Records: []int32{0, 4}, Bounds: []float64{1}}
	for name, change := range map[string]func(*Request){
		"record twice":         func(r *Request) { r.Records = []int32{1, 1} },
		"too many thresholds":  func(r *Request) { r.Thresholds = []float64{1, 1} },
		"record out of range":  func(r *Request) { r.Records = []int32{5} },
		"negative record":      func(r *Request) { r.Records = []int32{-1} },
		"no parameters":        func(r *Request) { r.Points = nil },
		"too few parameters":   func(r *Request) { r.Points = [][]float32{params[1:]} },
		"too many points":      func(r *Request) { r.Points = [][]float32{params, params}; r.Coefficients = []float64{1, 1} },
		"missing coefficients": func(r *Request) { r.Coefficients = []float64{} },
		"infinite coefficient": func(r *Request) { r.Coefficients = []float64{math.Inf(1)} },
		"whitening unasked":    func(r *Request) { r.Whitening = []float32{1} },
		"NaN bound":            func(r *Request) { r.Bounds = []float64{math.NaN()} },
		"missing bound":        func(r *Request) { r.Bounds = nil },
	} {
		r := good
		change(&r)
		if _, err := b.Step(context.Background(), r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := b.Step(context.Background(), good); err != nil {
		t.Errorf("after refusals: %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Step(cancelled, good); err == nil {
		t.Error("worked for a cancelled context")
	}
	b.Close()
	if _, err := b.Step(context.Background(), good); err == nil {
		t.Error("worked after Close")
	}
}
