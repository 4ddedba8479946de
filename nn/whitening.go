package nn

import (
	"fmt"
	"math"
)

// Whitening multiplies each layer's per-sample gradient by Kronecker factors of the curvature before the one clip
// (Molina Van den Bosch et al. 2026, "DP-KFC", arXiv:2605.13418): for a layer with weights [Out][In] whose gradient is
// M = sum_p d_p a_p^T over positions p, with output gradients d and inputs a,
//
//	M' = U_G M (U_1 ⊗ U_2 ⊗ ...),    b' = s U_G b for the bias' gradient b = sum_p d_p.
//
// The input's factor is itself a product over the input's axes (channels and space) where one matrix of all would cost too
// much. The matrices are symmetric and functions of public values, so clip, sum and noise live in the whitened space and need no
// new accounting. Layers whose parameters are no matrix, as group normalisation's, stay as they are.
//
// All matrices of a model lie in one flat vector, which [Model.Factors] lays out.

// Factor is one layer's place in that vector: U_G [Out][Out], then a matrix [n][n] for each n of In, then s.
type Factor struct {
	Layer        int   // index into Model.Layers
	Weight, Bias int   // indices into Model.Tensors
	Out          int   // units, filters
	In           []int // axes of a unit's inputs in PyTorch's order; their product is the number of inputs
	Offset       int
}

// Limits of what whitening is compiled for. A vector of more inputs has no axes to split it by.
const (
	maxAxis  = 1024 // extent of one axis
	maxSpace = 64   // positions that a linear layer's input may have as one axis; else rows and columns are two
	maxWhole = 4    // channels of the model's input that are one axis with a convolution's windows
)

// Len is the number of values.
func (f Factor) Len() int {
	n := f.Out*f.Out + 1
	for _, axis := range f.In {
		n += axis * axis
	}
	return n
}

// Parts are the factor's matrices in a vector for the whole model, and where its bias' scale lies.
func (f Factor) Parts(u []float32) (out []float32, in [][]float32, bias *float32) {
	u = u[f.Offset:][:f.Len()]
	out, u = u[:f.Out*f.Out], u[f.Out*f.Out:]
	for _, n := range f.In {
		in = append(in, u[:n*n])
		u = u[n*n:]
	}
	return out, in, &u[0]
}

// Factors lays out the whitening of a valid model. It reports a layer that whitening is not for.
func (m *Model) Factors() ([]Factor, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	var all []Factor
	tensor, offset := 0, 0
	for i, l := range m.Layers {
		f := Factor{Layer: i, Weight: tensor, Bias: tensor + 1, Offset: offset}
		tensor += len(l.Tensors())
		switch l := l.(type) {
		case Conv2D:
			f.Out, f.In = l.Filters, axes(l.In, l.Kernel*l.Kernel)
			if l.In <= maxWhole && m.first(i) == 0 {
				f.In = []int{l.In * l.Kernel * l.Kernel}
			}
		case Linear:
			s := shapes[m.first(i)] // the vector's shape before it was one
			f.Out, f.In = l.Units, axes(s.C, s.H*s.W)
			if s.H*s.W > maxSpace {
				f.In = axes(s.C, s.H, s.W)
			}
		case GroupNorm, ReLU, Tanh, MaxPool, AvgPool, GlobalAvgPool, Flatten:
			continue
		default:
			return nil, fmt.Errorf("nn: no whitening for layer %d (%v)", i, l)
		}
		for _, n := range append([]int{f.Out}, f.In...) {
			if n > maxAxis {
				return nil, fmt.Errorf("nn: layer %d (%v) cannot be whitened: an axis of %d, at most %d", i, l, n, maxAxis)
			}
		}
		offset += f.Len()
		all = append(all, f)
	}
	return all, nil
}

// axes are the extents that are not 1, or a single 1.
func axes(extents ...int) []int {
	var all []int
	for _, n := range extents {
		if n > 1 {
			all = append(all, n)
		}
	}
	if all == nil {
		return []int{1}
	}
	return all
}

