package kernel

import "cloister/nn/compile/wasm"

// Image is the geometry of activations laid out [row][column][channel], without their border.
type Image struct {
	Height, Width int
	Vectors       int // per pixel: channels / 4
	Row           int // bytes from one image row to the next
}

func (m Image) pixel() int { return m.Vectors * vec }

// each visits every pixel; the pointers, of which each moves through an image of the given geometry, advance.
func (m Image) each(f *wasm.Func, pointers []wasm.Local, rows []int, body func()) {
	height, width := m.Height, m.Width
	if dense := m.Width * m.pixel(); allEqual(rows, dense) {
		height, width = 1, height*width
	}
	f.Times(height, func() {
		f.Times(width, func() {
			body()
			for _, p := range pointers {
				f.Advance(p, m.pixel())
			}
		})
		if height > 1 {
			for i, p := range pointers {
				f.Advance(p, rows[i]-m.Width*m.pixel())
			}
		}
	})
}

func allEqual(values []int, want int) bool {
	for _, v := range values {
		if v != want {
			return false
		}
	}
	return true
}

// block is the number of vectors of a pixel that a kernel holds in registers at once.
const block = 8

// blocks visits the channels in blocks; cursors move along with them. body gets the block's number of vectors.
func (m Image) blocks(f *wasm.Func, cursors []wasm.Local, body func(n int)) {
	f.Times(m.Vectors/block, func() {
		body(block)
		for _, c := range cursors {
			f.Advance(c, block*vec)
		}
	})
	if rest := m.Vectors % block; rest > 0 {
		body(rest)
	}
}

// cursors are copies of locals that may move.
func cursors(f *wasm.Func, from ...wasm.Local) []wasm.Local {
	to := f.Locals(len(from), wasm.I32)
	for i, l := range from {
		f.Get(l).Set(to[i])
	}
	return to
}

// view is an image's first pixel and row stride.
type view struct {
	at  wasm.Local
	row int
}

// reduce sums a term over the pixels for every channel: out[c] (=, +=) sum of term. The term reads vector v of the
// current pixel of each view at pixel[i], and vector v of each per-channel array at array[i].
func (s *Set) reduce(f *wasm.Func, m Image, views []view, arrays []wasm.Local, out wasm.Local, mode Mode,
	term func(acc wasm.Local, pixel, array []wasm.Local, v int)) {
	rows := make([]int, len(views))
	firsts := make([]wasm.Local, len(views))
	for i, w := range views {
		rows[i], firsts[i] = w.row, w.at
	}
	moving := cursors(f, append(append(firsts, arrays...), out)...)
	first, array, to := moving[:len(views)], moving[len(views):len(moving)-1], moving[len(moving)-1]
	pixel, acc := f.Locals(len(views), wasm.I32), f.Locals(min(block, m.Vectors), wasm.V128)
	m.blocks(f, moving, func(n int) {
		for i, p := range pixel {
			f.Get(first[i]).Set(p)
		}
		for _, a := range acc[:n] {
			f.F32x4All(0).Set(a)
		}
		m.each(f, pixel, rows, func() {
			for v, a := range acc[:n] {
				term(a, pixel, array, v)
			}
		})
		for v, a := range acc[:n] {
			f.Get(to)
			if mode == Add {
				f.Get(to).V128Load(v * vec).Get(a).F32x4Add()
			} else {
				f.Get(a)
			}
			f.V128Store(v * vec)
		}
	})
}

// ColumnSum is out[c] (=, +=) sum over pixels of x[p][c], a bias' gradient. Parameters: x (first pixel), out.
func (s *Set) ColumnSum(m Image, mode Mode) *wasm.Func {
	return s.once(named("columnSum", []any{m, mode}), 2, func(f *wasm.Func) {
		s.columnSum(f, m, view{f.Param(0), m.Row}, f.Param(1), mode)
	})
}

func (s *Set) columnSum(f *wasm.Func, m Image, x view, out wasm.Local, mode Mode) {
	s.reduce(f, m, []view{x}, nil, out, mode, func(acc wasm.Local, pixel, _ []wasm.Local, v int) {
		f.Get(acc).Get(pixel[0]).V128Load(v * vec).F32x4Add().Set(acc)
	})
}
