// Package backend computes what a run needs of its private records: clipped sums of per-sample gradients, and
// evaluations. Every implementation gives the same answers, within float32 rounding: plain Go (the reference), the
// compiled module under wazero, and the compiled module in the browser's compute workers.
//
// What a backend returns is private. Only dp.Engine may see sums; it adds the noise that releases them.
package backend

import (
	"context"
	"fmt"
	"math"

	"cloister/clip"
	"cloister/dp"
	"cloister/nn"
)

// Backend computes on the records that it was made with, under one model and one clip rule. Calls do not overlap.
type Backend interface {
	// Step sums the clipped per-sample gradients of the request's records.
	Step(ctx context.Context, r Request) (dp.Sums, error)

	// Norms is the first of two passes: the per-sample gradients' L2 norms, [record][group], of the request's records.
	// Bounds are not used.
	Norms(ctx context.Context, r Request) ([]float32, error)

	// Accumulate is the second pass: the sum of per-sample gradients, each group scaled by its factor. Factors are
	// [record][group]; it is for the caller to keep norm*factor within a bound. Sums.Counts are zero.
	Accumulate(ctx context.Context, r Request, factors []float32) (dp.Sums, error)

	// Evaluate predicts every record of a split. It computes no gradients.
	Evaluate(ctx context.Context, params []float32, split Split) (Evaluation, error)

	// Rounding bounds the part of a record's contribution that clipping cannot see: one record changes the computed sum
	// by at most (1 + Rounding()) times the rule's sensitivity.
	Rounding() float64

	// Close ends workers and frees memory. A closed backend answers every call with an error.
	Close() error
}

// Request is one private computation. A backend does not keep its slices.
type Request struct {
	// Points are parameter vectors; gradients at several points are combined per sample, before the one clip,
	// as sum_k Coefficients[k] * gradient(Points[k]). With one point, Coefficients may be nil and mean {1}.
	Points       [][]float32
	Coefficients []float64

	Records []int32   // indices of training records, strictly ascending; may be empty
	Bounds  []float64 // one per group of the clip rule, in units of the gradient's L2 norm
}

// Split names a part of the dataset.
type Split uint8

const (
	Train Split = iota
	Test
)

// Evaluation is what a model says of a split.
type Evaluation struct {
	Loss        float64 // mean cross-entropy, natural logarithm
	Predictions []uint8 // the class of the largest logit; the first of equals
}

// Records are uint8 samples held in memory: Pixels is [record][channel][row][column], Labels is [record].
type Records struct {
	Pixels []byte
	Labels []byte
}

// Data is what a backend is made with.
type Data struct {
	Train, Test Records
	Mean, Std   []float32 // one per channel, in units of pixel/255
}

// Len is the number of records.
func (r Records) Len() int { return len(r.Labels) }

// Check reports the first part of a request that no backend could compute for a model, a rule and a number of records.
func (r *Request) Check(m *nn.Model, rule clip.Rule, records int) error {
	if len(r.Points) == 0 {
		return fmt.Errorf("backend: request has no parameters")
	}
	if len(r.Coefficients) != len(r.Points) && !(len(r.Points) == 1 && r.Coefficients == nil) {
		return fmt.Errorf("backend: %d coefficients for %d points", len(r.Coefficients), len(r.Points))
	}
	for _, c := range r.Coefficients {
		if math.IsNaN(c) || math.IsInf(c, 0) {
			return fmt.Errorf("backend: coefficient %v is not finite", c)
		}
	}
	for k, p := range r.Points {
		if len(p) != m.NumParams() {
			return fmt.Errorf("backend: point %d has %d parameters, the model has %d", k, len(p), m.NumParams())
		}
	}
	if err := checkRecords(r.Records, records); err != nil {
		return err
	}
	return clip.CheckBounds(r.Bounds, rule.Groups(len(m.Tensors())))
}

// checkRecords insists on a set: a record taken twice would contribute twice the bound.
func checkRecords(sample []int32, records int) error {
	last := int32(-1)
	for _, i := range sample {
		if i <= last || int(i) >= records {
			return fmt.Errorf("backend: record %d after %d: want strictly ascending indices below %d", i, last, records)
		}
		last = i
	}
	return nil
}
