package extract

import (
	"encoding/binary"

	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// plan lays out memory and emits code.
type plan struct {
	d       *Patches
	module  wasm.Module
	kernels *kernel.Set
	top     int

	image, mirrored int // float32 [row][column][channel]
	rows            int // standardised windows of a strip, [most][stride]
	stride          int // floats
	norms           int // whitened windows, [rows][panels of whitening]
	responses       int // [panel][most rows][8]
	most            int // windows of the longest strip
	sums            int // [panel of pos, then of neg][Fine*Fine][8]
	strips          []strip

	first, second, windows, whiten product
	pooled, white, bias, scratch   int // of a group of records
	weights                        int // of fine cells
}

// strip is one row of fine cells.
type strip struct {
	cellRow, n, offsets, counts int
}

// product is a product of matrices, A B, of which B is packed and constant unless b is given.
type product struct {
	rowA, rowC, colC, run int // tables
	rows, panels          int
	steps, unroll         int
	b                     int
}

func newPlan(d *Patches, o Options) *plan {
	p := &plan{d: d, top: 64}
	p.kernels = kernel.NewSet(&p.module, o.FMA)
	n := d.size()
	p.stride = roundUp(n+1, kernel.Lanes)
	p.image = p.alloc(4 * (d.Input.Size() + kernel.Lanes))
	p.mirrored = p.alloc(4 * (d.Input.Size() + kernel.Lanes))
	p.planStrips()
	p.rows = p.alloc(4 * p.most * p.stride)
	whiten := roundUp(n, kernel.Panel)
	p.norms = p.alloc(4 * p.most * whiten)
	p.responses = p.alloc(4 * p.most * d.Atoms)
	fine := d.Fine * d.Fine
	p.sums = p.alloc(4 * fine * d.Channels())
	run := p.ints([]int{0})

	rowA := p.steps(p.most, 4*p.stride)
	p.first = product{rowA: rowA, rowC: p.steps(p.most, 4*whiten), colC: p.steps(whiten/kernel.Panel, 4*kernel.Panel), run: run,
		panels: whiten / kernel.Panel, b: p.packed(d.Whiten, n, n+1, p.stride)}
	p.first.depth(p.stride)
	p.second = product{rowA: rowA, rowC: p.steps(p.most, 4*kernel.Panel), colC: p.steps(d.Atoms/kernel.Panel, 4*kernel.Panel*p.most), run: run,
		panels: d.Atoms / kernel.Panel, b: p.packed(d.Atom, d.Atoms, n+1, p.stride)}
	p.second.depth(p.stride)
	p.planOutput(run)
	return p
}

func (r *product) depth(k int) {
	r.unroll = kernel.Unroll(k)
	r.steps = k / r.unroll
}

// planOutput lays out what follows the responses.
func (p *plan) planOutput(run int) {
	d := p.d
	fine, k := d.Fine*d.Fine, d.Channels()
	p.weights = p.alloc(4 * d.Cells * fine)
	p.module.Data(p.weights, nn.Bytes(d.Weights))
	p.windows = product{rows: d.Cells, panels: k / kernel.Panel, run: run, b: p.sums,
		rowA: p.steps(d.Cells, 4*fine), rowC: p.steps(d.Cells, 4*k), colC: p.steps(k/kernel.Panel, 4*kernel.Panel)}
	p.windows.depth(fine)
	all := group * d.Cells
	p.pooled = p.alloc(4 * all * k)
	p.scratch = p.alloc(4 * d.Cells)
	if d.Output == nil {
		return
	}
	p.white = p.alloc(4 * all * k)
	p.bias = p.alloc(4 * k)
	p.module.Data(p.bias, nn.Bytes(d.Output.Bias))
	p.whiten = product{rows: all, panels: k / kernel.Panel, run: run, rowA: p.steps(all, 4*k), rowC: p.steps(all, 4*k),
		colC: p.steps(k/kernel.Panel, 4*kernel.Panel), b: p.packed(d.Output.Matrix, k, k, k)}
	p.whiten.depth(k)
}

// planStrips lists the windows of each row of fine cells, cell by cell.
func (p *plan) planStrips() {
	d := p.d
	rows, columns := d.Positions()
	for cy := range d.Fine {
		s := strip{cellRow: cy}
		var offsets, counts []int
		for cx := range d.Fine {
			before := len(offsets)
			for y := range rows {
				for x := range columns {
					if y*d.Fine/rows == cy && x*d.Fine/columns == cx {
						offsets = append(offsets, 4*d.Input.C*(y*d.Input.W+x))
					}
				}
			}
			counts = append(counts, len(offsets)-before)
		}
		if s.n = len(offsets); s.n == 0 {
			continue
		}
		s.offsets, s.counts = p.ints(offsets), p.ints(counts)
		p.most = max(p.most, s.n)
		p.strips = append(p.strips, s)
	}
}

// record emits a function of a record's values and of where its pooled responses go.
func (p *plan) record() *wasm.Func {
	d := p.d
	pass := p.pass()
	f := p.module.Func(wasm.I32, wasm.I32)
	scale, shift := make([]float32, d.Input.C), make([]float32, d.Input.C)
	for c := range scale {
		scale[c] = 1
	}
	call(f, p.kernels.Fill(), d.Fine*d.Fine*d.Channels()/kernel.Lanes, p.sums)
	call(f, p.kernels.Pixels(kernel.Input{Channels: d.Input.C, Height: d.Input.H, Width: d.Input.W, Interleaved: d.Input.C,
		Row: 4 * d.Input.C * d.Input.W, Scale: scale, Shift: shift}), f.Param(0), p.image)
	call(f, pass, p.image)
	if d.Mirror {
		call(f, p.kernels.Mirror(d.Input.H, d.Input.W, d.Input.C), p.image, p.mirrored)
		call(f, pass, p.mirrored)
	}
	p.windows.emit(p, f, p.weights, f.Param(1), 0)
	call(f, p.kernels.Root(), d.Cells*d.Channels()/kernel.Lanes, f.Param(1))
	return f
}

// pass emits a function of an image that adds its rectified responses to the sums.
func (p *plan) pass() *wasm.Func {
	d := p.d
	f := p.module.Func(wasm.I32)
	n := d.size()
	windows := p.kernels.Windows(kernel.Windows{Side: d.Side, Channels: d.Input.C, Row: 4 * d.Input.C * d.Input.W, Stride: p.stride, Contrast: d.Contrast})
	damp := p.kernels.Damp(kernel.Damping{Values: n, Q: roundUp(n, kernel.Panel) / kernel.Lanes, A: p.stride / kernel.Lanes, Floor: d.Floor})
	panelOfSums := 4 * kernel.Panel * d.Fine * d.Fine
	rectify := p.kernels.Rectify(kernel.Rectified{Panel: 4 * kernel.Panel * p.most, Sums: panelOfSums, Threshold: d.Threshold})
	for _, s := range p.strips {
		call(f, windows, s.n, s.offsets, f.Param(0), p.rows)
		p.first.rows, p.second.rows = s.n, s.n
		p.first.emit(p, f, p.rows, p.norms, 0)
		call(f, damp, s.n, p.norms, p.rows)
		p.second.emit(p, f, p.rows, p.responses, 0)
		pos := p.sums + 4*kernel.Panel*s.cellRow*d.Fine
		call(f, rectify, d.Atoms/kernel.Panel, d.Fine, s.counts, p.responses, pos, pos+panelOfSums*d.Atoms/kernel.Panel)
	}
	return f
}

func (p *plan) unit(step float32) *wasm.Func {
	o := p.d.Output
	return p.kernels.Unit(kernel.Unit{Cells: p.d.Cells, Channels: p.d.Channels(), Floor: o.Floor, Step: step})
}

// emit multiplies the matrix at a into c. With a bias' address, it is added. Rows that fill no tile have one of their own.
func (r *product) emit(p *plan, f *wasm.Func, a, c any, bias int) {
	tile := p.kernels.TileRows()
	part := func(first, tiles, height int) {
		mode, args := kernel.Store, []any{tiles, r.panels, r.rowA + 4*first, r.rowC + 4*first, r.colC, r.run, 1, r.steps, a, r.b, c}
		if bias > 0 {
			mode, args = kernel.Bias, append(args, bias)
		}
		call(f, p.kernels.GEMM(height, r.unroll, mode), args...)
	}
	if full := r.rows / tile; full > 0 {
		part(0, full, tile)
	}
	if rest := r.rows % tile; rest > 0 {
		part(r.rows-rest, 1, rest)
	}
}

// call pushes arguments, constants or locals, and calls.
func call(f *wasm.Func, g *wasm.Func, args ...any) {
	for _, a := range args {
		if l, ok := a.(wasm.Local); ok {
			f.Get(l)
		} else {
			f.I32(a.(int))
		}
	}
	f.Call(g)
}

// alloc reserves bytes on a cache line's boundary. Memory starts out zero.
func (p *plan) alloc(size int) int {
	at := p.top
	p.top = roundUp(p.top+size, 64)
	return at
}

// packed places a matrix [n][k] as a product reads it, [panel][depth][8], padded with zeros.
func (p *plan) packed(w []float32, n, k, depth int) int {
	panels := roundUp(n, kernel.Panel) / kernel.Panel
	out := make([]float32, panels*depth*kernel.Panel)
	for j := range n {
		for i := range k {
			out[(j/kernel.Panel*depth+i)*kernel.Panel+j%kernel.Panel] = w[j*k+i]
		}
	}
	at := p.alloc(4 * len(out))
	p.module.Data(at, nn.Bytes(out))
	return at
}

// ints places a table of int32.
func (p *plan) ints(values []int) int {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	at := p.alloc(len(b))
	p.module.Data(at, b)
	return at
}

// steps places the table 0, by, 2 by ...
func (p *plan) steps(n, by int) int { return p.ints(ladder(n, by)) }

func ladder(n, by int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = i * by
	}
	return v
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
