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

// Backend computes on the records that it was made with, under one model and one clip rule. Calls do not overlap,
// and the slices of a result are valid until the next call.
type Backend interface {
	// Step sums the clipped per-sample gradients of the request's records.
	Step(ctx context.Context, r Request) (dp.Sums, error)

	// Norms is the first of two passes: the per-sample gradients' L2 norms, [record][group], of the request's records.
	// Bounds are checked but not used.
	Norms(ctx context.Context, r Request) ([]float32, error)

	// Accumulate is the second pass: the sum of per-sample gradients, each group scaled by its factor. Factors are
	// [record][group]; it is for the caller to keep norm*factor within a bound. Sums.Counts are nil.
	Accumulate(ctx context.Context, r Request, factors []float32) (dp.Sums, error)

	// Evaluate predicts every record of a split. It computes no gradients.
	Evaluate(ctx context.Context, params []float32, split Split) (Evaluation, error)

	// Rounding bounds the part of a record's contribution that clipping cannot see: one record changes the computed sum
	// by at most (1 + Rounding()) times the rule's sensitivity.
	Rounding() float64

	// Close ends workers and frees memory. A closed backend answers every call with an error.
	Close() error
}

// Work is what a backend is made for; it holds for the backend's whole life.
type Work struct {
	Model      *nn.Model
	Rule       clip.Rule
	NonPrivate bool      // gradients are summed as they are, for comparison; rule and bounds are then ignored
	Whiten     bool      // requests carry a whitening, which transforms gradients before the clip; private, with one point
	Points     int       // the most parameter vectors that a request carries; 0 means 1
	Rate       float64   // sampling rate, which decides how far float32 sums run (compile.Width)
	Mean, Std  []float32 // one per channel: of uint8 values in units of value/255
	Float      bool      // records are float32, not uint8
}

// Request is one private computation. A backend does not keep its slices.
type Request struct {
	// Points are parameter vectors; gradients at several points are combined per sample, before the one clip,
	// as sum_k Coefficients[k] * gradient(Points[k]). With one point, Coefficients may be nil and mean {1}.
	Points       [][]float32
	Coefficients []float64

	Records []int32   // indices of training records, strictly ascending; may be empty
	Bounds  []float64 // one per group of the clip rule, in units of the gradient's L2 norm

	// Whitening holds the Kronecker factors that each gradient is multiplied by before the clip, as nn.Factor lays them
	// out: a function of public values. What is summed is the whitened gradient. Only, and always, for work that says Whiten.
	Whitening []float32

	// Thresholds are where counts count, one per group, like Bounds: records whose norm is at most that. nil: Bounds.
	Thresholds []float64
}

// thresholds are the request's, or the bounds.
func (r *Request) thresholds() []float64 {
	if r.Thresholds == nil {
		return r.Bounds
	}
	return r.Thresholds
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

// Records are samples held in memory: Values is [record][channel][row][column], of uint8 or little-endian float32, Labels is
// [record].
type Records struct {
	Values []byte
	Labels []byte

	// Blob, a browser's, holds the values as well, from byte At on; nil where none does. A store may refer to it instead of copying, if
	// it stays readable.
	Blob any
	At   int
}

// Len is the number of records.
func (r Records) Len() int { return len(r.Labels) }

// Normalisation is how values become inputs.
func (w *Work) Normalisation() nn.Normalisation {
	return nn.Normalisation{Mean: w.Mean, Std: w.Std, Float: w.Float}
}

// RecordBytes is the size of one record's values.
func (w *Work) RecordBytes() int { return w.Model.Input.Size() * w.Normalisation().ValueBytes() }

// Check reports the first part of the work that no backend could do.
func (w *Work) Check() error {
	if err := w.Model.Validate(); err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	if err := w.Rule.Validate(); err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	if w.Whiten {
		if _, err := w.Model.Factors(); err != nil {
			return fmt.Errorf("backend: %w", err)
		}
	}
	switch channels := w.Model.Input.C; {
	case w.Whiten && (w.NonPrivate || w.Points > 1):
		return fmt.Errorf("backend: whitening is for private work with one point")
	case len(w.Mean) != channels || len(w.Std) != channels:
		return fmt.Errorf("backend: %d means and %d standard deviations for %d channels", len(w.Mean), len(w.Std), channels)
	case w.Points < 0 || w.Points > 16:
		return fmt.Errorf("backend: %d points, want 1 to 16", w.Points)
	case !(w.Rate > 0 && w.Rate <= 1):
		return fmt.Errorf("backend: sampling rate %v, want a number above 0, at most 1", w.Rate)
	}
	return nil
}

// Groups is the number of bounds that requests carry.
func (w *Work) Groups() int { return w.Rule.Groups(len(w.Model.Tensors())) }

// CheckRequest reports the first part of a request that the work does not allow, given the number of training records.
func (w *Work) CheckRequest(r *Request, records int) error {
	if len(r.Points) == 0 || len(r.Points) > max(1, w.Points) {
		return fmt.Errorf("backend: request with %d points, want 1 to %d", len(r.Points), max(1, w.Points))
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
		if len(p) != w.Model.NumParams() {
			return fmt.Errorf("backend: point %d has %d parameters, the model has %d", k, len(p), w.Model.NumParams())
		}
	}
	if err := checkRecords(r.Records, records); err != nil {
		return err
	}
	if err := w.checkWhitening(r.Whitening); err != nil {
		return err
	}
	if w.NonPrivate {
		return nil
	}
	if err := clip.CheckBounds(r.Bounds, w.Groups()); err != nil {
		return err
	}
	if err := clip.CheckBounds(r.thresholds(), w.Groups()); err != nil {
		return fmt.Errorf("backend: thresholds: %w", err)
	}
	return nil
}

func (w *Work) checkWhitening(u []float32) error {
	if !w.Whiten {
		if u != nil {
			return fmt.Errorf("backend: a whitening for work that does not whiten")
		}
		return nil
	}
	factors, err := w.Model.Factors()
	if err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	if err := nn.CheckWhitening(factors, u); err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	return nil
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
