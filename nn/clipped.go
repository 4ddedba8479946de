package nn

import (
	"fmt"
	"math"

	"cloister/clip"
)

// Samples gives a sum the records that it is over.
type Samples struct {
	Count int
	// At writes record i, normalised and laid out [channel][row][column], into x and returns its label.
	At func(i int, x []float32) (label int)
}

// ClippedSum is what a private step computes before noise.
type ClippedSum struct {
	Gradient []float64 // sum of clipped per-sample gradients, flat
	Counts   []float64 // per group: sum of (b - 1/2), b = 1 when the norm is within the threshold
	Loss     float64   // sum of losses at the first point
}

// margin lowers every clip factor, and raises every norm that Norms returns, so that what a record adds to the computed
// sum has a true norm within its bound. With u = 2^-24, float32's rounding unit, what can go wrong is: the factor is
// rounded to float32 (u), each scaled coordinate again (u), a returned norm too (u); and the norm is a float64 sum of at
// most 2^26 (maxParams) squares, each exact, so it falls short by less than 2^26 2^-53 / 2 = u/16. Together less than
// (1 + u)^3 (1 + u/16), which 1 + 4u = 1 + 2^-22 exceeds. A scaled coordinate below float32's normal range errs by at
// most 2^-150, nothing beside a bound of 1e-12.
const margin = 1.0 / (1 << 22)

// SumRounding bounds what the float64 sum adds to one record's influence: with at most n records in it, adding or
// removing one changes the computed sum by at most (1 + SumRounding(n)) times the rule's sensitivity S. The k-th addition
// errs by at most 2^-53 k S in norm, and both sums count: (n(n-1)/2 + n(n+1)/2) 2^-53 = n^2 2^-53, doubled to cover
// what rounding adds to the partial sums themselves.
func SumRounding(n int) float64 { return math.Ldexp(float64(n)*float64(n), -52) }

// Clipper sums clipped per-sample gradients with the plain-Go reference. Not for concurrent use.
type Clipper struct {
	reference    *Reference
	tensors      []Tensor
	rule         clip.Rule
	x, grad, one []float32 // a sample, its combined gradient, its gradient at one point
	norms        []float64 // of grad, by group
	factors      []float32 // for grad, by group

	model        *Model
	layerFactors []Factor
	whitening    []float32 // nil: gradients are clipped as they are
}

// NewClipper makes scratch for a valid model and rule.
func NewClipper(m *Model, rule clip.Rule) (*Clipper, error) {
	if err := rule.Validate(); err != nil {
		return nil, err
	}
	r, err := NewReference(m)
	if err != nil {
		return nil, err
	}
	tensors, n := m.Tensors(), m.NumParams()
	groups := rule.Groups(len(tensors))
	return &Clipper{
		reference: r, tensors: tensors, rule: rule,
		x: make([]float32, m.Input.Size()), grad: make([]float32, n), one: make([]float32, n),
		norms: make([]float64, groups), factors: make([]float32, groups), model: m,
	}, nil
}

// Groups is the number of clip bounds.
func (c *Clipper) Groups() int { return len(c.norms) }

// Sum clips each sample's gradient by the rule with the given bounds and sums. With several points, the gradients at
// them are combined with the coefficients before the one clip. The contribution of one sample, as computed, has a true
// L2 norm of at most its bound in every group. Norms are counted that do not exceed thresholds; nil for the bounds.
func (c *Clipper) Sum(points [][]float32, coefficients []float64, samples Samples, bounds, thresholds []float64) (ClippedSum, error) {
	if err := clip.CheckBounds(bounds, c.Groups()); err != nil {
		return ClippedSum{}, err
	}
	if thresholds == nil {
		thresholds = bounds
	}
	if err := clip.CheckBounds(thresholds, c.Groups()); err != nil {
		return ClippedSum{}, fmt.Errorf("nn: thresholds: %w", err)
	}
	if err := checkPoints(points, coefficients); err != nil {
		return ClippedSum{}, err
	}
	s := c.newSum()
	for i := range samples.Count {
		loss, err := c.gradient(points, coefficients, samples, i)
		if err != nil {
			return ClippedSum{}, err
		}
		c.addClipped(&s, bounds, thresholds)
		s.Loss += loss
	}
	return s, nil
}

// addClipped adds c.grad, clipped by its norms.
func (c *Clipper) addClipped(s *ClippedSum, bounds, thresholds []float64) {
	for g, norm := range c.norms {
		c.factors[g] = float32(c.rule.Factor(norm, bounds[g]) * (1 - margin))
		s.Counts[g] -= 0.5
		if norm <= thresholds[g] {
			s.Counts[g]++
		}
	}
	c.add(s, c.factors)
}

