package accountant

import (
	"math"
	"math/big"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// hockeyStick integrates (p - e^eps r)+ over [lo, hi], cut where the integrand has its kink.
func hockeyStick(p, r func(float64) float64, epsilon, lo, kink, hi float64) float64 {
	f := func(x float64) float64 { return max(0, p(x)-math.Exp(epsilon)*r(x)) }
	return quad.Fixed(f, lo, kink, 400, quad.Legendre{}, 0) + quad.Fixed(f, kink, hi, 400, quad.Legendre{}, 0)
}

func TestGaussianDeltaIsTheIntegral(t *testing.T) {
	for _, mu := range []float64{0.01, 0.09, 0.11, 0.7, 2, 6} {
		for _, epsilon := range []float64{0, 0.01, 0.3, 1, 4, 20} {
			p, r := distuv.Normal{Mu: mu, Sigma: 1}.Prob, distuv.Normal{Mu: 0, Sigma: 1}.Prob
			kink := epsilon/mu + mu/2
			if kink > 12 {
				continue // the integral is below 1e-32
			}
			want := hockeyStick(p, r, epsilon, -12, kink, mu+14)
			if got := GaussianDelta(mu, epsilon); math.Abs(got-want) > 1e-9*want+1e-17 {
				t.Errorf("mu %v, epsilon %v: delta %v, want %v", mu, epsilon, got, want)
			}
		}
	}
}

func TestGaussianEpsilonInvertsDelta(t *testing.T) {
	for _, mu := range []float64{1e-6, 0.001, 0.05, 0.3, 1, 5, 50, 1000} {
		for _, delta := range []float64{1e-300, 1e-50, 1e-10, 1e-5, 0.01, 0.4} {
			epsilon := GaussianEpsilon(mu, delta)
			if epsilon == 0 {
				if d := GaussianDelta(mu, 0); d > delta {
					t.Errorf("mu %v: epsilon 0 at %v although delta(0) = %v", mu, delta, d)
				}
				continue
			}
			// The relative change of delta is lambda = -d log delta/d epsilon times that of epsilon.
			if got := logGaussianDelta(mu, epsilon); math.Abs(got-math.Log(delta)) > 1e-9*max(1, -math.Log(delta)*(1+1/mu)) {
				t.Errorf("mu %v, delta %v: epsilon %v has log delta %v, want %v", mu, delta, epsilon, got, math.Log(delta))
			}
		}
	}
}

func TestOneStepIsTheIntegral(t *testing.T) {
	for _, s := range []float64{0.4, 1, 3} {
		for _, q := range []float64{0.001, 0.02, 0.5, 0.9} {
			zero, one := distuv.Normal{Mu: 0, Sigma: s}.Prob, distuv.Normal{Mu: 1, Sigma: s}.Prob
			mixed := func(x float64) float64 { return (1-q)*zero(x) + q*one(x) }
			p := removed(s, q)
			for _, epsilon := range []float64{0, 0.001, 0.1, 1, 3} {
				remove := 0.0
				if kink := p.at(epsilon); kink < 13*s {
					remove = hockeyStick(mixed, zero, epsilon, kink, kink+1e-9, 1+13*s)
				}
				add := 0.0
				if kink := p.at(-epsilon); kink > -13*s {
					add = hockeyStick(zero, mixed, epsilon, -13*s, kink, kink+1e-9)
				}
				want := max(remove, add)
				if got := oneStepDelta(s, q, epsilon); math.Abs(got-want) > 1e-9*want+1e-16 {
					t.Errorf("sigma %v, q %v, epsilon %v: delta %v, want %v", s, q, epsilon, got, want)
				}
				if want < 1e-12 || want > 0.9 {
					continue
				}
				if got := oneStepEpsilon(s, q, want); math.Abs(got-epsilon) > 1e-9 {
					t.Errorf("sigma %v, q %v: delta %v belongs to epsilon %v, got %v", s, q, want, epsilon, got)
				}
			}
		}
	}
}

// TestNormalTails compares with series summed to 200 bits.
func TestNormalTails(t *testing.T) {
	for _, x := range []float64{0.01, 0.5, 2, 5.9, 6.1, 12, 30, 100} {
		got := mills(x)
		// R(x) = sum over the Taylor series of Phi(-x)/phi(x): for x < 6 by 1/phi(x)/2 - (x + x^3/3 + x^5/15 + ...).
		if x < 7 {
			sum, term := new(big.Float).SetPrec(300), new(big.Float).SetPrec(300).SetFloat64(x)
			square := new(big.Float).SetPrec(300).SetFloat64(x)
			square.Mul(square, square)
			for k := 1; k < 400; k++ {
				sum.Add(sum, term)
				term.Mul(term, square)
				term.Quo(term, big.NewFloat(float64(2*k+1)))
			}
			// Phi(-x) = 1/2 - phi(x) sum, so compare Phi(-x) through its complement.
			series, _ := sum.Float64()
			if want := 0.5 - normalPDF(x)*series; math.Abs(got*normalPDF(x)-want) > 1e-15 {
				t.Errorf("Phi(-%v) = %v, series %v", x, got*normalPDF(x), want)
			}
		}
		// Bounds of Birnbaum 1942 and Sampford 1953.
		if lo, hi := 2/(math.Sqrt(x*x+4)+x), 4/(math.Sqrt(x*x+8)+3*x); got < lo*(1-1e-15) || got > hi*(1+1e-15) {
			t.Errorf("mills(%v) = %v outside [%v, %v]", x, got, lo, hi)
		}
		if slope := millsSlope(x); math.Abs(slope-(1-x*got)) > 1e-12 || slope <= 0 {
			t.Errorf("slope at %v = %v, want %v", x, slope, 1-x*got)
		}
	}
	if got := logNormalCDF(-1e6); math.Abs(got+5e11) > 20 {
		t.Errorf("log Phi(-1e6) = %v", got)
	}
}
