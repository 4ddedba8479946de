package accountant

import "math"

// PRV is a second opinion by another method: privacy loss random variables (Gopi, Lee and Wutschitz 2021,
// arXiv:2106.02848). It rounds every loss to the middle of its cell and shifts the grid so that the mean stays, so that
// T rounding errors add up like a random walk, sqrt(T) of the width and not T; the bounds hold up to that error, of
// which the mesh is chosen to make a hundredth of epsilon at most.
type PRV struct{}

// Estimate is PRV's answer: Value, and what its error bound leaves open.
type Estimate struct {
	Lower, Value, Upper float64
}

// Epsilon estimates epsilon at delta.
func (PRV) Epsilon(segments []Segment, delta float64) (Estimate, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkDelta(delta)
	}
	if err != nil {
		return Estimate{}, err
	}
	if b, trivial := trivialEpsilon(merged, delta); trivial {
		return Estimate{b.Lower, b.Upper, b.Upper}, nil
	}
	if len(merged) > maxKinds {
		merged, _ = grouped(merged)
	}
	rdp, order := epsilonRDP(merged, delta)
	if rdp == 0 || math.IsInf(rdp, 1) {
		return Estimate{0, rdp, rdp}, nil
	}
	var worst Estimate
	for _, added := range []bool{false, true} {
		e := prvEpsilon(merged, delta, min(0.01, rdp/100), (order-1)/2, added)
		worst = Estimate{max(worst.Lower, e.Lower), max(worst.Value, e.Value), max(worst.Upper, e.Upper)}
	}
	return worst, nil
}

// prvEpsilon is Theorem 5.5: with mesh h = error/sqrt(T/2 log(12/slip)) the composed loss is off by more than error
// with probability at most slip.
func prvEpsilon(merged []Segment, delta, allowed, tilt float64, added bool) Estimate {
	slip := delta / 1000
	steps := float64(TotalSteps(merged))
	walk := math.Sqrt(steps / 2 * math.Log(12/slip))
	var c composer
	for width := 2 * allowed / walk; ; width *= 1.5 { // cells of width 2h are rounded by at most h
		if parts, ok := prvParts(merged, width, delta, added); ok {
			if over, ok := c.compose(parts, setting{lambda: tilt, spill: usualSpill}); ok {
				t, error := over.tails(), walk*width/2
				return Estimate{
					Lower: max(t.epsilon(delta+slip, below)-error, 0),
					Value: t.epsilon(delta, below),
					Upper: t.epsilon(delta-slip, above) + error,
				}
			}
		}
	}
}

func prvParts(merged []Segment, width, delta float64, added bool) ([]part, bool) {
	steps := float64(TotalSteps(merged))
	acc := accuracy{left: delta * 1e-6 / steps, right: delta * 1e-9 / steps}
	parts := make([]part, len(merged))
	for i, s := range merged {
		p := removed(s.Sigma, s.Rate)
		mean := meanLoss(s.Sigma, s.Rate, added)
		if added {
			p = p.reversed()
		}
		c, ok := cut(p, width, acc)
		if !ok {
			return nil, false
		}
		l := losses{offset: c.start - width/2, width: width, mass: c.upper}
		l.mass[len(l.mass)-1] += c.upperTail
		rounded := 0.0
		for k, m := range l.mass {
			rounded += m * (l.offset + float64(k)*width)
		}
		l.offset += mean - rounded
		parts[i] = part{l, float64(s.Steps), 1}
	}
	return parts, true
}

// meanLoss is the mean of one step's loss, a Kullback-Leibler divergence, by the trapezoidal rule, which for the normal
// density errs by e^{-2 pi^2/h^2}.
func meanLoss(s, q float64, added bool) float64 {
	p := removed(s, q)
	h := min(0.2, s/4) // the loss bends over a distance s in units of the noise
	sum := 0.0
	for z := -12.0; z <= 12; z += h {
		weight := math.Exp(-z*z/2) * h / sqrt2Pi
		if added {
			sum -= weight * p.loss(z*s)
			continue
		}
		sum += weight * ((1-q)*p.loss(z*s) + q*p.loss(1+z*s))
	}
	return sum
}
