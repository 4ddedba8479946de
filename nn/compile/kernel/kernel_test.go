package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"cloister/nn/compile/wasm"
	"cloister/nn/compile/wasmtest"
)

// bench is a module with one kernel, exported as "run", and a bump allocator for its memory.
type bench struct {
	*wasmtest.Instance
	t   testing.TB
	top int
}

const benchMemory = 1 << 20

// try tests a kernel in every form that the engine can run.
func try(t *testing.T, kernel func(s *Set) *wasm.Func, params int, test func(t *testing.T, b *bench)) {
	t.Helper()
	forms := []bool{false}
	if relaxed() {
		forms = append(forms, true)
	}
	for _, fma := range forms {
		var m wasm.Module
		k := kernel(NewSet(&m, fma))
		f := m.Export("run", i32s(params)...)
		for i := range params {
			f.Get(f.Param(i))
		}
		f.Call(k)
		m.Memory(benchMemory)
		test(t, newBench(t, &m))
	}
}

func newBench(t testing.TB, m *wasm.Module) *bench { return &bench{wasmtest.New(t, m.Encode()), t, 64} }

func i32s(n int) []wasm.Type {
	types := make([]wasm.Type, n)
	for i := range types {
		types[i] = wasm.I32
	}
	return types
}

func relaxed() bool {
	var m wasm.Module
	f := m.Func()
	v := f.Local(wasm.V128)
	f.Get(v).Get(v).Get(v).F32x4RelaxedMadd().Set(v)
	return wasmtest.FMA(m.Encode())
}

func (b *bench) run(args ...int) { b.t.Helper(); b.Call("run", args...) }

// alloc reserves room for floats, aligned like floats only, with a guard before and after.
func (b *bench) alloc(n int) int {
	at := b.top + 4*guard
	b.top = at + 4*n + 4*guard
	if b.top > benchMemory {
		b.t.Fatal("the bench is too small")
	}
	b.WriteFloats(at-4*guard, repeat(marker, n+2*guard))
	return at
}

// Guards around every buffer hold a marker that no kernel may touch.
const (
	guard  = 5
	marker = 12345.5
)

func (b *bench) put(v []float32) int {
	at := b.alloc(len(v))
	b.WriteFloats(at, v)
	return at
}

func (b *bench) ints(v ...int) int {
	at := b.alloc(len(v))
	b.WriteInts(at, v)
	return at
}

// get reads a buffer and checks its guards.
func (b *bench) get(at, n int) []float32 {
	b.t.Helper()
	all := b.Floats(at-4*guard, n+2*guard)
	for i, v := range all {
		if (i < guard || i >= guard+n) && v != marker {
			b.t.Fatalf("float %d beside a buffer of %d was overwritten with %v", i-guard, n, v)
		}
	}
	return all[guard : guard+n]
}

func repeat(v float32, n int) []float32 {
	all := make([]float32, n)
	for i := range all {
		all[i] = v
	}
	return all
}

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// near compares with a bound on the difference that is relative to the size of the terms summed.
func near(t testing.TB, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= tolerance*(1+math.Abs(want[i]))) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func doubled(v []float32) []float64 {
	d := make([]float64, len(v))
	for i, x := range v {
		d[i] = float64(x)
	}
	return d
}
