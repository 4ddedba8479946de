package compile

import (
	"fmt"
	"slices"

	"cloister/nn"
	"cloister/nn/compile/kernel"
	"cloister/nn/compile/wasm"
)

// plan lays out memory first (every buffer and table gets an address), then emits code.
type plan struct {
	options Options
	model   *nn.Model
	module  wasm.Module
	kernels *kernel.Set
	top     int            // first free address
	tables  map[string]int // by content
	grids   []grid

	nodes   []*node
	links   []link
	layers  []layer // of each link
	tensors []*tensor
	Layout

	packed     int // start of the packed weights of all points
	packedSize int // of one point
	stored     int // floats of gradient that a record materialises
	scratch    int // that gradient
	sums       int // float32 sums since the last flush: stored ones first, then the others
	totals     int // the same in float64
	summed     int // floats of all sums

	squares, factors int // per group: float64 sum of squares, float32 factor
	pair             int // two float64 to work with
	one              int // the float32 1
	constants        int // scales and shifts of a vector; 0: they are part of the code
	evaluated        int // floats to work with in place of the logits' gradient
	panel            int // a panel of the weight-gradient kernel
	panelPixels      int // its most rows
	weights          int // per point: float32 coefficient
	depth            int // of float32 additions of squares, at most
}

// layer is what a planned layer contributes to the code. Functions receive w, the address of a point's packed weights.
type layer interface {
	layout(p *plan)
	pack(p *plan, f *wasm.Func, params, w wasm.Local)
	forward(p *plan, f *wasm.Func, w wasm.Local)
	// backward takes the gradient of the layer's parameters, then of its input where that is trainable.
	backward(p *plan, f *wasm.Func, w wasm.Local)
	// unpack writes the layer's part of the float64 totals in PyTorch's order.
	unpack(p *plan, f *wasm.Func)
}

// rank is implemented by layers whose gradient is summed over many records at once instead of record by record.
type rank interface {
	// stash keeps what the current record contributes, scaled by its factors, in a slot.
	stash(p *plan, f *wasm.Func, slot wasm.Local)
	// sum adds the first slots' products to the float32 sums.
	sum(p *plan, f *wasm.Func, slots wasm.Local)
}

// tensor is a parameter tensor's gradient in the kernels' own order.
type tensor struct {
	nn.Tensor
	group  int
	offset int  // floats from the start of its area
	floats int  // with padding, which is zero
	stored bool // a record's gradient is materialised
	apart  bool // its layer keeps its sums
}

func newPlan(m *nn.Model, o Options) (*plan, error) {
	p := &plan{options: o, model: m, tables: map[string]int{}, top: 64}
	p.Points = max(o.Points, 1)
	p.kernels = kernel.NewSet(&p.module, o.FMA)
	kinds, err := kindsOf(m)
	if err != nil {
		return nil, err
	}
	p.nodes, p.links = graph(m, kinds, &o)
	for _, l := range p.links {
		p.layers = append(p.layers, l.kind.lower(p, l))
	}
	if len(p.tensors) == 0 {
		return nil, fmt.Errorf("compile: model %q has no parameters", m.Name)
	}
	p.borders()
	return p, p.layout()
}

func (p *plan) tensor(t nn.Tensor) *tensor {
	made := &tensor{Tensor: t, group: p.options.Rule.Group(len(p.tensors))}
	p.tensors = append(p.tensors, made)
	return made
}

// borders decides how wide a border every node needs, from the last layer to the first: whether a convolution gathers
// its input's gradient depends on what the layers after it leave in its output's border.
func (p *plan) borders() {
	for i := len(p.layers) - 1; i >= 0; i-- {
		switch l := p.layers[i].(type) {
		case *conv:
			l.chooseBorders()
		case *elementwise:
			l.in.border = max(l.in.border, l.out.border)
			l.out.border = l.in.border
			l.in.dirtyHalo = l.in.dirtyHalo || l.out.dirtyHalo
			l.in.flat = l.in.flat || l.out.flat
		}
	}
	for _, l := range p.layers { // a border that grew before an elementwise layer, which needs both alike
		if e, ok := l.(*elementwise); ok {
			e.out.border = e.in.border
		}
	}
}

