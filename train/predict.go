package train

import (
	"errors"
	"fmt"
	"math"

	"cloister/nn"
)

// Predict says what the run's model takes a record for: a probability for each class. The model is released, so that
// nothing is charged for its answers. The record's values are as the dataset's: [channel][row][column], uint8 or float32.
func (s *Session) Predict(record []byte) ([]float64, error) {
	d := s.dataset
	if len(record) != d.RecordBytes() {
		return nil, fmt.Errorf("train: predict: a record of %d bytes, this dataset's have %d", len(record), d.RecordBytes())
	}
	if s.reference == nil {
		r, err := nn.NewReference(s.model)
		if err != nil {
			return nil, err
		}
		s.reference = r
	}
	x := make([]float32, d.RecordSize())
	nn.Normalisation{Mean: d.Mean, Std: d.Std, Float: d.Float()}.Apply(x, record)
	return softmax(s.reference.Forward(s.evaluated(), x))
}

func softmax(logits []float32) ([]float64, error) {
	p := nn.Probabilities(logits)
	if math.IsNaN(p[0]) {
		return nil, errors.New("train: predict: the model's outputs are not finite: training diverged")
	}
	return p, nil
}
