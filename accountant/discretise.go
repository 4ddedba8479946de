package accountant

import (
	"math"
	"slices"
)

// cells cuts the range of one step's privacy loss at bounds start, start+width, ..., and holds the probability of every
// cell under both hypotheses. Cell 0 is everything up to start.
type cells struct {
	start, width float64
	upper, lower []float64
	upperTail    float64 // mass of upper beyond the last bound
	least        float64 // infimum of the loss
	lump         int     // so many cells at the low end hold a lump narrower than one of them
}

// losses is a distribution of privacy loss on a grid: mass[k] at offset + k*width, and the rest, if any, at infinity.
type losses struct {
	offset, width float64
	mass          []float64
	infinite      float64
}

// accuracy says where the range of losses may be cut off.
type accuracy struct {
	lambda float64 // exponent of the tilt the losses will be composed under
	left   float64 // tilted probability that may be rounded at the low end
	right  float64 // probability that may be rounded at the high end
	many   bool    // so many steps are alike that what one is rounded by adds up
}

// maxCells bounds the memory of one step's distribution.
const maxCells = 1 << 20

// cut divides a pair's range of losses. It returns false where that would take more than maxCells cells.
func cut(p pair, width float64, acc accuracy) (cells, bool) {
	end := p.greatest
	if math.IsInf(end, 1) {
		end = p.loss(p.upperTail(acc.right))
	}
	start, crowded := firstBound(p, width, acc)
	c, ok := cutBetween(p, start, end, width)
	if !ok || !crowded || !acc.many || p.inPlace(start, width) {
		return c, ok
	}
	later, ok := cutBetween(p, p.endOfLump(start, width)-width, end, width)
	if later.lump = 2; ok && later.merge().mean() > c.merge().mean() {
		return later, true
	}
	return c, true
}

// mean is that of the finite losses: the closer a distribution from below is to the true one, the larger.
func (l losses) mean() float64 {
	sum := 0.0
	for k, m := range l.mass {
		sum += m * (l.offset + float64(k)*l.width)
	}
	return sum
}

// cutBetween lays the bounds from start up to end at least.
func cutBetween(p pair, start, end, width float64) (cells, bool) {
	count := math.Ceil((end - start) / width)
	if !(count < maxCells) {
		return cells{}, false
	}
	n := max(int(count), 1)
	c := cells{start: start, width: width, least: p.least}
	c.upper, c.lower = make([]float64, n+1), make([]float64, n+1)
	edges := make([]float64, len(p.centers)) // signed tail probabilities of the components at the last bound
	for i := range edges {
		edges[i] = math.Copysign(0, -1)
	}
	for k := range n + 1 {
		x := p.at(start + float64(k)*width)
		for i, center := range p.centers {
			edge := signedTail((x - center) / p.sigma)
			m := between(edges[i], edge)
			edges[i] = edge
			c.upper[k] += p.upper[i] * m
			c.lower[k] += p.lower[i] * m
		}
	}
	for i, w := range p.upper {
		c.upperTail += w * between(edges[i], 0)
	}
	return c, true
}

// signedTail is the smaller of Phi(z) and Phi(-z), negative where it is the left tail: both ends keep their digits.
func signedTail(z float64) float64 {
	return math.Copysign(0.5*math.Erfc(math.Abs(z)/math.Sqrt2), z)
}

// between is the probability between two points given by their signed tails.
func between(a, b float64) float64 {
	switch {
	case !math.Signbit(a): // both right of the centre
		return max(a-b, 0)
	case math.Signbit(b): // both left
		return max(a-b, 0)
	}
	return 1 + a - b
}

