package accountant

import "math"

// bundle is many equal steps taken as one. Where the losses of a single step are narrower than the grid, rounding each
// adds up; so they are first composed by so many on a grid fine enough for them, and the sum is rounded again (Ghazi,
// Kamath, Kumar and Manurangsi 2022, arXiv:2207.04381, "Faster Privacy Accounting via Evolving Discretization").
type bundle struct {
	over, under losses
	size        int // log2 of the ratio of the two grids, and half that of the number of steps
}

func (b bundle) up() losses { return b.over.coarser(b.size, 0).connectDots() }

func (b bundle) down() losses {
	c := b.under.coarser(b.size, b.under.endOfLump(b.size))
	c.lump = 1
	return c.merge()
}

// steps is how many steps a bundle holds.
func (b bundle) steps() float64 { return float64(int(1) << (2 * b.size)) }

const (
	// bundledFrom is how many steps there must be: what is left over after bundling makes a thousandth of them at most.
	bundledFrom = 1 << 16
	// maxBundledCells bounds the quadratic work of composing a bundle.
	maxBundledCells = 1 << 12
)

// bundled discretises many steps as fewer bundles, if there are enough and they are narrow enough to need it.
func (k kind) bundled(width float64, acc accuracy, added bool) (bundle, bool) {
	s, ok := k.source.(poisson)
	if !ok || k.steps < bundledFrom {
		return bundle{}, false
	}
	spread := s.rate * math.Sqrt(math.Expm1(min(1/s.sigma/s.sigma, 700)))
	size := int(min(math.Ceil(math.Log2(8*width/spread)), math.Floor(math.Log2(k.steps/1000)/2), 4))
	if width < spread/4 || size < 1 {
		return bundle{}, false
	}
	step, ok := s.discretise(math.Ldexp(width, -size), acc, added)
	if !ok || len(step.(cells).upper) > maxBundledCells {
		return bundle{}, false
	}
	b := bundle{step.up(), step.down(), size}
	for range 2 * size {
		b.over, b.under = b.over.squared(), b.under.squared()
		b.over.trimUp(acc)
		b.under.trimDown(acc)
		if len(b.over.mass) > maxBundledCells {
			return bundle{}, false
		}
	}
	return b, true
}

// squared is the distribution of the sum of two losses. It adds positive terms only, so that every digit is kept.
func (l losses) squared() losses {
	out := losses{offset: 2 * l.offset, width: l.width, infinite: l.infinite * (2 - l.infinite)}
	out.mass = make([]float64, 2*len(l.mass)-1)
	for i, a := range l.mass {
		if a == 0 {
			continue
		}
		to := out.mass[i:][:len(l.mass)]
		for j, b := range l.mass {
			to[j] += a * b
		}
	}
	return out
}

// trimUp rounds the improbable ends of an upper bound up.
func (l *losses) trimUp(acc accuracy) {
	low, high, left, right := l.ends(acc)
	l.keep(low, high)
	l.mass[0] += left
	l.infinite += right
}

// trimDown rounds those of a lower bound down, to a loss of minus infinity at the low end.
func (l *losses) trimDown(acc accuracy) {
	low, high, _, right := l.ends(acc)
	l.keep(low, high)
	l.mass[len(l.mass)-1] += right
}

// ends finds what may be cut off: mass[:low] and mass[high:], and how much that is.
func (l *losses) ends(acc accuracy) (low, high int, left, right float64) {
	low, high = 0, len(l.mass)
	for low < high-1 && left+l.mass[low] < acc.left {
		left += l.mass[low]
		low++
	}
	for high > low+1 && right+l.mass[high-1] < acc.right {
		high--
		right += l.mass[high]
	}
	return low, high, left, right
}

func (l *losses) keep(low, high int) {
	l.mass = l.mass[low:high]
	l.offset += float64(low) * l.width
}

// coarser cuts a distribution into cells 2^size as wide, the first of which holds the losses up to one of them.
func (l losses) coarser(size, first int) cells {
	cell := func(i int) int { return (i - first + 1<<size - 1) >> size }
	n := cell(len(l.mass)-1) + 1
	c := cells{start: l.offset + float64(first)*l.width, width: math.Ldexp(l.width, size), least: math.Inf(-1), upperTail: l.infinite}
	c.upper, c.lower = make([]float64, n), make([]float64, n)
	for i, m := range l.mass {
		k := max(cell(i), 0)
		c.upper[k] += m
		c.lower[k] += m * math.Exp(-(l.offset + float64(i)*l.width))
	}
	return c
}

// endOfLump is where the first of cells 2^size as wide should end, for the reason that [pair.endOfLump] gives.
func (l losses) endOfLump(size int) int {
	width := math.Ldexp(l.width, size)
	masses := func(from, to int) (upper, lower float64) {
		for i := from; i < min(to, len(l.mass)); i++ {
			upper += l.mass[i]
			lower += l.mass[i] * math.Exp(-(l.offset + float64(i)*l.width))
		}
		return upper, lower
	}
	upper, lower := 0.0, 0.0
	for i := range l.mass {
		u, w := masses(i, i+1)
		if upper, lower = upper+u, lower+w; upper == 0 {
			continue
		}
		lump := math.Log(upper / lower)
		switch away := l.offset + float64(i)*l.width - lump; {
		case !(away <= width):
			return max(i-1, 0)
		case away >= width/2:
			if u, w = masses(i+1, i+1+1<<size); u >= w*math.Exp(lump+width) {
				return i
			}
		}
	}
	return len(l.mass) - 1
}
