package compile

import (
	"math"

	"cloister/clip"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// One record: its gradient, the gradient's norm, its factor, and what it adds to the sums.

// forwardFunc emits a function of a record's pixels and a point's packed weights that leaves the logits in the last node.
func (p *plan) forwardFunc() *wasm.Func {
	f := p.module.Func(wasm.I32, wasm.I32)
	in := p.nodes[0]
	p.normalise(f, in, f.Param(0), in.value+in.at(0, 0))
	if !p.quietInput() {
		p.hush(f, in.vectors(), in.value)
	}
	p.forwardFrom(f, 0, f.Param(1))
	return f
}

// forwardFrom emits the layers from one on; what that reads is there.
func (p *plan) forwardFrom(f *wasm.Func, first int, w wasm.Local) {
	if first > 0 && !p.quietValue(first-1) {
		out := p.links[first-1].out
		p.hush(f, out.vectors(), out.value)
	}
	for i := first; i < len(p.layers); i++ {
		p.layers[i].forward(p, f, w)
		if out := p.links[i].out; !p.quietValue(i) {
			p.hush(f, out.vectors(), out.value)
		}
	}
}

// normalise emits the first activation, from a record's values to x. A vector's values have a scale and a shift each, which are
// read from memory unless all are the same.
func (p *plan) normalise(f *wasm.Func, in *node, values, x any) {
	if p.constants > 0 {
		call(f, p.kernels.Vector(in.C, p.options.Float), values, x, p.constants, p.constants+4*roundUp(in.C, 4))
		return
	}
	g := kernel.Input{
		Channels: in.C, Height: in.H, Width: in.W, Interleaved: in.channels, Row: in.row(), Float: p.options.Float,
		Scale: p.options.Scale, Shift: p.options.Shift,
	}
	if in.H*in.W == 1 && len(p.options.Scale) == 1 { // one row of one channel
		g.Channels, g.Width, g.Interleaved, g.Row = 1, in.C, 1, in.C*floatSize
	}
	call(f, p.kernels.Pixels(g), values, x)
}

// backwardFunc emits a function of a point's packed weights that turns the logits' gradient into the parameters'.
func (p *plan) backwardFunc() *wasm.Func {
	f := p.module.Func(wasm.I32)
	p.backwardTo(f, 0, f.Param(0))
	return f
}

// backwardTo emits the layers from the last to one, and leaves what the layer before it reads.
func (p *plan) backwardTo(f *wasm.Func, first int, w wasm.Local) {
	quiet := func(i int) {
		if out := p.links[i].out; !p.quietGradient(i) {
			p.hush(f, out.vectors(), out.gradient)
		}
	}
	for i := len(p.layers) - 1; i >= first; i-- {
		quiet(i)
		p.layers[i].backward(p, f, w)
	}
	if first > 0 {
		quiet(first - 1)
	}
}

// gradientFunc emits a function of a record's pixels and label that computes its gradient and, when private, the squared
// norm of each group. With several points the gradient is their weighted sum; a point of weight zero is skipped.
func (p *plan) gradientFunc(forward *wasm.Func) *wasm.Func {
	backward := p.backwardFunc()
	f := p.module.Func(wasm.I32, wasm.I32)
	pixels, label, logits := f.Param(0), f.Param(1), p.nodes[len(p.nodes)-1]
	if !p.options.NonPrivate {
		for g := range p.Groups {
			f.I32(p.squares + 8*g).F64(0).F64Store(0)
		}
		if p.Points > 1 {
			call(f, p.kernels.Fill(), p.stored/4, p.scratch)
		}
	}
	for k := range p.Points {
		w, loss := p.packed+k*p.packedSize, p.Loss
		if k > 0 {
			loss = p.pair
		}
		f.I32(p.weights + 4*k).F32Load(0).F32(0).F32Ne().If(func() {
			call(f, forward, pixels, w)
			call(f, p.kernels.CrossEntropy(logits.C), logits.value, logits.gradient, label, loss, p.weights+4*k)
			call(f, backward, w)
		})
	}
	if !p.options.NonPrivate && p.Points > 1 {
		p.hush(f, p.stored/4, p.scratch)
		for _, t := range p.tensors {
			p.addSquares(f, t, p.squares+8*t.group)
		}
	}
	return f
}

// Squares above huge may have overflowed in float32. None underflows: see kernel.Coarse.
const huge = 1e38

// addStoredSquares adds the squares of a tensor's stored gradient to its group's. Those that were summed along with the
// gradient, if any, are at p.pair; they serve if float32 could hold them.
func (p *plan) addStoredSquares(f *wasm.Func, t *tensor, fused bool) {
	group := p.squares + 8*t.group
	if !fused {
		p.addSquares(f, t, group)
		return
	}
	f.I32(p.pair).F64Load(0).F64(huge).F64Lt().IfElse(func() {
		f.I32(group).I32(group).F64Load(0).I32(p.pair).F64Load(0).F64Add().F64Store(0)
	}, func() {
		p.addSquares(f, t, group)
	})
}

func (p *plan) addSquares(f *wasm.Func, t *tensor, sum int) {
	call(f, p.kernels.Squares(), t.floats/4, p.scratch+4*t.offset, sum)
}

// maxInput bounds |x|^2 of a linear layer's input: beyond it, rounding of a product d x could exceed any clip bound even
// where d underflows. Such a record counts as not finite.
const maxInput = 1e36

// ghost is a linear layer's gradient as a product: the weight's of x and d, the bias' b, by address.
type ghost struct {
	weight, bias *tensor
	x            any
	d, b         int
	size, units  int // floats
}

// addGhostSquares adds |x|^2 |d|^2 to the weight's group and the bias' gradient's, |d|^2 or its own, to the bias'.
func (p *plan) addGhostSquares(f *wasm.Func, l ghost) {
	x, d := p.pair, p.pair+8
	f.I32(x).F64(0).F64Store(0).I32(d).F64(0).F64Store(0)
	call(f, p.kernels.Squares(), l.size/4, l.x, x)
	call(f, p.kernels.Squares(), l.units/4, l.d, d)
	weight, bias := p.squares+8*l.weight.group, p.squares+8*l.bias.group
	f.I32(weight).I32(weight).F64Load(0).I32(x).F64Load(0).I32(d).F64Load(0).F64Mul().F64Add().F64Store(0)
	if l.b == l.d {
		f.I32(bias).I32(bias).F64Load(0).I32(d).F64Load(0).F64Add().F64Store(0)
	} else {
		call(f, p.kernels.Squares(), l.units/4, l.b, bias)
	}
	f.I32(x).F64Load(0).F64(maxInput).F64Gt().If(func() {
		f.I32(weight).F64(math.Inf(1)).F64Store(0)
	})
}

// clipFunc emits a function that turns each group's squared norm into its factor and counts it. See [clip.Rule.Factor].
func (p *plan) clipFunc() *wasm.Func {
	f := p.module.Func()
	bound, factor := f.Local(wasm.F64), f.Local(wasm.F64)
	p.eachNorm(f, func(group func(address, size int) *wasm.Func, norm wasm.Local, counts func() *wasm.Func) {
		group(p.Bounds, 8).F64Load(0).Set(bound)
		group(p.Counts, 8)
		group(p.Counts, 8).F64Load(0)
		f.Get(norm)
		group(p.Thresholds, 8).F64Load(0)
		f.F64Le().F64ConvertI32U().F64(0.5).F64Sub().F64Add().F64Store(0)
		f.F64(0).Set(factor)
		counts().If(func() {
			f.Get(bound).F64(1 - p.normMargin()).F64Mul()
			p.divisor(f, norm)
			f.F64Div()
			if p.options.Rule.Kind == clip.Clip {
				f.F64(1).F64Min()
			}
			f.Set(factor)
			f.Get(factor).F64(clip.Least).F64Lt().If(func() { f.F64(0).Set(factor) })
		})
		group(p.factors, 4).Get(factor).F32DemoteF64().F32Store(0)
	})
	return f
}

// divisor leaves what the rule's kind divides the bound by.
func (p *plan) divisor(f *wasm.Func, norm wasm.Local) {
	f.Get(norm)
	switch p.options.Rule.Kind {
	case clip.Normalise:
		f.F64(p.options.Rule.Gamma).F64Add()
	case clip.PSAC:
		f.F64(p.options.Rule.R).Get(norm).F64(p.options.Rule.R).F64Add().F64Div().F64Add()
	}
}

// normsFunc emits a function that writes each group's norm, raised by the margin, to an address.
func (p *plan) normsFunc() *wasm.Func {
	f := p.module.Func(wasm.I32)
	p.eachNorm(f, func(_ func(address, size int) *wasm.Func, norm wasm.Local, _ func() *wasm.Func) {
		f.Get(f.Param(0)).Get(norm).F64(1 + p.normMargin()).F64Mul().F32DemoteF64().F32Store(0)
		f.Advance(f.Param(0), 4)
	})
	return f
}

// givenFunc emits a function that takes each group's factor from an address, or 0 where it is too small or the norm does not count.
func (p *plan) givenFunc() *wasm.Func {
	f := p.module.Func(wasm.I32)
	given := f.Local(wasm.F32)
	p.eachNorm(f, func(group func(address, size int) *wasm.Func, _ wasm.Local, counts func() *wasm.Func) {
		group(p.factors, 4).F32(0).F32Store(0)
		counts().If(func() {
			f.Get(f.Param(0)).F32Load(0).Tee(given).F32Abs().F32(clip.Least).F32Lt().If(func() { f.F32(0).Set(given) })
			group(p.factors, 4).Get(given).F32Store(0)
		})
		f.Advance(f.Param(0), 4)
	})
	return f
}

// eachNorm visits the groups. group pushes the address of the group's entry in an array, counts whether the
// norm is above the floor and finite.
func (p *plan) eachNorm(f *wasm.Func, body func(group func(address, size int) *wasm.Func, norm wasm.Local, counts func() *wasm.Func)) {
	g, norm := f.Local(wasm.I32), f.Local(wasm.F64)
	group := func(address, size int) *wasm.Func {
		return f.Get(g).I32(size).I32Mul().I32(address).I32Add()
	}
	counts := func() *wasm.Func {
		return f.Get(norm).F64(clip.Floor).F64Gt().Get(norm).F64(math.MaxFloat64).F64Le().I32And()
	}
	f.Times(p.Groups, func() {
		group(p.squares, 8).F64Load(0).F64Sqrt().Set(norm)
		body(group, norm, counts)
		f.Advance(g, 1)
	})
}

// factor is the address of a tensor's factor, which is 1 without privacy.
func (p *plan) factor(t *tensor) int {
	if p.options.NonPrivate {
		return p.one
	}
	return p.factors + 4*t.group
}

// contributeFunc emits a function of a slot that adds the record's scaled gradient to the sums.
func (p *plan) contributeFunc() *wasm.Func {
	f := p.module.Func(wasm.I32)
	switch {
	case p.options.NonPrivate: // already there
	case p.options.Rule.Grouping == clip.Global:
		call(f, p.kernels.AddScaled(), p.stored/4, p.scratch, p.sums, p.factor(p.tensors[0]))
	default:
		for _, t := range p.tensors {
			if t.stored {
				call(f, p.kernels.AddScaled(), roundUp(t.floats, 4)/4, p.scratch+4*t.offset, p.sums+4*t.offset, p.factor(t))
			}
		}
	}
	for _, l := range p.layers {
		if r, ok := l.(rank); ok {
			r.stash(p, f, f.Param(0))
		}
	}
	return f
}

// flushFunc emits a function of the number of slots in use that moves all float32 sums into the totals.
func (p *plan) flushFunc() *wasm.Func {
	f := p.module.Func(wasm.I32)
	for _, l := range p.layers {
		if r, ok := l.(rank); ok {
			r.sum(p, f, f.Param(0))
		}
	}
	call(f, p.kernels.Flush(), p.summed/4, p.sums, p.totals)
	return f
}
