package compile

import (
	"fmt"

	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// whitenedConv whitens a convolution's gradient [tap][channel][filter]. Channels of the input that are an axis of their own are
// transformed pixel by pixel, before the correlation. So are filters, unless the gradient has fewer rows than the output has pixels.
// Taps, or all inputs where they are one axis, are transformed in the gradient at last.
type whitenedConv struct {
	c    *conv
	args whitening

	channels square // n is 0 where they are no axis of their own
	mixIn    product
	in       int // transformed activations, laid out like the node's

	filters square
	mixOut  product
	late    bool // filters are transformed in the gradient
	out     int  // transformed output gradients, laid out like the node's

	taps     columns // n is 0 where there is one
	whole    int     // offset of the packed matrix of all inputs; 0: taps' is the argument itself
	raw, mid int     // gradients before it, and before the filters' transformation

	sum, product int // of the bias
}

func (p *plan) whitenConv(c *conv, args whitening) (*whitenedConv, error) {
	w := &whitenedConv{c: c, args: args, in: c.in.value, out: c.out.gradient}
	taps, channels, filters := c.Kernel*c.Kernel, c.in.channels, c.filters()
	perChannel := c.In > 1 && (len(args.In) == 2 || taps == 1) && channels%kernel.Panel == 0
	if len(args.In) == 2 && !perChannel {
		return nil, fmt.Errorf("compile: %v reads %d channels that are not padded, and cannot be whitened", c.Conv2D, c.In)
	}
	if perChannel {
		w.channels = p.square(c.In, channels)
		all := c.in.pixels()
		w.mixIn, w.in = p.rows(w.channels, all, all), p.alloc(c.in.vectors()*16)
	}
	rows := taps * channels
	switch {
	case c.In == 1 || len(args.In) == 2:
		w.taps = p.columns(taps, channels*filters)
	case !perChannel:
		w.taps, w.whole = p.columns(rows, filters), p.allocPacked(rows*rows)
	}
	w.filters = p.square(c.Filters, filters)
	w.raw = p.target(c.weight)
	if w.taps.n > 0 {
		w.raw = p.alloc(rows * filters * floatSize)
	}
	if w.late = w.taps.n > 0 && rows < c.out.H*c.out.W; w.late {
		at := multiples(rows, filters*floatSize)
		w.mixOut, w.mid = p.rows(w.filters, at, at), p.alloc(rows*filters*floatSize)
	} else {
		all := c.out.pixels()
		w.mixOut, w.out = p.rows(w.filters, all, all), p.alloc(c.out.vectors()*16)
	}
	w.sum, w.product = p.alloc(filters*floatSize), p.alloc(filters*floatSize)
	return w, nil
}

func (w *whitenedConv) pack(p *plan, f *wasm.Func, params, packed wasm.Local) {
	w.filters.pack(p, f, p.argument(params, w.args.out), packed, 1)
	if w.channels.n > 0 {
		w.channels.pack(p, f, p.argument(params, w.args.in[0]), packed, 1)
	}
	if w.whole > 0 {
		taps, channels := w.c.Kernel*w.c.Kernel, w.c.in.channels
		from, to := w.c.In*taps*floatSize, taps*channels*floatSize // rows
		call(f, p.kernels.Permute(floatSize,
			kernel.Axis{N: w.c.In, From: taps * from, To: to}, kernel.Axis{N: taps, From: from, To: channels * to},
			kernel.Axis{N: w.c.In, From: taps * floatSize, To: floatSize}, kernel.Axis{N: taps, From: floatSize, To: channels * floatSize}),
			p.argument(params, w.args.in[0]), offset{packed, w.whole})
	}
}

// gradient leaves the whitened gradient at the tensors' targets, and the weight's squares in p.pair.
func (w *whitenedConv) gradient(p *plan, f *wasm.Func, packed wasm.Local) {
	c, filters := w.c, w.c.filters()
	if w.channels.n > 0 {
		w.mixIn.emit(p, f, c.in.value, offset{packed, w.channels.packed}, w.in, 0)
		p.hush(f, c.in.vectors(), w.in)
	}
	mixed := offset{packed, w.filters.packed}
	if !w.late {
		w.mixOut.emit(p, f, c.out.gradient, mixed, w.out, 0)
		p.hush(f, c.out.vectors(), w.out)
	}
	raw := w.raw
	f.I32(p.pair).F64(0).F64Store(0)
	c.gradient.emit(p, f, kernel.Store, len(c.product.rows), w.in, w.out, raw, p.pair)
	if w.late {
		p.hush(f, c.weight.floats/4, raw)
		w.mixOut.emit(p, f, raw, mixed, w.mid, 0)
		raw = w.mid
	}
	if w.taps.n > 0 {
		p.hush(f, c.weight.floats/4, raw)
		f.I32(p.pair).F64(0).F64Store(0)
		if w.whole > 0 {
			w.taps.multiply(p, f, offset{packed, w.whole}, raw, p.target(c.weight))
		} else {
			w.taps.multiply(p, f, w.args.in[len(w.args.in)-1], raw, p.target(c.weight))
		}
	}
	call(f, p.kernels.ColumnSum(c.column, kernel.Store), c.out.gradient+c.out.at(0, 0), w.sum)
	p.hush(f, filters/4, w.sum)
	w.filters.vector(p, f, w.sum, w.product, packed)
	p.hush(f, filters/4, w.product)
	call(f, p.kernels.Scale(), filters/4, w.product, p.target(c.bias), w.args.bias)
}
