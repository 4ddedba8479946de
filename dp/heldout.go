package dp

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cloister/accountant"
)

// heldOutShare is the most of a run's budget, in 1/z^2 of a single Gaussian release, that chosen counts take.
const heldOutShare = 1.0 / 16

// times is how many counts a run of so many steps has done after its first `after`.
func (h *HeldOutCounts) times(steps, after int) int {
	if h.Records == 0 {
		return 0
	}
	n := 0
	if h.Every > 0 {
		n = after / h.Every
	}
	if after == steps && (h.Every == 0 || steps%h.Every != 0) {
		n++
	}
	return n
}

// HeldOutTimes is how many counts on held-out records the whole plan has.
func (p *Plan) HeldOutTimes() int { return p.spec.HeldOut.times(p.spec.Steps, p.spec.Steps) }

// Noise is the standard deviation that the counts of a run get where none is stated: a quarter of the most that chance in
// who was held out can do to a count (sqrt(Records)/2), more where all counts would cost more than a sixteenth of the budget.
func (h *HeldOutCounts) Noise(steps int, epsilon, delta float64) (float64, error) {
	alone, err := accountant.CalibrateSigma([]accountant.Segment{{Sigma: 1, Rate: 1, Steps: 1}}, epsilon, delta)
	if err != nil {
		return 0, fmt.Errorf("dp: noise of held-out counts: %w", err)
	}
	affordable := alone.Factor * math.Sqrt(float64(h.times(steps, steps))/heldOutShare) / 2
	return max(math.Sqrt(float64(h.Records))/8, affordable), nil
}

func (h *HeldOutCounts) check(steps int) error {
	switch {
	case h.Records < 0 || h.Records > MaxRecords:
		return fmt.Errorf("dp: %d held-out records, want 0 to %d", h.Records, MaxRecords)
	case h.Every < 0 || h.Every > steps:
		return fmt.Errorf("dp: held-out counts every %d steps, want 0 to %d, the steps of the plan", h.Every, steps)
	case !(h.Sigma >= 0) || math.IsInf(h.Sigma, 1):
		return fmt.Errorf("dp: noise %v of held-out counts, want a finite number, or 0 to choose it", h.Sigma)
	}
	return nil
}

// heldOutEvent is what a plan's counts up to a step do to a record.
func (s *Spec) heldOutEvent(after int) accountant.Event {
	return accountant.Repetition{Event: accountant.Gaussian{Sigma: 2 * s.HeldOut.Sigma}, Times: s.HeldOut.times(s.Steps, after)}
}

// Accuracy is a released figure about private held-out records.
type Accuracy struct {
	Share    float64 // right of those held out; noised, and so perhaps outside of [0, 1]
	NoiseStd float64 // standard deviation of its noise
	Records  int     // or persons: the constant that the count was divided by
}

// HeldOutDue says whether the plan counts after the steps that are done, and this has not been released. What a break left
// unreleased stays so: after one nobody knows who may have seen it.
func (e *Engine) HeldOutDue() bool {
	h, steps := &e.plan.spec.HeldOut, e.plan.spec.Steps
	return e.step > e.counted && !e.pending && e.step > 0 && h.times(steps, e.step) > h.times(steps, e.step-1)
}

// HeldOut releases a count that is due. right tells, for each held-out record (or person), the share of it that the model gets right,
// 0 to 1; it is private. The ledger charged the count with the step before it, whose reservation is durable. When right fails, nothing is released.
func (e *Engine) HeldOut(ctx context.Context, right func(context.Context) ([]float64, error)) (*Accuracy, error) {
	if !e.HeldOutDue() {
		return nil, errors.New("dp: no held-out count is due")
	}
	h := &e.plan.spec.HeldOut
	shares, err := right(ctx)
	if err != nil {
		return nil, err
	}
	if len(shares) != h.Records {
		return nil, fmt.Errorf("dp: %d held-out records were tried, the plan counts %d", len(shares), h.Records)
	}
	sum, err := exactSum(shares)
	if err != nil {
		return nil, err
	}
	a := &Accuracy{Records: h.Records}
	if !e.plan.spec.NonPrivate {
		var unit [1]float64
		fillNormal(e.noise, unit[:])
		g := gridStep(h.Sigma)
		sum = onGrid(sum/g, h.Sigma/g*unit[0]) * g
		a.NoiseStd = h.Sigma / float64(h.Records)
	}
	a.Share = sum/float64(h.Records) + 0.5
	e.counted = e.step
	return a, nil
}

// shareBits is the precision at which a share counts: a sum of integers is the same in any order, so that one unit more changes
// it by its own share and by nothing else.
const shareBits = 20

// exactSum is the sum of (share - 1/2).
func exactSum(shares []float64) (float64, error) {
	const one = 1 << shareBits
	sum := int64(0)
	for i, x := range shares {
		if !(x >= 0 && x <= 1) {
			return 0, fmt.Errorf("dp: held-out record %d is right to %v", i, x)
		}
		sum += int64(x*one) - one/2
	}
	return float64(sum) / one, nil
}
