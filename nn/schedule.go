package nn

import (
	"fmt"
	"math"
)

// Schedule is the learning rate's course over a run.
type Schedule struct {
	Name          string // "constant", "cosine" or "step"
	Rate          float64
	Steps         int // of the whole run
	StepsPerEpoch int
}

// ScheduleNames lists the schedules.
func ScheduleNames() []string { return []string{"constant", "cosine", "step"} }

// Validate reports an unknown name or a rate that is not positive.
func (s Schedule) Validate() error {
	switch s.Name {
	case "constant", "cosine", "step":
	default:
		return fmt.Errorf("nn: unknown learning-rate schedule %q, want one of %v", s.Name, ScheduleNames())
	}
	if !(s.Rate > 0 && s.Rate <= math.MaxFloat32) || s.Steps < 1 || s.StepsPerEpoch < 1 {
		return fmt.Errorf("nn: learning rate %v over %d steps of %d an epoch: all must be above 0", s.Rate, s.Steps, s.StepsPerEpoch)
	}
	return nil
}

// At is the learning rate of a step, counted from 0. Cosine is annealed per epoch, Rate (1 + cos(pi e/E))/2 in epoch e of
// E (Loshchilov and Hutter 2017, Equation 5, without restarts); step falls to a tenth at half and again at three quarters of the run.
func (s Schedule) At(step int) float64 {
	switch s.Name {
	case "cosine":
		epochs := (s.Steps + s.StepsPerEpoch - 1) / s.StepsPerEpoch
		return s.Rate * (1 + math.Cos(math.Pi*float64(step/s.StepsPerEpoch)/float64(epochs))) / 2
	case "step":
		switch {
		case 4*step >= 3*s.Steps:
			return s.Rate / 100
		case 2*step >= s.Steps:
			return s.Rate / 10
		}
	}
	return s.Rate
}
