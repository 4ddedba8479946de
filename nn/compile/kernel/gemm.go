package kernel

import "cloister/nn/compile/wasm"

// Mode says what a matrix kernel does with its product.
type Mode int

const (
	Store Mode = iota // C = A B
	Bias              // C = A B + bias
	Add               // C += A B
)

// TileRows is the height of the widest tile whose accumulators still fit the sixteen vector registers of x86-64,
// which taller tiles spill (measured: 8x8 runs at half the speed of 6x8). Without a fused multiply-add the product
// needs a register of its own.
func (s *Set) TileRows() int {
	if s.fma {
		return 6
	}
	return 4
}

// GEMM multiplies a gathered matrix A by a packed matrix B, in tiles of `rows` rows and one panel of columns:
//
//	C[rowC[i] + colC[j]] (+)= sum over runs r and k < unroll*steps of A[rowA[i] + runs[r] + 4k] * B[panel j][r][k]
//
// so that a convolution reads its windows in place: a run is what a window holds of one image row. The inner loop takes
// unroll values of k at a time. Parameters: tiles, panels, rowA, rowC (one entry a row), colC (one entry a
// panel), runs, nRuns, steps, a, b, c and, for Bias, bias (one float a column).
func (s *Set) GEMM(rows, unroll int, mode Mode) *wasm.Func {
	params := 11
	if mode == Bias {
		params++
	}
	return s.once(named("gemm", [3]int{rows, unroll, int(mode)}), params, func(f *wasm.Func) { s.gemm(f, rows, unroll, mode) })
}

// Unroll is how many values of a run's length the matrix kernel should take at a time: four, or the greatest small divisor.
func Unroll(run int) int {
	if run%4 == 0 {
		return 4
	}
	for u := 7; u > 1; u-- {
		if run%u == 0 {
			return u
		}
	}
	return 1
}

func (s *Set) gemm(f *wasm.Func, rows, unroll int, mode Mode) {
	tiles, panels, rowA, rowC, colC := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	a, b, c, bias := f.Param(8), f.Param(9), f.Param(10), f.Param(11)
	left, column := f.Local(wasm.I32), f.Local(wasm.I32)
	t := s.newTile(f, rows, unroll)
	f.Repeat(panels, func() {
		f.Get(colC).I32Load(0).Get(c).I32Add().Set(column)
		f.Get(rowA).Set(t.rowA)
		f.Get(rowC).Set(t.rowC)
		f.Get(b).Set(t.b)
		f.Get(tiles).Set(left)
		f.Repeat(left, func() {
			f.Get(b).Set(t.b)
			t.start(a, bias, mode)
			t.multiply(f.Param(5), f.Param(6), f.Param(7))
			t.finish(column, mode)
		})
		f.Get(t.b).Set(b)
		f.Advance(colC, 4)
		if mode == Bias {
			f.Advance(bias, panel)
		}
	})
}

// tile is the register state of a block of rows by one panel.
type tile struct {
	s               *Set
	f               *wasm.Func
	rows, unroll    int
	sums            int          // partial sums per output, to hide the latency of a chain of multiply-adds
	rowA, rowC, b   wasm.Local   // next table entries and B's next row
	base, at        []wasm.Local // A: each row's address, without and with the run's offset
	run, runs, k, t wasm.Local
	x               wasm.Local
	y               []wasm.Local
	acc             []wasm.Local // [partial sum][row][half panel]
}

func (s *Set) newTile(f *wasm.Func, rows, unroll int) *tile {
	t := &tile{s: s, f: f, rows: rows, unroll: unroll, sums: 1}
	for t.sums < 4 && 2*t.sums*rows <= s.TileRows() {
		t.sums *= 2
	}
	t.base, t.at = f.Locals(rows, wasm.I32), f.Locals(rows, wasm.I32)
	t.rowA, t.rowC, t.b = f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	t.run, t.runs, t.k, t.t = f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	t.x, t.y, t.acc = f.Local(wasm.V128), f.Locals(2, wasm.V128), f.Locals(2*rows*t.sums, wasm.V128)
	return t
}

func (t *tile) start(a, bias wasm.Local, mode Mode) {
	f := t.f
	for r := range t.rows {
		f.Get(t.rowA).I32Load(4 * r).Get(a).I32Add().Set(t.base[r])
	}
	f.Advance(t.rowA, 4*t.rows)
	for i, acc := range t.acc {
		if mode == Bias && i < 2*t.rows {
			f.Get(bias).V128Load(i % 2 * vec).Set(acc)
		} else {
			f.F32x4All(0).Set(acc)
		}
	}
}

func (t *tile) multiply(runs, nRuns, steps wasm.Local) {
	f := t.f
	f.Get(runs).Set(t.run)
	f.Get(nRuns).Set(t.runs)
	f.Repeat(t.runs, func() {
		f.Get(t.run).I32Load(0).Set(t.t)
		for r := range t.rows {
			f.Get(t.base[r]).Get(t.t).I32Add().Set(t.at[r])
		}
		f.Advance(t.run, 4)
		f.Get(steps).Set(t.k)
		f.Repeat(t.k, func() {
			for u := range t.unroll {
				t.step(u)
			}
			for _, p := range t.at {
				f.Advance(p, 4*t.unroll)
			}
			f.Advance(t.b, t.unroll*panel)
		})
	})
}

// step multiplies column k+u of A's rows by row k+u of B's panel.
func (t *tile) step(u int) {
	f := t.f
	for h := range t.y {
		f.Get(t.b).V128Load(u*panel + h*vec).Set(t.y[h])
	}
	acc := t.acc[u%t.sums*2*t.rows:]
	for r := range t.rows {
		f.Get(t.at[r]).V128Load32Splat(4 * u).Set(t.x)
		for h := range t.y {
			t.s.madd(f, acc[2*r+h], t.x, t.y[h])
		}
	}
}

func (t *tile) finish(column wasm.Local, mode Mode) {
	f := t.f
	for half := t.sums / 2 * 2 * t.rows; half >= 2*t.rows; half /= 2 {
		for i := range half {
			f.Get(t.acc[i]).Get(t.acc[i+half]).F32x4Add().Set(t.acc[i])
		}
	}
	for r := range t.rows {
		f.Get(t.rowC).I32Load(4 * r).Get(column).I32Add().Set(t.t)
		storeRow(f, t.t, t.acc[2*r:2*r+2], mode)
	}
	f.Advance(t.rowC, 4*t.rows)
}

// storeRow stores one row of a panel, or adds it to what is there. Both halves are loaded before either is stored, so that
// an engine may make one operation of the two.
func storeRow(f *wasm.Func, at wasm.Local, halves []wasm.Local, mode Mode) {
	if mode == Add {
		for h, v := range halves {
			f.Get(at).V128Load(h * vec).Get(v).F32x4Add().Set(v)
		}
	}
	for h, v := range halves {
		f.Get(at).Get(v).V128Store(h * vec)
	}
}
