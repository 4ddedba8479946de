package accountant

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// RenyiFilter guards a lifetime budget that is spent adaptively: over several runs whose noise, rates and lengths may
// depend on what earlier runs released. The composition of privacy loss distributions says nothing about such spending;
// a filter does.
//
// Let L be the privacy loss of everything released so far and S_a the sum of the log moments, at order a, of everything
// that was admitted. A step's moments are fixed before it runs, if only by what was released, so that e^((a-1) L - S_a)
// is a supermartingale that starts at 1. At one fixed order that gives the filter of Feldman and Zrnic 2021
// (arXiv:2008.11193, Section 4): whatever is chosen, as long as S_a stays below a bound. Which order is best hangs on what
// will run, which nobody knows when the budget is set. But any average M = sum_a w_a e^((a-1) L - S_a) with weights fixed
// beforehand is such a supermartingale too (the method of mixtures, as in the odometers of Whitehouse, Ramdas, Rogers and
// Wu 2023, arXiv:2203.05481). Now delta(epsilon) = E (1 - e^(epsilon - L))+ under the likelier hypothesis, and E M <= 1:
// it is at most delta if, where spending stops,
//
//	(1 - e^(epsilon - l))+ <= delta sum_a w_a e^((a-1) l - S_a)   for every l.
//
// That is what [RenyiFilter.Admit] checks before anything is spent. With one order it is the conversion of [EpsilonRDP].
// Half of the weight is on an order that suits one kind of step, the other half on ten that suit others.
//
// Runs may be interleaved, as in several tabs, and each may go by what another releases: a filter on the trade-off curves
// of mechanisms, as this is one, holds for concurrent composition of interactive mechanisms too (Haney et al. 2023,
// arXiv:2309.05901).
type RenyiFilter struct {
	epsilon, delta float64
	orders         []float64 // the favoured one first
	logWeights     []float64
	spent          []float64 // S, at each order
}

// spread are the orders beside the favoured one, minus 1, in units of the order below which a budget of epsilon allows
// nothing, log(1/delta)/epsilon.
var spread = [...]float64{1.2, 1.4, 1.65, 2, 2.4, 3, 4, 5.5, 8, 12}

// NewRenyiFilter makes a filter for a budget that favours the typical segment, repeated until the budget is used up; with
// a zero Segment, full-batch Gaussian noise. Its orders are fixed once and for all, as the proof demands.
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
		return -budgetAt(a, epsilon, delta/2) / logMoment(typical.Sigma, typical.Rate, a)
	})
	if !(lacking < 0) {
		return nil, tooSmall(epsilon, delta)
	}
	return RenyiFilterAt(epsilon, delta, order)
}

func tooSmall(epsilon, delta float64) error {
	return fmt.Errorf("accountant: a budget of epsilon %v at delta %v is too small for a Renyi filter", epsilon, delta)
}

// RenyiFilterAt makes the filter for a budget that favours an order above 1, such as the [RenyiFilter.Order] of one that was
// made before.
func RenyiFilterAt(epsilon, delta, order float64) (*RenyiFilter, error) {
	if err := checkTarget(epsilon, delta); err != nil {
		return nil, err
	}
	if !(order > 1 && order <= 2*maxOrder) {
		return nil, fmt.Errorf("accountant: a filter's order is above 1, at most %d, got %v", 2*maxOrder, order)
	}
	f := &RenyiFilter{epsilon: epsilon, delta: delta, orders: []float64{order}, logWeights: []float64{-math.Ln2}}
	for _, s := range spread {
		f.orders = append(f.orders, 1-s*math.Log(delta)/epsilon)
		f.logWeights = append(f.logWeights, -math.Log(2*float64(len(spread))))
	}
	f.spent = make([]float64, len(f.orders))
	if !f.holds(f.spent, 1) {
		return nil, tooSmall(epsilon, delta)
	}
	return f, nil
}

// budgetAt is the log moment at an order that converts to epsilon: see moments.epsilonAt.
func budgetAt(a, epsilon, delta float64) float64 {
	return (a-1)*(epsilon-math.Log1p(-1/a)) + math.Log(delta) + math.Log(a)
}

// filterRounding covers what float64 can do to the sums here.
const filterRounding = 1e-12