// firstBound chooses where the cells begin. Below it lies next to nothing (under the tilt to come), unless the losses
// crowd against their infimum log(1-q) in a lump narrower than half a cell, whose own loss then lies half a cell below the
// bound: it falls on the grid of cell centres exactly, or above it by a millionth of a millionth.
func firstBound(p pair, width float64, acc accuracy) (start float64, crowded bool) {
	light := func(b float64) bool { // has next to nothing below it, tilted or not
		upper, _ := p.masses(b)
		return math.Log(upper)+max(acc.lambda*b, 0) < math.Log(acc.left)
	}
	start, typical := p.loss(p.lowerTail(acc.left)), p.loss(p.typical())
	if light(start) {
		start, _ = bisect(start, max(typical, start), func(b float64) bool { return !light(b) }, width)
	}
	if math.IsInf(p.least, -1) || p.lumpBelow(start) < start-width/2 {
		return start, false
	}
	return p.aboveLump(width/2, width, start), true
}

// lumpBelow is the loss of all outcomes up to a bound taken as one.
func (p pair) lumpBelow(b float64) float64 {
	upper, lower := p.masses(b)
	return math.Log(upper / lower)
}

// aboveLump is the bound, between one too far and another, that lies so far above the loss of the lump below it.
func (p pair) aboveLump(by, from, to float64) float64 {
	_, b := bisect(from, to, func(b float64) bool { return !(b-p.lumpBelow(b) > by) }, 1e-12*by)
	return b
}

// inPlace tells whether merge can bring the cell above b, beside the lump that ends there, to its place a width above the
// lump's loss. A cell whose own loss lies below that would have to be rounded down by a whole width, which over many steps
// adds up.
func (p pair) inPlace(b, width float64) bool {
	upper, lower := p.cell(b, b+width)
	return upper >= lower*math.Exp(p.lumpBelow(b)+width)
}

// endOfLump is the least bound from half a cell to a whole one above the loss of the lump below it at which the next cell
// is in place. Beside a lump density falls steeply, so that a cell's own loss lies near its low end; the nearer to the lump's
// plus a width, the larger the bound is. Losses that do not fall steeply are merged less well so.
func (p pair) endOfLump(half, width float64) float64 {
	_, b := bisect(half, p.aboveLump(width, width, half), func(b float64) bool { return p.inPlace(b, width) }, 1e-9*width)
	return b
}

// cell returns the probabilities of a loss between two bounds.
func (p pair) cell(from, to float64) (upper, lower float64) {
	a, b := p.at(from), p.at(to)
	for i, c := range p.centers {
		m := between(signedTail((a-c)/p.sigma), signedTail((b-c)/p.sigma))
		upper += p.upper[i] * m
		lower += p.lower[i] * m
	}
	return upper, lower
}

// bisect narrows an interval, at whose first end ok is false and at whose second end it is true, to tol.
func bisect(no, yes float64, ok func(float64) bool, tol float64) (float64, float64) {
	for math.Abs(yes-no) > tol {
		mid := no + (yes-no)/2
		if mid == no || mid == yes {
			break
		}
		if ok(mid) {
			yes = mid
		} else {
			no = mid
		}
	}
	return no, yes
}

// connectDots moves the mass of every cell to its two ends so that the probability of the cell is kept under both
// hypotheses. The result dominates the true pair, and of all that do on this grid it is the closest (Doroshenko, Ghazi,
// Kamath, Kumar and Manurangsi 2022, arXiv:2207.04380, Section 4). Their Algorithm 1 takes second differences of the
// hockey-stick curve, which lose their digits on fine grids; cell masses do not.
func (c cells) connectDots() losses {
	below := 0 // grid points below start that the first cell needs
	if n := math.Ceil((c.start - c.least) / c.width); n < 1000 {
		below = max(int(n), 1)
	}
	out := losses{offset: c.start - float64(below)*c.width, width: c.width, infinite: c.upperTail}
	out.mass = make([]float64, below+len(c.upper))
	for k, p := range c.upper {
		span, left := 1, below+k-1
		if k == 0 {
			span, left = below, 0
		}
		if span == 0 { // losses without infimum: what lies below start is rounded up to it
			out.mass[below] += p
			continue
		}
		loss := out.offset + float64(left)*c.width
		right := p
		if loss < 300 { // beyond, lower's mass underflows: round up
			right = (p - c.lower[k]*math.Exp(loss)) / -math.Expm1(-float64(span)*c.width)
			right = min(max(right, 0), p)
		}
		out.mass[left+span] += right
		out.mass[left] += p - right
	}
	return out
}

