package accountant

import (
	"fmt"
	"math"
)

// TruncatedPoisson is a step on a Poisson sample of which no more than Cap records are used, chosen in any way, when it
// turns out larger, so that memory is bounded. It equals the plain step unless the sample exceeds the cap, so that
//
//	delta(eps) <= deltaPoisson(eps) + (1 + e^eps) Pr[Bin(Records, Rate) > Cap]
//
// a step (Chua et al. 2024, arXiv:2411.04205). A cap some eight standard deviations above the mean costs
// nothing visible. There are at most 2^40 records: the margin for the error of that probability was checked up to there.
type TruncatedPoisson struct {
	Sigma, Rate float64
	Records     int // at least as many as either data set has
	Cap         int
}

const maxTruncated = 1 << 40

// Relation implements [Event].
func (TruncatedPoisson) Relation() Relation { return AddRemove }

func (e TruncatedPoisson) expand(r *run, times int) error {
	if e.Records < 1 || e.Records > maxTruncated || e.Cap < 0 {
		return fmt.Errorf("accountant: a truncated Poisson sample needs 1 to 2^40 records and a cap, got %d and %d", e.Records, e.Cap)
	}
	if err := r.add(Segment{e.Sigma, e.Rate, 1}, times); err != nil {
		return err
	}
	exceeds := binomialTail(e.Records, e.Rate, e.Cap+1) * (1 + 1e-9)
	r.coupling = min(1, r.coupling+float64(times)*exceeds)
	return nil
}

// Overflow is the probability that a step's sample exceeds the cap, not a number where the event is none.
func (e TruncatedPoisson) Overflow() float64 {
	if e.Records < 1 || e.Records > maxTruncated || e.Cap < 0 || !(e.Rate >= 0 && e.Rate <= 1) {
		return math.NaN()
	}
	return binomialTail(e.Records, e.Rate, e.Cap+1)
}
