package accountant

import (
	"fmt"
	"math"
	"slices"
)

// Odometer tells, after every step of a planned run, an epsilon that the run so far has not exceeded. Each step is
// accounted by Renyi divergence at a few dozen orders; at intervals, ever longer as the run goes on, the tight
// accountant looks ahead: what it says of a later step holds for the steps before it. After the last step the figure is
// that of [Epsilon]. It never falls as the run goes on. It is not safe for concurrent use.
type Odometer struct {
	delta    float64
	schedule []Segment
	first    []int // steps before each segment, and in all
	orders   []float64
	moments  [][]float64 // moments before each segment, by order, as far as needed yet
	planned  Bounds
	marks    []int     // steps at which the tight accountant looks
	tight    []float64 // what it said, as far as needed yet
}

// ordersUpTo are the Renyi orders followed. Larger ones than a few times the best for the whole run would serve its
// first steps alone, and are the most costly.
func ordersUpTo(best float64) (orders []float64) {
	for t := math.Log(0.05); t < math.Log(max(4*best, 64)); t += 0.3 {
		orders = append(orders, 1+math.Exp(t))
	}
	return orders
}

// NewOdometer prepares for a schedule, whose segments are taken in the order given, and analyses it as a whole.
func NewOdometer(schedule []Segment, delta float64) (*Odometer, error) {
	planned, err := Epsilon(schedule, delta)
	if err != nil {
		return nil, err
	}
	o := &Odometer{delta: delta, schedule: slices.Clone(schedule), planned: planned, first: []int{0}, orders: ordersUpTo(planned.Order)}
	for i, s := range schedule {
		o.first = append(o.first, o.first[i]+s.Steps)
	}
	o.moments = [][]float64{make([]float64, len(o.orders))}
	looks := o.affordableLooks()
	for j := 1; j <= looks; j++ {
		o.marks = append(o.marks, o.Steps()*j*j/(looks*looks))
	}
	return o, nil
}

// affordableLooks keeps the tight accountant below a tenth of a millisecond a step, on average: while it looks, it competes
// with the workers of a step for processors.
func (o *Odometer) affordableLooks() int {
	merged, _ := Merge(o.schedule)
	const milliseconds = 20 // of one look, and for every ten kinds of step another
	cost := milliseconds * (1 + float64(min(len(merged), maxKinds))/10)
	return int(min(max(float64(o.Steps())*0.1/cost, 1), 24))
}

// Steps is the length of the planned run.
func (o *Odometer) Steps() int { return o.first[len(o.schedule)] }

// Planned is the answer for the whole run.
func (o *Odometer) Planned() Bounds { return o.planned }

// After is an upper bound on epsilon spent by the first k steps.
func (o *Odometer) After(k int) (float64, error) {
	if k < 0 || k > o.Steps() {
		return 0, fmt.Errorf("accountant: odometer asked about step %d of %d", k, o.Steps())
	}
	if k == 0 {
		return 0, nil
	}
	if k == o.Steps() {
		return o.planned.Upper, nil
	}
	return min(o.fast(k), o.ahead(k), o.planned.Upper), nil
}

// fast is the Renyi bound.
func (o *Odometer) fast(k int) float64 {
	i, found := slices.BinarySearch(o.first, k)
	if !found {
		i--
	}
	for len(o.moments) <= i {
		n := len(o.moments) - 1
		o.moments = append(o.moments, o.advance(o.moments[n], o.schedule[n]))
	}
	spent := o.moments[i]
	if k > o.first[i] {
		if len(o.moments) == i+1 {
			o.moments = append(o.moments, o.advance(spent, o.schedule[i]))
		}
		// Within a segment the moments grow in proportion to the steps.
		next, share := o.moments[i+1], float64(k-o.first[i])/float64(o.schedule[i].Steps)
		partly := make([]float64, len(spent))
		for j := range spent {
			partly[j] = spent[j] + share*(next[j]-spent[j])
		}
		spent = partly
	}
	best := math.Inf(1)
	for j, order := range o.orders {
		if math.IsNaN(spent[j]) {
			continue
		}
		known := moments(func(float64) float64 { return spent[j] })
		best = min(best, known.epsilonAt(order, o.delta))
	}
	return max(best, 0)
}

// advance adds a segment's moments.
func (o *Odometer) advance(spent []float64, s Segment) []float64 {
	next := slices.Clone(spent)
	for j, order := range o.orders {
		if s.Steps > 0 {
			next[j] += float64(s.Steps) * logMoment(s.Sigma, s.Rate, order)
		}
	}
	return next
}

// ahead is the tight bound of the next mark, computed when the run first passes the mark before it.
func (o *Odometer) ahead(k int) float64 {
	i, _ := slices.BinarySearch(o.marks, k)
	for len(o.tight) <= i {
		n := len(o.tight)
		bound := o.planned.Upper
		if n < len(o.marks)-1 {
			bound = min(bound, upperEpsilon(o.prefix(o.marks[n]), o.delta))
		}
		if n > 0 {
			bound = max(bound, o.tight[n-1]) // the grid may differ by a hair
		}
		o.tight = append(o.tight, bound)
	}
	return o.tight[i]
}

// prefix is the schedule of the first k steps.
func (o *Odometer) prefix(k int) []Segment {
	var out []Segment
	for i, s := range o.schedule {
		if o.first[i] >= k {
			break
		}
		s.Steps = min(s.Steps, k-o.first[i])
		out = append(out, s)
	}
	return out
}
