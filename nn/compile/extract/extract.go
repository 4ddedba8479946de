// Package extract emits fixed feature maps: a record's values become a vector by constants that no record of a run has shaped.
// Package features says where the constants come from and holds the reference; the kernels are those of the training step.
//
// A patch dictionary (after Coates and Ng 2011, "The Importance of Encoding Versus Training with Sparse Coding and Vector
// Quantization", and Thiry et al. 2021) is computed strip by strip, so that what is worked on stays in the cache:
//
//	windows of the image → standardised rows → whitened norm → damped rows → responses to all atoms → rectified, summed on a fine grid
//	                                                                                                     ↓ after the last strip
//	                        uint8 ← unit norm ← per-cell norm ← whitened ← root ← Gaussian windows over the fine grid
//
// The four products of matrices (whitening of windows, responses, Gaussian windows, whitening of features) are one kernel.
package extract

import (
	"fmt"

	"cloister/nn"
	"cloister/nn/compile/wasm"
)

// Patches is a patch dictionary: shapes and constants. Windows are taken at every position, R rows and C columns of them; a cell of
// the fine grid holds the positions whose row y has y Fine / R of the cell's row, and columns alike.
type Patches struct {
	Input     nn.Shape // uint8 images
	Side      int      // of a window, in pixels
	Atoms     int      // a multiple of eight
	Fine      int      // responses are summed on Fine x Fine cells,
	Cells     int      // of which weighted sums make this many cells
	Mirror    bool     // sums run over the image and its mirror image
	Contrast  float32  // added to a window's variance, of values 0 to 255
	Floor     float32  // added to a whitened window's mean square
	Threshold float32  // of a response

	Weights []float32 // [Cells][Fine*Fine]
	Whiten  []float32 // [d][d+1], d = Side*Side*C: of a standardised window and a 1; values are in the order [row][column][channel]
	Atom    []float32 // [Atoms][d+1], of the same
	Output  *Output   // nil: the module has no whitening, and exports pool alone
}

// Output turns the roots of pooled responses, Channels() a cell, into features of unit norm.
type Output struct {
	Matrix []float32 // [Channels][Channels]
	Bias   []float32 // [Channels]
	Floor  float32   // added to a cell's mean square
	Step   float32   // of what a byte counts
}

// Channels is the number of features of a cell: what responses exceed the threshold by, and what their opposites do.
func (d *Patches) Channels() int { return 2 * d.Atoms }

// Positions is how many rows and columns of windows an image has.
func (d *Patches) Positions() (rows, columns int) {
	return d.Input.H - d.Side + 1, d.Input.W - d.Side + 1
}

// size is the number of values of a window.
func (d *Patches) size() int { return d.Side * d.Side * d.Input.C }

// MaxAtoms bounds what is allocated for a map.
const (
	MaxAtoms = 2048
	maxFine  = 64
	maxSide  = 16
	maxImage = 1 << 16 // values
)

// Validate reports the first thing that is wrong with a description.
func (d *Patches) Validate() error {
	if d.Input.C < 1 || d.Input.H < 1 || d.Input.W < 1 || d.Input.C > 4 || d.Input.H > maxImage || d.Input.W > maxImage || d.Input.Size() > maxImage {
		return fmt.Errorf("extract: image of %v: want 1 to 4 channels and at most %d values", d.Input, maxImage)
	}
	if d.Side < 2 || d.Side > maxSide || d.Side > d.Input.H || d.Side > d.Input.W {
		return fmt.Errorf("extract: windows of %d pixels in an image of %v", d.Side, d.Input)
	}
	if d.Atoms < 8 || d.Atoms > MaxAtoms || d.Atoms%8 != 0 {
		return fmt.Errorf("extract: %d atoms: want a multiple of 8, at most %d", d.Atoms, MaxAtoms)
	}
	if d.Fine < 1 || d.Fine > maxFine || d.Cells < 1 || d.Cells > d.Fine*d.Fine {
		return fmt.Errorf("extract: %d cells of a grid of %dx%d", d.Cells, d.Fine, d.Fine)
	}
	n, k := d.size(), d.Channels()
	lengths := [][2]int{{len(d.Weights), d.Cells * d.Fine * d.Fine}, {len(d.Whiten), n * (n + 1)}, {len(d.Atom), d.Atoms * (n + 1)}}
	if d.Output != nil {
		lengths = append(lengths, [2]int{len(d.Output.Matrix), k * k}, [2]int{len(d.Output.Bias), k})
		if !(d.Output.Step > 0) {
			return fmt.Errorf("extract: step %g of a byte", d.Output.Step)
		}
	}
	for i, l := range lengths {
		if l[0] != l[1] {
			return fmt.Errorf("extract: constant %d has %d values, want %d", i, l[0], l[1])
		}
	}
	return nil
}

