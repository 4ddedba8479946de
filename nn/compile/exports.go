package compile

import "cloister/nn/compile/wasm"

// The functions that the host calls; [Layout] states their arguments.

// functions are what the exports share.
type functions struct {
	pack, forward, gradient, contribute, flush *wasm.Func
}

func (p *plan) emit() {
	var fn functions
	p.fillGrids()
	fn.pack = p.packFunc()
	fn.forward = p.forwardFunc()
	fn.gradient = p.gradientFunc(fn.forward)
	fn.contribute, fn.flush = p.contributeFunc(), p.flushFunc()
	unpack := p.unpackFunc()

	step := p.module.Export("step", wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	var rule *wasm.Func
	if !p.options.NonPrivate {
		rule = p.clipFunc()
	}
	p.sum(step, fn, rule, false)
	step.Call(unpack)
	p.evaluate(fn)
	if p.options.NonPrivate {
		return
	}
	p.norms(fn)
	accumulate := p.module.Export("accumulate", wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	p.sum(accumulate, fn, p.givenFunc(), true)
	accumulate.Call(unpack)
}

// packFunc emits a function that packs every point's weights and clears what a call adds up.
func (p *plan) packFunc() *wasm.Func {
	one := p.module.Func(wasm.I32, wasm.I32)
	for _, l := range p.layers {
		l.pack(p, one, one.Param(0), one.Param(1))
	}
	f := p.module.Func()
	if p.options.Whiten {
		p.hush(f, roundUp(p.WhiteningLen, 4)/4, p.Whitening)
	}
	for k := range p.Points {
		call(f, one, p.Params+4*p.NumParams*k, p.packed+p.packedSize*k)
		p.hush(f, p.packedSize/16, p.packed+p.packedSize*k)
		f.I32(p.weights + 4*k).I32(p.Coefficients + 8*k).F64Load(0).F32DemoteF64().F32Store(0)
	}
	for g := range p.Groups {
		f.I32(p.Counts + 8*g).F64(0).F64Store(0)
	}
	f.I32(p.Loss).F64(0).F64Store(0)
	return f
}

// unpackFunc emits a function that writes the totals in PyTorch's order.
func (p *plan) unpackFunc() *wasm.Func {
	f := p.module.Func()
	for _, l := range p.layers {
		l.unpack(p, f)
	}
	return f
}

// sum emits the loop over a step's records. factors, if any, makes those of the current one: of its norm or, where they are given, of
// an address behind the other arguments.
func (p *plan) sum(f *wasm.Func, fn functions, factors *wasm.Func, given bool) {
	if l, ok := p.layers[0].(*lead); ok {
		l.sumBlocks(p, f, fn, factors, given)
		return
	}
	width, stretch, slot, held := f.Param(4), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	here := f.Local(wasm.I32)
	flush := func() {
		f.Get(slot).If(func() {
			f.Get(slot).Call(fn.flush)
			f.I32(0).Set(slot)
		})
	}
	f.Call(fn.pack)
	call(f, p.kernels.Fill(), p.summed/4, p.sums)
	call(f, p.kernels.Fill(), p.summed/2, p.totals)
	p.records(f, func(index, pixels, label wasm.Local) {
		f.Get(label).I32(p.classes()).I32LtU().If(func() {
			f.Get(index).Get(width).I32DivU().Tee(here).Get(stretch).I32Ne().If(func() {
				flush()
				f.I32(0).Set(held).Get(here).Set(stretch)
			})
			call(f, fn.gradient, pixels, label)
			if given {
				f.Get(f.Param(5))
			}
			if factors != nil {
				f.Call(factors)
			}
			f.Get(slot).Call(fn.contribute)
			f.Advance(slot, 1)
			f.Advance(held, 1)
			f.Get(held).I32(block).I32GeU().If(flush)
		})
		if given {
			f.Advance(f.Param(5), 4*p.Groups)
		}
	})
	flush()
}

// norms emits the first of two passes.
func (p *plan) norms(fn functions) {
	norms := p.normsFunc()
	f := p.module.Export("norms", wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	out := f.Param(4)
	f.Call(fn.pack)
	p.records(f, func(_, pixels, label wasm.Local) {
		f.Get(label).I32(p.classes()).I32LtU().IfElse(func() {
			call(f, fn.gradient, pixels, label)
			call(f, norms, out)
			f.Advance(out, 4*p.Groups)
		}, func() {
			f.Times(p.Groups, func() {
				f.Get(out).F32(0).F32Store(0)
				f.Advance(out, 4)
			})
		})
	})
}

// evaluate emits predictions and loss, without gradients, at the first point.
func (p *plan) evaluate(fn functions) {
	f := p.module.Export("evaluate", wasm.I32, wasm.I32, wasm.I32, wasm.I32, wasm.I32)
	pixels, labels, first, n, out := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4)
	f.Call(fn.pack)
	f.Get(first).I32(p.Record).I32Mul().Get(pixels).I32Add().Set(pixels)
	f.AdvanceBy(labels, first)
	if l, ok := p.layers[0].(*lead); ok {
		l.evaluateBlocks(p, f, fn)
		return
	}
	f.Repeat(n, func() {
		call(f, fn.forward, pixels, p.packed)
		p.predict(f, labels, out)
		f.Advance(pixels, p.Record)
	})
}

// predict emits what the current record's logits say, and moves to the next one's label and prediction.
func (p *plan) predict(f *wasm.Func, labels, out wasm.Local) {
	logits, label := p.nodes[len(p.nodes)-1], f.Local(wasm.I32)
	call(f, p.kernels.ArgMax(logits.C), logits.value, out)
	f.Get(labels).I32Load8U(0).Tee(label).I32(logits.C).I32LtU().If(func() {
		call(f, p.kernels.Loss(logits.C), logits.value, p.evaluated, label, p.Loss)
	})
	f.Advance(labels, 1)
	f.Advance(out, 1)
}

// records visits the n records of given indices, at most MaxRecords; pixels, labels, indices and n are the function's
// first parameters.
func (p *plan) records(f *wasm.Func, body func(index, pixels, label wasm.Local)) {
	f.Get(f.Param(3)).I32(MaxRecords).I32GtU().If(func() { f.Unreachable() })
	indices := f.Param(2)
	index, pixels, label := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	f.Repeat(f.Param(3), func() {
		f.Get(indices).I32Load(0).Set(index)
		f.Get(index).I32(p.Record).I32Mul().Get(f.Param(0)).I32Add().Set(pixels)
		f.Get(index).Get(f.Param(1)).I32Add().I32Load8U(0).Set(label)
		body(index, pixels, label)
		f.Advance(indices, 4)
	})
}

func (p *plan) classes() int { return p.nodes[len(p.nodes)-1].C }
