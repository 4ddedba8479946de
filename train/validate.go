package train

import (
	"errors"
	"fmt"
	"math"

	"cloister/data"
	"cloister/nn"
	"cloister/train/protocol"
)

// maxSteps is far beyond what a tab can usefully do.
const maxSteps = 1_000_000

// Validate reports the first setting of a configuration that is out of its limits for a dataset, and what would be right.
func Validate(c *protocol.Config, d *data.Manifest) error {
	n := units(d, data.TrainSplit)
	if err := checkChoice("model", c.Model); err != nil {
		return err
	}
	if _, err := network(c, d); err != nil {
		return fmt.Errorf("train: Model: %w", err)
	}
	if err := checkBatch(c, d); err != nil {
		return err
	}
	for _, number := range []struct {
		field   string
		x, most float64
	}{
		{"epsilon", c.Epsilon, math.Inf(1)}, {"delta", c.Delta, math.Inf(1)}, {"epochs", c.Epochs, math.Inf(1)},
		{"batchSize", float64(c.BatchSize), mostBatch(c, n)}, {"clipNorm", c.ClipNorm, math.Inf(1)},
		{"learningRate", c.LearningRate, math.Inf(1)}, {"momentum", c.Momentum, math.Inf(1)}, {"workers", float64(c.Workers), math.Inf(1)},
		{"accuracyEvery", float64(c.AccuracyEvery), math.Inf(1)},
	} {
		if err := checkNumber(number.field, number.x, number.most); err != nil {
			return err
		}
	}
	if c.Seed != nil {
		if err := checkNumber("seed", float64(*c.Seed), math.Inf(1)); err != nil {
			return err
		}
	}
	if !(c.Delta*float64(n) < 1) {
		return fmt.Errorf("train: Delta (δ) is %v, want less than 1/%d: publishing one whole record would satisfy a larger one", c.Delta, n)
	}
	if err := errors.Join(checkChoice("optimizer", c.Optimizer), checkChoice("schedule", c.Schedule)); err != nil {
		return err
	}
	if steps := c.Epochs * float64(n/c.Batch(n)); !(steps >= 1 && steps <= maxSteps) {
		return fmt.Errorf("train: Epochs is %v, which gives %.4g steps of batch size %d, want 1 to %d steps", c.Epochs, math.Floor(steps), c.Batch(n), maxSteps)
	}
	return nil
}

// mostBatch is the largest batch size of n records. It does not count where every step takes all of them.
func mostBatch(c *protocol.Config, n int) float64 {
	if c.FullBatch {
		return math.Inf(1)
	}
	return float64(n)
}

// network builds the configured model for a dataset's shape.
func network(c *protocol.Config, d *data.Manifest) (*nn.Model, error) {
	return nn.ByName(c.Model, nn.Shape{C: d.Channels, H: d.Height, W: d.Width}, len(d.Classes))
}
