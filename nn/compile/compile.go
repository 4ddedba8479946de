// Package compile turns a model and a clip rule into one WebAssembly SIMD module that computes the private step:
// per sample forward, loss, backward, gradient norm, clip factor and accumulation.
//
// The module imports nothing and owns its memory, so the same bytes run in a browser's compute worker and, under
// wazero, in `go test`. Package wasm assembles, package kernel emits the inner loops, this package plans: where each
// value lives, which kernel computes it, and how wrong float32 can make a norm or a sum.
//
// # How a module works
//
// Memory holds, from the bottom: parameters, bounds and results ([Layout]); every activation and its gradient, laid out
// [row][column][channel] with channels padded to panels of eight; tables of offsets; a record's materialised gradient; the
// running sums in float32 and in float64; packed weights; and from Layout.Data on whatever the host puts there.
//
// A call packs the parameters into the order that the kernels read, then takes one record at a time, so that everything about
// it stays in the cache: its values are normalised into the first activation, each layer's forward code runs, the loss gives
// the logits' gradient, each layer's backward code runs in reverse. Convolutions are matrix products that read windows in place
// through tables of offsets; their weight gradient is materialised and squared in one pass. Linear layers never materialise
// theirs: its norm is |x| |d|, and what 32 records contribute is added as one product of matrices; one that reads records takes
// as many at once (lead.go). Then the clip rule
// turns each group's norm into a factor, and the scaled gradient joins the float32 sums, which move to float64 often
// enough for a proof (rounding.go). Nothing of size [batch][parameters] ever exists. At the end the sums
// are unpacked into PyTorch's order.
package compile

import (
	"fmt"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/compile/wasm"
)

// Options say which step is compiled. Shapes, rule and normalisation become constants of the module; parameters and
// clip bounds are read from its memory at every call.
type Options struct {
	Rule clip.Rule

	// Scale and Shift normalise an input, one of each per channel: x = v*Scale[c] + Shift[c].
	Scale, Shift []float32

	// Float says that records are float32, little-endian; otherwise they are uint8.
	Float bool

	// NonPrivate sums raw gradients, as training without privacy does, instead of clipping each record's; rule and
	// bounds are then ignored.
	NonPrivate bool

	// Whiten transforms each record's gradient by the step's argument at Layout.Whitening before it is clipped; see
	// nn/whitening.go. It is for private steps with one point. What is summed is the transformed gradient.
	Whiten bool

	// FMA uses relaxed_madd, about 10 % faster; only where WebAssembly.validate accepts [FMAProbe].
	FMA bool

	// Points is the number of parameter vectors whose gradients are combined per sample before the one clip; 0 means 1.
	Points int
}

// Module is a compiled step. It is deterministic: equal models and options give equal bytes.
type Module struct {
	Wasm   []byte
	Layout Layout

	// NormMargin bounds how far a computed norm can fall below the true one, relatively. Clip factors are lowered by
	// it, so that what is added to the sum never exceeds the bound, and [norms] are raised by it.
	NormMargin float64
}

// Layout says where the host finds things in the module's memory: byte addresses, little-endian values.
//
// The module exports memory and these functions; every argument is an i32. pixels, labels, indices, factors and out are
// addresses at or above Data, which [Layout.Place] chooses; the host grows the memory to hold them:
//
//	step(pixels, labels, indices, n, width)                 Sum, Counts and Loss over n records
//	norms(pixels, labels, indices, n, out)                  out: float32 [n][Groups], never below the true norms
//	accumulate(pixels, labels, indices, n, width, factors)  Sum and Loss, each record's groups scaled by float32 [n][Groups]
//	evaluate(pixels, labels, first, n, out)                 out: uint8 [n] predictions of records first to first+n-1; Loss
//
// pixels is [record][channel][row][column], uint8 or float32 at any alignment, labels is uint8 [record], and indices is int32 [n], strictly ascending,
// relative to the first record at pixels. width is the length, in records, of the stretches that are summed
// apart from each other, at least 1; take it from [Width]. More than [MaxRecords] records trap. A label that is no class makes its record count as nothing.
type Layout struct {
	Params       int `json:"params"`       // float32 [Points][NumParams], PyTorch's order
	Coefficients int `json:"coefficients"` // float64 [Points]; the module starts with all 1
	Bounds       int `json:"bounds"`       // float64 [Groups]
	Sum          int `json:"sum"`          // float64 [NumParams], PyTorch's order
	Thresholds   int `json:"thresholds"`   // float64 [Groups], of the counts
	Counts       int `json:"counts"`       // float64 [Groups]: sum over records of b - 1/2, b = 1 where the norm is within the threshold
	Whitening    int `json:"whitening"`    // float32 [WhiteningLen], as nn.Factor lays it out; only with Options.Whiten
	Loss         int `json:"loss"`         // float64: summed cross-entropy, natural logarithm (of the first point)
	Data         int `json:"data"`         // first free byte; a multiple of 64

	NumParams    int `json:"numParams"`
	WhiteningLen int `json:"whiteningLen"`
	Groups       int `json:"groups"`
	Points       int `json:"points"`
	Record       int `json:"record"` // bytes of one record's values
}

// Width is the number of records in a stretch (see [Layout]) when each is sampled with the given rate: about 16 sampled
// records fall into one, so that few stretches overflow and a step can be shared out evenly in whole ones. Where all are
// sampled none overflows, and a stretch holds as many as are added in float32.
func Width(rate float64) int {
	const sampled = 16
	if rate == 1 {
		return block
	}
	if !(rate > sampled/float64(1<<30)) {
		return 1 << 30
	}
	return max(1, int(sampled/rate))
}

func (o *Options) check(m *nn.Model) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	if err := o.Rule.Validate(); err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	if len(o.Scale) != m.Input.C || len(o.Shift) != m.Input.C {
		return fmt.Errorf("compile: %d scales and %d shifts for %d channels", len(o.Scale), len(o.Shift), m.Input.C)
	}
	if o.Points < 0 || o.Points > 16 {
		return fmt.Errorf("compile: %d points, want 1 to 16", o.Points)
	}
	if o.Whiten && (o.NonPrivate || o.Points > 1) {
		return fmt.Errorf("compile: whitening is for a private step with one point")
	}
	if m.Classes() > 256 {
		return fmt.Errorf("compile: %d classes, but labels are bytes", m.Classes())
	}
	return nil
}

// Compile plans and emits the step of a model.
func Compile(m *nn.Model, o Options) (*Module, error) {
	if err := o.check(m); err != nil {
		return nil, err
	}
	p, err := newPlan(m, o)
	if err != nil {
		return nil, err
	}
	return p.finish(), nil
}

// finish emits the code of what is planned.
func (p *plan) finish() *Module {
	p.emit()
	return &Module{Wasm: p.module.Encode(), Layout: p.Layout, NormMargin: p.normMargin()}
}

// FMAProbe is a module that only an engine with relaxed SIMD validates.
var FMAProbe = func() []byte {
	var m wasm.Module
	f := m.Func()
	v := f.Local(wasm.V128)
	f.Get(v).Get(v).Get(v).F32x4RelaxedMadd().Set(v)
	return m.Encode()
}()
