package train

import (
	"context"
	"fmt"
	"math"

	"cloister/train/backend"
)

// Evaluate tries the model on the public test split. Without one it returns nil: figures computed on private records
// are not shown without noise.
func (s *Session) Evaluate(ctx context.Context) (*EpochEvent, error) {
	d := s.env.Dataset
	if !d.TestPublic || d.TestRecords == 0 {
		return nil, nil
	}
	params := s.params
	if s.average != nil {
		s.averaged = append(s.averaged[:0], s.params...)
		s.average.Average(s.averaged)
		params = s.averaged
	}
	e, err := s.backend.Evaluate(ctx, params, backend.Test)
	if err != nil {
		return nil, fmt.Errorf("train: evaluation: %w", err)
	}
	if len(e.Predictions) != len(d.TestLabels) {
		return nil, fmt.Errorf("train: evaluation: %d predictions for %d test records", len(e.Predictions), len(d.TestLabels))
	}
	if math.IsNaN(e.Loss) || math.IsInf(e.Loss, 0) {
		s.env.Notice("The model's outputs are no longer finite: training diverged. A lower learning rate may help.")
	}
	event := &EpochEvent{Epoch: s.engine.Step() / s.perEpoch, Step: s.engine.Step(), Loss: e.Loss, Epsilon: s.last.Epsilon}
	event.Confusion = confusion(d.TestLabels, e.Predictions, len(d.Classes))
	right := 0
	for class, row := range event.Confusion {
		right += row[class]
	}
	event.Accuracy = float64(right) / float64(len(d.TestLabels))
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
