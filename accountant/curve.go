package accountant

import (
	"errors"
	"math"
	"slices"
)

// Point is an attacker's choice of threshold when deciding whether a record was in the data.
type Point struct {
	FPR float64 `json:"fpr"` // probability of accusing a record that was not there
	TPR float64 `json:"tpr"` // probability of finding one that was
}

// Curve is what no attacker can exceed who sees everything a run releases and tells "in" from "out" for one record,
// whichever of the two counts as positive: a concave polygon, FPR increasing from 0 to 1, symmetric about the falling
// diagonal. It is one minus the trade-off function of f-differential privacy (Dong, Roth and Su 2019, arXiv:1905.02383,
// Proposition 2.12): being (epsilon, delta) private keeps it below the line TPR = e^epsilon FPR + delta, for every
// epsilon, and it is drawn by many such lines.
type Curve struct {
	Points []Point `json:"points"`
}

// curveLines is how many values of epsilon draw a curve.
const curveLines = 250

// TradeOff computes the curve of a schedule. It errs on the safe side, by about 1e-3 of TPR or less.
func TradeOff(segments []Segment) (Curve, error) {
	merged, err := Merge(segments)
	if err != nil {
		return Curve{}, err
	}
	if len(merged) == 0 {
		return Curve{[]Point{{0, 0}, {1, 1}}}, nil
	}
	if revealedMass(merged) > 0 {
		return Curve{[]Point{{0, 1}, {1, 1}}}, nil
	}
	const delta = 1e-9 // where the steepest line meets the axis
	rdp, order := epsilonRDP(merged, delta)
	a := newAnalysis(merged)
	steepest := a.epsilon(delta, rdp, order).Upper
	q := a.settled
	q.lambda, q.tail = 0, delta*1e-5
	if q.width == 0 { // no loss worth a grid
		q.width = 1e-6
	}
	removed, added, err := a.bothDirections(q)
	if err != nil {
		return Curve{}, err
	}
	epsilons, deltas := make([]float64, curveLines), make([]float64, curveLines)
	for i := range epsilons {
		epsilons[i] = steepest * float64(i) / (curveLines - 1)
		deltas[i] = max(removed.delta(epsilons[i], above), added.delta(epsilons[i], above))
	}
	return Curve{polygon(epsilons, deltas)}, nil
}

// bothDirections composes upper bounds of both directions on the same grid, or a coarser one if need be.
func (a *analysis) bothDirections(q question) (removed, added tails, err error) {
	for ; q.width < 1e9; q.width *= 2 {
		r, ok1 := a.upper(q, false)
		s, ok2 := a.upper(q, true)
		if ok1 && ok2 {
			return r.tails(), s.tails(), nil
		}
	}
	return removed, added, errors.New("accountant: the losses of this schedule have too wide a range for a curve")
}

// polygon is the region below the lines TPR = e^epsilon FPR + delta, epsilon increasing from 0, and their mirror images.
func polygon(epsilons, deltas []float64) []Point {
	last := len(epsilons) - 1
	half := []Point{{0, min(1, deltas[last])}}
	for i := last; i > 0; i-- { // where two neighbouring lines meet
		x := max(0, (deltas[i-1]-deltas[i])/(math.Exp(epsilons[i])-math.Exp(epsilons[i-1])))
		y := deltas[i] + math.Exp(epsilons[i])*x
		if before := half[len(half)-1]; x > before.FPR && y > before.TPR && x+y < 1 {
			half = append(half, Point{x, y})
		}
	}
	all := slices.Clone(half)
	for _, p := range slices.Backward(half) {
		if mirrored := (Point{1 - p.TPR, 1 - p.FPR}); mirrored.FPR > all[len(all)-1].FPR {
			all = append(all, mirrored)
		}
	}
	if end := all[len(all)-1]; end.FPR < 1 {
		all = append(all, Point{1, 1})
	}
	return all
}

// TPR is the true positive rate that no attacker exceeds at a false positive rate.
func (c Curve) TPR(fpr float64) float64 {
	for i, p := range c.Points {
		if fpr <= p.FPR {
			if i == 0 || p.FPR == fpr {
				return p.TPR
			}
			before := c.Points[i-1]
			return before.TPR + (p.TPR-before.TPR)*(fpr-before.FPR)/(p.FPR-before.FPR)
		}
	}
	return 1
}

// Advantage is the most by which true positives exceed false positives, which is the total variation distance and
// delta at epsilon = 0. A blind guess has 0.
func (c Curve) Advantage() float64 {
	best := 0.0
	for _, p := range c.Points {
		best = max(best, p.TPR-p.FPR)
	}
	return best
}

// Success is the highest probability of guessing right whether the record was in, which had the given prior.
func (c Curve) Success(prior float64) float64 {
	best := max(prior, 1-prior)
	for _, p := range c.Points {
		best = max(best, prior*p.TPR+(1-prior)*(1-p.FPR))
	}
	return best
}

// Posterior is the attacker's belief that the record was in, given the prior, after a test of false positive rate fpr
// at least has come out positive: an accusation is right with at most this probability.
func (c Curve) Posterior(prior, fpr float64) float64 {
	hit, miss := prior*c.TPR(fpr), (1-prior)*fpr
	if hit+miss == 0 {
		return prior
	}
	return hit / (hit + miss)
}

// GenericAdvantage is all that epsilon and delta by themselves say of the advantage: (e^eps - 1 + 2 delta)/(e^eps + 1)
// (Kairouz, Oh and Viswanath 2015, arXiv:1311.0776; Humphries et al. 2020, arXiv:2010.12112). The curve says more.
func GenericAdvantage(epsilon, delta float64) float64 {
	return min(1, math.Tanh(epsilon/2)+2*delta/(1+math.Exp(epsilon)))
}

// GenericPosterior is all that epsilon says of the posterior belief: prior e^eps/(1 - prior + prior e^eps), except with
// probability about delta.
func GenericPosterior(prior, epsilon float64) float64 {
	if prior <= 0 || prior >= 1 {
		return prior
	}
	return 1 / (1 + (1-prior)/prior*math.Exp(-epsilon))
}
