package curvature

import (
	"math"
	"math/rand/v2"

	"cloister/nn"

	"gonum.org/v1/gonum/dsp/fourier"
)

// noise makes images whose amplitude falls with frequency f as f^-exponent, as that of photographs does (Field 1987, "Relations
// between the statistics of natural images and the response properties of cortical cells"): white noise, filtered. Each channel is
// an image of its own, of mean 0 and variance 1, as normalised records are. A vector is white.
type noise struct {
	shape  nn.Shape
	filter []float64 // [row][column] of the transform
	rows   *fourier.CmplxFFT
	column *fourier.CmplxFFT
	field  []complex128
	line   []complex128
}

func newNoise(s nn.Shape, exponent float64) *noise {
	n := &noise{shape: s, filter: make([]float64, s.H*s.W), field: make([]complex128, s.H*s.W), line: make([]complex128, s.H),
		rows: fourier.NewCmplxFFT(s.W), column: fourier.NewCmplxFFT(s.H)}
	for i := range s.H {
		for j := range s.W {
			f := math.Hypot(frequency(i, s.H), frequency(j, s.W))
			if f > 0 {
				n.filter[i*s.W+j] = math.Pow(f, -exponent)
			}
		}
	}
	return n
}

// frequency is that of entry i of a transform of n, in cycles a sample.
func frequency(i, n int) float64 { return float64(min(i, n-i)) / float64(n) }

// draw fills x [channel][row][column].
func (n *noise) draw(x []float32, rng *rand.Rand) {
	area := n.shape.H * n.shape.W
	if area == 1 {
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return
	}
	for c := range n.shape.C {
		for i := range n.field {
			n.field[i] = complex(rng.NormFloat64(), 0)
		}
		n.transform((*fourier.CmplxFFT).Coefficients)
		for i := range n.field {
			n.field[i] *= complex(n.filter[i], 0)
		}
		n.transform((*fourier.CmplxFFT).Sequence)
		square := 0.0
		for _, v := range n.field { // the mean is 0: so is the filter there
			square += real(v) * real(v)
		}
		scale := 1 / math.Sqrt(max(square/float64(area), math.SmallestNonzeroFloat64))
		for i, v := range n.field {
			x[c*area+i] = float32(real(v) * scale)
		}
	}
}

// transform takes the Fourier transform of rows, then of columns.
func (n *noise) transform(one func(f *fourier.CmplxFFT, dst, src []complex128) []complex128) {
	h, w := n.shape.H, n.shape.W
	for i := range h {
		row := n.field[i*w:][:w]
		one(n.rows, row, row)
	}
	for j := range w {
		for i := range h {
			n.line[i] = n.field[i*w+j]
		}
		one(n.column, n.line, n.line)
		for i := range h {
			n.field[i*w+j] = n.line[i]
		}
	}
}
