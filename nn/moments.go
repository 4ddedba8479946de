package nn

import "fmt"

// Moments are the uncentred second moments that curvature is estimated from (Martens and Grosse 2015, "Optimizing Neural
// Networks with Kronecker-factored Approximate Curvature", Section 3; for convolutions Grosse and Martens 2016): for each [Factor], the sums over positions
// of d d^T, and of a a^T along each axis of the inputs, the others summed over. They are of whatever samples are added: give it
// public ones.
type Moments struct {
	Factors []Factor

	// Sums has the layout of a whitening, with the sum of all squared inputs, per input, in the bias' place.
	Sums []float64

	// Positions is how many inputs and output gradients each factor has seen.
	Positions []int

	reference *Reference
	grad      []float32
	square    []float32 // one axis' moments, of one position
}

// NewMoments prepares a valid model.
func NewMoments(m *Model) (*Moments, error) {
	factors, err := m.Factors()
	if err != nil {
		return nil, err
	}
	r, err := NewReference(m)
	if err != nil {
		return nil, err
	}
	largest := 1
	for _, f := range factors {
		for _, n := range append([]int{f.Out}, f.In...) {
			largest = max(largest, n)
		}
	}
	return &Moments{Factors: factors, Sums: make([]float64, WhiteningLen(factors)), Positions: make([]int, len(factors)), reference: r,
		grad: make([]float32, m.NumParams()), square: make([]float32, largest*largest)}, nil
}

// Add takes the moments of one sample with a label at the given parameters.
func (s *Moments) Add(params, x []float32, label int) error {
	if label < 0 || label >= s.reference.classes || len(x) != s.reference.input || len(params) != s.reference.params {
		return fmt.Errorf("nn: moments of %d values with label %d at %d parameters", len(x), label, len(params))
	}
	s.reference.Gradient(params, x, label, s.grad)
	for i, f := range s.Factors {
		l := &s.reference.layers[f.Layer]
		if c, ok := l.op.(*conv); ok {
			s.add(i, c.patches, l.dy, c.out.H*c.out.W)
			continue
		}
		in := x
		if f.Layer > 0 {
			in = s.reference.layers[f.Layer-1].y
		}
		s.add(i, in, l.dy, 1)
	}
	return nil
}

// add takes inputs [position][input] and output gradients [unit][position].
func (s *Moments) add(i int, inputs, gradients []float32, positions int) {
	f := s.Factors[i]
	sums := s.Sums[f.Offset:][:f.Len()]
	out, sums := sums[:f.Out*f.Out], sums[f.Out*f.Out:]
	s.along(out, gradients, 1, f.Out, positions)
	outer, inner := positions, len(inputs)/positions
	for _, n := range f.In {
		inner /= n
		s.along(sums[:n*n], inputs, outer, n, inner)
		outer *= n
		sums = sums[n*n:]
	}
	total := 0.0
	for _, v := range inputs {
		total += float64(v) * float64(v)
	}
	sums[0] += total * float64(positions) / float64(len(inputs))
	s.Positions[i] += positions
}

// along adds the moments of the middle axis of x [outer][n][inner]: those of each sample are float32 sums.
func (s *Moments) along(sum []float64, x []float32, outer, n, inner int) {
	square := s.square[:n*n]
	clear(square)
	for o := range outer {
		rows := x[o*n*inner:][:n*inner]
		if inner == 1 { // rows of a are scaled into the square, below the diagonal
			for i, v := range rows {
				to := square[i*n:][:i+1]
				for j := range to {
					to[j] += v * rows[j]
				}
			}
			continue
		}
		for i := range n {
			a := rows[i*inner:][:inner]
			for j := range i + 1 {
				square[i*n+j] += dot(a, rows[j*inner:][:inner])
			}
		}
	}
	for i := range n {
		for j := range i + 1 {
			v := float64(square[i*n+j])
			sum[i*n+j] += v
			if i != j {
				sum[j*n+i] += v
			}
		}
	}
}

func dot(a, b []float32) (s float32) {
	b = b[:len(a)]
	for i, v := range a {
		s += v * b[i]
	}
	return s
}
