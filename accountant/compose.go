package accountant

import (
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// part is a step's losses and how often the step is taken.
type part struct {
	losses
	steps float64
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
	infinite     float64 // probability that some step's loss is infinite
	binError     float64 // at most this far is any tilted[k] from the exact value, by rounding
	tailError    float64 // tilted probability beyond either end of the window, wrapped to the other
}

// tailMass is the tilted probability left outside the window at either end. At the loss of interest the tilted tail
// sums are of the order of 0.01.
const tailMass = 1e-16

// maxTransform bounds the memory of a composition.
const maxTransform = 1 << 21

// composer composes; it keeps transforms for reuse, and is not safe for concurrent use.
type composer struct {
	transforms map[int]*fourier.FFT
	coeff      []complex128
}

// compose convolves all parts, which share one grid width, with one inverse transform. It returns false where the
// window of losses has more points than maxTransform.
func (c *composer) compose(parts []part, lambda float64) (*composed, bool) {
	out := &composed{width: parts[0].width, lambda: lambda, tailError: tailMass}
	logFinite := 0.0
	tilted := make([]part, len(parts))
	for i, p := range parts {
		var logM float64
		tilted[i], logM = tilt(p, lambda)
		out.logScale += p.steps * logM
		logFinite += p.steps * math.Log1p(-p.infinite)
	}
	out.infinite = -math.Expm1(logFinite)

	lo, hi := window(tilted)
	offset := 0.0
	for _, p := range tilted {
		offset += p.steps * p.offset
	}
	start := math.Floor((lo - offset) / out.width)
	n := transformSize((hi-lo)/out.width + 2)
	if n > maxTransform || math.Abs(start) > 1<<52 {
		return nil, false
	}
	out.first = offset + start*out.width
	out.tilted = make([]float64, n)
	out.binError = c.convolve(out.tilted, tilted, start)
	return out, true
}

// tilt returns the losses multiplied by e^(lambda loss) / E e^(lambda loss), and the log of that expectation.
func tilt(p part, lambda float64) (part, float64) {
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
	return p, math.Log(sum) + largest
}

// window returns an interval of composed tilted loss outside of which lies at most tailMass on either side, by
// Chernoff's bound.
func window(tilted []part) (lo, hi float64) {
	variance := 0.0
	for _, p := range tilted {
		variance += p.steps * p.variance()
	}
	side := func(sign float64) float64 {
		best := math.Inf(1)
		// The exponent right for a normal distribution; smaller ones for heavier tails.
		start := math.Sqrt(-2 * math.Log(tailMass) / max(variance, 1e-300))
		for mu := start * 1.2; mu > start*1e-3; mu *= 0.6 {
			reach := -math.Log(tailMass)
			for _, p := range tilted {
				reach += p.steps * p.logMoment(sign*mu)
			}
			if reach /= mu; reach < best {
				best = reach
			} else if !math.IsInf(best, 1) {
				break
			}
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

// logMoment is log E e^(mu loss), +Inf where that overflows.
func (p part) logMoment(mu float64) float64 {
	ratio := math.Exp(mu * p.width)
	const block = 32
	sum := 0.0
	for k := 0; k < len(p.mass); k += block {
		w := math.Exp(mu * (p.offset + float64(k)*p.width))
		for _, m := range p.mass[k:min(k+block, len(p.mass))] {
			if m > 0 {
				sum += m * w
			}
			w *= ratio
		}
	}
	return math.Log(sum)
}

// transformSize is the least product of small primes, which the transform is fast for, not below n.
func transformSize(n float64) int {
	if !(n < maxTransform) {
		return maxTransform + 1
	}
	size := 16
	for float64(size) < n {
		size *= 2
	}
	return size
}

// convolve fills dst with the circular convolution of the parts, dst[0] being grid index start, and returns a bound on
// the error of its elements. Only frequencies at which the product of transforms can still matter are followed; of a
// long run few remain.
func (c *composer) convolve(dst []float64, parts []part, start float64) float64 {
	n := len(dst)
	if c.transforms == nil {
		c.transforms = map[int]*fourier.FFT{}
	}
	fft := c.transforms[n]
	if fft == nil {
		fft = fourier.NewFFT(n)
		c.transforms[n] = fft
	}
	const negligible = -80.0
	rounding := 8 * 0x1p-53 * math.Log2(float64(n)) // of one transform, per unit of the input's L1 norm
	var alive []frequency
	for i, p := range parts {
		clear(dst)
		for k, m := range p.mass {
			dst[k%n] += m
		}
		c.coeff = fft.Coefficients(resized(c.coeff, n/2+1), dst)
		if i == 0 {
			alive = make([]frequency, n/2+1)
			for f := range alive {
				alive[f].index = f
			}
		}
		floor := math.Exp(max(negligible/p.steps, -700))
		next := alive[:0]
		for _, a := range alive {
			z := c.coeff[a.index]
			if math.Abs(real(z))+math.Abs(imag(z))+rounding < floor {
				continue
			}
			a.multiply(z, p.steps, rounding)
			if a.logMost > negligible {
				next = append(next, a)
			}
		}
		alive = next
	}
	return c.invert(dst, fft, alive, start, rounding, parts)
}

func resized(s []complex128, n int) []complex128 {
	if cap(s) < n {
		return make([]complex128, n)
	}
	return s[:n]
}

// frequency is the running product of the parts' transforms at one frequency, in polar form, so that a power of any
// size costs no more than a product.
type frequency struct {
	index   int
	log     float64 // log of the magnitude
	angle   float64
	logMost float64 // log of the magnitude with every rounding error to its disfavour
}

func (a *frequency) multiply(z complex128, power, rounding float64) {
	r := cmplx.Abs(z)
	a.log += power * math.Log(r)
	a.angle += math.Mod(power*math.Mod(math.Atan2(imag(z), real(z)), 2*math.Pi), 2*math.Pi)
	a.logMost += power * math.Log(r+rounding)
}

// invert transforms back and returns the bound on the error of an element.
func (c *composer) invert(dst []float64, fft *fourier.FFT, alive []frequency, start, rounding float64, parts []part) float64 {
	n := len(dst)
	clear(c.coeff)
	shift := int(math.Mod(start, float64(n)))
	if shift < 0 {
		shift += n
	}
	steps := 0.0
	for _, p := range parts {
		steps += p.steps
	}
	total, spread := 0.0, 0.0 // sums of magnitudes, and of how far they may be off
	for _, a := range alive {
		turn := 2 * math.Pi * float64(a.index*shift%n) / float64(n)
		magnitude := math.Exp(a.log)
		sin, cos := math.Sincos(a.angle + turn)
		c.coeff[a.index] = complex(magnitude*cos/float64(n), magnitude*sin/float64(n))
		total += 2 * magnitude
		spread += 2 * (math.Exp(a.logMost) - magnitude)
	}
	fft.Sequence(dst, c.coeff)
	angles := 0x1p-50 * (steps + 1) // rounding of the angles, and of the tilt
	return (spread+total*(rounding+angles))/float64(n) + 1e-34
}
