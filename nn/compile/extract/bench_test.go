package extract

import (
	"math/rand/v2"
	"testing"
	"time"

	"cloister/nn"
	"cloister/nn/compile"
	"cloister/nn/compile/wasm"
	"cloister/nn/compile/wasmtest"
)

// strip81 is one of the nine strips of a colour picture by its shapes, with constants that mean nothing.
func strip81() *Patches {
	d := &Patches{Input: nn.Shape{C: 3, H: 8, W: 32}, Side: 6, Atoms: 400, Fine: 1, Cells: 1, Contrast: 10, Floor: .1, Threshold: .5}
	r := rand.New(rand.NewPCG(1, 1))
	some := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64()) / 10
		}
		return v
	}
	n := d.size()
	d.Weights, d.Whiten, d.Atom = some(1), some(n*(n+1)), some(d.Atoms*(n+1))
	for i, w := range d.Weights {
		d.Weights[i] = w * w
	}
	return d
}

// BenchmarkConvolution times what precedes the whitening of features, against a loop that does nothing but multiply and add, run in turns
// with it. Calls take about a millisecond and the best of each counts, so that a busy machine shows what an idle one does. It reports the useful operations of the two products of windows
// as a share of what the loop does in as much time.
func BenchmarkConvolution(b *testing.B) {
	fma := wasmtest.FMA(compile.FMAProbe)
	d := strip81()
	m, err := Compile(d, Options{FMA: fma})
	if err != nil {
		b.Fatal(err)
	}
	w, p := wasmtest.New(b, m.Wasm), wasmtest.New(b, peak(fma))
	out := m.Data + 4096 // behind an image
	w.Reserve(out + 4*records*m.Features)
	rows, columns := d.Positions()
	flops := 2 * float64(rows*columns*(d.size()+1)*(d.Atoms+d.size()))
	image := make([]byte, records*m.RecordBytes)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range image {
		image[i] = byte(r.IntN(256))
	}
	w.Write(m.Data, image)
	best, most := 0.0, 0.0
	for b.Loop() {
		start := time.Now()
		w.Call("pool", m.Data, records, out)
		middle := time.Now()
		p.Call("peak", peakTurns)
		best = max(best, records*flops/middle.Sub(start).Seconds())
		most = max(most, peakTurns*peakFlops/time.Since(middle).Seconds())
	}
	b.ReportMetric(best/1e9, "GFLOP/s")
	b.ReportMetric(most/1e9, "peak-GFLOP/s")
	b.ReportMetric(best/most, "of-peak")
}

const records = 4 // of a call

const (
	peakTurns        = 60_000
	peakUnroll       = 8
	peakAccumulators = 12
	peakFlops        = peakUnroll * peakAccumulators * 4 * 2
)

// peak is cmd/bench's loop of multiplications and additions.
func peak(fma bool) []byte {
	m := &wasm.Module{}
	m.Memory(16 * peakAccumulators)
	f := m.Export("peak", wasm.I32)
	factor, acc := f.Local(wasm.V128), f.Locals(peakAccumulators, wasm.V128)
	term := f.Local(wasm.V128)
	f.F32x4All(0.5).Set(factor).F32x4All(1).Set(term)
	f.Repeat(f.Param(0), func() {
		for range peakUnroll {
			for _, a := range acc {
				if f.Get(a).Get(factor); fma {
					f.Get(term).F32x4RelaxedMadd().Set(a)
				} else {
					f.F32x4Mul().Get(term).F32x4Add().Set(a)
				}
			}
		}
	})
	for i, a := range acc {
		f.I32(16 * i).Get(a).V128Store(0)
	}
	return m.Encode()
}
