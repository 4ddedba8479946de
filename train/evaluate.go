package train

import (
	"context"
	"fmt"
	"math"

	"cloister/train/backend"
	"cloister/train/protocol"
)

// Evaluate tries the run's model on the public test split, see [Dataset.Evaluate], or releases a noised accuracy on private held-out
// records where the plan has one now.
func (s *Session) Evaluate(ctx context.Context) (*protocol.EpochEvent, error) {
	event, err := s.dataset.Evaluate(ctx, s.backend, s.evaluated())
	if event == nil && err == nil {
		event, err = s.count(ctx)
	}
	if event == nil || err != nil {
		return nil, err
	}
	if !event.Noised && math.IsNaN(event.Loss) || math.IsInf(event.Loss, 0) {
		s.env.Notice("The model's outputs are no longer finite: training diverged. A lower learning rate may help.")
	}
	event.Epoch = float64(s.engine.Step()) / float64(s.perEpoch)
	event.Step, event.Epsilon = s.engine.Step(), s.last.Epsilon
	s.remember(event)
	return event, nil
}

// evaluated are the parameters of the model that is tried and kept: averaged, where the mechanism averages.
func (s *Session) evaluated() []float32 {
	if s.average == nil {
		return s.params
	}
	s.averaged = append(s.averaged[:0], s.params...)
	s.average.Average(s.averaged)
	return s.averaged
}

// Evaluate tries a model on the public test split; epoch, step and epsilon are left to the caller. Without a public
// split it returns nil: figures computed on private records are not shown without noise.
func (d *Dataset) Evaluate(ctx context.Context, b backend.Backend, params []float32) (*protocol.EpochEvent, error) {
	if !d.TestPublic || d.TestRecords == 0 {
		return nil, nil
	}
	e, err := b.Evaluate(ctx, params, backend.Test)
	if err != nil {
		return nil, fmt.Errorf("train: evaluation: %w", err)
	}
	if len(e.Predictions) != len(d.TestLabels) {
		return nil, fmt.Errorf("train: evaluation: %d predictions for %d test records", len(e.Predictions), len(d.TestLabels))
	}
	event := &protocol.EpochEvent{Loss: e.Loss, Confusion: confusion(d.TestLabels, e.Predictions, len(d.Classes))}
	right := 0
	for class, row := range event.Confusion {
		right += row[class]
	}
	event.Accuracy = float64(right) / float64(len(d.TestLabels))
	event.StdError = samplingError(event.Accuracy, len(d.TestLabels))
	for _, class := range e.Predictions[:len(d.Samples)] {
		event.Predictions = append(event.Predictions, int(class))
	}
	return event, nil
}

// confusion counts [true class][predicted class].
func confusion(labels, predictions []byte, classes int) [][]int {
	counts := make([][]int, classes)
	for class := range counts {
		counts[class] = make([]int, classes)
	}
	for i, label := range labels {
		counts[label][predictions[i]]++
	}
	return counts
}