// Norms is the first of two passes: gradient norms [sample][group], raised so that a factor of at most bound/norm keeps
// the bound in [Clipper.Accumulate]. A norm that is not finite is +Inf.
func (c *Clipper) Norms(points [][]float32, coefficients []float64, samples Samples) ([]float32, error) {
	if err := checkPoints(points, coefficients); err != nil {
		return nil, err
	}
	all := make([]float32, 0, samples.Count*c.Groups())
	for i := range samples.Count {
		if _, err := c.gradient(points, coefficients, samples, i); err != nil {
			return nil, err
		}
		for _, n := range c.norms {
			all = append(all, float32(n*(1+margin)))
		}
	}
	return all, nil
}

// Accumulate is the second pass: the sum with each sample's groups scaled by factors [sample][group]. A group whose
// gradient is not finite is left out whatever its factor. Counts stay zero.
func (c *Clipper) Accumulate(points [][]float32, coefficients []float64, samples Samples, factors []float32) (ClippedSum, error) {
	if len(factors) != samples.Count*c.Groups() {
		return ClippedSum{}, fmt.Errorf("nn: %d factors for %d samples and %d groups", len(factors), samples.Count, c.Groups())
	}
	if err := checkPoints(points, coefficients); err != nil {
		return ClippedSum{}, err
	}
	s := c.newSum()
	for i := range samples.Count {
		loss, err := c.gradient(points, coefficients, samples, i)
		if err != nil {
			return ClippedSum{}, err
		}
		c.add(&s, factors[i*c.Groups():][:c.Groups()])
		s.Loss += loss
	}
	return s, nil
}

func (c *Clipper) newSum() ClippedSum {
	return ClippedSum{Gradient: make([]float64, len(c.grad)), Counts: make([]float64, c.Groups())}
}

// gradient leaves sample i's combined gradient in c.grad and its norms in c.norms.
func (c *Clipper) gradient(points [][]float32, coefficients []float64, samples Samples, i int) (loss float64, err error) {
	label := samples.At(i, c.x)
	if label < 0 || label >= c.reference.classes {
		return 0, fmt.Errorf("nn: sample %d has label %d of %d classes", i, label, c.reference.classes)
	}
	for k, params := range points {
		if k == 0 {
			loss = c.reference.Gradient(params, c.x, label, c.grad)
			scale(c.grad, coefficient(coefficients, 0))
			continue
		}
		c.reference.Gradient(params, c.x, label, c.one)
		addScaled(c.grad, coefficient(coefficients, k), c.one)
	}
	if c.whitening != nil {
		c.whiten()
	}
	GroupNorms(c.norms, c.tensors, c.rule, c.grad)
	return loss, nil
}

func checkPoints(points [][]float32, coefficients []float64) error {
	if len(points) == 0 || coefficients != nil && len(coefficients) != len(points) {
		return fmt.Errorf("nn: %d coefficients for %d points", len(coefficients), len(points))
	}
	return nil
}

func coefficient(coefficients []float64, k int) float32 {
	if coefficients == nil {
		return 1
	}
	return float32(coefficients[k])
}

func addScaled(dst []float32, scale float32, src []float32) {
	for i, v := range src {
		dst[i] += scale * v
	}
}

func scale(x []float32, by float32) {
	if by == 1 {
		return
	}
	for i := range x {
		x[i] *= by
	}
}

// add adds c.grad, scaled. A group with factor 0 or a gradient that is not finite is left out: 0 times infinity is no
// number, and one such record would spoil the sum for good.
func (c *Clipper) add(s *ClippedSum, factors []float32) {
	for i, t := range c.tensors {
		g := c.rule.Group(i)
		f := factors[g]
		if f == 0 || math.IsInf(c.norms[g], 1) {
			continue
		}
		dst := s.Gradient[t.Offset : t.Offset+t.Len]
		for j, v := range c.grad[t.Offset : t.Offset+t.Len] {
			dst[j] += float64(f * v)
		}
	}
}

// GroupNorms sets norms to the L2 norm of each group of a flat gradient, computed in float64. A norm that is not finite
// becomes +Inf.
func GroupNorms(norms []float64, tensors []Tensor, rule clip.Rule, grad []float32) {
	clear(norms)
	for i, t := range tensors {
		s := 0.0
		for _, v := range grad[t.Offset : t.Offset+t.Len] {
			s += float64(v) * float64(v)
		}
		norms[rule.Group(i)] += s
	}
	for g, s := range norms {
		if norms[g] = math.Sqrt(s); math.IsNaN(s) {
			norms[g] = math.Inf(1)
		}
	}
}
