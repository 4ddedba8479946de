package accountant

import (
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

// TradeOff computes the curve of a schedule. It errs on the safe side, by about 1e-3 of TPR or less; where not even a
// coarse grid holds the losses, the lines are those of Renyi divergence, which are looser.
func TradeOff(segments []Segment) (Curve, error) {
	merged, err := Merge(segments)
	if err != nil {
		return Curve{}, err
	}
	if len(merged) == 0 {
		return Curve{[]Point{{0, 0}, {1, 1}}}, nil
	}
	steepest, delta := steepestLine(merged)
	if math.IsInf(steepest, 1) {
		return Curve{[]Point{{0, 1}, {1, 1}}}, nil
	}
	lines, most := make([]line, curveLines), min(1, participation(merged)*(1+1e-12))
	for i := range lines {
		epsilon := spaced(steepest, float64(i)/(curveLines-1))
		if d := delta(epsilon); d < most { // else, or where it is no number, what holds at a lesser epsilon holds
			most = max(d, 0)
		}
		lines[i] = line{epsilon, most}
	}
	return Curve{polygon(lines)}, nil
}

// spaced places epsilon for u from 0 to 1: evenly up to a few units, where most of a curve is drawn, and ever more
// widely beyond.
func spaced(steepest, u float64) float64 {
	const even = 4
	return min(even*math.Sinh(u*math.Asinh(steepest/even)), steepest)
}

// steepestLine returns the epsilon at which delta is next to nothing, and upper bounds on delta up to there.
func steepestLine(merged []Segment) (steepest float64, delta func(epsilon float64) float64) {
	const least = 1e-9 // where the steepest line meets the axis
	if v, trivial := trivialEpsilon(merged, least); trivial && math.IsInf(v.Upper, 1) {
		return v.Upper, nil
	}
	if s := merged[0]; len(merged) == 1 && s.Steps == 1 {
		return oneStepEpsilon(s.Sigma, s.Rate, least), func(epsilon float64) float64 {
			return oneStepDelta(s.Sigma, s.Rate, epsilon) * (1 + closedFormError)
		}
	}
	rdp, order := epsilonRDP(merged, least)
	a := newAnalysis(merged)
	steepest = a.epsilon(least, rdp, order).Upper
	q := a.settled
	q.setting, q.tail = setting{spill: usualSpill}, least*1e-5
	if q.width == 0 { // no loss worth a grid
		q.width = 1e-6
	}
	removed, added, ok := a.bothDirections(q)
	if !ok {
		return steepest, func(epsilon float64) float64 { d, _ := deltaRDP(merged, epsilon); return d }
	}
	return steepest, func(epsilon float64) float64 {
		return max(removed.delta(epsilon-removed.drift, above), added.delta(epsilon-added.drift, above))
	}
}

// bothDirections composes upper bounds of both directions on the same grid, or a coarser one if need be.
func (a *analysis) bothDirections(q question) (removed, added tails, ok bool) {
	for ; q.width < 1e9; q.width *= 2 {
		r, ok1 := a.upper(q, false)
		s, ok2 := a.upper(q, true)
		if ok1 && ok2 {
			return r.tails(), s.tails(), true
		}
	}
	return removed, added, false
}

// line is TPR = e^epsilon FPR + delta. Slopes are kept by their logarithms: e^epsilon may overflow.
type line struct{ epsilon, delta float64 }

// meets is where a flatter line crosses one that is steeper and lower: log FPR, and TPR.
func (steep line) meets(flat line) (logFPR, tpr float64) {
	rise := (flat.delta - steep.delta) / -math.Expm1(flat.epsilon-steep.epsilon) // e^(steep epsilon) FPR
	return math.Log(rise) - steep.epsilon, steep.delta + rise
}

// polygon is the region below the lines, epsilon increasing from 0, and their mirror images.
func polygon(lines []line) []Point {
	half := corners(envelope(lines))
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

// envelope keeps of the lines, delta falling as epsilon increases, those that are somewhere the lowest, steepest first.
func envelope(lines []line) (lowest []line) {
	for _, l := range slices.Backward(lines) {
		for n := len(lowest); n > 0; n-- {
			top := lowest[n-1]
			if l.delta > top.delta && (n == 1 || meetAt(top, l) > meetAt(lowest[n-2], top)) {
				break
			}
			lowest = lowest[:n-1]
		}
		lowest = append(lowest, l)
	}
	return lowest
}

func meetAt(steep, flat line) float64 { logFPR, _ := steep.meets(flat); return logFPR }

// corners are those of an envelope from FPR 0 to the falling diagonal.
func corners(lowest []line) []Point {
	half := []Point{{0, lowest[0].delta}}
	for i, l := range lowest {
		fpr := (1 - l.delta) / (1 + math.Exp(l.epsilon))
		p, onDiagonal := Point{fpr, 1 - fpr}, true
		if i+1 < len(lowest) {
			if logFPR, tpr := l.meets(lowest[i+1]); math.Exp(logFPR)+tpr < 1 {
				p, onDiagonal = Point{math.Exp(logFPR), tpr}, false
			}
		}
		if last := &half[len(half)-1]; p.FPR > last.FPR {
			half = append(half, p)
		} else { // too steep to be told from a vertical line
			last.TPR = max(last.TPR, p.TPR)
		}
		if onDiagonal {
			break
		}
	}
	return half
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
