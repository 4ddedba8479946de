package compile

import (
	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// conv lowers a convolution to matrix products that read windows in place, through tables of offsets.
//
// A window is Kernel runs, one per image row, of Kernel*channels neighbouring floats.
type conv struct {
	link
	nn.Conv2D
	weight, bias *tensor

	gathers  bool // the input's gradient: see chooseBorders
	run      int  // floats of a run
	product  product
	gradient correlation
	back     product
	packed   int // weights as panels of filters, [run][tap][filter]
	packedT  int // weights as panels of input channels
	packedB  int // bias, padded
	column   kernel.Image
	whitened *whitenedConv // nil: the gradient is clipped as it is
}

// chooseBorders decides how the input's gradient is computed. Gathering reads, for each input pixel, the window of
// outputs that it went into: one product with deep sums, but every tap is computed, those outside of the output too, and
// the output's gradient needs a border of zeros. Scattering adds each output's window to the input: the only way with
// a stride.
func (c *conv) chooseBorders() {
	c.in.border = max(c.in.border, c.Pad)
	if c.in.trainable {
		c.gathers = c.Stride == 1 && !c.out.flat && !c.out.dirtyHalo
		if c.gathers {
			c.out.border = max(c.out.border, c.Kernel-1-c.Pad)
		} else if c.Pad > 0 {
			c.in.dirtyHalo = true
		}
	}
}

// filters is the number of filters with padding.
func (c *conv) filters() int { return c.out.channels }

func (c *conv) layout(p *plan) {
	in, out := c.in, c.out
	c.run = c.Kernel * in.channels
	windows, pixels := c.windows(), c.out.pixels()
	rows := make([]int, c.Kernel)
	for i := range rows {
		rows[i] = i * in.row()
	}
	panels := c.filters() / kernel.Panel
	c.product = product{rows: windows, to: pixels, columns: multiples(panels, 32), runs: rows, run: c.run, mode: kernel.Bias}
	c.product.layout(p)
	c.gradient = correlation{runs: rows, run: c.run, panels: panels, pixA: c.product.rowA, pixB: c.product.rowC}
	c.gradient.layout(p, len(pixels))
	c.layoutBack(p, windows, pixels)

	c.weight.floats, c.weight.stored = c.gradient.floats(), true
	c.bias.floats, c.bias.stored = c.filters(), true
	c.packed, c.packedB = p.allocPacked(c.weight.floats), p.allocPacked(c.filters())
	c.column = kernel.Image{Height: out.H, Width: out.W, Vectors: out.channels / 4, Row: out.row()}
}

// windows lists the offset of each output pixel's window in the input.
func (c *conv) windows() []int {
	var all []int
	for y := range c.out.H {
		for x := range c.out.W {
			all = append(all, c.in.at(y*c.Stride-c.Pad, x*c.Stride-c.Pad))
		}
	}
	return all
}

func (c *conv) layoutBack(p *plan, windows, pixels []int) {
	if !c.in.trainable {
		return
	}
	c.packedT = p.allocPacked(c.Kernel * c.Kernel * c.in.channels * c.filters())
	if c.gathers {
		c.back = product{columns: multiples(c.in.channels/kernel.Panel, 32), run: c.Kernel * c.filters(), mode: kernel.Store}
		for r := range c.Kernel {
			c.back.runs = append(c.back.runs, r*c.out.row())
		}
		reach := c.Kernel - 1 - c.Pad
		for y := range c.in.H {
			for x := range c.in.W {
				c.back.rows = append(c.back.rows, c.out.at(y-reach, x-reach))
				c.back.to = append(c.back.to, c.in.at(y, x))
			}
		}
	} else {
		c.back = product{rows: pixels, to: windows, runs: []int{0}, run: c.filters(), mode: kernel.Add}
		for ky := range c.Kernel {
			for i := range c.Kernel * c.in.channels / kernel.Panel {
				c.back.columns = append(c.back.columns, ky*c.in.row()+i*32)
			}
		}
	}
	c.back.layout(p)
}

func (c *conv) pack(p *plan, f *wasm.Func, params, w wasm.Local) {
	if c.whitened != nil {
		c.whitened.pack(p, f, params, w)
	}
	k, filter := c.Kernel, c.In*c.Kernel*c.Kernel*floatSize
	from := offset{params, c.weight.Offset * floatSize}
	channel, tapY, tapX := k*k*floatSize, k*floatSize, floatSize
	const row = kernel.Panel * floatSize // of a panel
	p.packPanels(f, from, offset{w, c.packed}, c.Filters, filter, k*c.run*row,
		kernel.Axis{N: c.In, From: channel, To: row},
		kernel.Axis{N: k, From: tapY, To: c.run * row},
		kernel.Axis{N: k, From: tapX, To: c.in.channels * row})
	call(f, p.kernels.Permute(floatSize, kernel.Axis{N: c.Filters, From: floatSize, To: floatSize}),
		offset{params, c.bias.Offset * floatSize}, offset{w, c.packedB})
	if !c.in.trainable {
		return
	}
	tap := c.filters() * row
	if c.gathers { // panels of input channels, taps in reverse
		last := (k*k - 1) * tap
		p.packPanels(f, from, offset{w, c.packedT + last}, c.In, channel, k*k*tap,
			kernel.Axis{N: c.Filters, From: filter, To: row},
			kernel.Axis{N: k, From: tapY, To: -k * tap},
			kernel.Axis{N: k, From: tapX, To: -tap})
	} else { // for each tap, panels of input channels
		window := c.in.channels / kernel.Panel * tap
		p.packPanels(f, from, offset{w, c.packedT}, c.In, channel, tap,
			kernel.Axis{N: c.Filters, From: filter, To: row},
			kernel.Axis{N: k, From: tapY, To: k * window},
			kernel.Axis{N: k, From: tapX, To: window})
	}
}

func (c *conv) forward(p *plan, f *wasm.Func, w wasm.Local) {
	c.product.emit(p, f, c.in.value, offset{w, c.packed}, c.out.value, offset{w, c.packedB})
}

func (c *conv) backward(p *plan, f *wasm.Func, w wasm.Local) {
	if c.whitened != nil {
		c.whitened.gradient(p, f, w)
	} else {
		c.plainGradient(p, f)
	}
	if p.once() {
		p.hush(f, c.filters()/4, p.target(c.bias))
		p.addStoredSquares(f, c.weight, true)
		p.addStoredSquares(f, c.bias, false)
	}
	if !c.in.trainable {
		return
	}
	if !c.gathers {
		call(f, p.kernels.Fill(), c.in.vectors(), c.in.gradient)
	}
	c.back.emit(p, f, c.out.gradient, offset{w, c.packedT}, c.in.gradient, 0)
}

// plainGradient leaves the gradient at the tensors' targets, and the weight's squares in p.pair.
func (c *conv) plainGradient(p *plan, f *wasm.Func) {
	mode := p.mode()
	if p.once() {
		f.I32(p.pair).F64(0).F64Store(0)
	}
	c.gradient.emit(p, f, mode, len(c.product.rows), c.in.value, c.out.gradient, p.target(c.weight), p.pair)
	call(f, p.kernels.ColumnSum(c.column, mode), c.out.gradient+c.out.at(0, 0), p.target(c.bias))
}

func (c *conv) unpack(p *plan, f *wasm.Func) {
	const size = 8
	k, channels := c.Kernel, c.in.channels
	call(f, p.kernels.Permute(size,
		kernel.Axis{N: c.Filters, From: size, To: c.In * k * k * size},
		kernel.Axis{N: c.In, From: c.filters() * size, To: k * k * size},
		kernel.Axis{N: k, From: c.run * c.filters() * size, To: k * size},
		kernel.Axis{N: k, From: channels * c.filters() * size, To: size}),
		p.totals+size*c.weight.offset, p.Sum+size*c.weight.Offset)
	p.unpackVector(f, c.bias)
}

// unpackVector writes a tensor whose order is PyTorch's.
func (p *plan) unpackVector(f *wasm.Func, t *tensor) {
	call(f, p.kernels.Permute(8, kernel.Axis{N: t.Len, From: 8, To: 8}), p.totals+8*t.offset, p.Sum+8*t.Offset)
}

func multiples(n, step int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i * step
	}
	return all
}
