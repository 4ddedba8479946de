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
// whichever of the two counts as positive: a concave polygon from (0, .) to (1, 1), FPR increasing, symmetric about the
// falling diagonal. It is one minus the trade-off function of f-differential privacy (Dong, Roth and Su 2019,
// arXiv:1905.02383), read off the composed losses (Kulynych, Gomez et al. 2024, arXiv:2407.02191, Algorithm 1).
type Curve struct {
	Points []Point `json:"points"`
}

// TradeOff computes the curve of a schedule. It errs on the safe side by about 1e-4.
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
	const delta = 1e-5 // any: it only decides how fine the grid is
	rdp, order := epsilonRDP(merged, delta)
	a := newAnalysis(merged)
	a.epsilon(delta, rdp, order)
	q := a.settled
	q.lambda, q.tail = 0, 1e-14
	if q.width == 0 { // no loss worth a grid
		q.width = 1e-6
	}
	over, ok := a.compose(q, false, above)
	for ; !ok; over, ok = a.compose(q, false, above) {
		if q.width *= 2; !(q.width < 1e6) {
			return Curve{}, errors.New("accountant: the losses of this schedule have too wide a range for a curve")
		}
	}
	return Curve{envelope(over.tails().rates())}, nil
}

// rates lists false and true positive rates of the test "is the loss at least l?" for well-spread l. The tilt is zero.
func (t tails) rates() []Point {
	falsePositive := func(k int) float64 { return math.Exp(t.logScale-t.loss(k)) * t.b[k] }
	points := []Point{{0, min(1, t.infinite+t.slack(above))}}
	last := -1
	for z := -7.0; z <= 5; z += 0.05 { // at false positive rates Phi(z)
		_, k := bisectIndex(-1, len(t.tilted), func(k int) bool { return falsePositive(k) <= normalCDF(z) })
		if k == last || k == len(t.tilted) {
			continue
		}
		last = k
		truePositive := math.Exp(t.logScale)*(t.b[k]+t.c[k]) + t.infinite + t.slack(above)
		points = append(points, Point{falsePositive(k), min(1, truePositive)})
	}
	return append(points, Point{1, 1})
}

// envelope is the upper concave envelope of the points and their mirror images (1-TPR, 1-FPR), which are the attacker's
// choices when "out" counts as positive.
func envelope(points []Point) []Point {
	all := slices.Clone(points)
	for _, p := range points {
		all = append(all, Point{1 - p.TPR, 1 - p.FPR})
	}
	slices.SortFunc(all, func(a, b Point) int {
		switch {
		case a.FPR != b.FPR && a.FPR < b.FPR, a.FPR == b.FPR && a.TPR < b.TPR:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	var hull []Point
	for _, p := range all {
		for len(hull) >= 2 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			if (b.TPR-a.TPR)*(p.FPR-a.FPR) > (p.TPR-a.TPR)*(b.FPR-a.FPR) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	if len(hull) >= 2 && hull[0].FPR == hull[1].FPR { // a vertical start: keep its top
		hull = hull[1:]
	}
	return hull
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
