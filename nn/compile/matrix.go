package compile

import (
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// product is a call of the matrix kernel: tables that gather A's rows and runs and scatter C's.
type product struct {
	rows       []int // offset of each row of A
	to         []int // offset of each row of C
	columns    []int // offset of each panel of C within a row
	runs       []int // offset of each run within a row of A
	run        int   // floats of a run
	mode       kernel.Mode
	rowA, rowC int // tables
	colC, offs int
}

func (m *product) layout(p *plan) {
	m.rowA, m.rowC, m.colC, m.offs = p.list(m.rows), p.list(m.to), p.list(m.columns), p.list(m.runs)
}

// emit calls the kernel for all rows, in tiles of two heights that differ by one.
func (m *product) emit(p *plan, f *wasm.Func, a, b, c, bias any) {
	unroll := kernel.Unroll(m.run)
	first := 0
	for _, t := range split(len(m.rows), p.kernels.TileRows()) {
		args := []any{t.n, len(m.columns), m.rowA + 4*first, m.rowC + 4*first, m.colC, m.offs, len(m.runs), m.run / unroll, a, b, c}
		if m.mode == kernel.Bias {
			args = append(args, bias)
		}
		call(f, p.kernels.GEMM(t.height, unroll, m.mode), args...)
		first += t.height * t.n
	}
}

// tiles are n tiles of one height.
type tiles struct{ height, n int }

// split cuts rows into as few tiles as possible, of two heights that differ by one.
func split(rows, most int) []tiles {
	n := (rows + most - 1) / most
	height, taller := rows/n, rows%n
	all := []tiles{{height, n - taller}}
	if taller > 0 {
		all = append([]tiles{{height + 1, taller}}, all...)
	}
	return all
}

// correlation is a call of the weight-gradient kernel: the taps of a window, run by run, and the pixels of input and
// output gradient that they are correlated over.
type correlation struct {
	runs       []int // offset of each run of taps from a pixel
	run        int   // floats of a run
	panels     int
	pixA, pixB int // tables
	parts      []part
}

// part are tiles of one height.
type part struct{ taps, tiles, tap, out int }

// layout makes the tables; pixels is the most that one call correlates over.
func (c *correlation) layout(p *plan, pixels int) {
	p.panelPixels = max(p.panelPixels, pixels)
	from := 0
	for _, t := range split(c.run, p.kernels.TileRows()) {
		var tap, out []int
		for r, offset := range c.runs {
			for i := range t.n {
				tap = append(tap, offset+floatSize*(from+t.height*i))
				out = append(out, (r*c.run+from+t.height*i)*c.row())
			}
		}
		from += t.height * t.n
		tapTable, outTable := p.list(tap), p.list(out)
		for first := 0; first < len(tap); first += maxTiles {
			c.parts = append(c.parts, part{t.height, min(maxTiles, len(tap)-first), tapTable + 4*first, outTable + 4*first})
		}
	}
}

// maxTiles bounds the squares that one call adds in float32.
const maxTiles = 512

// row is the number of bytes of a row of the gradient.
func (c *correlation) row() int { return c.panels * kernel.Panel * floatSize }

// floats is the size of the gradient.
func (c *correlation) floats() int { return len(c.runs) * c.run * c.panels * kernel.Panel }

// emit correlates a with b into c. In Store mode it adds the squares to the float64 at an address.
func (c *correlation) emit(p *plan, f *wasm.Func, mode kernel.Mode, pixels, a, b any, to, squares int) {
	for _, t := range c.parts {
		args := []any{t.tiles, c.panels, t.tap, t.out, c.pixA, c.pixB, pixels, a, b, to, c.row(), p.panel}
		if mode == kernel.Store {
			args = append(args, squares)
			p.depth = max(p.depth, kernel.SquaresDepth(t.taps, t.tiles))
		}
		call(f, p.kernels.WeightGradient(t.taps, mode), args...)
	}
}

// panels splits an axis of weights into whole panels and a rest, and permutes both: kernels want eight columns side by
// side. axis is the extent of the split axis and what a step along it adds to the source; panel is what a panel adds to the target.
func (p *plan) packPanels(f *wasm.Func, from, to offset, columns, fromStep, panel int, axes ...kernel.Axis) {
	whole, rest := columns/kernel.Panel, columns%kernel.Panel
	if whole > 0 {
		split := append([]kernel.Axis{{N: whole, From: kernel.Panel * fromStep, To: panel}, {N: kernel.Panel, From: fromStep, To: floatSize}}, axes...)
		call(f, p.kernels.Permute(floatSize, split...), from, to)
	}
	if rest > 0 {
		from.by += whole * kernel.Panel * fromStep
		to.by += whole * panel
		split := append([]kernel.Axis{{N: rest, From: fromStep, To: floatSize}}, axes...)
		call(f, p.kernels.Permute(floatSize, split...), from, to)
	}
}
