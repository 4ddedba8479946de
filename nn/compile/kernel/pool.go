package kernel

import "cloister/nn/compile/wasm"

// Window is the geometry of a pooling layer over activations laid out [row][column][channel].
type Window struct {
	Height, Width int // of the output
	Vectors       int // per pixel: channels / 4
	Rows, Columns int // of the window
	Stride        int
	InRow, OutRow int // bytes from one image row to the next
}

func (w Window) pixel() int { return w.Vectors * vec }

// maxUnrolled is the largest window whose pixels are written out one by one.
const maxUnrolled = 16

// each visits every output vector: in points at the first pixel of its window, and the pointers in outs at the
// output; body must not change them.
func (w Window) each(f *wasm.Func, in wasm.Local, outs []wasm.Local, body func()) {
	columns, vectors, stride := w.Width, w.Vectors, w.Stride
	if stride == 1 || columns == 1 { // neighbouring windows start in neighbouring vectors
		columns, vectors, stride = 1, columns*vectors, 1
	}
	f.Times(w.Height, func() {
		f.Times(columns, func() {
			f.Times(vectors, func() {
				body()
				f.Advance(in, vec)
				for _, o := range outs {
					f.Advance(o, vec)
				}
			})
			f.Advance(in, (stride-1)*w.pixel())
		})
		f.Advance(in, w.Stride*w.InRow-columns*(vectors*vec+(stride-1)*w.pixel()))
		for _, o := range outs {
			f.Advance(o, w.OutRow-w.Width*w.pixel())
		}
	})
}

// inside visits the pixels of one window in row order; body gets the pixel's offset from each of the pointers.
func (w Window) inside(f *wasm.Func, pointers []wasm.Local, body func(offset int)) {
	if w.Rows*w.Columns <= maxUnrolled {
		for r := range w.Rows {
			for c := range w.Columns {
				body(r*w.InRow + c*w.pixel())
			}
		}
		return
	}
	f.Times(w.Rows, func() {
		f.Times(w.Columns, func() {
			body(0)
			for _, p := range pointers {
				f.Advance(p, w.pixel())
			}
		})
		for _, p := range pointers {
			f.Advance(p, w.InRow-w.Columns*w.pixel())
		}
	})
}

// MaxPool takes the largest value of each window. Parameters: in, out (first pixels).
func (s *Set) MaxPool(w Window) *wasm.Func {
	return s.once(named("maxPool", w), 2, func(f *wasm.Func) {
		in, out, p, largest := f.Param(0), f.Param(1), f.Local(wasm.I32), f.Local(wasm.V128)
		w.each(f, in, []wasm.Local{out}, func() {
			f.Get(in).Tee(p).V128Load(0).Set(largest)
			w.inside(f, []wasm.Local{p}, func(o int) {
				f.Get(largest).Get(p).V128Load(o).F32x4PMax().Set(largest)
			})
			f.Get(out).Get(largest).V128Store(0)
		})
	})
}

// MaxPoolGradient adds each output's gradient to the first of the window's values that equals the output.
// Parameters: in, out, dout, din (first pixels).
func (s *Set) MaxPoolGradient(w Window) *wasm.Func {
	return s.once(named("maxPoolGradient", w), 4, func(f *wasm.Func) {
		in, out, dout, din := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
		p, d := f.Local(wasm.I32), f.Local(wasm.I32)
		left, largest, hit := f.Local(wasm.V128), f.Local(wasm.V128), f.Local(wasm.V128)
		delta := f.Local(wasm.I32) // din moves with in
		f.Get(din).Get(in).I32Sub().Set(delta)
		w.each(f, in, []wasm.Local{out, dout}, func() {
			f.Get(in).Tee(p).Get(delta).I32Add().Set(d)
			f.Get(dout).V128Load(0).Set(left)
			f.Get(out).V128Load(0).Set(largest)
			w.inside(f, []wasm.Local{p, d}, func(o int) {
				f.Get(p).V128Load(o).Get(largest).F32x4Eq().Set(hit)
				f.Get(d).Get(d).V128Load(o).Get(left).Get(hit).V128And().F32x4Add().V128Store(o)
				f.Get(left).Get(hit).V128AndNot().Set(left)
			})
		})
	})
}

// AvgPool takes the mean of each window. Parameters: in, out (first pixels).
func (s *Set) AvgPool(w Window) *wasm.Func {
	return s.once(named("avgPool", w), 2, func(f *wasm.Func) {
		in, out, p, sum := f.Param(0), f.Param(1), f.Local(wasm.I32), f.Local(wasm.V128)
		w.each(f, in, []wasm.Local{out}, func() {
			f.Get(in).Set(p).F32x4All(0).Set(sum)
			w.inside(f, []wasm.Local{p}, func(o int) {
				f.Get(sum).Get(p).V128Load(o).F32x4Add().Set(sum)
			})
			f.Get(out).Get(sum).F32x4All(w.share()).F32x4Mul().V128Store(0)
		})
	})
}

// AvgPoolGradient spreads each output's gradient, divided by the window's size, over the window: it adds where windows
// overlap and stores where they do not. Parameters: dout, din (first pixels).
func (s *Set) AvgPoolGradient(w Window) *wasm.Func {
	return s.once(named("avgPoolGradient", w), 2, func(f *wasm.Func) {
		dout, din, p, v := f.Param(0), f.Param(1), f.Local(wasm.I32), f.Local(wasm.V128)
		w.each(f, din, []wasm.Local{dout}, func() {
			f.Get(din).Set(p)
			f.Get(dout).V128Load(0).F32x4All(w.share()).F32x4Mul().Set(v)
			w.inside(f, []wasm.Local{p}, func(o int) {
				f.Get(p)
				if w.overlap() {
					f.Get(p).V128Load(o).Get(v).F32x4Add()
				} else {
					f.Get(v)
				}
				f.V128Store(o)
			})
		})
	})
}

func (w Window) overlap() bool {
	return w.Rows > w.Stride && w.Height > 1 || w.Columns > w.Stride && w.Width > 1
}

// Covers says whether the windows tile an image of the given size, each pixel in one window.
func (w Window) Covers(height, width int) bool {
	return w.exact(w.Height, w.Rows, height) && w.exact(w.Width, w.Columns, width)
}

func (w Window) exact(windows, size, extent int) bool {
	return windows*size == extent && (size == w.Stride || windows == 1)
}

func (w Window) share() float32 { return 1 / float32(w.Rows*w.Columns) }
