package accountant

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/dsp/fourier"
)

func TestTransformAgreesWithGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 4; n <= 1<<13; n *= 2 {
		x := make([]float64, n)
		for k := range x {
			x[k] = r.NormFloat64()
		}
		want := fourier.NewFFT(n).Coefficients(nil, x)
		tr := newTransform(n)
		tr.forward(x)
		got := make([]complex128, n/2+1)
		for f := range got {
			got[f] = tr.at(f)
			if d := cmplx.Abs(got[f] - want[f]); d > 1e-13*math.Sqrt(float64(n))*math.Log2(float64(n)) {
				t.Fatalf("n = %d: frequency %d is off by %g", n, f, d)
			}
		}
		back := make([]float64, n)
		tr.inverse(back, got)
		for k := range x {
			if math.Abs(back[k]-x[k]) > 1e-14 {
				t.Fatalf("n = %d: element %d comes back as %v, was %v", n, k, back[k], x[k])
			}
		}
	}
}