// first is the index of the first of the layers just before layer i that only rename or transform its input's values.
func (m *Model) first(i int) int {
	for i > 0 {
		if _, flatten := m.Layers[i-1].(Flatten); !flatten && !Elementwise(m.Layers[i-1]) {
			break
		}
		i--
	}
	return i
}

// Elementwise says whether a layer works on each value alone.
func Elementwise(l Layer) bool {
	switch l.(type) {
	case ReLU, Tanh:
		return true
	}
	return false
}

// WhiteningLen is the length of a vector for all factors.
func WhiteningLen(factors []Factor) int {
	if len(factors) == 0 {
		return 0
	}
	last := factors[len(factors)-1]
	return last.Offset + last.Len()
}

// maxFactor bounds what a whitening may hold, so that ordinary gradients stay far from overflowing.
const maxFactor = 1e6

// CheckWhitening reports a vector that is no whitening for the factors: a wrong length, values that are not finite or too
// large, a matrix that is not symmetric.
func CheckWhitening(factors []Factor, u []float32) error {
	if n := WhiteningLen(factors); len(u) != n {
		return fmt.Errorf("nn: whitening of %d values, the model has %d", len(u), n)
	}
	for i, v := range u {
		if !(math.Abs(float64(v)) <= maxFactor) {
			return fmt.Errorf("nn: whitening holds %v at %d, want at most %v", v, i, maxFactor)
		}
	}
	for _, f := range factors {
		out, in, _ := f.Parts(u)
		for k, matrix := range append([][]float32{out}, in...) {
			n := append([]int{f.Out}, f.In...)[k]
			for i := range n {
				for j := range i {
					if matrix[i*n+j] != matrix[j*n+i] {
						return fmt.Errorf("nn: layer %d: whitening matrix %d is not symmetric", f.Layer, k)
					}
				}
			}
		}
	}
	return nil
}

// Whiten makes the clipper whiten gradients from now on; nil ends that. The vector is kept.
func (c *Clipper) Whiten(u []float32) error {
	if u == nil {
		c.whitening = nil
		return nil
	}
	if c.layerFactors == nil {
		factors, err := c.model.Factors()
		if err != nil {
			return err
		}
		c.layerFactors = factors
	}
	if err := CheckWhitening(c.layerFactors, u); err != nil {
		return err
	}
	c.whitening = u
	return nil
}

// whiten transforms the gradient; c.one is free to work in.
func (c *Clipper) whiten() {
	for _, f := range c.layerFactors {
		out, in, bias := f.Parts(c.whitening)
		w, b := c.tensors[f.Weight], c.tensors[f.Bias]
		x, y := c.grad[w.Offset:][:w.Len], c.one[:w.Len]
		alongAxis(y, x, out, 1, f.Out, w.Len/f.Out)
		outer, inner := f.Out, w.Len/f.Out
		for k, n := range f.In {
			x, y = y, x
			inner /= n
			alongAxis(y, x, in[k], outer, n, inner)
			outer *= n
		}
		copy(c.grad[w.Offset:], y)
		x, y = c.grad[b.Offset:][:b.Len], c.one[:b.Len]
		alongAxis(y, x, out, 1, b.Len, 1)
		for i, v := range y {
			x[i] = v * *bias
		}
	}
}

// alongAxis multiplies each vector along the middle axis of x [outer][n][inner] by a symmetric matrix.
func alongAxis(y, x, matrix []float32, outer, n, inner int) {
	for o := range outer {
		from, to := x[o*n*inner:][:n*inner], y[o*n*inner:][:n*inner]
		if inner == 1 {
			vecMat(from, 1, n, matrix, to)
			continue
		}
		for k := range n {
			vecMat(matrix[k*n:], 1, n, from, to[k*inner:][:inner])
		}
	}
}
