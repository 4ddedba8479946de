package accountant

import "math"

// CentralLimitEstimateNoGuarantee is the epsilon that follows if a long run of small losses were exactly normal: a
// Gaussian mechanism with mu^2 = sum T q^2 (e^(1/sigma^2) - 1) (Bu, Dong, Long and Su 2019, arXiv:1911.11607, the "GDP
// accountant"). It is an asymptotic estimate that can lie below the truth, for comparison with papers that quote it; it
// must never be shown as a guarantee.
func CentralLimitEstimateNoGuarantee(segments []Segment, delta float64) (float64, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkDelta(delta)
	}
	if err != nil {
		return 0, err
	}
	if b, trivial := trivialEpsilon(merged, delta); trivial {
		return b.Upper, nil
	}
	mu2 := 0.0
	for _, s := range merged {
		if s.Rate == 1 { // already exactly normal
			mu2 += float64(s.Steps) / s.Sigma / s.Sigma
			continue
		}
		mu2 += float64(s.Steps) * s.Rate * s.Rate * math.Expm1(1/s.Sigma/s.Sigma)
	}
	return GaussianEpsilon(math.Sqrt(mu2), delta), nil
}
