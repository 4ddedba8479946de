package accountant

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Segment is a stretch of identical steps of the Poisson-subsampled Gaussian mechanism.
type Segment struct {
	Sigma float64 `json:"sigma" msg:"sigma"` // noise multiplier: noise standard deviation / L2 sensitivity of the sum; 0 means no noise
	Rate  float64 `json:"rate" msg:"rate"`   // probability that a record takes part in a step; 1 means full batch
	Steps int     `json:"steps" msg:"steps"` // number of steps, 0 or more
}

// maxSteps bounds the steps of one segment and of a whole run: sums of step counts stay exact in float64.
const maxSteps = 1 << 50

// maxSegments bounds a schedule; ten million steps, each of its own kind.
const maxSegments = 10_000_000

// Validate says what is wrong with a segment: a noise multiplier that is negative or not finite, a rate outside [0, 1],
// a negative or absurd number of steps.
func (s Segment) Validate() error {
	switch {
	case !(s.Sigma >= 0) || math.IsInf(s.Sigma, 1):
		return fmt.Errorf("accountant: noise multiplier must be finite and at least 0, got %v", s.Sigma)
	case !(s.Rate >= 0 && s.Rate <= 1):
		return fmt.Errorf("accountant: sampling rate must lie in [0, 1], got %v", s.Rate)
	case s.Steps < 0 || s.Steps > maxSteps:
		return fmt.Errorf("accountant: steps must lie in [0, 2^50], got %d", s.Steps)
	}
	return nil
}

// TotalSteps is the number of steps of a schedule.
func TotalSteps(segments []Segment) int {
	n := 0
	for _, s := range segments {
		n += s.Steps
	}
	return n
}

// Together is the arithmetic of a ledger: the schedule equivalent to several runs on the same records, one after the
// other. It is sound when no run's schedule was chosen after looking at an earlier run's output; a budget spent
// adaptively needs a [RenyiFilter].
func Together(runs ...[]Segment) ([]Segment, error) {
	return Merge(slices.Concat(runs...))
}

// Merge validates a schedule and brings it into a canonical form with the same privacy loss, so that the answer depends
// neither on the order nor on the grouping of steps: steps that cost nothing go, equal steps are counted together, and
// all full-batch Gaussian steps become one of noise multiplier (sum T/sigma^2)^(-1/2).
func Merge(segments []Segment) ([]Segment, error) {
	if len(segments) > maxSegments {
		return nil, fmt.Errorf("accountant: %d segments, at most %d", len(segments), maxSegments)
	}
	total := 0
	sorted := make([]Segment, 0, len(segments))
	for i, s := range segments {
		if err := s.Validate(); err != nil {
			return nil, fmt.Errorf("%w (segment %d)", err, i+1)
		}
		if total += s.Steps; total > maxSteps {
			return nil, fmt.Errorf("accountant: more than 2^50 steps by segment %d", i+1)
		}
		if s.Steps > 0 && s.Rate > 0 {
			sorted = append(sorted, s)
		}
	}
	slices.SortFunc(sorted, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Sigma, b.Sigma))
	})
	merged := sorted[:0]
	for _, s := range sorted {
		if n := len(merged); n > 0 && merged[n-1].Rate == s.Rate && merged[n-1].Sigma == s.Sigma {
			merged[n-1].Steps += s.Steps
			continue
		}
		merged = append(merged, s)
	}
	return joinGaussians(merged), nil
}

// joinGaussians replaces the full-batch segments, which sort last, by one step.
func joinGaussians(sorted []Segment) []Segment {
	first := slices.IndexFunc(sorted, func(s Segment) bool { return s.Rate == 1 })
	if first < 0 {
		return sorted
	}
	norm := 0.0 // hypot keeps the sum of squares from overflowing
	for _, s := range sorted[first:] {
		norm = math.Hypot(norm, math.Sqrt(float64(s.Steps))/s.Sigma)
	}
	return append(sorted[:first], Segment{Sigma: 1 / norm, Rate: 1, Steps: 1})
}
