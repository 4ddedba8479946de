package kernel

import "cloister/nn/compile/wasm"

// WeightGradient correlates gathered inputs with output gradients, in tiles of `taps` neighbouring inputs (taps of the
// convolution's window) by one panel of outputs:
//
//	C[out[t] + r ldc][j] (=, +=) sum over p < pixels of A[tap[t] + pixA[p] + 4r] * B[pixB[p]][j],  r < taps
//
// Store also adds the sum of squares of what it stores to the float64 at squares: float32 within a panel's tiles,
// then float64, which [SquaresDepth] bounds; sums start at [Coarse], so that none of the squares is denormal. Add serves sums over records too: pixels are then the records.
// Each panel of B is first copied to scratch, 32 bytes a pixel: rows of many channels lie so far apart that they would
// push each other out of the cache. Parameters: tiles, panels, tap, out (one entry a tile), pixA, pixB (one entry a
// pixel), pixels, a, b, c, ldc, scratch and, for Store, squares.
func (s *Set) WeightGradient(taps int, mode Mode) *wasm.Func {
	params := 12
	if mode == Store {
		params++
	}
	return s.once(named("wgrad", [2]int{taps, int(mode)}), params, func(f *wasm.Func) { s.weightGradient(f, taps, mode) })
}

// SquaresDepth is the greatest number of float32 roundings that a square goes through on its way into the float64
// sum of a WeightGradient call: its own, those within a tile, and one a tile.
func SquaresDepth(taps, tiles int) int { return 1 + taps + 3 + tiles }

func (s *Set) weightGradient(f *wasm.Func, taps int, mode Mode) {
	tiles, panels, tap, out := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
	pixA, pixels, c, scratch := f.Param(4), f.Param(6), f.Param(9), f.Param(11)
	t := s.newGradientTile(f, taps)
	left := f.Local(wasm.I32)
	f.Repeat(panels, func() {
		t.copyPanel(f.Param(5), pixels, f.Param(8), scratch)
		f.Get(tap).Set(t.tap)
		f.Get(out).Set(t.out)
		f.F32x4All(0).Set(t.squares)
		f.Get(tiles).Set(left)
		f.Repeat(left, func() {
			t.correlate(pixA, pixels, f.Param(7), scratch, mode)
			f.Get(t.out).I32Load(0).Get(c).I32Add().Set(t.c)
			if mode == Store {
				t.square()
			}
			t.finish(f.Param(10), mode)
		})
		f.Advance(f.Param(8), panel)
		f.Advance(c, panel)
		if mode == Store {
			addLanes(f, f.Param(12), t.squares)
		}
	})
}

type gradientTile struct {
	s                *Set
	f                *wasm.Func
	taps             int
	tap, out, pix, p wasm.Local
	base, at, row, c wasm.Local
	x, squares       wasm.Local
	y                []wasm.Local
	acc              []wasm.Local // [tap][half panel]
}

func (s *Set) newGradientTile(f *wasm.Func, taps int) *gradientTile {
	i := f.Locals(8, wasm.I32)
	return &gradientTile{
		s: s, f: f, taps: taps,
		tap: i[0], out: i[1], pix: i[2], p: i[3], base: i[4], at: i[5], row: i[6], c: i[7],
		x: f.Local(wasm.V128), squares: f.Local(wasm.V128),
		y: f.Locals(2, wasm.V128), acc: f.Locals(2*taps, wasm.V128),
	}
}

// copyPanel gathers B's rows, eight columns wide.
func (t *gradientTile) copyPanel(pixB, pixels, b, scratch wasm.Local) {
	f := t.f
	f.Get(pixB).Set(t.pix)
	f.Get(scratch).Set(t.row)
	f.Get(pixels).Set(t.p)
	f.Repeat(t.p, func() {
		f.Get(t.pix).I32Load(0).Get(b).I32Add().Set(t.at)
		for h, y := range t.y {
			f.Get(t.at).V128Load(h * vec).Set(y)
		}
		storeRow(f, t.row, t.y, Store)
		f.Advance(t.pix, 4)
		f.Advance(t.row, panel)
	})
}

func (t *gradientTile) correlate(pixA, pixels, a, rows wasm.Local, mode Mode) {
	f := t.f
	f.Get(t.tap).I32Load(0).Get(a).I32Add().Set(t.base)
	f.Advance(t.tap, 4)
	first := float32(0)
	if mode == Store {
		first = Coarse
	}
	for _, acc := range t.acc {
		f.F32x4All(first).Set(acc)
	}
	f.Get(pixA).Set(t.pix)
	f.Get(rows).Set(t.row)
	f.Get(pixels).I32(1).I32And().If(func() { t.pixels(1) })
	f.Get(pixels).I32(2).I32DivU().Set(t.p)
	f.Repeat(t.p, func() { t.pixels(2) })
	if mode == Store {
		for _, acc := range t.acc {
			f.Get(acc).F32x4All(Coarse).F32x4Sub().Set(acc)
		}
	}
}

// pixels adds the products of the next n pixels.
func (t *gradientTile) pixels(n int) {
	f := t.f
	for i := range n {
		f.Get(t.pix).I32Load(4 * i).Get(t.base).I32Add().Set(t.at)
		for h := range t.y {
			f.Get(t.row).V128Load(i*panel + h*vec).Set(t.y[h])
		}
		for r := range t.taps {
			f.Get(t.at).V128Load32Splat(4 * r).Set(t.x)
			for h := range t.y {
				t.s.madd(f, t.acc[2*r+h], t.x, t.y[h])
			}
		}
	}
	f.Advance(t.pix, 4*n)
	f.Advance(t.row, n*panel)
}

// square adds the tile's squares to the running sum, in three chains that do not wait for each other.
func (t *gradientTile) square() {
	f := t.f
	chains := []wasm.Local{t.y[0], t.y[1], t.x}
	for i := len(t.acc); i < len(chains); i++ {
		f.F32x4All(0).Set(chains[i])
	}
	for i, acc := range t.acc {
		if c := chains[i%len(chains)]; i < len(chains) {
			f.Get(acc).Get(acc).F32x4Mul().Set(c)
		} else {
			t.s.madd(f, c, acc, acc)
		}
	}
	f.Get(chains[0]).Get(chains[1]).F32x4Add().Get(chains[2]).F32x4Add().Get(t.squares).F32x4Add().Set(t.squares)
}

func (t *gradientTile) finish(ldc wasm.Local, mode Mode) {
	f := t.f
	f.Advance(t.out, 4)
	for r := range t.taps {
		storeRow(f, t.c, t.acc[2*r:2*r+2], mode)
		if r < t.taps-1 {
			f.AdvanceBy(t.c, ldc)
		}
	}
}

// addLanes adds the four lanes of v, as doubles, to the float64 at an address.
func addLanes(f *wasm.Func, address, v wasm.Local) {
	sum := f.Local(wasm.V128)
	f.Get(v).F64x2PromoteLow().HighToLow(v).F64x2PromoteLow().F64x2Add().Set(sum)
	f.Get(address).Get(address).F64Load(0)
	f.Get(sum).F64x2Lane(0).Get(sum).F64x2Lane(1).F64Add().F64Add()
	f.F64Store(0)
}
