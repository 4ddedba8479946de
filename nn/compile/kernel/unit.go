package kernel

import "cloister/nn/compile/wasm"

// Unit is the geometry of a record's features and how they end.
type Unit struct {
	Cells, Channels int     // channels are a multiple of sixteen
	Floor           float32 // added to a cell's mean square
	Step            float32 // of what a byte counts; 0: the result stays float32
}

// Unit divides each cell's features by sqrt(mean square + Floor), then all by their norm. With a Step the result is
// bytes, the nearest integer to 128 + x/Step, clipped to what a byte holds. Parameters: x, out, scratch (one float a cell).
func (s *Set) Unit(u Unit) *wasm.Func {
	return s.once(named("unit", u), 3, func(f *wasm.Func) {
		x, out, scratch := f.Param(0), f.Param(1), f.Param(2)
		at, slot, n := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
		square, norm := f.Local(wasm.F32), f.Local(wasm.F32)
		acc, v := f.Locals(4, wasm.V128), f.Local(wasm.V128)
		f.Get(x).Set(at).Get(scratch).Set(slot)
		f.Times(u.Cells, func() {
			for _, a := range acc {
				f.F32x4All(0).Set(a)
			}
			f.I32(u.Channels / 16).Set(n)
			f.Repeat(n, func() {
				for i, a := range acc {
					f.Get(at).V128Load(i * vec).Set(v)
					s.madd(f, a, v, v)
				}
				f.Advance(at, 4*vec)
			})
			total(f, acc)
			f.Set(square)
			f.Get(slot).Get(square).F32(1 / float32(u.Channels)).F32Mul().F32(u.Floor).F32Add().F32Store(0)
			f.Get(norm).Get(square).Get(slot).F32Load(0).F32Div().F32Add().Set(norm)
			f.Advance(slot, 4)
		})
		f.Get(scratch).Set(slot)
		f.Times(u.Cells, func() {
			f.F32(1).Get(slot).F32Load(0).Get(norm).F32(1e-12).F32Add().F32Mul().F32Sqrt().F32Div().F32x4Splat().Set(v)
			f.I32(u.Channels / 16).Set(n)
			f.Repeat(n, func() { u.finish(f, x, out, v) })
			f.Advance(slot, 4)
		})
	})
}

// finish scales sixteen features.
func (u Unit) finish(f *wasm.Func, x, out, scale wasm.Local) {
	scaled := func(i int) *wasm.Func { return f.Get(x).V128Load(i * vec).Get(scale).F32x4Mul() }
	if u.Step == 0 {
		for i := range 4 {
			f.Get(out)
			scaled(i).V128Store(i * vec)
		}
		f.Advance(out, 4*vec)
	} else {
		f.Get(out)
		for i := range 4 {
			scaled(i).F32x4All(1 / u.Step).F32x4Mul().F32x4All(128).F32x4Add().F32x4Nearest().I32x4TruncSatS()
			if i%2 == 1 {
				f.I16x8NarrowS()
			}
		}
		f.I8x16NarrowU().V128Store(0)
		f.Advance(out, vec)
	}
	f.Advance(x, 4*vec)
}
