package accountant

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func (a doubled) big() *big.Float {
	return new(big.Float).SetPrec(300).Add(big.NewFloat(a.hi).SetPrec(300), big.NewFloat(a.lo))
}

// differs is |a - b| / |scale|.
func differs(a doubled, b, scale *big.Float) float64 {
	d := new(big.Float).Sub(a.big(), b)
	v, _ := d.Quo(d.Abs(d), new(big.Float).Abs(scale)).Float64()
	return v
}

func TestDoubledArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	random := func() doubled {
		x := r.NormFloat64() * math.Exp(20*r.NormFloat64())
		return quickSum(x, x*0x1p-53*r.Float64())
	}
	exact := func(f func(z, x, y *big.Float) *big.Float, a, b doubled) *big.Float {
		return f(new(big.Float).SetPrec(300), a.big(), b.big())
	}
	for range 2000 {
		a, b := random(), random()
		scale := new(big.Float).Add(new(big.Float).Abs(a.big()), new(big.Float).Abs(b.big()))
		if d := differs(a.plus(b), exact((*big.Float).Add, a, b), scale); d > 0x1p-103 {
			t.Fatalf("%v + %v is off by %g", a, b, d)
		}
		product := exact((*big.Float).Mul, a, b)
		if d := differs(a.times(b), product, product); d > 0x1p-102 {
			t.Fatalf("%v * %v is off by %g", a, b, d)
		}
		quotient := exact((*big.Float).Quo, a, b)
		if d := differs(a.over(b), quotient, quotient); d > 0x1p-100 {
			t.Fatalf("%v / %v is off by %g", a, b, d)
		}
		if a.hi > 0 {
			root := new(big.Float).Sqrt(a.big())
			if d := differs(a.root(), root, root); d > 0x1p-100 {
				t.Fatalf("root of %v is off by %g", a, d)
			}
		}
	}
}

// TestDoubledTransform: there and back is the identity, and multiplying frequencies convolves, with thirty digits kept
// beside a mass of 1.
func TestDoubledTransform(t *testing.T) {
	const n = 64
	tr, x := newDoubledTransform(n), make([]doubledComplex, n)
	x[0].re, x[5].re = doubled{1, 0}, doubled{1e-15, 0}
	tr.forward(x)
	for i := range x {
		if j := mirrored(i); math.Abs(x[i].re.hi-x[j].re.hi)+math.Abs(x[i].im.hi+x[j].im.hi) > 1e-30 {
			t.Fatalf("frequencies %d and %d are no conjugates: %v, %v", i, j, x[i], x[j])
		}
	}
	for i := range x {
		x[i] = x[i].power(2)
	}
	tr.backward(x)
	for k, want := range map[int]float64{0: 1, 5: 2e-15, 10: 1e-30, 7: 0, 60: 0} {
		if got := (x[k].re.hi + x[k].re.lo) / n; math.Abs(got-want) > 4e-31+1e-30*want {
			t.Errorf("element %d is %g, want %g", k, got, want)
		}
	}
}
