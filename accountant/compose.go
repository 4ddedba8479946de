package accountant

import (
	"math"
	"math/cmplx"
)

// part is a step's losses and how often the step is taken.
type part struct {
	losses
	steps float64
	each  float64 // of how many true steps the losses are
}

// composed is the distribution of the sum of all steps' losses, tilted: the probability of loss
// first + k*width is tilted[k] * exp(logScale - lambda*loss).
//
// Why tilted. A Fourier transform leaves an error of some 1e-16 of the largest probability everywhere. At delta = 1e-10
// the tail that matters drowns in it, which has made accountants report less than the truth. Tilting by e^(lambda loss),
// with lambda the Renyi optimum, makes the losses that matter for delta the most probable ones (the saddle point of
// Alghamdi et al. 2022, arXiv:2208.09595).
type composed struct {
	first, width float64
	lambda       float64
	logScale     float64 // log E e^(lambda loss)
	tilted       []float64
	parts        []part  // the steps' losses, tilted
	infinite     float64 // probability that some step's loss is infinite
	binError     float64 // at most this far is any tilted[k] from the exact value, by rounding
	tailError    float64 // tilted probability beyond either end of the window, wrapped to the other
	scaleError   float64 // logScale and the tilted probabilities may be off by this factor's log, each step's being known to float64 only
	drift        float64 // more than a sum of losses can be off because those of a single step are known to float64 only
}

// setting is how losses are composed.
type setting struct {
	lambda float64 // tilt
	spill  float64 // tilted probability that may be left outside the window at either end
	// doubled composes in twice the digits: where delta is so small, and participation so rare, that under every tilt
	// the tail that matters is far less probable than the rest.
	doubled bool
}

// usualSpill is what is left outside the window unless tail sums are of its order.
const usualSpill = 1e-16

// maxTransform bounds the memory of a composition.
const maxTransform = 1 << 19

// composer composes; it keeps transforms for reuse, and is not safe for concurrent use.
type composer struct {
	transform *transform
	input     []float64
	spectrum  []complex128
	doubled   doubledComposer
}

// compose convolves all parts, which share one grid width, with one inverse transform. It returns false where the
// window of losses has more points than maxTransform.
func (c *composer) compose(parts []part, as setting) (*composed, bool) {
	out := &composed{width: parts[0].width, lambda: as.lambda, tailError: as.spill}
	logFinite := 0.0
	tilted := make([]part, len(parts))
	for i, p := range parts {
		var logM, off float64
		tilted[i], logM, off = tilt(p, as.lambda)
		out.logScale += p.steps * logM
		out.scaleError += p.steps * off
		logFinite += p.steps * math.Log1p(-p.infinite)
		out.drift += p.steps * p.drift()
	}
	out.infinite = -math.Expm1(logFinite)

	lo, hi := window(tilted, as.spill)
	out.parts = tilted
	offset := 0.0
	for _, p := range tilted {
		offset += p.steps * p.offset
	}
	start := math.Floor((lo - offset) / out.width)
	n := transformSize((hi-lo)/out.width + 2)
	most := maxTransform
	if as.doubled {
		most = maxDoubled
	}
	if n > most || !(math.Abs(start) <= 1<<52) || !(math.Abs(out.logScale) < math.MaxFloat64) {
		return nil, false
	}
	out.first = offset + start*out.width
	out.tilted = make([]float64, n)
	if as.doubled {
		out.binError = c.doubled.convolve(out.tilted, tilted, start)
	} else {
		out.binError = c.convolve(out.tilted, tilted, start)
	}
	return out, true
}

// drift bounds the error of one step's losses: a few units in the last place of the largest, at cells' bounds and at
// grid points alike.
func (p part) drift() float64 { return 1e-15 * p.each * (10 + p.largest()) }

// largest is the largest magnitude of a loss.
func (p part) largest() float64 {
	return max(math.Abs(p.offset), math.Abs(p.offset+float64(len(p.mass)-1)*p.width))
}

