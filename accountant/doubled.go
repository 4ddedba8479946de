package accountant

import (
	"math"
	"math/bits"
)

// doubled is a number held as the unevaluated sum of two float64, which doubles their digits (Dekker 1971, "A
// Floating-Point Technique for Extending the Available Precision"). The conversions to float64 in products keep
// compilers from fusing them with a sum.
type doubled struct{ hi, lo float64 }

// twoSum is a + b exactly (Knuth, TAOCP 2, Section 4.2.2, Theorem B).
func twoSum(a, b float64) doubled {
	s := a + b
	v := s - a
	return doubled{s, (a - (s - v)) + (b - v)}
}

// quickSum is a + b exactly where |a| >= |b|.
func quickSum(a, b float64) doubled {
	s := a + b
	return doubled{s, b - (s - a)}
}

// split cuts a number into two of 26 bits (Veltkamp).
func split(a float64) (high, low float64) {
	t := float64((1<<27 + 1) * a)
	high = t - (t - a)
	return high, a - high
}

// twoProduct is a b exactly (Dekker).
func twoProduct(a, b float64) doubled {
	p := float64(a * b)
	ah, al := split(a)
	bh, bl := split(b)
	return doubled{p, ((float64(ah*bh) - p) + float64(ah*bl) + float64(al*bh)) + float64(al*bl)}
}

// plus errs by 2^-104 of |a| + |b| at most, times by as much of |a b|; a few units more than they do.
func (a doubled) plus(b doubled) doubled {
	s := twoSum(a.hi, b.hi)
	return quickSum(s.hi, s.lo+(a.lo+b.lo))
}

func (a doubled) minus(b doubled) doubled { return a.plus(doubled{-b.hi, -b.lo}) }

func (a doubled) times(b doubled) doubled {
	p := twoProduct(a.hi, b.hi)
	return quickSum(p.hi, p.lo+(float64(a.hi*b.lo)+float64(a.lo*b.hi)))
}

// root is the square root of a positive number, by one step of Newton's method from that of hi.
func (a doubled) root() doubled {
	r := math.Sqrt(a.hi)
	square := twoProduct(r, r)
	rest := a.minus(square)
	return quickSum(r, (rest.hi+rest.lo)/(2*r))
}

// doubledComplex is a complex number of such parts.
type doubledComplex struct{ re, im doubled }

func (a doubledComplex) plus(b doubledComplex) doubledComplex {
	return doubledComplex{a.re.plus(b.re), a.im.plus(b.im)}
}

func (a doubledComplex) minus(b doubledComplex) doubledComplex {
	return doubledComplex{a.re.minus(b.re), a.im.minus(b.im)}
}

func (a doubledComplex) times(b doubledComplex) doubledComplex {
	return doubledComplex{a.re.times(b.re).minus(a.im.times(b.im)), a.re.times(b.im).plus(a.im.times(b.re))}
}

func (a doubledComplex) conjugate() doubledComplex {
	return doubledComplex{a.re, doubled{-a.im.hi, -a.im.lo}}
}

func (a doubledComplex) abs() float64 { return math.Hypot(a.re.hi, a.im.hi) }

var doubledOne = doubledComplex{re: doubled{1, 0}}

// power is a^n for a whole n below 2^53, by repeated squaring.
func (a doubledComplex) power(n float64) doubledComplex {
	product := doubledOne
	for k := uint64(n); k > 0; k >>= 1 {
		if k&1 == 1 {
			product = product.times(a)
		}
		a = a.times(a)
	}
	return product
}

// doubledTransform is a discrete Fourier transform of n complex numbers, n a power of two, in doubled digits: forward
// leaves the frequencies in bit-reversed order, which backward takes (Gentleman and Sande 1966; Cooley and Tukey 1965).
type doubledTransform struct {
	roots []doubledComplex // e^{-2 pi i k/n} for k < n/2
}

func newDoubledTransform(n int) *doubledTransform {
	roots := make([]doubledComplex, max(n/2, 1))
	roots[0] = doubledOne
	// Halving the angle: cos(a/2) = sqrt((1 + cos a)/2), sin(a/2) = sin a / (2 cos(a/2)); roots are products of such.
	var halvings []doubledComplex // e^{-i pi/2}, e^{-i pi/4} ...
	sin, cos := doubled{1, 0}, doubled{0, 0}
	for angle := n / 4; angle >= 1; angle /= 2 { // the angle is 2 pi angle/n
		halvings = append(halvings, doubledComplex{cos, doubled{-sin.hi, -sin.lo}})
		// sin(a/2) = sqrt((1 - cos a)/2) would cancel.
		sum := doubled{1, 0}.plus(cos)
		cos = doubled{sum.hi / 2, sum.lo / 2}.root()
		sin = sin.over(doubled{2 * cos.hi, 2 * cos.lo})
	}
	for level := len(halvings) - 1; level >= 0; level-- {
		step := n / 4 >> level
		for k := range step {
			roots[step+k] = roots[k].times(halvings[level])
		}
	}
	return &doubledTransform{roots}
}