// merge gathers mass at the cell centres: a post-processing of the mechanism, which cannot increase any divergence, so
// that the result is dominated by the true pair. A cell gathered into one outcome has the loss log(upper/lower), which
// lies off the centre by a small fraction of the width; mixing in a little of a neighbour puts it there exactly. Like
// connectDots this errs by the square of the width, where rounding losses down errs by the width itself. What cannot be
// brought to its centre is rounded down.
func (c cells) merge() losses {
	centre := c.start - c.width/2
	if c.lump > 0 {
		c, centre = c.lumped()
	}
	n := len(c.upper)
	out := losses{offset: centre, width: c.width, mass: make([]float64, n)}
	m := merger{cells: c, kept: make([]float64, n), weight: make([]float64, n), fromLeft: make([]float64, n), fromRight: make([]float64, n)}
	for k := range n {
		m.kept[k] = 1
		m.weight[k] = math.Exp(out.offset + float64(k)*c.width)
		if out.offset+float64(k)*c.width > 300 { // lower's mass underflows: round down
			m.weight[k] = math.Inf(1)
		}
	}
	for k := n - 1; k >= 1; k-- { // a loss above its centre borrows from the left
		m.fromLeft[k] = m.borrow(k, k-1, 1)
	}
	for k := range n - 1 { // one below it from the right
		m.fromRight[k] = m.borrow(k, k+1, -1)
	}
	for k := range n {
		p, excess := m.gathered(k)
		switch {
		case excess >= -1e-15*p:
			out.mass[k] += p
		case k > 0:
			out.mass[k-1] += p
		}
	}
	out.mass[n-1] += c.upperTail
	return out
}

// lumped makes one cell of those that hold the lump, whose loss is the first centre.
func (c cells) lumped() (cells, float64) {
	last := c.lump - 1
	upper, lower := slices.Clone(c.upper[last:]), slices.Clone(c.lower[last:])
	for k := range last {
		upper[0] += c.upper[k]
		lower[0] += c.lower[k]
	}
	c.start += float64(last) * c.width
	c.upper, c.lower = upper, lower
	return c, math.Log(upper[0] / lower[0])
}

type merger struct {
	cells
	weight              []float64 // e^loss of the centre
	kept                []float64 // fraction of a cell's mass not lent to a neighbour
	fromLeft, fromRight []float64 // fraction of the neighbour's mass borrowed
}

// excess is upper - e^loss lower of cell j, seen from centre k: positive where j's loss lies above it.
func (m *merger) excess(j, k int) float64 { return m.upper[j] - m.weight[k]*m.lower[j] }

// borrow moves as much of cell j to cell k as brings k's loss to its centre, if its loss is on the side given by sign.
func (m *merger) borrow(k, j int, sign float64) float64 {
	own, other := sign*m.excess(k, k)*m.kept[k], -sign*m.excess(j, k)
	if !(own > 0 && other > 0) {
		return 0
	}
	share := min(own/other, m.kept[j])
	m.kept[j] -= share
	return share
}

// gathered is the mass at centre k under upper, and its excess.
func (m *merger) gathered(k int) (mass, excess float64) {
	mass, excess = m.kept[k]*m.upper[k], m.kept[k]*m.excess(k, k)
	if f := m.fromLeft[k]; f > 0 {
		mass += f * m.upper[k-1]
		excess += f * m.excess(k-1, k)
	}
	if f := m.fromRight[k]; f > 0 {
		mass += f * m.upper[k+1]
		excess += f * m.excess(k+1, k)
	}
	return mass, excess
}
