package kernel

import "cloister/nn/compile/wasm"

// Rectified is the geometry of responses in panels, and of the sums that they are added to.
type Rectified struct {
	Panel     int // bytes from one panel of responses to the next
	Sums      int // bytes from one panel of sums to the next
	Threshold float32
}

// Rectify sums what responses z exceed a threshold t by: pos += max(0, z - t), neg += max(0, -z - t), over the rows of each cell, in
// panels of eight columns. A cell's rows follow one another; counts holds their number. Parameters: panels, cells, counts, z, pos, neg.
func (s *Set) Rectify(r Rectified) *wasm.Func {
	return s.once(named("rectify", r), 6, func(f *wasm.Func) {
		panels, cells, counts, z, pos, neg := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4), f.Param(5)
		moving := f.Locals(4, wasm.I32)
		count, row, p, q := moving[0], moving[1], moving[2], moving[3]
		left, n, v := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.V128)
		limits := hoist(f, []float32{0, r.Threshold, -r.Threshold})
		acc := f.Locals(4, wasm.V128)
		f.Repeat(panels, func() {
			for i, from := range []wasm.Local{counts, z, pos, neg} {
				f.Get(from).Set(moving[i])
			}
			f.Get(cells).Set(left)
			f.Repeat(left, func() {
				for _, a := range acc {
					f.F32x4All(0).Set(a)
				}
				f.Get(count).I32Load(0).Set(n)
				f.Repeat(n, func() {
					for h := range 2 {
						f.Get(row).V128Load(h * vec).Set(v)
						f.Get(v).Get(limits[1]).F32x4Sub().Get(limits[0]).F32x4PMax().Get(acc[h]).F32x4Add().Set(acc[h])
						f.Get(limits[2]).Get(v).F32x4Sub().Get(limits[0]).F32x4PMax().Get(acc[2+h]).F32x4Add().Set(acc[2+h])
					}
					f.Advance(row, panel)
				})
				storeRow(f, p, acc[:2], Add)
				storeRow(f, q, acc[2:], Add)
				f.Advance(count, 4)
				f.Advance(p, panel)
				f.Advance(q, panel)
			})
			f.Advance(z, r.Panel)
			f.Advance(pos, r.Sums)
			f.Advance(neg, r.Sums)
		})
	})
}

// Root is x = sqrt(x). Parameters: n (vectors), x.
func (s *Set) Root() *wasm.Func {
	return s.once("root", 2, func(f *wasm.Func) {
		n, x := f.Param(0), f.Param(1)
		stream(f, n, []wasm.Local{x}, func(o int) { f.Get(x).Get(x).V128Load(o).F32x4Sqrt().V128Store(o) })
	})
}
