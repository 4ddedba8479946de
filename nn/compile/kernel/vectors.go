package kernel

import "cloister/nn/compile/wasm"

// Kernels on plain vectors. n counts vectors of four floats.

// Fill zeroes. Parameters: n, x.
func (s *Set) Fill() *wasm.Func {
	return s.once("fill", 2, func(f *wasm.Func) {
		n, x := f.Param(0), f.Param(1)
		stream(f, n, []wasm.Local{x}, func(o int) { f.Get(x).F32x4All(0).V128Store(o) })
	})
}

// A kernel with a factor takes zero for any x, NaN too, where the factor is 0. It does so without a branch: how long it
// takes must not depend on the factor.

// scaled loads the float32 factor at an address into all lanes of a local, and gives a function that pushes what is left of a vector on the stack.
func scaled(f *wasm.Func, address wasm.Local) (factor wasm.Local, gate func()) {
	factor, zero := f.Local(wasm.V128), f.Local(wasm.V128)
	f.Get(address).V128Load32Splat(0).Tee(factor).F32x4All(0).F32x4Eq().Set(zero)
	return factor, func() { f.Get(zero).V128AndNot() }
}

// Copy is y = x, or y = 0 where the float32 s at an address is 0. Parameters: n, x, y, s.
func (s *Set) Copy() *wasm.Func {
	return s.once("copy", 4, func(f *wasm.Func) {
		n, x, y := f.Param(0), f.Param(1), f.Param(2)
		_, gate := scaled(f, f.Param(3))
		stream(f, n, []wasm.Local{x, y}, func(o int) {
			f.Get(y).Get(x).V128Load(o)
			gate()
			f.V128Store(o)
		})
	})
}

// Scale is y = s x with the float32 s at an address; a product below 2^-60 in magnitude becomes 0. Parameters: n, x, y, s.
func (s *Set) Scale() *wasm.Func {
	return s.once("scale", 4, func(f *wasm.Func) {
		n, x, y, v := f.Param(0), f.Param(1), f.Param(2), f.Local(wasm.V128)
		factor, gate := scaled(f, f.Param(3))
		least := hoist(f, []float32{faint})[0]
		stream(f, n, []wasm.Local{x, y}, func(o int) {
			f.Get(x).V128Load(o)
			gate()
			f.Get(factor).F32x4Mul().Set(v)
			f.Get(y)
			hush(f, v, least)
			f.V128Store(o)
		})
	})
}

// AddScaled is y += s x with the float32 s at an address. Parameters: n, x, y, s.
func (s *Set) AddScaled() *wasm.Func {
	return s.once("addScaled", 4, func(f *wasm.Func) {
		n, x, y := f.Param(0), f.Param(1), f.Param(2)
		sum, v := f.Local(wasm.V128), f.Local(wasm.V128)
		factor, gate := scaled(f, f.Param(3))
		stream(f, n, []wasm.Local{x, y}, func(o int) {
			f.Get(x).V128Load(o)
			gate()
			f.Set(v)
			f.Get(y).V128Load(o).Set(sum)
			s.madd(f, sum, v, factor)
			f.Get(y).Get(sum).V128Store(o)
		})
	})
}

// lanes pushes the sum of a vector's lanes.
func lanes(f *wasm.Func, v wasm.Local) {
	f.Get(v).F32x4Lane(0).Get(v).F32x4Lane(1).F32Add()
	f.Get(v).F32x4Lane(2).Get(v).F32x4Lane(3).F32Add().F32Add()
}

// Squares adds the sum of squares of x, computed in float64, to the float64 at an address. A float32's square is
// exact in float64, so nothing underflows or overflows. Parameters: n, x, sum.
func (s *Set) Squares() *wasm.Func {
	return s.once("squares", 3, func(f *wasm.Func) {
		n, x, out := f.Param(0), f.Param(1), f.Param(2)
		v, low, high := f.Local(wasm.V128), f.Local(wasm.V128), f.Local(wasm.V128)
		d := f.Local(wasm.V128)
		stream(f, n, []wasm.Local{x}, func(o int) {
			f.Get(x).V128Load(o).Tee(v).F64x2PromoteLow().Tee(d).Get(d).F64x2Mul().Get(low).F64x2Add().Set(low)
			f.HighToLow(v).F64x2PromoteLow().Tee(d).Get(d).F64x2Mul().Get(high).F64x2Add().Set(high)
		})
		f.Get(low).Get(high).F64x2Add().Set(low)
		f.Get(out).Get(out).F64Load(0).Get(low).F64x2Lane(0).Get(low).F64x2Lane(1).F64Add().F64Add().F64Store(0)
	})
}

// Flush moves float32 sums into float64 ones and zeroes them: y += x, x = 0. Parameters: n, x, y (doubles).
func (s *Set) Flush() *wasm.Func {
	return s.once("flush", 3, func(f *wasm.Func) {
		n, x, y, v := f.Param(0), f.Param(1), f.Param(2), f.Local(wasm.V128)
		f.Repeat(n, func() {
			f.Get(x).V128Load(0).Set(v)
			widen(f, y, 0, v)
			f.Get(x).F32x4All(0).V128Store(0)
			f.Advance(x, vec)
			f.Advance(y, 2*vec)
		})
	})
}
