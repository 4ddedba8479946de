package mechanism

// iterates is the linear map from the gradients of a run to its iterates: SGD with momentum m and learning rates eta_t,
// v_t = m v_(t-1) + g_t and x_t = x_(t-1) - eta_t v_t.
type iterates struct {
	rates    []float64 // up to a factor
	momentum float64
}

func (b *builder) iterates() *iterates {
	it := &iterates{rates: b.Rates, momentum: b.Momentum}
	if it.rates == nil {
		it.rates = constantCurve(b.Steps)
	}
	return it
}

func constantCurve(steps int) []float64 {
	c := make([]float64, steps)
	for t := range c {
		c[t] = 1
	}
	return c
}

// response turns the first column of a strategy's inverse, in place, into u = 1/(c (1 - m x)): how one step's noise moves the velocity
// from that step on.
func (it *iterates) response(inverse []float64) []float64 {
	for t := 1; t < len(inverse); t++ {
		inverse[t] += it.momentum * inverse[t-1]
	}
	return inverse
}

// enoughProducts describe an error to far less than strategies differ by.
const enoughProducts = 1 << 19

// noise is the squared error that noise of multiplier 1 leaves in the iterates, given its response u: in the last one, and the mean
// over all. Noise z_r first touches iterate r, and by iterate t it has moved it by P_(r,t) = sum of eta_s u_(s-r) over s from r to t:
// errors are sums of P^2 over r. In long runs one r stands for those around it. The gradient of the sum of both by u is added to slope,
// unless it is nil.
func (it *iterates) noise(u, slope []float64) (last, mean float64) {
	steps := len(it.rates)
	stride := max(1, min(steps*steps/2/enoughProducts, steps/64))
	last1, mean1 := float64(stride), float64(stride)/float64(steps) // weights of a P^2
	moved := make([]float64, steps)
	for r := (steps - 1) % stride; r < steps; r += stride {
		p, squares, rates := 0.0, 0.0, it.rates[r:]
		for s, x := range u[:len(rates)] {
			p += rates[s] * x
			squares += p * p
			moved[s] = p
		}
		last += p * p
		mean += squares
		if slope == nil {
			continue
		}
		later := 2 * last1 * p
		for s := len(rates) - 1; s >= 0; s-- {
			later += 2 * mean1 * moved[s]
			slope[s] += rates[s] * later
		}
	}
	return last * last1, mean * mean1
}
