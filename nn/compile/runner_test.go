package compile

import (
	"context"
	"encoding/binary"
	"math"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// runner runs a compiled module natively.
type runner struct {
	t      testing.TB
	layout Layout
	module api.Module
	// where the data lies
	pixels, labels, indices, out uint32
}

var runtime = wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigCompiler())

// run instantiates a module and gives it records; the module must validate.
func run(t testing.TB, m *Module, pixels, labels []byte) *runner {
	t.Helper()
	ctx := context.Background()
	code, err := runtime.CompileModule(ctx, m.Wasm)
	if err != nil {
		t.Fatalf("the module does not validate: %v", err)
	}
	module, err := runtime.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { module.Close(ctx); code.Close(ctx) })
	r := &runner{t: t, layout: m.Layout, module: module}
	at := uint32(m.Layout.Data)
	place := func(n int) uint32 {
		here := at
		at += uint32(n+63) &^ 63
		return here
	}
	r.pixels, r.labels = place(len(pixels)), place(len(labels))
	r.indices, r.out = place(4*len(labels)), place(4*len(labels)*max(1, m.Layout.Groups))
	if missing := int(at) - int(module.Memory().Size()); missing > 0 {
		if _, ok := module.Memory().Grow(uint32(missing+65535) / 65536); !ok {
			t.Fatal("memory does not grow")
		}
	}
	r.write(r.pixels, pixels)
	r.write(r.labels, labels)
	return r
}

func (r *runner) write(at uint32, b []byte) {
	if !r.module.Memory().Write(at, b) {
		r.t.Fatalf("no memory at %d", at)
	}
}

func (r *runner) read(at uint32, n int) []byte {
	b, ok := r.module.Memory().Read(at, uint32(n))
	if !ok {
		r.t.Fatalf("no memory at %d", at)
	}
	return b
}

func (r *runner) call(name string, args ...uint32) {
	r.t.Helper()
	wide := make([]uint64, len(args))
	for i, a := range args {
		wide[i] = uint64(a)
	}
	if _, err := r.module.ExportedFunction(name).Call(context.Background(), wide...); err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
}

func (r *runner) params(point int, values []float32) {
	r.write(uint32(r.layout.Params+4*point*r.layout.NumParams), floats(values...))
}

func (r *runner) bounds(values []float64) { r.write(uint32(r.layout.Bounds), doubles(values)) }
func (r *runner) coefficients(values []float64) {
	r.write(uint32(r.layout.Coefficients), doubles(values))
}

func (r *runner) choose(indices []int32) uint32 {
	var b []byte
	for _, i := range indices {
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	r.write(r.indices, b)
	return uint32(len(indices))
}

// sums are what a step leaves in memory.
type sums struct {
	gradient, counts []float64
	loss             float64
}

func (r *runner) sums() sums {
	return sums{r.doubles(r.layout.Sum, r.layout.NumParams), r.doubles(r.layout.Counts, r.layout.Groups), r.doubles(r.layout.Loss, 1)[0]}
}

func (r *runner) step(indices []int32, width int) sums {
	r.t.Helper()
	r.call("step", r.pixels, r.labels, r.indices, r.choose(indices), uint32(width))
	return r.sums()
}

func (r *runner) norms(indices []int32) []float32 {
	r.t.Helper()
	r.call("norms", r.pixels, r.labels, r.indices, r.choose(indices), r.out)
	return r.floats(r.out, len(indices)*r.layout.Groups)
}

func (r *runner) accumulate(indices []int32, width int, factors []float32) sums {
	r.t.Helper()
	r.write(r.out, floats(factors...))
	r.call("accumulate", r.pixels, r.labels, r.indices, r.choose(indices), uint32(width), r.out)
	return r.sums()
}

func (r *runner) evaluate(first, n int) (predictions []byte, loss float64) {
	r.t.Helper()
	r.call("evaluate", r.pixels, r.labels, uint32(first), uint32(n), r.out)
	return append([]byte(nil), r.read(r.out, n)...), r.doubles(r.layout.Loss, 1)[0]
}

func (r *runner) doubles(at, n int) []float64 {
	b := r.read(uint32(at), 8*n)
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v
}

func (r *runner) floats(at uint32, n int) []float32 {
	b := r.read(at, 4*n)
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

func doubles(values []float64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}
