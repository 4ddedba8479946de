//go:build !js

package backend

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"cloister/dp"
	"cloister/nn/compile"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Native runs the compiled module outside of a browser, under wazero: the bytes that the browser's workers run where
// relaxed SIMD is missing.
type Native struct {
	work     Work
	records  [2]int // in each split
	layout   compile.Layout
	rounding float64
	width    int

	runtime wazero.Runtime
	module  api.Module
	place   compile.Placement // by split
	closed  bool
}

// NewNative compiles the work and copies the records into the module's memory.
func NewNative(work Work, train, test Records) (*Native, error) {
	if err := work.Check(); err != nil {
		return nil, err
	}
	for _, r := range []Records{train, test} {
		if err := r.check(&work); err != nil {
			return nil, err
		}
	}
	scale, shift := work.Normalisation().ScaleShift()
	compiled, err := compile.Compile(work.Model, compile.Options{
		Rule: work.Rule, Scale: scale, Shift: shift, Float: work.Float, NonPrivate: work.NonPrivate, Whiten: work.Whiten, Points: work.Points,
	})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	n := &Native{
		work: work, records: [2]int{Train: train.Len(), Test: test.Len()}, layout: compiled.Layout,
		rounding: compile.Rounding(train.Len()), width: compile.Width(work.Rate), runtime: wazero.NewRuntime(ctx),
	}
	if n.module, err = n.runtime.Instantiate(ctx, compiled.Wasm); err == nil {
		err = n.load(train, test)
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("backend: starting the compiled step: %w", err)
	}
	return n, nil
}

// load grows the memory and places the records in it.
func (n *Native) load(train, test Records) (err error) {
	if n.place, err = n.layout.Place(train.Len(), test.Len()); err != nil {
		return err
	}
	memory := n.module.Memory()
	if missing := n.place.Pages() - int(memory.Size()/compile.PageSize); missing > 0 {
		if _, ok := memory.Grow(uint32(missing)); !ok {
			return fmt.Errorf("no memory for %d MB of records", n.place.End>>20)
		}
	}
	for i, r := range [2]Records{Train: train, Test: test} {
		memory.Write(uint32(n.place.Pixels[i]), r.Values)
		memory.Write(uint32(n.place.Labels[i]), r.Labels)
	}
	return nil
}

// Step sums the clipped per-sample gradients.
func (n *Native) Step(ctx context.Context, r Request) (dp.Sums, error) {
	if err := n.prepare(ctx, &r); err != nil {
		return dp.Sums{}, err
	}
	p := &n.place
	if err := n.call(ctx, "step", p.Pixels[Train], p.Labels[Train], p.Indices, len(r.Records), n.width); err != nil {
		return dp.Sums{}, err
	}
	return n.sums(len(r.Records)), nil
}