// layout gives everything an address.
func (p *plan) layout() error {
	m := p.model
	groups := p.options.Rule.Groups(len(p.tensors))
	p.Layout = Layout{NumParams: m.NumParams(), Groups: groups, Points: p.Points, Record: m.Input.Size() * nn.Normalisation{Float: p.options.Float}.ValueBytes()}
	p.Params = p.alloc(4 * p.NumParams * p.Points)
	p.Coefficients = p.alloc(8 * p.Points)
	p.Bounds, p.Thresholds, p.Counts = p.alloc(8*groups), p.alloc(8*groups), p.alloc(8*groups)
	p.Sum, p.Loss = p.alloc(8*p.NumParams), p.alloc(8)
	p.squares, p.factors, p.pair = p.alloc(8*groups), p.alloc(4*groups), p.alloc(16)
	p.one, p.weights = p.alloc(4), p.alloc(4*p.Points)
	p.module.Data(p.one, nn.Bytes([]float32{1}))
	if p.nodes[0].H*p.nodes[0].W == 1 && m.Input.C > 1 {
		p.layoutConstants()
	}
	p.evaluated = p.alloc(p.nodes[len(p.nodes)-1].vectors() * 16)
	for k := range p.Points {
		p.module.Data(p.Coefficients+8*k, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}) // 1
	}
	for _, n := range p.nodes {
		n.value = p.alloc(n.vectors() * 16)
		if n.trainable {
			n.gradient = p.alloc(n.vectors() * 16)
		}
	}
	if err := p.checkMemory(); err != nil { // before the tables, which grow with the nodes
		return err
	}
	for _, l := range p.layers {
		l.layout(p)
	}
	p.layoutSums()
	if err := p.layoutWhitening(); err != nil {
		return err
	}
	p.panel = p.alloc(p.panelPixels * kernel.Panel * floatSize)
	p.packed = p.alloc(p.packedSize * p.Points)
	p.Data = p.top
	p.module.Memory(p.Data)
	return p.checkMemory()
}

// layoutConstants keeps the scale and shift of each value of a vector in memory: the code would grow with them.
func (p *plan) layoutConstants() {
	n := p.model.Input.Size()
	area, padded := n/p.model.Input.C, 4*roundUp(n, 4)
	p.constants = p.alloc(2 * padded)
	for i, constants := range [][]float32{p.options.Scale, p.options.Shift} {
		var all []float32
		for _, c := range constants {
			all = append(all, slices.Repeat([]float32{c}, area)...)
		}
		p.module.Data(p.constants+i*padded, nn.Bytes(all))
	}
}

// maxMemory leaves room for records in the 4 GB that a module can address.
const maxMemory = 1 << 30

func (p *plan) checkMemory() error {
	if p.top > maxMemory {
		return fmt.Errorf("compile: model %q needs %d MB of memory, more than %d", p.model.Name, p.top>>20, maxMemory>>20)
	}
	return nil
}

// layoutSums places the materialised gradients first, so that one pass adds them all.
func (p *plan) layoutSums() {
	for _, stored := range []bool{true, false} {
		for _, t := range p.tensors {
			if t.stored == stored && !t.apart {
				t.offset = p.summed
				p.summed += roundUp(t.floats, 4)
			}
		}
		if stored {
			p.stored = p.summed
		}
	}
	if !p.options.NonPrivate {
		p.scratch = p.alloc(4 * p.stored)
	}
	p.sums, p.totals = p.alloc(4*p.summed), p.alloc(8*p.summed)
}

// target is where a record's gradient of a materialised tensor goes: its own scratch when it is to be clipped, or
// straight into the sums.
func (p *plan) target(t *tensor) int {
	if !p.options.NonPrivate {
		return p.scratch + 4*t.offset
	}
	return p.sums + 4*t.offset
}

// once says that a record's gradient comes from one point only and is stored before it is summed.
func (p *plan) once() bool { return !p.options.NonPrivate && p.Points == 1 }

// mode is how a record's gradient reaches its target.
func (p *plan) mode() kernel.Mode {
	if p.once() {
		return kernel.Store
	}
	return kernel.Add
}

// alloc reserves bytes on a cache line's boundary. Memory starts out zero.
func (p *plan) alloc(size int) int {
	at := p.top
	p.top = roundUp(p.top+size, 64)
	return at
}

// allocPacked reserves floats among a point's packed weights and returns their offset.
func (p *plan) allocPacked(floats int) int {
	at := p.packedSize
	p.packedSize = roundUp(p.packedSize+4*floats, 64)
	return at
}

// offset is an address that a function receives plus a constant.
type offset struct {
	base wasm.Local
	by   int
}

// call emits a kernel's call. Arguments are constants (int), locals, or offsets.
func call(f *wasm.Func, g *wasm.Func, args ...any) {
	for _, a := range args {
		switch a := a.(type) {
		case int:
			f.I32(a)
		case wasm.Local:
			f.Get(a)
		case offset:
			f.Get(a.base).I32(a.by).I32Add()
		default:
			panic(fmt.Sprintf("compile: argument of type %T", a))
		}
	}
	f.Call(g)
}
