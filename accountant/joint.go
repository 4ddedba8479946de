package accountant

import (
	"fmt"
	"math"
)

// JointNoise gives the noise multiplier of the gradient so that a step that releases the gradient and noisy counts on
// the same batch is together exactly one Gaussian step of noise multiplier zEff:
//
//	z = (zEff^-2 - L/(4 sigmaB^2))^(-1/2).
//
// Each of the L counts adds +-1/2 for every record of the batch (is its norm below the bound?) and Gaussian noise of
// standard deviation sigmaB, so that a record moves it by 1/2; stacking gradient and counts in units of their noise
// gives the identity (Andrew et al. 2021, arXiv:1905.03871, Theorem 1, for L = 1). It holds under Poisson sampling
// because one and the same sample feeds both.
func JointNoise(zEff float64, queries int, sigmaB float64) (z float64, err error) {
	switch {
	case !(zEff > 0) || math.IsInf(zEff, 1):
		return 0, fmt.Errorf("accountant: effective noise multiplier must be finite and above 0, got %v", zEff)
	case queries < 0:
		return 0, fmt.Errorf("accountant: number of count queries must be at least 0, got %d", queries)
	case queries == 0:
		return zEff, nil
	case !(sigmaB > 0):
		return 0, fmt.Errorf("accountant: noise of the counts must be above 0, got %v", sigmaB)
	}
	counts := math.Sqrt(float64(queries)) / (2 * sigmaB) // the counts' share of 1/zEff, in quadrature
	left := (1/zEff - counts) * (1/zEff + counts)
	if !(left > 0) {
		return 0, fmt.Errorf("accountant: %d counts with noise %v alone spend more than noise multiplier %v allows; sigmaB must exceed %v",
			queries, sigmaB, zEff, zEff*math.Sqrt(float64(queries))/2)
	}
	return 1 / math.Sqrt(left), nil
}

// EffectiveNoise is the inverse of [JointNoise]: the noise multiplier to account for when a gradient of noise
// multiplier z is released with L counts of noise sigmaB on the same batch.
func EffectiveNoise(z float64, queries int, sigmaB float64) float64 {
	return 1 / math.Hypot(1/z, math.Sqrt(float64(queries))/(2*sigmaB))
}