// tilt returns the losses multiplied by e^(lambda loss) / E e^(lambda loss), the log of that expectation, and how far the two together are
// from the probabilities that they stand for, in logs: 32 products of a block, each with a factor that is rounded itself, are off by 2^-47, and so are
// the last places of the logs. That the sum is rounded does not matter: it is one number in both.
func tilt(p part, lambda float64) (tilted part, logM, off float64) {
	const block = 32 // the ramp is multiplied up within a block and computed afresh for the next: 32 roundings at most
	largest := math.Inf(-1)
	for k := 0; k < len(p.mass); k += block {
		for _, m := range p.mass[k:min(k+block, len(p.mass))] {
			if m > 0 {
				largest = max(largest, math.Log(m)+lambda*(p.offset+float64(k)*p.width))
				break
			}
		}
	}
	ratio := math.Exp(lambda * p.width)
	y := make([]float64, len(p.mass))
	sum := 0.0
	for k := 0; k < len(y); k += block {
		w := math.Exp(lambda*(p.offset+float64(k)*p.width) - largest)
		for j := k; j < min(k+block, len(y)); j++ {
			if p.mass[j] > 0 {
				y[j] = p.mass[j] * w
				sum += y[j]
			}
			w *= ratio
		}
	}
	for k := range y {
		y[k] /= sum
	}
	p.mass = y
	logSum := math.Log(sum)
	logM = logSum + largest
	return p, logM, p.each * (0x1p-46 + 0x1p-52*(math.Abs(logSum)+math.Abs(largest)+math.Abs(logM)))
}

// window returns an interval of composed tilted loss outside of which lies at most spill on either side, by Chernoff's
// bound.
func window(tilted []part, spill float64) (lo, hi float64) {
	variance, span := 0.0, 0.0
	for _, p := range tilted {
		variance += p.steps * p.variance()
		span = max(span, float64(len(p.mass))*p.width)
	}
	side := func(sign float64) float64 {
		best := math.Inf(1)
		// The exponent right for a normal distribution; smaller ones for heavier tails, down to where no loss is large.
		mu := 1.2 * min(math.Sqrt(-2*math.Log(spill)/max(variance, 1e-300)), 700/span)
		for range 60 {
			reach := -math.Log(spill)
			for _, p := range tilted {
				reach += p.steps * p.logMoment(sign*mu)
			}
			if reach /= mu; reach < best {
				best = reach
			} else if !math.IsInf(best, 1) {
				break
			}
			mu *= 0.6
		}
		return best
	}
	return -side(-1), side(1)
}

// variance is that of a distribution whose mass is 1.
func (p part) variance() float64 {
	mean, variance := 0.0, 0.0
	for k, m := range p.mass {
		mean += m * float64(k)
	}
	for k, m := range p.mass {
		d := float64(k) - mean
		variance += m * d * d
	}
	return variance * p.width * p.width
}

// logMoment is log E e^(mu loss). Losses are counted from the end that has the largest e^(mu loss), so that nothing
// overflows and what underflows does not matter.
func (p part) logMoment(mu float64) float64 {
	end := p.offset
	if mu > 0 {
		end += float64(len(p.mass)-1) * p.width
	}
	block := 32
	if math.Abs(mu)*p.width > 10 {
		block = 1
	}
	ratio := math.Exp(mu * p.width)
	sum := 0.0
	for k := 0; k < len(p.mass); k += block {
		w := math.Exp(mu * (p.offset + float64(k)*p.width - end))
		for _, m := range p.mass[k:min(k+block, len(p.mass))] {
			if m > 0 {
				sum += m * w
			}
			w *= ratio
		}
	}
	return math.Log(sum) + mu*end
}

// transformSize is the least power of two not below n.
func transformSize(n float64) int {
	size := 16
	for !(float64(size) >= n) && size <= maxTransform {
		size *= 2
	}
	return size
}

// convolve fills dst with the circular convolution of the parts, dst[0] being grid index start, and returns a bound on
// the error of its elements. Only frequencies at which the product of transforms can still matter are followed; of a
// long run few remain.
func (c *composer) convolve(dst []float64, parts []part, start float64) float64 {
	n := len(dst)
	if c.transform == nil || c.transform.n != n {
		c.transform = newTransform(n)
	}
	rounding := 8 * 0x1p-53 * math.Log2(float64(n)) // of one transform, per unit of the input's L1 norm
	alive := make([]frequency, n/2+1)
	for f := range alive {
		alive[f].index = f
	}
	for _, p := range parts {
		if p.steps < 256 {
			alive = c.multiply(alive, p, rounding)
			continue
		}
		centre := p.median()
		alive = c.multiplyOften(alive, p, centre, rounding)
		start -= math.Mod(float64(centre)*math.Mod(p.steps, float64(n)), float64(n)) // exact: no product above 2^53
	}
	return c.invert(dst, alive, start, rounding)
}

// frequency is the running product of the parts' transforms at one frequency, in polar form, so that a power of any
// size costs no more than a product.
type frequency struct {
	index   int
	log     float64 // log of the magnitude
	angle   float64
	logMost float64 // log of the magnitude with every rounding error to its disfavour
}

// negligible is the log of a magnitude that no longer matters in any sum.
const negligible = -80.0

