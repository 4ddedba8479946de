package kernel

import "cloister/nn/compile/wasm"

// Kernels for a linear layer of few outputs and many inputs, on several records at once. Both run along the inputs, so that no
// output is padded: ten classes are ten, where panels would make sixteen of them.

// DotRows is how many records [Set.Dots] takes at a time, and DotColumns the most outputs that it and [Set.Outer] take: their
// accumulators, operands and a product fit the sixteen vector registers of x86-64.
const (
	DotRows    = 2
	DotColumns = 5
	OuterRun   = 8 // floats that Outer takes at a time
)

// Dots multiplies rows of x by rows of w, DotRows rows of x at a time:
//
//	z[r*ldz + 4u] = bias[u] + sum over k < 4 k4 of x[r*ldx + 4k] * w[u*ldw + 4k],  u < columns
//
// Every row of x is summed in the same order, wherever it lies. Parameters: tiles (of rows), k4, x, ldx, w, ldw, bias, z, ldz.
func (s *Set) Dots(columns int) *wasm.Func {
	return s.once(named("dots", columns), 9, func(f *wasm.Func) { s.dots(f, columns) })
}

func (s *Set) dots(f *wasm.Func, columns int) {
	x, ldx, w, ldw, bias, z, ldz := f.Param(2), f.Param(3), f.Param(4), f.Param(5), f.Param(6), f.Param(7), f.Param(8)
	atX, atW, k := f.Locals(DotRows, wasm.I32), f.Locals(columns, wasm.I32), f.Local(wasm.I32)
	v, y, acc := f.Locals(DotRows, wasm.V128), f.Local(wasm.V128), f.Locals(DotRows*columns, wasm.V128)
	spaced := func(at []wasm.Local, first, by wasm.Local) {
		f.Get(first).Set(at[0])
		for i := 1; i < len(at); i++ {
			f.Get(at[i-1]).Get(by).I32Add().Set(at[i])
		}
	}
	f.Repeat(f.Param(0), func() {
		spaced(atX, x, ldx)
		spaced(atW, w, ldw)
		for _, a := range acc {
			f.F32x4All(0).Set(a)
		}
		f.Get(f.Param(1)).Set(k)
		f.Repeat(k, func() {
			for r := range DotRows {
				f.Get(atX[r]).V128Load(0).Set(v[r])
				f.Advance(atX[r], vec)
			}
			for u := range columns {
				f.Get(atW[u]).V128Load(0).Set(y)
				f.Advance(atW[u], vec)
				for r := range DotRows {
					s.madd(f, acc[r*columns+u], v[r], y)
				}
			}
		})
		for r := range DotRows {
			for u := range columns {
				f.Get(z)
				lanes(f, acc[r*columns+u])
				f.Get(bias).F32Load(4 * u).F32Add().F32Store(4 * u)
			}
			f.AdvanceBy(z, ldz)
			f.AdvanceBy(x, ldx)
		}
	})
}

// Outer adds the products of two sets of rows to float64 sums, OuterRun columns of x at a time:
//
//	c[u*ldc + 8k] += sum over j < rows of d[j*ldd + 4u] * x[j*ldx + 4k],  u < columns, k < OuterRun tiles
//
// The sum over j is in float32. Parameters: tiles, rows, x, ldx, d, ldd, c, ldc.
func (s *Set) Outer(columns int) *wasm.Func {
	return s.once(named("outer", columns), 8, func(f *wasm.Func) { s.outer(f, columns) })
}

func (s *Set) outer(f *wasm.Func, columns int) {
	const halves = OuterRun / Lanes
	rows, x, ldx, d, ldd, c, ldc := f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5), f.Param(6), f.Param(7)
	atX, atD, at, left := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	v, y, acc := f.Locals(halves, wasm.V128), f.Local(wasm.V128), f.Locals(halves*columns, wasm.V128)
	f.Repeat(f.Param(0), func() {
		for _, a := range acc {
			f.F32x4All(0).Set(a)
		}
		f.Get(x).Set(atX).Get(d).Set(atD).Get(rows).Set(left)
		f.Repeat(left, func() {
			for h := range halves {
				f.Get(atX).V128Load(h * vec).Set(v[h])
			}
			for u := range columns {
				f.Get(atD).V128Load32Splat(4 * u).Set(y)
				for h := range halves {
					s.madd(f, acc[u*halves+h], v[h], y)
				}
			}
			f.AdvanceBy(atX, ldx)
			f.AdvanceBy(atD, ldd)
		})
		f.Get(c).Set(at)
		for u := range columns {
			for h := range halves {
				widen(f, at, 2*h*vec, acc[u*halves+h])
			}
			f.AdvanceBy(at, ldc)
		}
		f.Advance(x, OuterRun*4)
		f.Advance(c, OuterRun*8)
	})
}

// widen adds four floats to four doubles at an address.
func widen(f *wasm.Func, at wasm.Local, offset int, v wasm.Local) {
	f.Get(at).Get(at).V128Load(offset).Get(v).F64x2PromoteLow().F64x2Add().V128Store(offset)
	f.Get(at).Get(at).V128Load(offset + vec).HighToLow(v).F64x2PromoteLow().F64x2Add().V128Store(offset + vec)
}
