package nn

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// Layers with values worked out by hand, and what a broken or extreme value does to them.

// run applies one layer, forward and then backward from the slopes dy.
func run(t *testing.T, l Layer, in Shape, params, x, dy []float32) (y, dx, grad []float32) {
	t.Helper()
	out, err := l.Out(in)
	if err != nil {
		t.Fatal(err)
	}
	o := l.reference(in, out)
	y, dx, grad = make([]float32, out.Size()), make([]float32, in.Size()), make([]float32, len(params))
	o.forward(params, x, y)
	for i := range grad {
		grad[i] = 99 // backward overwrites
	}
	for i := range dx {
		dx[i] = 99
	}
	o.backward(params, x, y, dy, dx, grad)
	return y, dx, grad
}

func nearAll(t *testing.T, what string, got []float32, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		near(t, what, float64(got[i]), want[i])
	}
}

func TestConvByHand(t *testing.T) {
	// 1 2 3   filter 1 -1, stride 1, pad 1: the padded 5x5 holds zeros around; a 2x2 window gives 4x4 positions
	// 4 5 6          2  3
	// 7 8 9
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
	dy := make([]float32, 16)
	dy[5] = 2 // the window over 1 2 4 5
	y, dx, grad := run(t, Conv2D{1, 1, 2, 1, 1}, Shape{1, 3, 3}, []float32{1, -1, 2, 3, 10}, x, dy)
	nearAll(t, "output", y, 13, 18, 23, 16, 21, 32, 37, 25, 27, 47, 52, 34, 3, 9, 9, 19)
	nearAll(t, "input slope", dx, 2, -2, 0, 4, 6, 0, 0, 0, 0)
	nearAll(t, "gradient", grad, 2, 4, 8, 10, 2)
}

func TestLinearByHand(t *testing.T) {
	y, dx, grad := run(t, Linear{2, 3}, Shape{2, 1, 1}, []float32{1, 2, 3, 4, 5, 6, .1, .2, .3}, []float32{10, 20}, []float32{1, 0, -2})
	nearAll(t, "output", y, 50.1, 110.2, 170.3)
	nearAll(t, "input slope", dx, -9, -10)
	nearAll(t, "gradient", grad, 10, 20, 0, 0, -20, -40, 1, 0, -2)
}

// The first of equal values is the largest: its input alone gets the slope.
func TestMaxPoolGivesTiesToTheFirst(t *testing.T) {
	y, dx, _ := run(t, MaxPool{2, 1}, Shape{1, 2, 3}, nil, []float32{3, 5, 1, 5, 5, 5}, []float32{1, 10})
	nearAll(t, "output", y, 5, 5)
	nearAll(t, "input slope", dx, 0, 11, 0, 0, 0, 0)
}

func TestAveragePoolsByHand(t *testing.T) {
	x := []float32{1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9, 9} // the last column and row fit no second window of stride 2
	y, dx, _ := run(t, AvgPool{2, 3}, Shape{1, 3, 4}, nil, x, []float32{8})
	nearAll(t, "output", y, 3)
	nearAll(t, "input slope", dx, 2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0)
	y, dx, _ = run(t, GlobalAvgPool{}, Shape{2, 1, 2}, nil, []float32{1, 3, 5, 9}, []float32{2, 4})
	nearAll(t, "output", y, 2, 7)
	nearAll(t, "input slope", dx, 1, 1, 2, 2)
}

// Two channels in one group: mean 2.5, variance 1.25, so xhat = (-1.5, -0.5, 0.5, 1.5)/sqrt(1.25001).
func TestGroupNormByHand(t *testing.T) {
	s := math.Sqrt(1.25001)
	y, _, grad := run(t, GroupNorm{1, 2}, Shape{2, 1, 2}, []float32{2, 3, 10, 20}, []float32{1, 2, 3, 4}, []float32{1, 1, 0, 2})
	nearAll(t, "output", y, 10-3/s, 10-1/s, 20+1.5/s, 20+4.5/s)
	nearAll(t, "gradient", grad, -2/s, 3/s, 2, 2)
	// The same shift of all inputs, however large, changes nothing: the variance does not cancel.
	far, _, _ := run(t, GroupNorm{1, 2}, Shape{2, 1, 2}, []float32{2, 3, 10, 20}, []float32{1 + 1<<20, 2 + 1<<20, 3 + 1<<20, 4 + 1<<20}, make([]float32, 4))
	nearAll(t, "shifted output", far, 10-3/s, 10-1/s, 20+1.5/s, 20+4.5/s)
	// A group without spread is divided by sqrt(eps), not by zero.
	flat, dx, _ := run(t, GroupNorm{2, 2}, Shape{2, 1, 1}, []float32{1, 1, 5, 6}, []float32{7, 8}, []float32{1, 1})
	nearAll(t, "output of single values", flat, 5, 6)
	nearAll(t, "their slopes", dx, 0, 0)
}

