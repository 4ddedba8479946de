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
	Counts   []float64 // per group: sum of (b - 1/2), b = 1 when the norm is within the bound
	Loss     float64   // sum of losses at the first point
}

// margin lowers every clip factor. A factor and a scaled coordinate are each rounded once to float32, which raises a
// coordinate by at most (1 + 2^-24)^2; norms are taken in float64, where summing 2^26 squares (maxParams) errs by less
// than 2^-26 relatively. 2^-22 covers all three.
const margin = 1.0 / (1 << 22)

// Clipper sums clipped per-sample gradients with the plain-Go reference. Not for concurrent use.
type Clipper struct {
	reference    *Reference
	tensors      []Tensor
	rule         clip.Rule
	x, grad, one []float32
	norms        []float64
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
	return &Clipper{reference: r, tensors: tensors, rule: rule, x: make([]float32, m.Input.Size()), grad: make([]float32, n), one: make([]float32, n),
		norms: make([]float64, rule.Groups(len(tensors)))}, nil
}

// Groups is the number of clip bounds.
func (c *Clipper) Groups() int { return len(c.norms) }

// Sum clips each sample's gradient by the rule with the given bounds and sums. With several points, the gradients at
// them are combined with the coefficients before the one clip. The contribution of one sample, as computed, has a true
// L2 norm of at most its bound in every group.
func (c *Clipper) Sum(points [][]float32, coefficients []float64, samples Samples, bounds []float64) (ClippedSum, error) {
	if err := clip.CheckBounds(bounds, c.Groups()); err != nil {
		return ClippedSum{}, err
	}
	s := c.newSum()
	factors := make([]float32, c.Groups())
	for i := range samples.Count {
		loss, err := c.gradient(points, coefficients, samples, i)
		if err != nil {
			return ClippedSum{}, err
		}
		for g, norm := range c.norms {
			factors[g] = float32(c.rule.Factor(norm, bounds[g]) * (1 - margin))
			s.Counts[g] -= 0.5
			if norm <= bounds[g] {
				s.Counts[g]++
			}
		}
		c.add(&s, loss, factors)
	}
	return s, nil
}

// Norms is the first of two passes: gradient norms [sample][group]. A norm that is not finite is +Inf.
func (c *Clipper) Norms(points [][]float32, coefficients []float64, samples Samples) ([]float32, error) {
	all := make([]float32, 0, samples.Count*c.Groups())
	for i := range samples.Count {
		if _, err := c.gradient(points, coefficients, samples, i); err != nil {
			return nil, err
		}
		for _, n := range c.norms {
			all = append(all, float32(n))
		}
	}
	return all, nil
}

// Accumulate is the second pass: the sum with each sample's groups scaled by factors [sample][group].
func (c *Clipper) Accumulate(points [][]float32, coefficients []float64, samples Samples, factors []float32) (ClippedSum, error) {
	if len(factors) != samples.Count*c.Groups() {
		return ClippedSum{}, fmt.Errorf("nn: %d factors for %d samples and %d groups", len(factors), samples.Count, c.Groups())
	}
	s := c.newSum()
	for i := range samples.Count {
		loss, err := c.gradient(points, coefficients, samples, i)
		if err != nil {
			return ClippedSum{}, err
		}
		c.add(&s, loss, factors[i*c.Groups():][:c.Groups()])
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
	GroupNorms(c.norms, c.tensors, c.rule, c.grad)
	return loss, nil
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

// add adds c.grad, scaled; groups with factor 0 are left out, since 0 times infinity is no number.
func (c *Clipper) add(s *ClippedSum, loss float64, factors []float32) {
	s.Loss += loss
	for i, t := range c.tensors {
		f := factors[c.rule.Group(i)]
		if f == 0 {
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
