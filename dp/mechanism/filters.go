package mechanism

import (
	"math"

	"cloister/dp"
)

// Filters change what the optimiser follows, from released gradients alone: post-processing, which costs nothing.

// average is an exponential moving average m <- beta m + (1 - beta) g of released gradients.
type average struct {
	beta    float64
	start   averageStart
	m, seen []float64 // seen[0] counts the gradients averaged
}

// averageStart says how an average begins.
type averageStart uint8

const (
	fromZero  averageStart = iota // m = 0: short at first
	fromFirst                     // m = the first gradient
	corrected                     // m = 0, divided by 1 - beta^t (Kingma and Ba 2015, Section 3)
)

func newAverage(beta float64, start averageStart, dim int) *average {
	return &average{beta: beta, start: start, m: make([]float64, dim), seen: make([]float64, 1)}
}

func (a *average) state() [][]float64 { return [][]float64{a.m, a.seen} }

func (a *average) apply(r *dp.Released) {
	keep, scale := a.beta, 1.0
	if a.start == fromFirst && a.seen[0] == 0 {
		keep = 0
	}
	a.seen[0]++
	if a.start == corrected {
		scale = 1 / (1 - math.Pow(a.beta, a.seen[0]))
	}
	m := a.m[:len(r.Gradient)]
	for i, g := range r.Gradient {
		x := keep*m[i] + (1-keep)*float64(g)
		m[i] = x
		r.Gradient[i] = float32(x * scale)
	}
}

// lowPass is DOPPLER's recursive filter with bias correction (Zhang et al. 2024, arXiv:2408.13460, Algorithm 1):
//
//	m_t = b_0 g_t + b_1 g_(t-1) - a_1 m_(t-1),  c_t = b_0 + b_1 [t > 0] - a_1 c_(t-1),  output m_t/c_t.
//
// With a_1 in (-1, 0], b_0 > 0 and b_1 >= 0 the output is a weighted mean of the gradients so far. With a_1 > 0 weights
// alternate, c_t comes near 0 and the output has no bound.
type lowPass struct {
	a1, b0, b1 float64
	m, g       []float64
	c          []float64 // c_(t-1), and how many gradients were seen
}

func newLowPass(a1, b0, b1 float64, dim int) *lowPass {
	return &lowPass{a1: a1, b0: b0, b1: b1, m: make([]float64, dim), g: make([]float64, dim), c: make([]float64, 2)}
}

func (l *lowPass) state() [][]float64 { return [][]float64{l.m, l.g, l.c} }

func (l *lowPass) apply(r *dp.Released) {
	c := l.b0 - l.a1*l.c[0]
	if l.c[1] > 0 {
		c += l.b1
	}
	l.c[0] = c
	l.c[1]++
	m, last := l.m[:len(r.Gradient)], l.g[:len(r.Gradient)]
	for i, g := range r.Gradient {
		x := l.b0*float64(g) + l.b1*last[i] - l.a1*m[i]
		m[i], last[i] = x, float64(g)
		r.Gradient[i] = float32(x / c)
	}
}

// pace scales released gradients so that the noise of a whole run, added up by an optimiser with momentum m, has a standard deviation
// of one learning rate in each parameter: T steps of noise s add up to s sqrt(sum of (rate_t/rate_0)^2)/(1 - m), but for the last few, which momentum
// has not carried all the way yet. Then one learning rate serves any number of records, any budget and any number of steps. Only
// what the plan states goes in.
type pace struct{ sum float64 } // what unit noise adds up to

func newPace(s *Setting) *pace {
	squares := float64(s.Steps)
	if s.Rates != nil && s.Rates[0] > 0 {
		squares = 0
		for _, rate := range s.Rates {
			squares += rate / s.Rates[0] * rate / s.Rates[0]
		}
	}
	return &pace{math.Sqrt(squares) / (1 - s.Momentum)}
}

func (p *pace) state() [][]float64 { return nil }

func (p *pace) apply(r *dp.Released) {
	if !(r.NoiseStd > 0) { // trained without noise
		return
	}
	scale(r, 1/(r.NoiseStd*p.sum))
}

// scale multiplies a release, and what it says of its noise.
func scale(r *dp.Released, by float64) {
	for i := range r.Gradient {
		r.Gradient[i] *= float32(by)
	}
	r.NoiseStd *= by
	for g := range r.NoiseStds {
		r.NoiseStds[g] *= by
	}
}

// lookahead is the observation of DiSK (Zhang et al. 2024, arXiv:2410.03883, Algorithm 2): per-sample gradients at the
// current parameters x and ahead of them, x + gamma (x - previous x), are combined as
//
//	(1-kappa)/(kappa gamma) grad f(x + gamma d) + (1 - (1-kappa)/(kappa gamma)) grad f(x)
//
// before the one clip, so that the sensitivity is the bound whatever the coefficients. With gamma = (1-kappa)/kappa the
// second term vanishes and one gradient is enough. The Kalman filter itself is an average with beta = 1 - kappa.
type lookahead struct {
	gamma, weight float64
	previous      []float64 // the parameters of the step before
	current       []float64 // of the step last asked for
	asked         []float64 // that step + 1, and the one before it + 1; 0: none
	ahead         []float32
	points        [2][]float32
	coefficients  [2]float64
}

func newLookahead(kappa, gamma float64, dim int) *lookahead {
	l := &lookahead{gamma: gamma, weight: (1 - kappa) / (kappa * gamma), ahead: make([]float32, dim)}
	l.previous, l.current, l.asked = make([]float64, dim), make([]float64, dim), make([]float64, 2)
	return l
}

func (l *lookahead) state() [][]float64 { return [][]float64{l.previous, l.current, l.asked} }

// count is how many points are evaluated.
func (l *lookahead) count() int {
	if math.Abs(l.weight-1) < 1e-9 {
		return 1
	}
	return 2
}

func (l *lookahead) ask(v dp.View, a *dp.Ask) {
	if step := float64(v.Step) + 1; l.asked[0] != step { // asked again for the same step, nothing moves
		l.asked[0], l.asked[1] = step, l.asked[0]
		l.previous, l.current = l.current, l.previous
		for i, x := range v.Params {
			l.current[i] = float64(x)
		}
	}
	for i, x := range l.current {
		if l.asked[1] > 0 {
			x += l.gamma * (x - l.previous[i])
		}
		l.ahead[i] = float32(x)
	}
	l.points = [2][]float32{l.ahead, v.Params}
	l.coefficients = [2]float64{l.weight, 1 - l.weight}
	n := l.count()
	if n == 1 {
		l.coefficients[0] = 1
	}
	a.Points, a.Coefficients = l.points[:n], l.coefficients[:n]
}
