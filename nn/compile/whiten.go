package compile

import (
	"fmt"

	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// Whitening: see nn/whitening.go. A gradient that is a product of activations and output gradients is whitened by transforming
// those, so that ghost norms hold as they are; what belongs to a convolution's windows is done to its materialised gradient.
// Clip and sum see the result alone, so the proof in rounding.go is about it as it stands.

// whitening is a layer's part of the step's argument, by address.
type whitening struct {
	nn.Factor
	out, bias int
	in        []int
}

// layoutWhitening reserves the argument and plans each layer's part.
func (p *plan) layoutWhitening() error {
	if !p.options.Whiten {
		return nil
	}
	factors, err := p.model.Factors()
	if err != nil {
		return err
	}
	p.WhiteningLen = nn.WhiteningLen(factors)
	p.Whitening = p.alloc(roundUp(p.WhiteningLen, 4) * floatSize)
	for _, f := range factors {
		args := p.whitening(f)
		switch l := p.layers[p.layerOf(f.Layer)].(type) {
		case *conv:
			if l.whitened, err = p.whitenConv(l, args); err != nil {
				return err
			}
		case *linear:
			l.whitened = p.whitenLinear(l, args)
			l.x, l.g, l.b = l.whitened.x, l.whitened.d, l.whitened.b
		default:
			return fmt.Errorf("compile: no whitening for layer %v", p.model.Layers[f.Layer])
		}
	}
	return nil
}

// layerOf finds what became of a layer with parameters.
func (p *plan) layerOf(index int) int {
	for i, l := range p.links {
		if len(l.tensors) > 0 && l.tensors[0].Layer == index {
			return i
		}
	}
	panic("compile: a layer with factors is not planned")
}

func (p *plan) whitening(f nn.Factor) whitening {
	w := whitening{Factor: f, out: p.Whitening + floatSize*f.Offset}
	at := w.out + floatSize*f.Out*f.Out
	for _, n := range f.In {
		w.in = append(w.in, at)
		at += floatSize * n * n
	}
	w.bias = at
	return w
}

// argument is the address of a part of the step's argument for code that gets that of the parameters; there is one point.
func (p *plan) argument(params wasm.Local, at int) offset { return offset{params, at - p.Params} }

// square is a symmetric matrix [n][n] that rows of k >= n floats are multiplied by, packed for the matrix kernels.
type square struct{ n, k, panels, packed int }

func (p *plan) square(n, k int) square {
	panels := roundUp(k, kernel.Panel) / kernel.Panel
	return square{n, k, panels, p.allocPacked(panels * kernel.Panel * k)}
}

const panelRow = kernel.Panel * floatSize

// pack takes the matrix from an address; row i and column i belong to float i*step of what it multiplies.
func (s square) pack(p *plan, f *wasm.Func, from offset, w wasm.Local, step int) {
	rows := kernel.Axis{N: s.n, From: s.n * floatSize, To: step * panelRow}
	if step == 1 {
		p.packPanels(f, from, offset{w, s.packed}, s.n, floatSize, s.k*panelRow, rows)
		return
	}
	call(f, p.kernels.Permute(floatSize, kernel.Axis{N: s.n, From: floatSize, To: step / kernel.Panel * s.k * panelRow}, rows), from, offset{w, s.packed})
}

// vector multiplies one row.
func (s square) vector(p *plan, f *wasm.Func, from, to int, w wasm.Local) {
	call(f, p.kernels.GEMV(kernel.Store), s.k/4, s.panels, from, offset{w, s.packed}, to)
}

// rows is the product of rows at the given offsets by a square, put at others.
func (p *plan) rows(s square, from, to []int) product {
	m := product{rows: from, to: to, columns: multiples(s.panels, panelRow), runs: []int{0}, run: s.k, mode: kernel.Store}
	m.layout(p)
	return m
}

// columns multiplies the columns of a matrix [n][floats] by a symmetric one [n][n].
type columns struct {
	correlation
	n int
}

func (p *plan) columns(n, floats int) columns {
	c := columns{correlation{runs: []int{0}, run: n, panels: floats / kernel.Panel,
		pixA: p.list(multiples(n, n*floatSize)), pixB: p.list(multiples(n, floats*floatSize))}, n}
	c.layout(p, n)
	return c
}

// multiply writes the product and adds its squares to p.pair.
func (c *columns) multiply(p *plan, f *wasm.Func, matrix any, from, to int) {
	c.emit(p, f, kernel.Store, c.n, matrix, from, to, p.pair)
}
