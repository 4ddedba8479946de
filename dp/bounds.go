package dp

import (
	"errors"
	"fmt"
	"math/bits"

	"cloister/accountant"
	"cloister/dp/ledger"
)

// BoundsQuery asks, of one column of private numbers, for two thresholds of a public grid with most of the numbers between them.
//
// Each is found by halving: of a threshold, a noised count says how many units have a value beyond it, and whether these are few decides
// which half is looked at next. A count is the sum over units of (share beyond - 1/2): one unit more or less changes it by at
// most 1/2, so that with Gaussian noise of standard deviation Sigma it is a Gaussian event of noise multiplier 2 Sigma, and all of them,
// whose number is fixed and whose thresholds follow from earlier answers, compose as such (adaptive composition of Gaussian mechanisms:
// Dong, Roth and Su 2022, "Gaussian Differential Privacy", Theorem 3). What was released says nothing but the two thresholds: they are
// computed from the counts.
type BoundsQuery struct {
	Thresholds int     // of the grid: 2^k - 1, of which k halvings find one
	Units      int     // N: records, or persons where these are protected; public
	Sigma      float64 // standard deviation of the noise on each count
	Few        float64 // units beyond a threshold that are few: outliers, which clipping may move
}

// Of the units, how many on either side are called few: a hundredth, or as many as noise alone would show of none but once in a thousand
// counts; beyond a fifth the bounds would say nothing of the column.
const (
	fewShare = 0.01
	fewNoise = 3
	mostFew  = 0.2
)

// NewBoundsQuery chooses the noise that a target allows.
func NewBoundsQuery(thresholds, units int, epsilon, delta float64) (*BoundsQuery, error) {
	q := &BoundsQuery{Thresholds: thresholds, Units: units}
	switch {
	case thresholds < 1 || thresholds&(thresholds+1) != 0 || thresholds > 1<<16:
		return nil, fmt.Errorf("dp: a grid of %d thresholds, want 2^k - 1", thresholds)
	case units < 1 || units > MaxRecords:
		return nil, fmt.Errorf("dp: bounds of %d units, want 1 to %d", units, MaxRecords)
	case !positive(epsilon):
		return nil, fmt.Errorf("dp: epsilon of bounds is %v, want a finite number above 0", epsilon)
	case !(delta > 0 && delta*float64(units) < 1):
		return nil, fmt.Errorf("dp: delta of bounds is %v, want less than 1/%d: publishing one whole record would satisfy a larger one", delta, units)
	}
	alone, err := accountant.CalibrateSigma([]accountant.Segment{{Sigma: 1, Rate: 1, Steps: q.Counts()}}, epsilon, delta)
	if err != nil {
		return nil, fmt.Errorf("dp: noise of bounds: %w", err)
	}
	q.Sigma = alone.Factor / 2
	if q.Few = max(fewShare*float64(units), fewNoise*q.Sigma); !(q.Few <= mostFew*float64(units)) {
		return nil, fmt.Errorf("dp: %d units are too few to find bounds at epsilon %.3g: counts would have noise of standard deviation %.0f. A larger epsilon or more of them would help, or state the bounds", units, epsilon, q.Sigma)
	}
	return q, nil
}

// Counts is how many noised counts the answer takes.
func (q *BoundsQuery) Counts() int { return 2 * bits.Len(uint(q.Thresholds)) }

// Segments are what the ledger is charged.
func (q *BoundsQuery) Segments() []accountant.Segment {
	return []accountant.Segment{{Sigma: 2 * q.Sigma, Rate: 1, Steps: q.Counts()}}
}

// BoundsShare is what one unit counts in the cells of [BoundsQuery.Release] at most.
const BoundsShare = 1 << 20

// Release charges the ledger, durably, and then answers: the places of the lower and of the higher threshold in the grid, low < high.
//
// The cells are private. Cell 2i+1 holds the sum of the shares of the units whose value is threshold i, cell 2i of those between it
// and the one before; one unit adds at most BoundsShare to all cells together. Values that are missing are in none.
func (q *BoundsQuery) Release(l *ledger.Ledger, run ledger.Run, cells []int64) (low, high int, err error) {
	if len(cells) != 2*q.Thresholds+1 {
		return 0, 0, fmt.Errorf("dp: %d cells, want %d", len(cells), 2*q.Thresholds+1)
	}
	sum := int64(0)
	for _, x := range cells {
		if x < 0 || x > BoundsShare*int64(q.Units)-sum {
			return 0, 0, fmt.Errorf("dp: the cells hold more than %d units could", q.Units)
		}
		sum += x
	}
	if l == nil || !positive(q.Sigma) {
		return 0, 0, errors.New("dp: bounds need a ledger and noise")
	}
	run.Events, run.Bands = q.Segments(), 1
	id, err := l.Enter(run)
	if err != nil {
		return 0, 0, err
	}
	if err := l.Charge(id, q.Counts()); err != nil {
		return 0, 0, err
	}
	low, high = q.search(cells, newStream(nil, "bounds"))
	return low, high, nil
}

func (q *BoundsQuery) search(cells []int64, noise *Stream) (low, high int) {
	few := func(beyond []int64) bool { return q.count(beyond, noise) <= q.Few }
	// low is the last threshold that few lie below; high the first that few lie above.
	low = halve(q.Thresholds, func(i int) bool { return few(cells[:2*i+1]) })
	high = halve(q.Thresholds, func(i int) bool { return !few(cells[2*i+2:]) }) + 1
	if low = max(low, 0); low >= q.Thresholds-1 {
		low = q.Thresholds - 2
	}
	high = min(max(high, low+1), q.Thresholds-1) // a column of one value has bounds that differ, too
	return low, high
}

// halve is the last of n places, 2^k - 1, at which something holds that holds up to some place; -1 where it holds nowhere. It asks k times.
func halve(n int, holds func(int) bool) int {
	last, over := -1, n
	for over-last > 1 {
		if middle := (last + over) / 2; holds(middle) {
			last = middle
		} else {
			over = middle
		}
	}
	return last
}

// count is how many units lie in cells, noised.
func (q *BoundsQuery) count(cells []int64, noise *Stream) float64 {
	sum := -BoundsShare / 2 * int64(q.Units)
	for _, x := range cells {
		sum += x
	}
	var unit [1]float64
	fillNormal(noise, unit[:])
	g := gridStep(q.Sigma)
	return onGrid(float64(sum)/(BoundsShare*g), q.Sigma/g*unit[0])*g + float64(q.Units)/2
}
