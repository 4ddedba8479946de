package accountant

import "math"

// pair holds the two hypotheses an adversary must tell apart in one step: the output x of the mechanism on the larger
// and on the smaller data set, reduced to the one dimension that matters. Both are mixtures of normals of one standard
// deviation. The privacy loss log(dUpper/dLower) increases with x.
//
// A pair speaks for one direction (the record removed, or added). They must be composed apart: the composed curves are
// no mirror images, and either may be the worse (Lebeda, Regehr, Kamath and Steinke 2024, arXiv:2405.20769).
type pair struct {
	sigma        float64
	centers      []float64
	upper, lower []float64 // weights of the centers
	loss         func(x float64) float64
	at           func(loss float64) float64 // inverse of loss; -Inf up to least, +Inf from greatest
	least        float64                    // infimum and supremum of the loss
	greatest     float64
}

// removed is the pair of a Poisson-subsampled Gaussian step, upper (1-q) N(0, s^2) + q N(1, s^2) and lower N(0, s^2)
// (Zhu, Dong and Wang 2022, arXiv:2106.08567, Theorem 11; Mironov, Talwar and Zhang 2019, Theorem 4).
func removed(s, q float64) pair {
	m := amplified{q: q, logQ: math.Log(q), logStay: math.Log1p(-q)}
	return pair{
		sigma: s, centers: []float64{0, 1}, upper: []float64{1 - q, q}, lower: []float64{1, 0},
		least: m.logStay, greatest: math.Inf(1),
		loss: func(x float64) float64 { return m.loss((x - 0.5) / s / s) },
		at:   func(l float64) float64 { return 0.5 + s*s*m.inverse(l) },
	}
}

// amplified takes the loss u of a record that is certain to take part to that of one that takes part with probability q,
// log(1 - q + q e^u), and back. Either form of either function cancels somewhere; each is used where it does not.
type amplified struct{ q, logQ, logStay float64 }

func (m amplified) loss(u float64) float64 {
	if v := m.q * math.Expm1(u); -0.5 < v && v < 1 {
		return math.Log1p(v) // keeps its digits near zero
	}
	return logAddExp(m.logStay, m.logQ+u)
}

func (m amplified) inverse(l float64) float64 {
	switch {
	case m.q == 1:
		return l
	case l > 1:
		return l + math.Log1p(-(1-m.q)*math.Exp(-l)) - m.logQ
	}
	w := math.Expm1(l) + m.q
	if l < -0.5 {
		w = math.Exp(l) - (1 - m.q)
	}
	if !(w > 0) {
		return math.Inf(-1)
	}
	return math.Log(w) - m.logQ
}

// reversed is the pair of the other direction: the hypotheses change places, and x its sign so that the loss still
// increases with it.
func (p pair) reversed() pair {
	centers := make([]float64, len(p.centers))
	for i, c := range p.centers {
		centers[i] = -c
	}
	return pair{
		sigma: p.sigma, centers: centers, upper: p.lower, lower: p.upper,
		least: -p.greatest, greatest: -p.least,
		loss: func(x float64) float64 { return -p.loss(-x) },
		at:   func(l float64) float64 { return -p.at(-l) },
	}
}

// masses returns the probabilities of loss <= bound under upper and lower.
func (p pair) masses(bound float64) (upper, lower float64) {
	x := p.at(bound)
	for i, c := range p.centers {
		m := normalCDF((x - c) / p.sigma)
		upper += p.upper[i] * m
		lower += p.lower[i] * m
	}
	return upper, lower
}

// upperTail returns a point beyond which upper has at most the given mass.
func (p pair) upperTail(mass float64) float64 {
	x := math.Inf(-1)
	for i, c := range p.centers {
		if p.upper[i] > 0 {
			x = max(x, c+p.sigma*tailQuantile(mass/p.upper[i]))
		}
	}
	return x
}

// lowerTail returns a point up to which upper has at most the given mass.
func (p pair) lowerTail(mass float64) float64 {
	x := math.Inf(1)
	for i, c := range p.centers {
		if p.upper[i] > 0 {
			x = min(x, c-p.sigma*tailQuantile(mass/p.upper[i]))
		}
	}
	return x
}

// typical is where most of upper lies.
func (p pair) typical() float64 {
	best := 0
	for i, w := range p.upper {
		if w > p.upper[best] {
			best = i
		}
	}
	return p.centers[best]
}

// tailQuantile returns z >= 0 with Phi(-z) <= mass, by Phi(-z) <= e^{-z^2/2}/2.
func tailQuantile(mass float64) float64 {
	if mass >= 0.5 {
		return 0
	}
	return math.Sqrt(-2 * math.Log(2*max(mass, 1e-300)))
}
