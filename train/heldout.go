package train

import (
	"context"
	"fmt"
	"math"

	"cloister/data"
	"cloister/dp"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// mostNoise is the standard deviation of the noise on an accuracy beyond which it tells too little to be paid for.
const mostNoise = 0.1

// protect adds to a mechanism's plan whom it protects and which counts on private held-out records it releases. Where there are none,
// noAccuracy says why.
func (p *Proposal) protect(spec *dp.Spec) error {
	m, c := &p.dataset.Manifest, &p.config
	if m.Unit == data.UnitPerson {
		spec.Unit = dp.UnitPerson
	}
	held := units(m, data.TestSplit)
	switch {
	case m.TestPublic && held > 0:
		return nil
	case held == 0:
		p.noAccuracy = "no records were held out to try the model on"
		return nil
	case c.AccuracyEvery < 0:
		p.noAccuracy = "the settings ask for none: the records held out are private, and counting on them would cost some of the budget"
		return nil
	}
	h := dp.HeldOutCounts{Records: held, Every: min(c.AccuracyEvery, spec.Steps) * p.perEpoch}
	if h.Every > spec.Steps {
		h.Every = 0
	}
	if !c.NonPrivate {
		sigma, err := h.Noise(spec.Steps, spec.Epsilon, spec.Delta)
		if err != nil {
			return err
		}
		if noise := sigma / float64(held); noise > mostNoise {
			p.noAccuracy = fmt.Sprintf("%d held-out %ss are too few at this budget: the noise that protects them would blur the accuracy by %.0f points. More of them, a larger epsilon, or counting at the end alone would help",
				held, m.Unit, 100*noise)
			return nil
		}
	}
	spec.HeldOut = h
	return nil
}

// count releases the noised accuracy that the plan has after the steps done; nil where it has none.
func (s *Session) count(ctx context.Context) (*protocol.EpochEvent, error) {
	if !s.engine.HeldOutDue() {
		return nil, nil
	}
	a, err := s.engine.HeldOut(ctx, func(ctx context.Context) ([]float64, error) {
		return s.dataset.right(ctx, s.backend, s.evaluated())
	})
	if err != nil {
		return nil, fmt.Errorf("train: evaluation: %w", err)
	}
	share := max(0, min(a.Share, 1))
	return &protocol.EpochEvent{
		Accuracy: share, StdError: math.Hypot(a.NoiseStd, samplingError(share, a.Records)), Noised: true, Loss: math.NaN(),
	}, nil
}

// samplingError is the standard error of a share of n, for which records these happened to be.
func samplingError(share float64, n int) float64 { return math.Sqrt(share * (1 - share) / float64(n)) }

// evaluator is the part of a backend that tries a model.
type evaluator interface {
	Evaluate(ctx context.Context, params []float32, split backend.Split) (backend.Evaluation, error)
}

// right tells of each held-out record whether the model gets it right, or of each person how many of theirs. It is private, and for
// the engine alone.
func (d *Dataset) right(ctx context.Context, b evaluator, params []float32) ([]float64, error) {
	e, err := b.Evaluate(ctx, params, backend.Test)
	if err != nil {
		return nil, err
	}
	if len(e.Predictions) != len(d.TestLabels) {
		return nil, fmt.Errorf("%d predictions for %d test records", len(e.Predictions), len(d.TestLabels))
	}
	right := make([]float64, len(d.TestLabels))
	for i, label := range d.TestLabels {
		if e.Predictions[i] == label {
			right[i] = 1
		}
	}
	if d.Unit != data.UnitPerson {
		return right, nil
	}
	shares, records := make([]float64, d.TestPersons), make([]float64, d.TestPersons)
	for i, person := range d.owners.splits[splitOf(data.TestSplit)] {
		shares[person] += right[i]
		records[person]++
	}
	for p := range shares {
		shares[p] /= records[p] // everybody has one: see OpenDataset
	}
	return shares, nil
}
