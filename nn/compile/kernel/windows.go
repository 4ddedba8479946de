package kernel

import "cloister/nn/compile/wasm"

// Kernels of fixed feature maps (package extract): square windows of an image become rows of a matrix.

// Windows is the geometry of square windows in an image laid out [row][column][channel], and of the matrix that they become.
type Windows struct {
	Side, Channels int
	Row            int     // bytes from one image row to the next
	Stride         int     // floats of a matrix row: a multiple of four, more than a window has
	Contrast       float32 // added to a window's variance
}

func (w Windows) size() int { return w.Side * w.Side * w.Channels }

// Windows copies n windows to the rows of a matrix: each less its own mean, divided by sqrt(variance + Contrast), then a 1, then
// zeros. Parameters: n, offsets (of each window in the image), image, out.
func (s *Set) Windows(w Windows) *wasm.Func {
	return s.once(named("windows", w), 4, func(f *wasm.Func) {
		n, offsets, image, out := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
		from, to := f.Local(wasm.I32), f.Local(wasm.I32)
		f.Repeat(n, func() {
			f.Get(offsets).I32Load(0).Get(image).I32Add().Set(from)
			f.Get(out).Set(to)
			for range w.Side {
				copyRun(f, from, to, w.Side*w.Channels)
				f.Advance(from, w.Row)
				f.Advance(to, 4*w.Side*w.Channels)
			}
			for k := w.size(); k < w.Stride; k++ {
				f.Get(out).F32(0).F32Store(4 * k)
			}
			s.standardise(f, out, w)
			f.Get(out).F32(1).F32Store(4 * w.size())
			f.Advance(offsets, 4)
			f.Advance(out, 4*w.Stride)
		})
	})
}

func copyRun(f *wasm.Func, from, to wasm.Local, n int) {
	for v := range n / Lanes {
		f.Get(to).Get(from).V128Load(v * vec).V128Store(v * vec)
	}
	for k := n / Lanes * Lanes; k < n; k++ {
		f.Get(to).Get(from).F32Load(4 * k).F32Store(4 * k)
	}
}

// standardise takes the mean off a row's first values and divides them by their deviation. What follows them is zero, and stays.
func (s *Set) standardise(f *wasm.Func, row wasm.Local, w Windows) {
	const chains = 4 // partial sums, to hide the latency of an addition
	d := w.size()
	vectors := (d + Lanes - 1) / Lanes
	acc, v, mean, last := f.Locals(chains, wasm.V128), f.Local(wasm.V128), f.Local(wasm.V128), f.Local(wasm.V128)
	clear := func() {
		for _, a := range acc {
			f.F32x4All(0).Set(a)
		}
	}
	clear()
	for i := range vectors {
		f.Get(row).V128Load(i * vec).Get(acc[i%chains]).F32x4Add().Set(acc[i%chains])
	}
	total(f, acc)
	f.F32(1 / float32(d)).F32Mul().F32x4Splat().Tee(mean)
	mask := [Lanes]float32{}
	for k := range mask {
		if 4*(vectors-1)+k < d {
			mask[k] = 1
		}
	}
	f.F32x4(mask[0], mask[1], mask[2], mask[3]).F32x4Mul().Set(last)
	clear()
	for i := range vectors {
		off := mean
		if i == vectors-1 {
			off = last
		}
		f.Get(row).V128Load(i * vec).Get(off).F32x4Sub().Set(v)
		f.Get(row).Get(v).V128Store(i * vec)
		s.madd(f, acc[i%chains], v, v)
	}
	f.F32(1)
	total(f, acc)
	f.F32(1 / float32(d)).F32Mul().F32(w.Contrast).F32Add().F32Sqrt().F32Div().F32x4Splat().Set(mean)
	for i := range vectors {
		f.Get(row).Get(row).V128Load(i * vec).Get(mean).F32x4Mul().V128Store(i * vec)
	}
}

// total pushes the sum of all lanes of vectors, whose content is lost. Their number is a power of two.
func total(f *wasm.Func, acc []wasm.Local) {
	for half := len(acc) / 2; half > 0; half /= 2 {
		for i := range half {
			f.Get(acc[i]).Get(acc[i+half]).F32x4Add().Set(acc[i])
		}
	}
	lanes(f, acc[0])
}

// Mirror copies an image [row][column][channel] with its columns in reverse order. Parameters: x, y.
func (s *Set) Mirror(height, width, channels int) *wasm.Func {
	return s.once(named("mirror", [3]int{height, width, channels}), 2, func(f *wasm.Func) {
		x, y := f.Param(0), f.Param(1)
		pixel := 4 * channels
		f.Advance(y, (width-1)*pixel)
		f.Times(height, func() {
			f.Times(width, func() {
				for c := range channels {
					f.Get(y).Get(x).F32Load(4 * c).F32Store(4 * c)
				}
				f.Advance(x, pixel)
				f.Advance(y, -pixel)
			})
			f.Advance(y, 2*width*pixel)
		})
	})
}

// Damping is the geometry of two matrices of as many rows.
type Damping struct {
	Values int // of a row of q; zeros fill its last vector
	Q, A   int // vectors of a row of each
	Floor  float32
}

// Damp divides the rows of a by sqrt(mean square + Floor) of the rows of q. Parameters: n (rows), q, a.
func (s *Set) Damp(d Damping) *wasm.Func {
	return s.once(named("damp", d), 3, func(f *wasm.Func) {
		n, q, a := f.Param(0), f.Param(1), f.Param(2)
		const chains = 4
		acc, v := f.Locals(chains, wasm.V128), f.Local(wasm.V128)
		f.Repeat(n, func() {
			for _, x := range acc {
				f.F32x4All(0).Set(x)
			}
			for i := range d.Q {
				f.Get(q).V128Load(i * vec).Set(v)
				s.madd(f, acc[i%chains], v, v)
			}
			f.F32(1)
			total(f, acc)
			f.F32(1 / float32(d.Values)).F32Mul().F32(d.Floor).F32Add().F32Sqrt().F32Div().F32x4Splat().Set(v)
			for i := range d.A {
				f.Get(a).Get(a).V128Load(i * vec).Get(v).F32x4Mul().V128Store(i * vec)
			}
			f.Advance(q, d.Q*vec)
			f.Advance(a, d.A*vec)
		})
	})
}
