package kernel

import "cloister/nn/compile/wasm"

// How long a step takes must not depend on what its records hold. Most processors take many times as long for an
// operation that reads or makes a denormal number, below 2^-126, and gradients of a record that the model is sure of are such
// numbers. So none arises: whatever a product reads is quiet, which is zero or at least Quiet in magnitude.
//
// Two quiet numbers are multiples of 2^-63, so their product, and every sum of such products, whether a fused
// multiply-add rounds once or twice, is a multiple of 2^-126: zero, or no denormal. Kernels that work value by value make their
// results quiet; after the others, Hush does.
const Quiet = 0x1p-40

// Coarse is added to a weight's gradient before its terms are and subtracted after: what is left is zero or at least 2^-24
// Coarse, so that neither its square nor its product with a factor of clip.Least or more is denormal.
const Coarse = 0x1p-35

// faint is the least magnitude that Scale leaves: times a quiet number it is at least 2^-100, a sum of such products
// (each rounded) a multiple of 2^-123.
const faint = 0x1p-60

// Hush makes numbers quiet: x = 0 where |x| < Quiet. A NaN stays. Parameters: n (vectors), x.
func (s *Set) Hush() *wasm.Func {
	return s.once("hush", 2, func(f *wasm.Func) {
		n, x, v, least := f.Param(0), f.Param(1), f.Local(wasm.V128), hoist(f, []float32{Quiet})[0]
		stream(f, n, []wasm.Local{x}, func(o int) {
			f.Get(x).Get(x).V128Load(o).Set(v)
			hush(f, v, least)
			f.V128Store(o)
		})
	})
}

// hush pushes v with zero where its magnitude is below the least.
func hush(f *wasm.Func, v, least wasm.Local) {
	f.Get(v).Get(v).F32x4Abs().Get(least).F32x4Lt().V128AndNot()
}
