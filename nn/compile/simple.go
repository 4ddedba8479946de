package compile

import (
	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// Layers without parameters, and group normalisation.

// stateless gives a layer without parameters the empty half of its methods.
type stateless struct{}

func (stateless) layout(*plan)                                   {}
func (stateless) pack(*plan, *wasm.Func, wasm.Local, wasm.Local) {}
func (stateless) unpack(*plan, *wasm.Func)                       {}

// elementwise lowers an activation function. Borders and padding are zero and stay so.
type elementwise struct {
	stateless
	link
	value, gradient func() *wasm.Func
}

func (e *elementwise) forward(p *plan, f *wasm.Func, _ wasm.Local) {
	call(f, e.value(), e.in.vectors(), e.in.value, e.out.value)
}

func (e *elementwise) backward(p *plan, f *wasm.Func, _ wasm.Local) {
	if e.in.trainable {
		call(f, e.gradient(), e.in.vectors(), e.out.value, e.out.gradient, e.in.gradient)
	}
}

// pool lowers the pooling layers.
type pool struct {
	stateless
	link
	rows, columns, stride int
	largest               bool // else the mean
}

func (l *pool) window() kernel.Window {
	return kernel.Window{Height: l.out.H, Width: l.out.W, Vectors: l.out.channels / 4, Rows: l.rows, Columns: l.columns,
		Stride: l.stride, InRow: l.in.row(), OutRow: l.out.row()}
}

func (l *pool) forward(p *plan, f *wasm.Func, _ wasm.Local) {
	g := p.kernels.AvgPool(l.window())
	if l.largest {
		g = p.kernels.MaxPool(l.window())
	}
	call(f, g, l.in.value+l.in.at(0, 0), l.out.value+l.out.at(0, 0))
}

func (l *pool) backward(p *plan, f *wasm.Func, _ wasm.Local) {
	if !l.in.trainable {
		return
	}
	in, out := l.in.at(0, 0), l.out.at(0, 0)
	if l.largest || !l.window().Covers(l.in.H, l.in.W) {
		call(f, p.kernels.Fill(), l.in.vectors(), l.in.gradient)
	}
	if l.largest {
		call(f, p.kernels.MaxPoolGradient(l.window()), l.in.value+in, l.out.value+out, l.out.gradient+out, l.in.gradient+in)
	} else {
		call(f, p.kernels.AvgPoolGradient(l.window()), l.out.gradient+out, l.in.gradient+in)
	}
}

// flatten reorders [row][column][channel] to [channel][row][column], where no linear layer can take the other order.
type flatten struct {
	stateless
	link
}

func (l *flatten) axes() []kernel.Axis {
	s := l.in.Shape
	return []kernel.Axis{
		{N: s.C, From: floatSize, To: s.H * s.W * floatSize},
		{N: s.H, From: l.in.row(), To: s.W * floatSize},
		{N: s.W, From: l.in.channels * floatSize, To: floatSize},
	}
}

func (l *flatten) forward(p *plan, f *wasm.Func, _ wasm.Local) {
	call(f, p.kernels.Permute(floatSize, l.axes()...), l.in.value+l.in.at(0, 0), l.out.value+l.out.at(0, 0))
}

func (l *flatten) backward(p *plan, f *wasm.Func, _ wasm.Local) {
	if !l.in.trainable {
		return
	}
	axes := l.axes()
	for i, a := range axes {
		axes[i].From, axes[i].To = a.To, a.From
	}
	call(f, p.kernels.Fill(), l.in.vectors(), l.in.gradient) // padding too: layers that work in place write it
	call(f, p.kernels.Permute(floatSize, axes...), l.out.gradient+l.out.at(0, 0), l.in.gradient+l.in.at(0, 0))
}

// groupNorm lowers group normalisation. It keeps xhat for the gradient, in x's place unless x is still needed.
type groupNorm struct {
	link
	nn.GroupNorm
	gamma, beta *tensor

	xhat, inverse, scratch  int
	packedGamma, packedBeta int
	sumGamma, sumBeta       int // this sample's gradient, where it is not materialised
}

func (g *groupNorm) geometry() kernel.GroupNorm {
	return kernel.GroupNorm{
		Image:  kernel.Image{Height: g.in.H, Width: g.in.W, Vectors: g.in.channels / 4, Row: g.in.row()},
		OutRow: g.out.row(), Channels: g.Channels, Groups: g.Groups, Eps: nn.GroupNormEps,
	}
}

func (g *groupNorm) layout(p *plan) {
	n := g.in.channels
	g.xhat = g.in.value
	if g.in.kept {
		g.xhat = p.alloc(g.in.vectors() * 16)
	}
	g.inverse, g.scratch = p.alloc(n*floatSize), p.alloc(kernel.GroupNormScratch*n*floatSize)
	g.packedGamma, g.packedBeta = p.allocPacked(n), p.allocPacked(n)
	for _, t := range []*tensor{g.gamma, g.beta} {
		t.floats, t.stored = n, true
	}
	g.sumGamma, g.sumBeta = p.alloc(n*floatSize), p.alloc(n*floatSize)
}

func (g *groupNorm) pack(p *plan, f *wasm.Func, params, w wasm.Local) {
	copyAll := p.kernels.Permute(floatSize, kernel.Axis{N: g.Channels, From: floatSize, To: floatSize})
	call(f, copyAll, offset{params, g.gamma.Offset * floatSize}, offset{w, g.packedGamma})
	call(f, copyAll, offset{params, g.beta.Offset * floatSize}, offset{w, g.packedBeta})
}

func (g *groupNorm) forward(p *plan, f *wasm.Func, w wasm.Local) {
	in := g.in.at(0, 0)
	call(f, p.kernels.GroupNormForward(g.geometry()), g.in.value+in, g.xhat+in, g.out.value+g.out.at(0, 0),
		offset{w, g.packedGamma}, offset{w, g.packedBeta}, g.inverse, g.scratch)
}

func (g *groupNorm) backward(p *plan, f *wasm.Func, w wasm.Local) {
	in, dy := g.in.at(0, 0), g.out.gradient+g.out.at(0, 0)
	sums := [2]int{g.sumGamma, g.sumBeta}
	if p.once() {
		sums = [2]int{p.target(g.gamma), p.target(g.beta)}
	}
	call(f, p.kernels.GroupNormSums(g.geometry()), dy, g.xhat+in, sums[0], sums[1])
	for _, sum := range sums {
		p.hush(f, g.in.channels/4, sum)
	}
	for i, t := range []*tensor{g.gamma, g.beta} {
		if p.once() {
			p.addStoredSquares(f, t, false)
		} else {
			call(f, p.kernels.AddScaled(), t.floats/4, sums[i], p.target(t), p.one)
		}
	}
	if g.in.trainable {
		call(f, p.kernels.GroupNormGradient(g.geometry()), dy, g.xhat+in, g.in.gradient+in,
			offset{w, g.packedGamma}, g.inverse, sums[0], sums[1], g.scratch)
	}
}

func (g *groupNorm) unpack(p *plan, f *wasm.Func) {
	p.unpackVector(f, g.gamma)
	p.unpackVector(f, g.beta)
}
