package accountant

import (
	"errors"
	"fmt"
	"math"
)

// Group is so many steps of DP-SGD seen from a person who contributed at most Records records, each clipped and
// Poisson-sampled by itself: the two hypotheses are sum_j Bin(j; k, q) N(j, s^2) and N(0, s^2) (Ganesh 2024,
// arXiv:2401.10294, "Tight Group-Level DP Guarantees for DP-SGD with Sampling via Mixture of Gaussians Mechanisms").
// Multiplying the epsilon of one record by k is no substitute: delta would grow too. Counts released on the same batch
// enter through [EffectiveNoise].
type Group struct {
	Sigma, Rate    float64
	Records, Steps int
}

// Relation of a group is that of a person with all their records.
func (e Group) Relation() Relation {
	return Relation(fmt.Sprintf("add or remove a person with at most %d records", e.Records))
}

func (e Group) expand(r *run, times int) error {
	if e.Records < 1 || e.Records > 1000 {
		return fmt.Errorf("accountant: a group has 1 to 1000 records, got %d", e.Records)
	}
	if e.Records == 1 {
		return r.add(Segment{e.Sigma, e.Rate, e.Steps}, times)
	}
	if err := (Segment{e.Sigma, e.Rate, e.Steps}).Validate(); err != nil {
		return err
	}
	if e.Sigma == 0 {
		return errors.New("accountant: an event needs noise")
	}
	steps, err := product(e.Steps, times)
	switch {
	case err != nil || steps == 0 || e.Rate == 0:
		return err
	case e.Rate == 1:
		return r.add(Segment{e.Sigma / float64(e.Records), 1, 1}, steps)
	}
	r.others = append(r.others, kind{newMixture(e.Sigma, e.Rate, e.Records), float64(steps)})
	return nil
}

// mixture is one step seen from a group.
type mixture struct {
	pair
	logWeights []float64 // of j records taking part
}

func newMixture(s, q float64, k int) mixture {
	m := mixture{logWeights: make([]float64, k+1)}
	m.pair = pair{sigma: s, least: float64(k) * math.Log1p(-q), greatest: math.Inf(1)}
	choose, _ := math.Lgamma(float64(k + 1))
	for j := range k + 1 {
		a, _ := math.Lgamma(float64(j + 1))
		b, _ := math.Lgamma(float64(k - j + 1))
		m.logWeights[j] = choose - a - b + float64(j)*math.Log(q) + float64(k-j)*math.Log1p(-q)
		m.centers = append(m.centers, float64(j))
		m.upper, m.lower = append(m.upper, math.Exp(m.logWeights[j])), append(m.lower, 0)
	}
	m.lower[0] = 1
	m.loss = func(x float64) float64 { l, _ := m.lossAndSlope(x); return l }
	m.at = m.invert
	return m
}

// lossAndSlope is log sum_j w_j e^{(j x - j^2/2)/s^2} and its derivative.
func (m mixture) lossAndSlope(x float64) (loss, slope float64) {
	largest := math.Inf(-1)
	for j, w := range m.logWeights {
		largest = max(largest, w+float64(j)*(x-float64(j)/2)/m.sigma/m.sigma)
	}
	sum, first := 0.0, 0.0
	for j, w := range m.logWeights {
		e := math.Exp(w + float64(j)*(x-float64(j)/2)/m.sigma/m.sigma - largest)
		sum += e
		first += float64(j) * e
	}
	return largest + math.Log(sum), first / sum / m.sigma / m.sigma
}

// invert solves loss(x) = l. The loss is increasing and convex, so that Newton's method falls to the root from above.
func (m mixture) invert(l float64) float64 {
	if l <= m.least {
		return math.Inf(-1)
	}
	// Each summand alone is below the sum, so each alone needs at least the true x: the least of them starts above it.
	x := math.Inf(1)
	for j := 1; j < len(m.logWeights); j++ {
		x = min(x, float64(j)/2+m.sigma*m.sigma*(l-m.logWeights[j])/float64(j))
	}
	for range 200 {
		loss, slope := m.lossAndSlope(x)
		next := x - (loss-l)/slope
		if !(next < x-1e-14*math.Abs(x)) {
			break
		}
		x = next
	}
	return x
}

// logMoment integrates as the function of that name does for one record. The base is a polynomial of degree k with
// positive coefficients in e^{z/s}, which is not zero where |Im z| < pi s/k; for its reciprocal's powers, which the add
// direction needs, |Im z| < s/(k sqrt a) keeps them within a factor of two of their values on the real axis.
func (m mixture) logMoment(a float64) float64 {
	k := float64(len(m.logWeights) - 1)
	removal := m.integral(a, min(3.1*m.sigma/k, 10), k*a/m.sigma)
	addition := m.integral(1-a, min(m.sigma/k/math.Sqrt(a), 10), math.Sqrt(2*(1-a)*m.least))
	return min(max(removal, addition), m.convexMoment(a))
}

// integral is log E e^{power loss} under the lower hypothesis by the trapezoidal rule in a strip of half-width d, over
// ten standard deviations and reach more on the side where the integrand is larger; +Inf where that is too much work.
func (m mixture) integral(power, d, reach float64) float64 {
	rule := trapezoid{lo: -10, hi: 10 + reach, h: 2 * math.Pi * d / (50 + d*d/2), error: 8 * math.Exp(-50)}
	if power < 0 {
		rule.lo, rule.hi = -10-reach, 10
	}
	n := (rule.hi - rule.lo) / rule.h
	if !(n < 4096) {
		return math.Inf(1)
	}
	rule.points = int(n) + 2
	return rule.logSum(func(z float64) float64 { return power * m.loss(z*m.sigma) })
}

// convexMoment bounds both directions by joint convexity: a mixture of pairs is no further apart than its pairs are on
// average.
func (m mixture) convexMoment(a float64) float64 {
	sum := math.Inf(-1)
	for j, w := range m.logWeights {
		sum = logAddExp(sum, w+a*(a-1)/2*float64(j*j)/m.sigma/m.sigma)
	}
	return sum
}
