package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloister/dp"
	"cloister/nn"
)

// Plain computes with package nn's reference, one record at a time: slow, simple, and what the others are held against.
type Plain struct {
	work      Work
	splits    [2]Records
	clipper   *nn.Clipper
	reference *nn.Reference
	input     nn.Normalisation
	closed    bool
}

// NewPlain makes a plain backend over records in memory.
func NewPlain(work Work, train, test Records) (*Plain, error) {
	if err := work.Check(); err != nil {
		return nil, err
	}
	for _, r := range []Records{train, test} {
		if err := r.check(&work); err != nil {
			return nil, err
		}
	}
	clipper, err := nn.NewClipper(work.Model, work.Rule)
	if err != nil {
		return nil, err
	}
	reference, err := nn.NewReference(work.Model)
	if err != nil {
		return nil, err
	}
	return &Plain{
		work: work, splits: [2]Records{Train: train, Test: test}, clipper: clipper, reference: reference,
		input: work.Normalisation(),
	}, nil
}

// Step sums the clipped per-sample gradients.
func (p *Plain) Step(ctx context.Context, r Request) (dp.Sums, error) {
	if p.work.NonPrivate {
		return p.Accumulate(ctx, r, slices.Repeat([]float32{1}, len(r.Records)*p.clipper.Groups()))
	}
	if err := p.check(ctx, &r); err != nil {
		return dp.Sums{}, err
	}
	s, err := p.clipper.Sum(r.Points, r.Coefficients, p.samples(r.Records), r.Bounds, r.Thresholds)
	return dp.Sums{Gradient: s.Gradient, Counts: s.Counts, Loss: s.Loss, Records: len(r.Records)}, err
}

// Norms is the first of two passes.
func (p *Plain) Norms(ctx context.Context, r Request) ([]float32, error) {
	if err := p.check(ctx, &r); err != nil {
		return nil, err
	}
	return p.clipper.Norms(r.Points, r.Coefficients, p.samples(r.Records))
}

// Accumulate is the second pass.
func (p *Plain) Accumulate(ctx context.Context, r Request, factors []float32) (dp.Sums, error) {
	if err := p.check(ctx, &r); err != nil {
		return dp.Sums{}, err
	}
	s, err := p.clipper.Accumulate(r.Points, r.Coefficients, p.samples(r.Records), factors)
	return dp.Sums{Gradient: s.Gradient, Loss: s.Loss, Records: len(r.Records)}, err
}

// Evaluate predicts every record of a split.
func (p *Plain) Evaluate(ctx context.Context, params []float32, split Split) (Evaluation, error) {
	if err := p.open(ctx); err != nil {
		return Evaluation{}, err
	}
	if len(params) != p.work.Model.NumParams() {
		return Evaluation{}, fmt.Errorf("backend: %d parameters, the model has %d", len(params), p.work.Model.NumParams())
	}
	records := p.splits[split]
	e := Evaluation{Predictions: make([]uint8, records.Len())}
	x := make([]float32, p.work.Model.Input.Size())
	for i, label := range records.Labels {
		p.input.Apply(x, records.values(i, p.work.RecordBytes()))
		logits := p.reference.Forward(params, x)
		e.Predictions[i] = uint8(argmax(logits))
		e.Loss += nn.CrossEntropy(logits, int(label)) / float64(records.Len())
	}
	return e, nil
}

// Rounding is what float64 sums can add; the clipper's own margin covers the rest.
func (p *Plain) Rounding() float64 { return nn.SumRounding(p.splits[Train].Len()) }

// Close makes the backend refuse further work.
func (p *Plain) Close() error {
	p.closed = true
	return nil
}

func (p *Plain) open(ctx context.Context) error {
	if p.closed {
		return errors.New("backend: closed")
	}
	return ctx.Err()
}

func (p *Plain) check(ctx context.Context, r *Request) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	if err := p.work.CheckRequest(r, p.splits[Train].Len()); err != nil {
		return err
	}
	return p.clipper.Whiten(r.Whitening)
}

func (p *Plain) samples(indices []int32) nn.Samples {
	records := p.splits[Train]
	return nn.Samples{Count: len(indices), At: func(i int, x []float32) int {
		at := int(indices[i])
		p.input.Apply(x, records.values(at, p.work.RecordBytes()))
		return int(records.Labels[at])
	}}
}

// values are those of record i, of the given size in bytes.
func (r Records) values(i, size int) []byte { return r.Values[i*size : (i+1)*size] }

// check insists on whole records with labels that are classes.
func (r Records) check(w *Work) error {
	if len(r.Values) != r.Len()*w.RecordBytes() {
		return fmt.Errorf("backend: %d bytes of values for %d records of %d", len(r.Values), r.Len(), w.RecordBytes())
	}
	for i, label := range r.Labels {
		if int(label) >= w.Model.Classes() {
			return fmt.Errorf("backend: record %d has label %d of %d classes", i, label, w.Model.Classes())
		}
	}
	return nil
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
