package kernel

import "cloister/nn/compile/wasm"

// Grid writes a table of int32: rows times columns entries, origin + row*down + column*right. Parameters: at, rows,
// columns, origin, down, right.
func (s *Set) Grid() *wasm.Func {
	return s.once("grid", 6, func(f *wasm.Func) {
		at, rows, columns, origin, down, right := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
		n, value := f.Local(wasm.I32), f.Local(wasm.I32)
		f.Repeat(rows, func() {
			f.Get(columns).Set(n).Get(origin).Set(value)
			f.Repeat(n, func() {
				f.Get(at).Get(value).I32Store(0)
				f.Advance(at, 4)
				f.AdvanceBy(value, right)
			})
			f.AdvanceBy(origin, down)
		})
	})
}