// Options say how a map is compiled.
type Options struct {
	FMA bool // use relaxed_madd; only where WebAssembly.validate accepts compile.FMAProbe
}

// Module is a compiled map. It imports nothing and holds its constants. Its exports take i32 arguments; records and
// out are addresses at or above Data, which the host chooses, having grown the memory:
//
//	pool(records, n, out)     out: float32 [n][Cells][Channels], roots of pooled responses
//	vectors(records, n, out)  out: float32 [n][Cells][Channels], features of unit norm; only with an Output
//	features(records, n, out) out: uint8 of the same shape, 128 + x/Step
//
// records is uint8 [n][channel][row][column].
type Module struct {
	Wasm []byte
	Data int // first free byte of memory, a multiple of 64

	RecordBytes int
	Features    int // of a record
}

// Compile emits a map's code.
func Compile(d *Patches, o Options) (*Module, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	p := newPlan(d, o)
	pool := p.record()
	p.exports(pool)
	p.module.Memory(p.top)
	return &Module{Wasm: p.module.Encode(), Data: p.top, RecordBytes: d.Input.Size(), Features: d.Cells * d.Channels()}, nil
}

// exports emits what the host calls.
func (p *plan) exports(pool *wasm.Func) {
	d := p.d
	size := 4 * d.Cells * d.Channels()
	f := p.module.Export("pool", wasm.I32, wasm.I32, wasm.I32)
	records, n, out := f.Param(0), f.Param(1), f.Param(2)
	f.Repeat(n, func() {
		f.Get(records).Get(out).Call(pool)
		f.Advance(records, d.Input.Size())
		f.Advance(out, size)
	})
	if d.Output != nil {
		p.whitened("vectors", pool, 0)
		p.whitened("features", pool, d.Output.Step)
	}
}

// group is how many records are whitened at once: a panel of the matrix is read once for all their rows.
const group = 4

// whitened emits an export that takes records in groups; the last group's missing records are computed from what is left over.
func (p *plan) whitened(name string, pool *wasm.Func, step float32) {
	d := p.d
	size := 4 * d.Cells * d.Channels()
	bytes := size
	if step > 0 {
		bytes = size / 4
	}
	unit := p.unit(step)
	f := p.module.Export(name, wasm.I32, wasm.I32, wasm.I32)
	records, n, out := f.Param(0), f.Param(1), f.Param(2)
	groups, here, left, at := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.I32)
	f.Get(n).I32(group - 1).I32Add().I32(group).I32DivU().Set(groups)
	f.Repeat(groups, func() {
		// here = min(group, n)
		f.I32(group).Get(n).Get(n).I32(group).I32GtU().Select().Set(here)
		f.Get(here).Set(left).I32(p.pooled).Set(at)
		f.Repeat(left, func() {
			f.Get(records).Get(at).Call(pool)
			f.Advance(records, d.Input.Size())
			f.Advance(at, size)
		})
		p.whiten.emit(p, f, p.pooled, p.white, p.bias)
		f.Get(here).Set(left).I32(p.white).Set(at)
		f.Repeat(left, func() {
			f.Get(at).Get(out).I32(p.scratch).Call(unit)
			f.Advance(at, size)
			f.Advance(out, bytes)
		})
		f.Get(n).Get(here).I32Sub().Set(n)
	})
}
