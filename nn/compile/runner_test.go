package compile

import (
	"testing"

	"cloister/nn/compile/wasmtest"
)

// runner calls a compiled module's exports.
type runner struct {
	*wasmtest.Instance
	layout                       Layout
	pixels, labels, indices, out int // where the data lies
}

// start instantiates a module and gives it records.
func start(t testing.TB, m *Module, pixels, labels []byte) *runner {
	t.Helper()
	r := &runner{Instance: wasmtest.New(t, m.Wasm), layout: m.Layout}
	place, err := m.Layout.Place(len(labels), 0)
	if err != nil {
		t.Fatal(err)
	}
	r.pixels, r.labels, r.indices, r.out = place.Pixels[0], place.Labels[0], place.Indices, place.Out
	r.Reserve(place.End)
	r.Write(r.pixels, pixels)
	r.Write(r.labels, labels)
	return r
}

func (r *runner) params(point int, values []float32) {
	r.WriteFloats(r.layout.Params+4*point*r.layout.NumParams, values)
}

// bounds sets the bounds, and the thresholds of the counts to the same.
func (r *runner) bounds(values []float64) {
	r.WriteDoubles(r.layout.Bounds, values)
	r.thresholds(values)
}

func (r *runner) whitening(values []float32)    { r.WriteFloats(r.layout.Whitening, values) }
func (r *runner) thresholds(values []float64)   { r.WriteDoubles(r.layout.Thresholds, values) }
func (r *runner) coefficients(values []float64) { r.WriteDoubles(r.layout.Coefficients, values) }

func (r *runner) choose(indices []int) int {
	r.WriteInts(r.indices, indices)
	return len(indices)
}

// sums are what a step leaves in memory.
type sums struct {
	gradient, counts []float64
	loss             float64
}

func (r *runner) sums() sums {
	l := r.layout
	return sums{r.Doubles(l.Sum, l.NumParams), r.Doubles(l.Counts, l.Groups), r.Doubles(l.Loss, 1)[0]}
}

func (r *runner) step(indices []int, width int) sums {
	r.Call("step", r.pixels, r.labels, r.indices, r.choose(indices), width)
	return r.sums()
}

func (r *runner) norms(indices []int) []float32 {
	r.Call("norms", r.pixels, r.labels, r.indices, r.choose(indices), r.out)
	return r.Floats(r.out, len(indices)*r.layout.Groups)
}

func (r *runner) accumulate(indices []int, width int, factors []float32) sums {
	r.WriteFloats(r.out, factors)
	r.Call("accumulate", r.pixels, r.labels, r.indices, r.choose(indices), width, r.out)
	return r.sums()
}

func (r *runner) evaluate(first, n int) (predictions []byte, loss float64) {
	r.Call("evaluate", r.pixels, r.labels, first, n, r.out)
	return r.Bytes(r.out, n), r.Doubles(r.layout.Loss, 1)[0]
}

// sequence lists the numbers from first to last-1.
func sequence(first, last int) []int {
	var all []int
	for i := first; i < last; i++ {
		all = append(all, i)
	}
	return all
}
