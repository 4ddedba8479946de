package compile

import (
	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// linear lowers a fully connected layer. A record's weight gradient is the outer product of output gradient d and input x, so
// its squared norm is |x|^2 |d|^2 without forming it (Goodfellow 2015, "Efficient Per-Example Gradient Computations"),
// and a block of records adds as one product of matrices. With several points the gradient is materialised instead.
type linear struct {
	link
	nn.Linear
	weight, bias *tensor

	size, units int // floats of input and output, with padding
	gradient    correlation
	packed      int // weights as panels of units, [input][unit]
	packedT     int // weights as panels of inputs, [unit][input]
	packedB     int
	d           int             // output gradient
	x, g, b     int             // what the weight's gradient is the outer product of, and the bias'
	whitened    *whitenedLinear // nil: they are input and output gradient as they are
	xs, ds      int             // slots: inputs and scaled output gradients of the records since the last flush
}

func (l *linear) layout(p *plan) {
	l.size, l.units = l.in.size(), l.out.channels
	l.d = l.out.gradient + l.out.at(0, 0)
	l.x, l.g, l.b = l.in.value, l.d, l.d
	panels := l.units / kernel.Panel
	l.packed, l.packedB = p.allocPacked(l.size*l.units), p.allocPacked(l.units)
	if l.in.trainable {
		l.packedT = p.allocPacked(l.size * l.units)
	}
	l.gradient = correlation{runs: []int{0}, run: l.size, panels: panels,
		pixA: p.list(multiples(block, l.size*floatSize)), pixB: p.list(multiples(block, l.units*floatSize))}
	l.gradient.layout(p, block)
	l.weight.floats, l.bias.floats = l.gradient.floats(), l.units
	if p.Points > 1 {
		l.weight.stored, l.bias.stored = true, true
		return
	}
	l.xs, l.ds = p.alloc(block*l.size*floatSize), p.alloc(block*l.units*floatSize)
}

// axes walks the inputs in PyTorch's order [channel][row][column]; from is what a step adds there, to what a float adds
// in the node's order.
func (l *linear) axes(from, to int) []kernel.Axis {
	s := l.in.Shape
	return []kernel.Axis{
		{N: s.C, From: s.H * s.W * from, To: to},
		{N: s.H, From: s.W * from, To: s.W * l.in.channels * to},
		{N: s.W, From: from, To: l.in.channels * to},
	}
}

func (l *linear) pack(p *plan, f *wasm.Func, params, w wasm.Local) {
	if l.whitened != nil {
		l.whitened.pack(p, f, params, w)
	}
	const row = kernel.Panel * floatSize
	from := offset{params, l.weight.Offset * floatSize}
	p.packPanels(f, from, offset{w, l.packed}, l.Units, l.In*floatSize, l.size*row, l.axes(floatSize, row)...)
	call(f, p.kernels.Permute(floatSize, kernel.Axis{N: l.Units, From: floatSize, To: floatSize}),
		offset{params, l.bias.Offset * floatSize}, offset{w, l.packedB})
	if !l.in.trainable {
		return
	}
	// Inputs come in panels; a pixel is a whole number of them.
	s, panel := l.in.Shape, l.units*row
	pixel := l.in.channels / kernel.Panel * panel
	p.packPanels(f, from, offset{w, l.packedT}, s.C, s.H*s.W*floatSize, panel,
		kernel.Axis{N: l.Units, From: l.In * floatSize, To: row},
		kernel.Axis{N: s.H, From: s.W * floatSize, To: s.W * pixel},
		kernel.Axis{N: s.W, From: floatSize, To: pixel})
}

func (l *linear) forward(p *plan, f *wasm.Func, w wasm.Local) {
	call(f, p.kernels.GEMV(kernel.Bias), l.size/4, l.units/kernel.Panel, l.in.value, offset{w, l.packed},
		l.out.value+l.out.at(0, 0), offset{w, l.packedB})
}

func (l *linear) backward(p *plan, f *wasm.Func, w wasm.Local) {
	switch {
	case p.Points > 1:
		l.gradient.emit(p, f, kernel.Add, 1, l.in.value, l.d, p.target(l.weight), 0)
		call(f, p.kernels.AddScaled(), l.units/4, l.d, p.target(l.bias), p.one)
	case !p.options.NonPrivate:
		if l.whitened != nil {
			l.whitened.transform(p, f, w)
		}
		p.addGhostSquares(f, ghost{weight: l.weight, bias: l.bias, x: l.x, size: l.size, d: l.g, b: l.b, units: l.units})
	}
	if l.in.trainable {
		call(f, p.kernels.GEMV(kernel.Store), l.units/4, l.size/kernel.Panel, l.d, offset{w, l.packedT}, l.in.gradient)
	}
}

func (l *linear) stash(p *plan, f *wasm.Func, slot wasm.Local) {
	if p.Points > 1 {
		return
	}
	x, d := f.Local(wasm.I32), f.Local(wasm.I32)
	f.Get(slot).I32(l.size * floatSize).I32Mul().I32(l.xs).I32Add().Set(x)
	f.Get(slot).I32(l.units * floatSize).I32Mul().I32(l.ds).I32Add().Set(d)
	factor := p.factor(l.weight)
	call(f, p.kernels.Copy(), l.size/4, l.x, x, factor)
	call(f, p.kernels.Scale(), l.units/4, l.g, d, factor)
	call(f, p.kernels.AddScaled(), l.units/4, l.b, p.sums+4*l.bias.offset, p.factor(l.bias))
}

// empty leaves nothing in a slot.
func (l *linear) empty(p *plan, f *wasm.Func, slot wasm.Local) {
	x, d := f.Local(wasm.I32), f.Local(wasm.I32)
	f.Get(slot).I32(l.size * floatSize).I32Mul().I32(l.xs).I32Add().Set(x)
	f.Get(slot).I32(l.units * floatSize).I32Mul().I32(l.ds).I32Add().Set(d)
	call(f, p.kernels.Fill(), l.size/4, x)
	call(f, p.kernels.Fill(), l.units/4, d)
}

func (l *linear) sum(p *plan, f *wasm.Func, slots wasm.Local) {
	if p.Points == 1 {
		l.gradient.emit(p, f, kernel.Add, slots, l.xs, l.ds, p.sums+4*l.weight.offset, 0)
	}
}

func (l *linear) unpack(p *plan, f *wasm.Func) {
	const size = 8
	axes := []kernel.Axis{{N: l.Units, From: size, To: l.In * size}}
	for _, a := range l.axes(size, l.units*size) {
		axes = append(axes, kernel.Axis{N: a.N, From: a.To, To: a.From})
	}
	call(f, p.kernels.Permute(size, axes...), p.totals+size*l.weight.offset, p.Sum+size*l.weight.Offset)
	p.unpackVector(f, l.bias)
}