// over is a/b.
func (a doubled) over(b doubled) doubled {
	q := a.hi / b.hi
	rest := a.minus(b.times(doubled{q, 0}))
	return quickSum(q, (rest.hi+rest.lo)/b.hi)
}

func (t *doubledTransform) forward(x []doubledComplex) {
	for half, stride := len(x)/2, 1; half >= 1; half, stride = half/2, stride*2 {
		for start := 0; start < len(x); start += 2 * half {
			a, b := x[start:][:half], x[start+half:][:half]
			for k := range a {
				u, v := a[k], b[k]
				a[k] = u.plus(v)
				b[k] = u.minus(v).times(t.roots[k*stride])
			}
		}
	}
}

// backward is the inverse, times n.
func (t *doubledTransform) backward(x []doubledComplex) {
	for half, stride := 1, len(x)/2; half < len(x); half, stride = half*2, stride/2 {
		for start := 0; start < len(x); start += 2 * half {
			a, b := x[start:][:half], x[start+half:][:half]
			for k := range a {
				u, v := a[k], b[k].times(t.roots[k*stride].conjugate())
				a[k], b[k] = u.plus(v), u.minus(v)
			}
		}
	}
}

// doubledComposer convolves as composer.convolve does, some thirty times slower and with an error of 1e-30 where that
// has 1e-15: for a tail so small that no tilt brings it out of the rounding.
type doubledComposer struct {
	transform         *doubledTransform
	spectrum, product []doubledComplex
}

// maxDoubled bounds the size, for time and memory.
const maxDoubled = 1 << 18

// convolve fills dst with the circular convolution of the parts, dst[0] being grid index start, and returns a bound on
// the error of its elements.
func (c *doubledComposer) convolve(dst []float64, parts []part, start float64) float64 {
	n := len(dst)
	if len(c.spectrum) != n {
		*c = doubledComposer{newDoubledTransform(n), make([]doubledComplex, n), make([]doubledComplex, n)}
	}
	for i := range c.product {
		c.product[i] = doubledOne
	}
	rounding := 16 * 0x1p-104 * math.Log2(float64(n)) // of one transform, per unit of the input's L1 norm
	logMost, relative := make([]float64, n), make([]float64, n)
	for _, p := range parts {
		clear(c.spectrum)
		for k, m := range p.mass {
			at := &c.spectrum[k&(n-1)].re
			*at = at.plus(doubled{m, 0})
		}
		c.transform.forward(c.spectrum)
		for i := range n {
			j := mirrored(i)
			if j < i || logMost[i] < doubledNegligible {
				continue
			}
			size := c.spectrum[i].abs()
			logMost[i] += p.steps * math.Log(size+rounding)
			relative[i] += p.steps * (rounding/size + 0x1p-100)
			if logMost[i] < doubledNegligible {
				c.product[i], c.product[j] = doubledComplex{}, doubledComplex{}
				continue
			}
			c.product[i] = c.product[i].times(c.spectrum[i].power(p.steps))
			c.product[j] = c.product[i].conjugate()
		}
	}
	total, spread := 0.0, 0.0
	for i := range n {
		if j := mirrored(i); j >= i && logMost[i] >= doubledNegligible {
			size := 2 * c.product[i].abs()
			total += size
			if relative[i] < 0.01 {
				spread += 2 * size * relative[i]
			} else {
				spread += size + 2*math.Exp(logMost[i])
			}
		}
	}
	c.transform.backward(c.product)
	shift := int(math.Mod(start, float64(n)))
	for k := range dst {
		dst[k] = c.product[(k+shift+n)&(n-1)].re.hi / float64(n)
	}
	return (spread+total*rounding)/float64(n) + 1e-40
}

// doubledNegligible is the log of a magnitude that no longer matters in any sum.
const doubledNegligible = -100.0

// mirrored is where the conjugate frequency lies in bit-reversed order: of the bits of its index all below the highest
// are the opposite.
func mirrored(i int) int {
	if i == 0 {
		return 0
	}
	return i ^ (1<<(bits.Len(uint(i))-1) - 1)
}