func TestCrossEntropyAtExtremes(t *testing.T) {
	ln2 := math.Log(2)
	for _, c := range []struct {
		logits []float32
		label  int
		loss   float64
		slope  []float64
	}{
		{[]float32{0, 0}, 1, ln2, []float64{.5, -.5}},
		{[]float32{1e4, 0}, 0, 0, []float64{0, 0}},
		{[]float32{1e4, 0}, 1, 1e4, []float64{1, -1}},
		{[]float32{-3e38, -3e38}, 0, ln2, []float64{-.5, .5}},
		{[]float32{3e38, -3e38}, 0, 0, []float64{0, 0}},
		{[]float32{0, 0, float32(ln2)}, 2, ln2, []float64{.25, .25, -.5}},
	} {
		slope := make([]float32, len(c.logits))
		near(t, "loss", crossEntropy(c.logits, c.label, slope), c.loss)
		nearAll(t, "slope", slope, c.slope...)
		near(t, "loss alone", CrossEntropy(c.logits, c.label), c.loss)
	}
}

// A value that is no number must not vanish in a comparison: the record would then count as a sound one.
func TestNotANumberReachesTheLogits(t *testing.T) {
	nan := float32(math.NaN())
	for _, m := range testModels {
		r, err := NewReference(m)
		if err != nil {
			t.Fatal(err)
		}
		params, x := make([]float32, m.NumParams()), make([]float32, m.Input.Size())
		for i := range params {
			params[i] = 0.5
		}
		middle := len(x) / 2
		x[middle] = nan
		if logits := r.Forward(params, x); !slices.ContainsFunc(logits, func(v float32) bool { return v != v }) {
			t.Errorf("%s: logits %v although input %d is NaN", m.Name, logits, middle)
		}
	}
	for _, l := range []Layer{ReLU{}, Tanh{}, MaxPool{3, 1}, AvgPool{3, 1}, GlobalAvgPool{}} {
		for i := range 9 {
			x := []float32{9, 8, 7, 6, 5, 4, 3, 2, 1}
			x[i] = nan
			out, _ := l.Out(Shape{1, 3, 3})
			y, _, _ := run(t, l, Shape{1, 3, 3}, nil, x, make([]float32, out.Size()))
			if !slices.ContainsFunc(y, func(v float32) bool { return v != v }) {
				t.Errorf("%v lost the NaN at %d", l, i)
			}
		}
	}
}

func TestWrongLengthsPanic(t *testing.T) {
	m := testModels[0]
	r, err := NewReference(m)
	if err != nil {
		t.Fatal(err)
	}
	n := m.NumParams()
	params, x := make([]float32, n), make([]float32, m.Input.Size())
	for what, call := range map[string]func(){
		"parameters":       func() { r.Forward(params[1:], x) },
		"input":            func() { r.Forward(params, x[1:]) },
		"gradient":         func() { r.Gradient(params, x, 0, make([]float32, n+1)) },
		"label":            func() { r.Gradient(params, x, m.Classes(), make([]float32, n)) },
		"negative label":   func() { r.Gradient(params, x, -1, make([]float32, n)) },
		"initial":          func() { m.Init(params[1:], nil) },
		"optimiser's step": func() { o, _ := NewOptimiser("sgd", n, 0); o.Step(params, params[1:], 1, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a wrong length were taken", what)
				}
			}()
			call()
		}()
	}
}

// Kinds has every type that can be a layer, and the models of the reference's tests have every kind.
func TestEveryKindIsListedAndTested(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source here: ", err)
	}
	var types []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "reference" {
				types = append(types, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	var kinds, tested []string
	for _, l := range Kinds() {
		kinds = append(kinds, reflect.TypeOf(l).Name())
	}
	for _, m := range testModels {
		for _, l := range m.Layers {
			if name := reflect.TypeOf(l).Name(); !slices.Contains(tested, name) {
				tested = append(tested, name)
			}
		}
	}
	for _, names := range [][]string{types, kinds, tested} {
		slices.Sort(names)
	}
	if !slices.Equal(kinds, types) || !slices.Equal(kinds, tested) {
		t.Errorf("Kinds lists %v, the layers are %v, and the tested ones %v", kinds, types, tested)
	}
}