// multiply takes a part's power into the running products and drops those that no longer matter.
func (c *composer) multiply(alive []frequency, p part, rounding float64) []frequency {
	x := c.scratch()
	for k, m := range p.mass {
		x[k&(len(x)-1)] += m
	}
	c.transform.forward(x)
	floor := math.Exp(max(negligible/p.steps, -700))
	next := alive[:0]
	for _, a := range alive {
		z := c.transform.at(a.index)
		if math.Abs(real(z))+math.Abs(imag(z))+rounding < floor {
			continue
		}
		r, angle := cmplx.Abs(z), math.Atan2(imag(z), real(z))
		a.log += p.steps * math.Log(r)
		a.angle += p.steps * angle
		a.logMost += p.steps * (math.Log(r+rounding) + 0x1p-51*math.Abs(angle))
		if a.logMost > negligible {
			next = append(next, a)
		}
	}
	return next
}

// multiplyOften does the same for a part taken many times. A power T multiplies the error of the transform F by T, but
// at the frequencies where F^T still matters F differs from 1 by 80/T at most. So F - 1 is transformed instead: with
// z = e^{-i omega}, k counted from the centre, and tail sums S_k = sum_{j>=k} y_j,
//
//	F - 1 = sum_k y_k (z^k - 1) = (z - 1) (sum_{k>0} S_k z^{k-1} - sum_{k<=0} (1 - S_k) z^{k-1}),
//
// whose error is smaller by the factor |z - 1| times the mean distance from the centre. The products are then those of
// losses counted from the centre.
func (c *composer) multiplyOften(alive []frequency, p part, centre int, rounding float64) []frequency {
	x := c.scratch()
	distance := 0.0 // L1 norm of what is transformed
	sum := 0.0
	for k := len(p.mass) - 1; k > centre; k-- {
		sum += p.mass[k]
		distance += sum
		x[(k-centre-1)&(len(x)-1)] += sum
	}
	sum = 0
	for k := range centre {
		sum += p.mass[k]
		distance += sum
		x[(k-centre)&(len(x)-1)] -= sum
	}
	c.transform.forward(x)
	floor := math.Exp(negligible / p.steps)
	next := alive[:0]
	for _, a := range alive {
		sums := c.transform.at(a.index)
		rough := 1 + sums*(c.transform.root(a.index)-1)
		if math.Abs(real(rough))+math.Abs(imag(rough))+distance*rounding < floor {
			continue
		}
		sin, cos := math.Sincos(math.Pi * float64(a.index) / float64(len(x)))
		change := sums * complex(-2*sin*sin, -2*sin*cos) // e^{-i omega} - 1
		re, im := real(change), imag(change)
		off := 2*sin*distance*rounding + 4*0x1p-53*math.Hypot(re, im)
		logR, angle := math.Log1p(re*(2+re)+im*im)/2, math.Atan2(im, 1+re)
		a.logMost += p.steps * (logR + off/math.Exp(logR) + 0x1p-51*math.Abs(angle))
		if !(a.logMost > negligible) {
			continue
		}
		a.log += p.steps * logR
		a.angle += p.steps * angle
		next = append(next, a)
	}
	return next
}

// scratch returns the transform's input, cleared.
func (c *composer) scratch() []float64 {
	if len(c.input) != c.transform.n {
		c.input = make([]float64, c.transform.n)
	}
	clear(c.input)
	return c.input
}

// median is the index that halves the mass.
func (p part) median() int {
	sum := 0.0
	for k, m := range p.mass {
		if sum += m; sum >= 0.5 {
			return k
		}
	}
	return len(p.mass) - 1
}

// invert transforms back and returns the bound on the error of an element.
func (c *composer) invert(dst []float64, alive []frequency, start, rounding float64) float64 {
	n := len(dst)
	if len(c.spectrum) != n/2+1 {
		c.spectrum = make([]complex128, n/2+1)
	}
	clear(c.spectrum)
	shift := int(math.Mod(start, float64(n)))
	if shift < 0 {
		shift += n
	}
	total, spread := 0.0, 0.0 // sums of magnitudes, and of how far they may be off
	for _, a := range alive {
		turn := 2 * math.Pi * float64(a.index*shift&(n-1)) / float64(n)
		magnitude := math.Exp(a.log)
		sin, cos := math.Sincos(a.angle + turn)
		c.spectrum[a.index] = complex(magnitude*cos, magnitude*sin)
		total += 2 * magnitude
		spread += 2 * (math.Exp(a.logMost) - magnitude)
	}
	c.transform.inverse(dst, c.spectrum)
	return (spread+total*rounding)/float64(n) + 1e-34
}
