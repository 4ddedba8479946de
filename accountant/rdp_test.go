package accountant

import (
	"math"
	"math/big"
	"testing"

	"gonum.org/v1/gonum/stat/combin"
)

// integerMoment is the closed form at an integer order (Mironov, Talwar and Zhang 2019, Section 3.3), summed to 300 bits.
func integerMoment(s, q float64, a int) float64 {
	excess := new(big.Float).SetPrec(300)
	for k := 2; k <= a; k++ { // the terms of 0 and 1 sum to 1 less what the others' e^0 are: subtract that 1 from each
		c := new(big.Float).SetPrec(300).SetInt(new(big.Int).Binomial(int64(a), int64(k)))
		weight := bigPow(1-q, a-k)
		weight.Mul(weight, bigPow(q, k))
		c.Mul(c, weight)
		c.Mul(c, big.NewFloat(math.Expm1(float64(k)*float64(k-1)/2/s/s)))
		excess.Add(excess, c)
	}
	v, _ := excess.Float64()
	return math.Log1p(v)
}

func bigPow(x float64, n int) *big.Float {
	p, b := new(big.Float).SetPrec(300).SetInt64(1), new(big.Float).SetPrec(300).SetFloat64(x)
	for range n {
		p.Mul(p, b)
	}
	return p
}

func TestMomentsAtIntegerOrders(t *testing.T) {
	if combin.Binomial(10, 3) != 120 {
		t.Fatal("oracle")
	}
	for _, s := range []float64{0.3, 0.7, 1, 4, 30} {
		for _, q := range []float64{1e-9, 1e-4, 0.01, 0.3, 0.95} {
			for _, a := range []int{2, 3, 5, 16, 64} {
				if float64(a*a)/2/s/s > 700 {
					continue // the oracle's e^x overflows
				}
				want, got := integerMoment(s, q, a), logMoment(s, q, float64(a))
				if got < want*(1-1e-13) || got > want*(1+1e-9)+1e-15 {
					t.Errorf("sigma %v, q %v, order %d: %v, want %v", s, q, a, got, want)
				}
			}
		}
	}
}

// Fractional orders against the same integral by brute force: a hundred times the points, no strip, no series.
func TestMomentsAtFractionalOrders(t *testing.T) {
	for _, s := range []float64{0.4, 1, 5} {
		for _, q := range []float64{1e-3, 0.1, 0.5, 0.99} {
			for _, a := range []float64{1.01, 1.4, 2.5, 7.77} {
				lo, hi, n := -12.0, a/s+12, 100_000
				h, sum, carry := (hi-lo)/float64(n), 0.0, 0.0 // summed as Kahan does
				for i := range n {
					z := lo + (float64(i)+0.5)*h
					term := math.Exp(a*math.Log1p(q*math.Expm1(z/s-1/(2*s*s)))-z*z/2)*h/sqrt2Pi - carry
					next := sum + term
					carry = (next - sum) - term
					sum = next
				}
				want, got := math.Log(sum), logMoment(s, q, a)
				if math.Abs(got-want) > 1e-10*want+2e-15 {
					t.Errorf("sigma %v, q %v, order %v: %v, want %v", s, q, a, got, want)
				}
			}
		}
	}
}

// log E e^{(a-1) loss} is convex in the order: interpolation between integers bounds fractional orders from above.
func TestMomentsAreConvex(t *testing.T) {
	for _, s := range []float64{0.05, 0.5, 2, 100} {
		for _, q := range []float64{1e-5, 0.05, 0.8} {
			for a := 1.1; a < 300; a *= 1.17 {
				lo, hi := math.Max(1, a-0.7), a+0.7
				below := 0.0
				if lo > 1 {
					below = logMoment(s, q, lo)
				}
				share := (a - lo) / (hi - lo)
				chord := (1-share)*below + share*logMoment(s, q, hi)
				if got := logMoment(s, q, a); got > chord*(1+1e-9)+1e-14 && !(a/s > 900) {
					t.Errorf("sigma %v, q %v: order %v has %v above the chord %v", s, q, a, got, chord)
				}
			}
		}
	}
}

func TestConversionRoundTrip(t *testing.T) {
	run := []Segment{{1, 0.01, 1000}}
	for _, delta := range []float64{1e-3, 1e-5, 1e-9} {
		epsilon, _, err := EpsilonRDP(run, delta)
		if err != nil {
			t.Fatal(err)
		}
		back, _, err := DeltaRDP(run, epsilon)
		if err != nil || math.Abs(math.Log(back/delta)) > 1e-4 {
			t.Errorf("delta %v gives epsilon %v gives delta %v; %v", delta, epsilon, back, err)
		}
	}
}
