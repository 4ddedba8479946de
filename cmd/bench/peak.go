package main

import "cloister/nn/compile/wasm"

// The peak kernel: independent accumulators, each multiplied and added to at every turn, nothing else. Twelve hide the
// latency of any current core's multiply-add and still fit in sixteen registers with the two factors.
const (
	peakAccumulators = 12
	peakUnroll       = 8
	peakTurns        = 200_000 // of one call: a few milliseconds
	peakFlops        = peakTurns * peakUnroll * peakAccumulators * 4 * 2
)

// peakModule exports peak(turns), as much arithmetic on 128-bit vectors as the core can do: fused where the browser has
// it, or a product and a sum.
func peakModule(fma bool) []byte {
	m := &wasm.Module{}
	m.Memory(16 * peakAccumulators)
	f := m.Export("peak", wasm.I32)
	factor, term := f.Local(wasm.V128), f.Local(wasm.V128)
	acc := f.Locals(peakAccumulators, wasm.V128)
	f.F32x4All(0.5).Set(factor)
	f.F32x4All(1).Set(term)
	f.Repeat(f.Param(0), func() {
		for range peakUnroll {
			for _, a := range acc { // a*factor + term, which tends to 2
				f.Get(a).Get(factor)
				if fma {
					f.Get(term).F32x4RelaxedMadd().Set(a)
				} else {
					f.F32x4Mul().Get(term).F32x4Add().Set(a)
				}
			}
		}
	})
	for i, a := range acc { // results that nobody could see would not be computed
		f.I32(16 * i).Get(a).V128Store(0)
	}
	return m.Encode()
}
