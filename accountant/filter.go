package accountant

import (
	"errors"
	"fmt"
	"math"
)

// RenyiFilter guards a lifetime budget that is spent adaptively: over several runs whose noise, rates and lengths may
// depend on what earlier runs released. The composition of privacy loss distributions says nothing about such spending;
// a filter at one fixed Renyi order does: as long as the divergences of what was run, each fixed before it ran, sum to
// at most its bound, all of it together is (epsilon, delta) private (Feldman and Zrnic 2021, arXiv:2008.11193,
// Section 4).
type RenyiFilter struct {
	delta float64
	order float64
	bound float64 // (order-1) times the divergence that the budget allows
	spent float64
}

// NewRenyiFilter makes a filter for a budget. Its order is fixed once and for all, as the proof demands, at the best for
// the typical segment repeated until the budget is used up; with a zero Segment, for full-batch Gaussian noise.
func NewRenyiFilter(epsilon, delta float64, typical Segment) (*RenyiFilter, error) {
	if err := checkTarget(epsilon, delta); err != nil {
		return nil, err
	}
	if typical == (Segment{}) {
		typical = Segment{Sigma: 1, Rate: 1, Steps: 1}
	}
	if err := typical.Validate(); err != nil {
		return nil, err
	}
	if typical.Sigma == 0 || typical.Rate == 0 {
		return nil, errors.New("accountant: a filter's typical step needs noise and a sampling rate above 0")
	}
	// What the budget leaves at an order, in units of the typical step.
	order, lacking := bestOrder(func(a float64) float64 {
		return -budgetAt(a, epsilon, delta) / logMoment(typical.Sigma, typical.Rate, a)
	})
	f := &RenyiFilter{delta: delta, order: order, bound: budgetAt(order, epsilon, delta)}
	if !(lacking < 0) || !(f.bound > 0) {
		return nil, fmt.Errorf("accountant: a budget of epsilon %v at delta %v is too small for a Renyi filter", epsilon, delta)
	}
	return f, nil
}

// budgetAt is the log moment at an order that converts to epsilon: see moments.epsilonAt.
func budgetAt(a, epsilon, delta float64) float64 {
	return (a-1)*(epsilon-math.Log1p(-1/a)) + math.Log(delta) + math.Log(a)
}

// Admit charges segments that are about to run, or refuses and charges nothing where they would exceed the budget.
func (f *RenyiFilter) Admit(segments []Segment) error {
	merged, err := Merge(segments)
	if err != nil {
		return err
	}
	cost := segmentMoments(merged)(f.order)
	if !(f.spent+cost <= f.bound) {
		return fmt.Errorf("accountant: the budget does not allow these steps: they need %.3g of it and %.3g is left",
			cost/f.bound, max(0, 1-f.spent/f.bound))
	}
	f.spent += cost
	return nil
}

// Order is the Renyi order at which the filter counts.
func (f *RenyiFilter) Order() float64 { return f.order }

// Left is the fraction of the budget not yet spent.
func (f *RenyiFilter) Left() float64 { return max(0, 1-f.spent/f.bound) }

// StepsLeft is how many steps of one kind the budget still allows.
func (f *RenyiFilter) StepsLeft(sigma, rate float64) (int, error) {
	if err := (Segment{Sigma: sigma, Rate: rate, Steps: 1}).Validate(); err != nil {
		return 0, err
	}
	n := math.Floor((f.bound - f.spent) / logMoment(sigma, rate, f.order))
	if !(n < maxSteps) {
		return maxSteps, nil
	}
	return max(int(n), 0), nil
}