// holds says whether a budget covers `share` times the spent moments: whether sum_a e^(c_a + (a-1) x) - 1 + e^-x, with
// c_a = log(delta w_a) + (a-1) epsilon - share S_a, is positive for every x = l - epsilon > 0. It is convex in x: its
// least value is bracketed by its slope, and bounded from below by a tangent.
func (f *RenyiFilter) holds(spent []float64, share float64) bool {
	at := func(x float64) (value, slope float64) {
		for j, a := range f.orders {
			if math.IsInf(spent[j], 1) {
				continue
			}
			e := math.Exp(math.Log(f.delta) + f.logWeights[j] + (a-1)*(f.epsilon+x) - share*spent[j])
			value, slope = value+e, slope+(a-1)*e
		}
		return value + math.Expm1(-x), slope - math.Exp(-x)
	}
	low, high := 0.0, 1.0
	for {
		_, slope := at(high)
		if slope >= 0 {
			break
		}
		if low, high = high, 2*high; high > 1e3 {
			return false
		}
	}
	for high-low > 1e-13*high {
		middle := low + (high-low)/2
		if !(middle > low && middle < high) {
			break
		}
		if _, slope := at(middle); slope < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	value, slope := at(low)
	return value+min(slope, 0)*(high-low) > filterRounding
}

// with are the moments spent, and those of segments.
func (f *RenyiFilter) with(segments []Segment) ([]float64, error) {
	merged, err := Merge(segments)
	if err != nil {
		return nil, err
	}
	k, sums := segmentMoments(merged), slices.Clone(f.spent)
	for j, a := range f.orders {
		sums[j] += k(a) * (1 + filterRounding)
	}
	return sums, nil
}

// Admits says whether segments may run.
func (f *RenyiFilter) Admits(segments []Segment) (bool, error) {
	sums, err := f.with(segments)
	return err == nil && f.holds(sums, 1), err
}

// ErrBudget says that segments would exceed the budget.
var ErrBudget = errors.New("accountant: the budget does not allow these steps")

// Admit charges segments that are about to run, or answers [ErrBudget] and charges nothing where they would exceed the
// budget.
func (f *RenyiFilter) Admit(segments []Segment) error {
	sums, err := f.with(segments)
	if err == nil && !f.holds(sums, 1) {
		err = ErrBudget
	}
	if err == nil {
		f.spent = sums
	}
	return err
}

// Spend charges segments that ran whatever the budget says, so that nothing may be left.
func (f *RenyiFilter) Spend(segments []Segment) error {
	sums, err := f.with(segments)
	if err == nil {
		f.spent = sums
	}
	return err
}

// Order is the Renyi order that the filter favours.
func (f *RenyiFilter) Order() float64 { return f.orders[0] }

// Used is the share of the budget that is spent: what is spent could be done 1/Used times over. It is rounded up, above
// 1 where more was spent than the budget allows, and infinite where no budget would. Shares of different kinds of steps do
// not add up: whether something fits, [RenyiFilter.Admits] knows.
func (f *RenyiFilter) Used() float64 { return f.used(f.spent) }

// UsedWith is what [RenyiFilter.Used] would be if segments ran too.
func (f *RenyiFilter) UsedWith(segments []Segment) (float64, error) {
	sums, err := f.with(segments)
	if err != nil {
		return math.Inf(1), err
	}
	return f.used(sums), nil
}

func (f *RenyiFilter) used(spent []float64) float64 {
	if !slices.ContainsFunc(spent, func(s float64) bool { return s != 0 }) {
		return 0
	}
	const least, most = 1e-9, 1e9
	if !f.holds(spent, 1/most) {
		return math.Inf(1)
	}
	low, high := math.Log(least), math.Log(most)
	for high-low > 1e-6 {
		if middle := (low + high) / 2; f.holds(spent, math.Exp(-middle)) {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Exp(high)
}

// Left is the share of the budget not yet spent.
func (f *RenyiFilter) Left() float64 { return max(0, 1-f.Used()) }

// StepsLeft is how many steps of one kind the budget still allows.
func (f *RenyiFilter) StepsLeft(sigma, rate float64) (int, error) {
	if err := (Segment{Sigma: sigma, Rate: rate, Steps: 1}).Validate(); err != nil {
		return 0, err
	}
	return f.PrefixLeft(maxSteps, func(steps int) []Segment { return []Segment{{sigma, rate, steps}} })
}

// PrefixLeft is how many of a run's steps the budget still allows, at most all of them. prefix tells the first ones; more
// of them must cost more.
func (f *RenyiFilter) PrefixLeft(steps int, prefix func(steps int) []Segment) (int, error) {
	fits, over := 0, steps+1
	for over-fits > 1 {
		middle := fits + (over-fits)/2
		admits, err := f.Admits(prefix(middle))
		if err != nil {
			return 0, err
		}
		if admits {
			fits = middle
		} else {
			over = middle
		}
	}
	return fits, nil
}

// NoiseLeft is the least factor, rounded up to one part in a thousand, by which to multiply the noise multipliers of
// segments so that the budget allows them. An error says that there is none.
func (f *RenyiFilter) NoiseLeft(segments []Segment) (float64, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkShape(merged)
	}
	if err != nil {
		return 0, err
	}
	fits := func(logFactor float64) bool {
		admits, err := f.Admits(scaled(merged, math.Exp(logFactor)))
		return err == nil && admits
	}
	low, high := math.Log(leastNoise), math.Log(1e6)
	if !fits(high) {
		return 0, ErrBudget
	}
	for high-low > 5e-4 {
		if middle := (low + high) / 2; fits(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Exp(high), nil
}
