package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cloister/data"
	"cloister/nn"
	"cloister/train/protocol"
)

// Limits on a configuration; each is far beyond what a tab can usefully do.
const (
	maxSteps   = 1_000_000
	maxWorkers = 64
	maxEpsilon = 1000
	maxSeed    = 1<<53 - 1 // the largest integer that a page can name exactly
)

// Validate reports the first field of a configuration that is out of its range for a dataset, and what would be right.
func Validate(c *protocol.Config, d *data.Manifest) error {
	if _, err := network(c, d); err != nil {
		return fmt.Errorf("train: Model: %w", err)
	}
	n := d.TrainRecords
	for _, check := range []struct {
		ok          bool
		field, want string
		got         any
	}{
		{c.Epsilon > 0 && c.Epsilon <= maxEpsilon, "Epsilon", fmt.Sprintf("a number above 0 and at most %d; 3 is a common choice", maxEpsilon), c.Epsilon},
		{c.Delta > 0 && c.Delta < 1, "Delta", "a number between 0 and 1; 1e-5 is a common choice", c.Delta},
		{c.Delta*float64(n) < 1, "Delta", fmt.Sprintf("less than 1/%d: publishing one whole record would satisfy a larger one", n), c.Delta},
		{c.BatchSize >= 1 && c.BatchSize <= n, "BatchSize", fmt.Sprintf("1 to %d, the number of training records", n), c.BatchSize},
		{within(c.ClipNorm, 1e-6, 1e6), "ClipNorm", "a number from 1e-6 to 1e6; 1 is a common choice", c.ClipNorm},
		{within(c.LearningRate, 1e-9, 1e3), "LearningRate", "a number from 1e-9 to 1000", c.LearningRate},
		{c.Momentum >= 0 && c.Momentum < 1, "Momentum", "0 or more and below 1; 0.9 is a common choice", c.Momentum},
		{c.Workers >= 0 && c.Workers <= maxWorkers, "Workers", fmt.Sprintf("0 (one per processor) to %d", maxWorkers), c.Workers},
		{slices.Contains(nn.OptimiserNames(), c.Optimizer), "Optimizer", oneOf(nn.OptimiserNames()), c.Optimizer},
		{slices.Contains(nn.ScheduleNames(), c.Schedule), "Schedule", oneOf(nn.ScheduleNames()), c.Schedule},
		{c.Seed == nil || *c.Seed <= maxSeed, "Seed", fmt.Sprintf("at most %d", uint64(maxSeed)), seedForError(c)},
	} {
		if !check.ok {
			return fmt.Errorf("train: %s is %v, want %s", check.field, check.got, check.want)
		}
	}
	if steps := c.Epochs * float64(n/c.BatchSize); !(steps >= 1 && steps <= maxSteps) {
		return fmt.Errorf("train: Epochs is %v, which gives %.4g steps of batch size %d, want 1 to %d steps", c.Epochs, math.Floor(steps), c.BatchSize, maxSteps)
	}
	return nil
}

// network builds the configured model for a dataset's shape.
func network(c *protocol.Config, d *data.Manifest) (*nn.Model, error) {
	return nn.ByName(c.Model, nn.Shape{C: d.Channels, H: d.Height, W: d.Width}, len(d.Classes))
}

func seedForError(c *protocol.Config) any {
	if c.Seed == nil {
		return nil
	}
	return *c.Seed
}

func within(x, low, high float64) bool { return x >= low && x <= high }

func oneOf(names []string) string { return "one of " + strings.Join(names, ", ") }