// Norms is the first of two passes.
func (n *Native) Norms(ctx context.Context, r Request) ([]float32, error) {
	if err := n.prepare(ctx, &r); err != nil {
		return nil, err
	}
	p := &n.place
	if err := n.call(ctx, "norms", p.Pixels[Train], p.Labels[Train], p.Indices, len(r.Records), p.Out); err != nil {
		return nil, err
	}
	norms := make([]float32, len(r.Records)*n.layout.Groups)
	b := n.read(p.Out, 4*len(norms))
	for i := range norms {
		norms[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return norms, nil
}

// Accumulate is the second pass.
func (n *Native) Accumulate(ctx context.Context, r Request, factors []float32) (dp.Sums, error) {
	if len(factors) != len(r.Records)*n.layout.Groups {
		return dp.Sums{}, fmt.Errorf("backend: %d factors for %d records of %d groups", len(factors), len(r.Records), n.layout.Groups)
	}
	if err := n.prepare(ctx, &r); err != nil {
		return dp.Sums{}, err
	}
	p := &n.place
	n.writeFloats(p.Out, factors)
	err := n.call(ctx, "accumulate", p.Pixels[Train], p.Labels[Train], p.Indices, len(r.Records), n.width, p.Out)
	if err != nil {
		return dp.Sums{}, err
	}
	sums := n.sums(len(r.Records))
	sums.Counts = nil
	return sums, nil
}

// Evaluate predicts every record of a split.
func (n *Native) Evaluate(ctx context.Context, params []float32, split Split) (Evaluation, error) {
	if err := n.open(ctx); err != nil {
		return Evaluation{}, err
	}
	if len(params) != n.layout.NumParams {
		return Evaluation{}, fmt.Errorf("backend: %d parameters, the model has %d", len(params), n.layout.NumParams)
	}
	n.writeFloats(n.layout.Params, params)
	count, p := n.records[split], &n.place
	if err := n.call(ctx, "evaluate", p.Pixels[split], p.Labels[split], 0, count, p.Out); err != nil {
		return Evaluation{}, err
	}
	e := Evaluation{Predictions: append([]uint8(nil), n.read(p.Out, count)...)}
	if count > 0 {
		e.Loss = n.doubles(n.layout.Loss, 1)[0] / float64(count)
	}
	return e, nil
}

// Rounding is the module's.
func (n *Native) Rounding() float64 { return n.rounding }

// Close frees the module and its memory.
func (n *Native) Close() error {
	n.closed = true
	return n.runtime.Close(context.Background())
}

func (n *Native) open(ctx context.Context) error {
	if n.closed {
		return errors.New("backend: closed")
	}
	return ctx.Err()
}

// prepare checks a request and writes it into the module's memory. Points that the module has and the request lacks
// count zero.
func (n *Native) prepare(ctx context.Context, r *Request) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	if err := n.work.CheckRequest(r, n.records[Train]); err != nil {
		return err
	}
	for k := range n.layout.Points {
		coefficient := 0.0
		if k < len(r.Points) {
			n.writeFloats(n.layout.Params+4*k*n.layout.NumParams, r.Points[k])
			coefficient = 1
			if r.Coefficients != nil {
				coefficient = r.Coefficients[k]
			}
		}
		n.module.Memory().WriteFloat64Le(uint32(n.layout.Coefficients+8*k), coefficient)
	}
	if !n.work.NonPrivate {
		for g, c := range r.Bounds {
			n.module.Memory().WriteFloat64Le(uint32(n.layout.Bounds+8*g), c)
			n.module.Memory().WriteFloat64Le(uint32(n.layout.Thresholds+8*g), r.thresholds()[g])
		}
	}
	n.writeFloats(n.layout.Whitening, r.Whitening)
	for i, record := range r.Records {
		n.module.Memory().WriteUint32Le(uint32(n.place.Indices+4*i), uint32(record))
	}
	return nil
}

func (n *Native) call(ctx context.Context, name string, args ...int) error {
	f := n.module.ExportedFunction(name)
	if f == nil {
		return fmt.Errorf("backend: the step was compiled without privacy and has no %s", name)
	}
	wide := make([]uint64, len(args))
	for i, a := range args {
		wide[i] = uint64(uint32(a))
	}
	if _, err := f.Call(ctx, wide...); err != nil {
		return fmt.Errorf("backend: compiled %s: %w", name, err)
	}
	return nil
}

func (n *Native) sums(records int) dp.Sums {
	return dp.Sums{
		Gradient: n.doubles(n.layout.Sum, n.layout.NumParams), Counts: n.doubles(n.layout.Counts, n.layout.Groups),
		Loss: n.doubles(n.layout.Loss, 1)[0], Records: records,
	}
}

func (n *Native) read(at, size int) []byte {
	b, _ := n.module.Memory().Read(uint32(at), uint32(size))
	return b
}

func (n *Native) doubles(at, count int) []float64 {
	b := n.read(at, 8*count)
	v := make([]float64, count)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v
}

func (n *Native) writeFloats(at int, values []float32) {
	memory := n.module.Memory()
	for i, v := range values {
		memory.WriteFloat32Le(uint32(at+4*i), v)
	}
}
