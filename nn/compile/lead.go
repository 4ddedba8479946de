package compile

import (
	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// lead lowers a linear layer that reads records, with which a classifier of vectors begins and of which its work consists.
// Taken one record at a time, every weight would be read once a record: for 7,200 inputs and ten classes 0.3 MB for a record of
// 7 KB. So records of a stretch are normalised into slots side by side, and the layer multiplies all of them at once; norms
// and clipping stay each record's own. The sum over a block is one product of matrices as for other linear layers (linear.go),
// along the inputs and into float64 at once.
//
// One record alone (evaluate's and the first of two passes) takes the first slot.
type lead struct {
	link
	nn.Linear
	weight, bias *tensor

	size, stride int // floats of an input, with padding; bytes from one slot to the next
	row          int // bytes of an output
	xs, zs, ds   int // slots: inputs, outputs, and scaled output gradients
	labels       int // int32, of the slots
	total        int // float64 sums [unit][input]

	packed, packedB int // weights [unit][input] and biases
}

// leads says whether a model begins with a linear layer, whatever its records' shape: then their values are a vector.
func leads(m *nn.Model, o *Options) bool {
	for _, l := range m.Layers {
		switch l.(type) {
		case nn.Flatten:
		case nn.Linear:
			return !o.Whiten && o.Points <= 1
		default:
			return false
		}
	}
	return false
}

// slots is how many there are: a block, in whole tiles.
const slots = (block + kernel.DotRows - 1) / kernel.DotRows * kernel.DotRows

func (l *lead) layout(p *plan) {
	l.size, l.row = roundUp(l.In, kernel.OuterRun), l.out.channels*floatSize
	l.stride = l.size * floatSize
	if l.stride%4096 == 0 { // slots that share the few lines of a cache would push each other out
		l.stride += 64
	}
	l.xs, l.zs, l.ds = p.alloc(slots*l.stride), p.alloc(slots*l.row), p.alloc(slots*l.row)
	l.labels, l.total = p.alloc(slots*4), p.alloc(8*l.Units*l.size)
	l.in.value = l.xs
	l.packed, l.packedB = p.allocPacked(l.Units*l.size), p.allocPacked(l.Units)
	l.weight.apart, l.bias.floats = true, l.out.channels
}

func (l *lead) pack(p *plan, f *wasm.Func, params, w wasm.Local) {
	call(f, p.kernels.Permute(floatSize, kernel.Axis{N: l.Units, From: l.In * floatSize, To: l.size * floatSize}, kernel.Axis{N: l.In, From: floatSize, To: floatSize}),
		offset{params, l.weight.Offset * floatSize}, offset{w, l.packed})
	call(f, p.kernels.Permute(floatSize, kernel.Axis{N: l.Units, From: floatSize, To: floatSize}),
		offset{params, l.bias.Offset * floatSize}, offset{w, l.packedB})
}

// columns visits the outputs in groups that the kernels take, of two sizes that differ by one.
func (l *lead) columns(visit func(first, n int)) {
	first := 0
	for _, t := range split(l.Units, kernel.DotColumns) {
		for range t.n {
			visit(first, t.height)
			first += t.height
		}
	}
}

// multiply emits the outputs of as many tiles of slots, in their slots. w is the address of the packed weights.
func (l *lead) multiply(p *plan, f *wasm.Func, tiles any, w int) {
	l.columns(func(first, n int) {
		call(f, p.kernels.Dots(n), tiles, l.size/kernel.Lanes, l.xs, l.stride, w+l.packed+first*l.size*floatSize, l.size*floatSize,
			w+l.packedB+first*floatSize, l.zs+first*floatSize, l.row)
	})
}

// take makes a slot's outputs those of the current record.
func (l *lead) take(p *plan, f *wasm.Func, z any) {
	call(f, p.kernels.Copy(), l.out.channels/kernel.Lanes, z, l.out.value+l.out.at(0, 0), p.one)
}

func (l *lead) forward(p *plan, f *wasm.Func, _ wasm.Local) {
	l.multiply(p, f, 1, p.packed)
	l.take(p, f, l.zs)
}

func (l *lead) backward(p *plan, f *wasm.Func, _ wasm.Local) { l.squares(p, f, l.xs) }

// squares adds those of the current record, whose input is at x.
func (l *lead) squares(p *plan, f *wasm.Func, x any) {
	if !p.options.NonPrivate {
		d := l.out.gradient + l.out.at(0, 0)
		p.addGhostSquares(f, ghost{weight: l.weight, bias: l.bias, x: x, size: l.size, d: d, b: d, units: l.out.channels})
	}
}

// stash scales the current record's output gradient into its slot. Its input lies there; of one that may not be finite nothing is
// left where the factor is 0.
func (l *lead) stash(p *plan, f *wasm.Func, slot wasm.Local) {
	d, factor := l.out.gradient+l.out.at(0, 0), p.factor(l.weight)
	to := f.Local(wasm.I32)
	f.Get(slot).I32(l.row).I32Mul().I32(l.ds).I32Add().Set(to)
	call(f, p.kernels.Scale(), l.out.channels/kernel.Lanes, d, to, factor)
	call(f, p.kernels.AddScaled(), l.out.channels/kernel.Lanes, d, p.sums+floatSize*l.bias.offset, p.factor(l.bias))
	if p.options.Float {
		f.Get(slot).I32(l.stride).I32Mul().I32(l.xs).I32Add().Set(to)
		call(f, p.kernels.Copy(), l.size/kernel.Lanes, to, to, factor)
	}
}

func (l *lead) sum(p *plan, f *wasm.Func, slots wasm.Local) {
	l.columns(func(first, n int) {
		call(f, p.kernels.Outer(n), l.size/kernel.OuterRun, slots, l.xs, l.stride, l.ds+first*floatSize, l.row, l.total+8*first*l.size, 8*l.size)
	})
}

func (l *lead) unpack(p *plan, f *wasm.Func) {
	const size = 8
	call(f, p.kernels.Permute(size, kernel.Axis{N: l.Units, From: l.size * size, To: l.In * size}, kernel.Axis{N: l.In, From: size, To: size}),
		l.total, p.Sum+size*l.weight.Offset)
	p.unpackVector(f, l.bias)
}

// fill emits code that normalises a record into a slot.
func (l *lead) fill(p *plan, f *wasm.Func, pixels, slot wasm.Local) {
	x := f.Local(wasm.I32)
	f.Get(slot).I32(l.stride).I32Mul().I32(l.xs).I32Add().Set(x)
	p.normalise(f, l.in, pixels, x)
	if !p.quietInput() {
		p.hush(f, l.size/kernel.Lanes, x)
	}
}

// tiles pushes how many tiles it takes to hold some slots, into a local.
func (l *lead) tiles(f *wasm.Func, slots wasm.Local) wasm.Local {
	tiles := f.Local(wasm.I32)
	f.Get(slots).I32(kernel.DotRows - 1).I32Add().I32(kernel.DotRows).I32DivU().Set(tiles)
	return tiles
}

// rest emits what follows the layer in the forward pass of the record whose outputs are at z.
func (l *lead) rest(p *plan, f *wasm.Func, z, w wasm.Local) {
	l.take(p, f, z)
	p.forwardFrom(f, 1, w)
}

// blockFunc emits a function of how many slots are filled, and of where their factors are, that turns them into sums. factors is
// called for every record, with the address of its own where given.
func (l *lead) blockFunc(p *plan, fn functions, factors *wasm.Func, given bool) *wasm.Func {
	f := p.module.Func(wasm.I32, wasm.I32)
	filled, from := f.Param(0), f.Param(1)
	slot, left, label, x, z, w := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	logits := p.nodes[len(p.nodes)-1]
	l.multiply(p, f, l.tiles(f, filled), p.packed)
	f.I32(p.packed).Set(w).I32(l.xs).Set(x).I32(l.zs).Set(z).Get(filled).Set(left)
	f.Repeat(left, func() {
		f.Get(slot).I32(4).I32Mul().I32Load(l.labels).Tee(label).I32(p.classes()).I32LtU().IfElse(func() {
			if !p.options.NonPrivate {
				for g := range p.Groups {
					f.I32(p.squares + 8*g).F64(0).F64Store(0)
				}
			}
			l.rest(p, f, z, w)
			call(f, p.kernels.CrossEntropy(logits.C), logits.value, logits.gradient, label, p.Loss, p.weights)
			p.backwardTo(f, 1, w)
			l.squares(p, f, x)
			if factors != nil {
				if given {
					f.Get(from)
				}
				f.Call(factors)
			}
			f.Get(slot).Call(fn.contribute)
		}, func() { l.empty(p, f, slot, x) })
		f.Advance(slot, 1)
		f.Advance(x, l.stride)
		f.Advance(z, l.row)
		if given {
			f.Advance(from, 4*p.Groups)
		}
	})
	f.Get(filled).Call(fn.flush)
	return f
}

// empty leaves nothing in a slot of a record that counts as nothing.
func (l *lead) empty(p *plan, f *wasm.Func, slot, x wasm.Local) {
	d := f.Local(wasm.I32)
	f.Get(slot).I32(l.row).I32Mul().I32(l.ds).I32Add().Set(d)
	call(f, p.kernels.Fill(), l.out.channels/kernel.Lanes, d)
	call(f, p.kernels.Fill(), l.size/kernel.Lanes, x)
	for _, other := range p.layers[1:] {
		if r, ok := other.(*linear); ok {
			r.empty(p, f, slot)
		}
	}
}

// sumBlocks emits the loop over a step's records, a block of a stretch at a time; once a stretch has held one, a record at a time.
func (l *lead) sumBlocks(p *plan, f *wasm.Func, fn functions, factors *wasm.Func, given bool) {
	width := f.Param(4)
	stretch, here, slot, held, from := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	one := l.blockFunc(p, fn, factors, given)
	if given {
		f.Get(f.Param(5)).Set(from)
	}
	finish := func() {
		f.Get(slot).If(func() {
			f.Get(slot).Get(from).Call(one)
			if given {
				f.Get(slot).I32(4 * p.Groups).I32Mul().Get(from).I32Add().Set(from)
			}
			f.I32(0).Set(slot)
		})
	}
	f.Call(fn.pack)
	call(f, p.kernels.Fill(), p.summed/4, p.sums)
	call(f, p.kernels.Fill(), p.summed/2, p.totals)
	call(f, p.kernels.Fill(), l.Units*l.size/2, l.total)
	p.records(f, func(index, pixels, label wasm.Local) {
		f.Get(index).Get(width).I32DivU().Tee(here).Get(stretch).I32Ne().If(func() {
			finish()
			f.I32(0).Set(held).Get(here).Set(stretch)
		})
		l.fill(p, f, pixels, slot)
		f.Get(slot).I32(4).I32Mul().Get(label).I32Store(l.labels)
		f.Advance(slot, 1)
		f.Advance(held, 1)
		f.Get(held).I32(block).I32GeU().If(finish)
	})
	finish()
}

// evaluateBlocks emits predictions and loss of n records from the first on, a block at a time.
func (l *lead) evaluateBlocks(p *plan, f *wasm.Func, fn functions) {
	pixels, labels, n, out := f.Param(0), f.Param(1), f.Param(3), f.Param(4)
	slot, left, z, w := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	more := f.Local(wasm.I32)
	f.I32(p.packed).Set(w).Get(n).Set(more)
	f.Repeat(more, func() {
		l.fill(p, f, pixels, slot)
		f.Advance(pixels, p.Record)
		f.Advance(slot, 1)
		// the last of a block, or of all
		f.Get(slot).I32(block - 1).I32GtU().Get(more).I32(2).I32LtU().I32Or().If(func() {
			l.multiply(p, f, l.tiles(f, slot), p.packed)
			f.I32(l.zs).Set(z).Get(slot).Set(left).I32(0).Set(slot)
			f.Repeat(left, func() {
				l.rest(p, f, z, w)
				p.predict(f, labels, out)
				f.Advance(z, l.row)
			})
		})
	})
}
