// Package curvature makes a model's whitening (nn/whitening.go) without data, as DP-KFC does (Molina Van den Bosch et al.
// 2026, arXiv:2605.13418, Section 4): Kronecker factors of the curvature are estimated from pink-noise images with random
// labels at the current parameters, and each layer's gradient is multiplied by their inverse square roots.
//
// Everything here is public: parameters are released values, and noise and labels come from a stated source. So the
// whitening costs no budget, and anyone can repeat it.
package curvature

import (
	"fmt"
	"math"
	"math/rand/v2"

	"cloister/nn"
)

// Options say how factors are estimated. All are public.
type Options struct {
	Images   int     // probes, at least 1
	Exponent float64 // of the probes' amplitude spectrum, f^-Exponent: see [Noise]; 1.5 to 1.8 in the paper
	Damping  float64 // added to each factor's eigenvalues, in units of their mean, above 0; 0.3 to 1 does well with large noise, the paper has 1e-3
}

// Validate reports the first option that is out of its range.
func (o Options) Validate() error {
	switch {
	case o.Images < 1 || o.Images > 1<<16:
		return fmt.Errorf("curvature: %d images, want 1 to %d", o.Images, 1<<16)
	case !(o.Exponent >= 0 && o.Exponent <= 4):
		return fmt.Errorf("curvature: exponent %v, want 0 to 4", o.Exponent)
	case !(o.Damping >= 1e-6 && o.Damping <= 1e6):
		return fmt.Errorf("curvature: damping %v, want 1e-6 to 1e6", o.Damping)
	}
	return nil
}

// Whitening estimates the factors at the given parameters and returns the step's argument. The source of randomness must be public:
// seeded by what everyone may know, and used for nothing else. Parameters that are not finite are an error.
func Whitening(m *nn.Model, params []float32, o Options, rng *rand.Rand) ([]float32, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	moments, err := nn.NewMoments(m)
	if err != nil {
		return nil, err
	}
	noise, x, classes := newNoise(m.Input, o.Exponent), make([]float32, m.Input.Size()), m.Classes()
	for range o.Images {
		noise.draw(x, rng)
		if err := moments.Add(params, x, rng.IntN(classes)); err != nil {
			return nil, err
		}
	}
	return Whiten(moments, o.Damping)
}

// Whiten turns moments into a whitening: U = (F/f + damping I)^(-1/2) for each factor F of mean eigenvalue f, and for the bias,
// which is an input of 1 beside inputs of mean square a, (1/a + damping)^(-1/2). A factor that is zero has no shape: its U is that of
// the identity.
func Whiten(moments *nn.Moments, damping float64) ([]float32, error) {
	u := make([]float32, len(moments.Sums))
	for k, f := range moments.Factors {
		if moments.Positions[k] == 0 {
			return nil, fmt.Errorf("curvature: no moments of layer %d", f.Layer)
		}
		at := f.Offset
		for _, n := range append([]int{f.Out}, f.In...) {
			if err := inverseRoot(u[at:][:n*n], moments.Sums[at:][:n*n], n, damping); err != nil {
				return nil, fmt.Errorf("curvature: layer %d: %w", f.Layer, err)
			}
			at += n * n
		}
		square := moments.Sums[at] / float64(moments.Positions[k])
		u[at] = float32(1 / math.Sqrt(1/max(square, 1e-12)+damping))
	}
	if err := nn.CheckWhitening(moments.Factors, u); err != nil {
		return nil, err
	}
	return u, nil
}

// inverseRoot writes (F/f + damping I)^(-1/2), exactly symmetric.
func inverseRoot(to []float32, sums []float64, n int, damping float64) error {
	trace := 0.0
	for i := range n {
		trace += sums[i*n+i]
	}
	if math.IsNaN(trace) || math.IsInf(trace, 0) {
		return fmt.Errorf("a factor is not finite: the parameters have grown beyond what float32 holds")
	}
	scaled := make([]float64, n*n)
	for i, v := range sums {
		if scaled[i] = 0; trace > 0 {
			scaled[i] = v / trace * float64(n)
		}
	}
	if trace <= 0 {
		for i := range n {
			scaled[i*n+i] = 1
		}
	}
	for i := range n {
		scaled[i*n+i] += damping
	}
	root, ok := inverseSquareRoot(scaled, n)
	if !ok {
		return fmt.Errorf("the inverse root of a factor of %d does not converge", n)
	}
	for i := range n {
		for j := range i + 1 {
			v := float32((root[i*n+j] + root[j*n+i]) / 2)
			to[i*n+j], to[j*n+i] = v, v
		}
	}
	return nil
}

// enough is how far, entry by entry, a product of a root and its inverse may be from the identity before the last round, which squares
// that: what is left is below float32's rounding.
const enough = 1e-6

// inverseSquareRoot is that of a symmetric positive definite matrix [n][n], by the coupled Newton-Schulz iteration (Higham 2008,
// "Functions of Matrices", Equation 6.33): Y -> A^(1/2), Z -> A^(-1/2), with A divided by a bound on its eigenvalues. A condition number
// k takes log(k)/log(9/4) rounds and a few more.
func inverseSquareRoot(a []float64, n int) (root []float64, ok bool) {
	bound := eigenvalueBound(a, n)
	y, z, t, next := make([]float64, n*n), make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)
	for i := range n {
		z[i*n+i] = 1
	}
	for i, v := range a {
		y[i] = v / bound
	}
	for range 60 {
		multiply(t, z, y, n)
		apart := 0.0
		for i := range n {
			for j, v := range t[i*n:][:n] {
				if i == j {
					apart = max(apart, math.Abs(1-v))
					t[i*n+j] = 1.5 - v/2
					continue
				}
				apart = max(apart, math.Abs(v))
				t[i*n+j] = -v / 2
			}
		}
		multiply(next, t, z, n)
		z, next = next, z
		if apart < enough {
			for i := range z {
				z[i] /= math.Sqrt(bound)
			}
			return z, true
		}
		multiply(next, y, t, n)
		y, next = next, y
	}
	return nil, false
}

// eigenvalueBound is the lesser of the greatest sum over a row and the Frobenius norm.
func eigenvalueBound(a []float64, n int) float64 {
	rows, squares := 0.0, 0.0
	for i := range n {
		row := 0.0
		for _, v := range a[i*n:][:n] {
			row += math.Abs(v)
			squares += v * v
		}
		rows = max(rows, row)
	}
	return min(rows, math.Sqrt(squares))
}

// multiply writes the product of two matrices [n][n], four rows of the second at a time.
func multiply(to, a, b []float64, n int) {
	for i := range n {
		row, x := to[i*n:][:n], a[i*n:][:n]
		clear(row)
		k := 0
		for ; k+4 <= n; k += 4 {
			f0, f1, f2, f3 := x[k], x[k+1], x[k+2], x[k+3]
			b0, b1, b2, b3 := b[k*n:][:len(row)], b[(k+1)*n:][:len(row)], b[(k+2)*n:][:len(row)], b[(k+3)*n:][:len(row)]
			for j := range row {
				row[j] += f0*b0[j] + f1*b1[j] + f2*b2[j] + f3*b3[j]
			}
		}
		for ; k < n; k++ {
			for j, v := range b[k*n:][:n] {
				row[j] += x[k] * v
			}
		}
	}
}
