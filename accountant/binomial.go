package accountant

import "math"

// binomialTail is Pr[Bin(n, p) >= k], to some 1e-12 of itself for n up to 2^40. Terms are summed from the largest on,
// each got from the one before; the incomplete beta function of libraries loses its digits from n = 1e8 on.
func binomialTail(n int, p float64, k int) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p == 0:
		return 0
	case p == 1:
		return 1
	}
	odds, sum, term := p/(1-p), 0.0, 1.0
	if float64(k) > float64(n)*p {
		for j := k; j <= n && term > 1e-18*sum; j++ {
			sum += term
			term *= float64(n-j) / float64(j+1) * odds
		}
		return min(1, binomial(n, p, k)*sum)
	}
	for j := k - 1; j >= 0 && term > 1e-18*sum; j-- { // the other tail, which is the smaller
		sum += term
		term *= float64(j) / float64(n-j+1) / odds
	}
	return max(0, 1-binomial(n, p, k-1)*sum)
}

// binomial is Pr[Bin(n, p) = k] by deviances (Loader 2000, "Fast and Accurate Computation of Binomial Probabilities"):
// differences of large logarithms, which would cancel, do not occur.
func binomial(n int, p float64, k int) float64 {
	switch k {
	case 0:
		return math.Exp(float64(n) * math.Log1p(-p))
	case n:
		return math.Exp(float64(n) * math.Log(p))
	}
	in, out := float64(k), float64(n-k)
	log := stirlingError(float64(n)) - stirlingError(in) - stirlingError(out) - deviance(in, float64(n)*p) - deviance(out, float64(n)*(1-p))
	return math.Exp(log) * math.Sqrt(float64(n)/in/out) / sqrt2Pi
}

// stirlingError is log n! less Stirling's formula.
func stirlingError(n float64) float64 {
	if n < 16 {
		logFactorial, _ := math.Lgamma(n + 1)
		return logFactorial - (n+0.5)*math.Log(n) + n - logSqrt2Pi
	}
	s := 1 / (n * n)
	return (1./12 - s*(1./360-s*(1./1260-s*(1./1680-s/1188)))) / n
}

// deviance is x log(x/m) + m - x.
func deviance(x, m float64) float64 {
	if math.Abs(x-m) > 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	// With v = (x-m)/(x+m), log(x/m) = 2 (v + v^3/3 + v^5/5 + ...).
	v := (x - m) / (x + m)
	sum, power := (x-m)*v, 2*x*v
	for j := 3.0; j < 100; j += 2 {
		power *= v * v
		next := sum + power/j
		if next == sum {
			break
		}
		sum = next
	}
	return sum
}
