package compile

import (
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// whitenedLinear whitens what a linear layer's gradient is the outer product of: its input [row][column][channel], axis by axis, and
// its output's gradient.
type whitenedLinear struct {
	l    *linear
	args whitening

	units   square
	steps   []step
	x, d, b int // transformed input and output gradient, and the bias' gradient
}

// step transforms one axis, or some, and writes to a place of its own.
type step struct {
	pack func(f *wasm.Func, params, packed wasm.Local)
	emit func(f *wasm.Func, from, to int, packed wasm.Local)
	to   int
	size int // floats written
}

func (p *plan) whitenLinear(l *linear, args whitening) *whitenedLinear {
	w := &whitenedLinear{l: l, args: args, units: p.square(l.Units, l.units)}
	w.d, w.b = p.alloc(l.units*floatSize), p.alloc(l.units*floatSize)
	s, channels, axis := l.in.Shape, l.in.channels, 0
	switch {
	case len(args.In) == 1:
		w.whole(p)
	case channels == 1:
		w.plane(p)
	default:
		if s.C > 1 {
			w.channels(p)
			axis++
		}
		if len(args.In)-axis == 1 {
			w.axis(p, axis, s.H*s.W, channels, 1)
		} else {
			w.axis(p, axis+1, s.W, channels, s.H)
			w.axis(p, axis, s.H, s.W*channels, 1)
		}
	}
	w.x = w.steps[len(w.steps)-1].to
	return w
}

func (w *whitenedLinear) add(p *plan, s step) {
	s.size = roundUp(s.size, kernel.Panel)
	s.to = p.alloc(s.size * floatSize)
	w.steps = append(w.steps, s)
}

// whole transforms all inputs at once. Where there is one channel, others may pad it.
func (w *whitenedLinear) whole(p *plan) {
	l, every := w.l, 1
	if l.in.H*l.in.W > 1 {
		every = l.in.channels
	}
	s := p.square(w.args.In[0], l.size)
	w.add(p, step{size: l.size,
		pack: func(f *wasm.Func, params, packed wasm.Local) {
			s.pack(p, f, p.argument(params, w.args.in[0]), packed, every)
		},
		emit: func(f *wasm.Func, from, to int, packed wasm.Local) { s.vector(p, f, from, to, packed) },
	})
}

// channels transforms each pixel's.
func (w *whitenedLinear) channels(p *plan) {
	in := w.l.in
	s := p.square(in.C, in.channels)
	at := multiples(in.H*in.W, in.channels*floatSize)
	mix := p.rows(s, at, at)
	w.add(p, step{size: w.l.size,
		pack: func(f *wasm.Func, params, packed wasm.Local) {
			s.pack(p, f, p.argument(params, w.args.in[0]), packed, 1)
		},
		emit: func(f *wasm.Func, from, to int, packed wasm.Local) {
			mix.emit(p, f, from, offset{packed, s.packed}, to, 0)
		},
	})
}

// axis transforms columns of n rows of floats, as many matrices as lie one behind the other.
func (w *whitenedLinear) axis(p *plan, axis, n, floats, matrices int) {
	c := p.columns(n, floats)
	w.add(p, step{size: w.l.size,
		emit: func(f *wasm.Func, from, to int, _ wasm.Local) {
			for i := range matrices {
				at := i * n * floats * floatSize
				c.multiply(p, f, w.args.in[axis], from+at, to+at)
			}
		},
	})
}

// plane transforms columns and rows of a single channel. Its rows are padded to panels in between.
func (w *whitenedLinear) plane(p *plan) {
	height, width := w.l.in.H, w.l.in.W
	s := p.square(width, width)
	padded := s.panels * kernel.Panel
	mix := p.rows(s, multiples(height, width*floatSize), multiples(height, padded*floatSize))
	c := p.columns(height, padded)
	w.add(p, step{size: height * padded,
		pack: func(f *wasm.Func, params, packed wasm.Local) {
			s.pack(p, f, p.argument(params, w.args.in[1]), packed, 1)
		},
		emit: func(f *wasm.Func, from, to int, packed wasm.Local) {
			mix.emit(p, f, from, offset{packed, s.packed}, to, 0)
		},
	})
	w.add(p, step{size: height * padded, emit: func(f *wasm.Func, from, to int, _ wasm.Local) {
		c.multiply(p, f, w.args.in[0], from, to)
	}})
	w.add(p, step{size: w.l.size, emit: func(f *wasm.Func, from, to int, _ wasm.Local) {
		call(f, p.kernels.Permute(floatSize, kernel.Axis{N: height, From: padded * floatSize, To: width * floatSize},
			kernel.Axis{N: width, From: floatSize, To: floatSize}), from, to)
	}})
}

func (w *whitenedLinear) pack(p *plan, f *wasm.Func, params, packed wasm.Local) {
	w.units.pack(p, f, p.argument(params, w.args.out), packed, 1)
	for _, s := range w.steps {
		if s.pack != nil {
			s.pack(f, params, packed)
		}
	}
}

// transform leaves x, d and b.
func (w *whitenedLinear) transform(p *plan, f *wasm.Func, packed wasm.Local) {
	from := w.l.in.value
	for _, s := range w.steps {
		s.emit(f, from, s.to, packed)
		p.hush(f, s.size/4, s.to)
		from = s.to
	}
	w.units.vector(p, f, w.l.d, w.d, packed)
	p.hush(f, w.l.units/4, w.d)
	call(f, p.kernels.Scale(), w.l.units/4, w.d, w.b, w.args.bias)
	p.hush(f, w.l.units/4, w.b)
}
