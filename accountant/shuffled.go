package accountant

import (
	"errors"
	"fmt"
	"math"
)

// ShuffledBatches is what most training code does: shuffle once an epoch, cut into batches of fixed size. [EpsilonOf]
// refuses it with [ErrShuffled]: no proven amplification is in use, and the figure of Poisson sampling, which papers
// quote for it, can be far below the truth (Chua et al. 2024, arXiv:2403.17673). [ShuffledBatches.Bounds] says what is
// known.
type ShuffledBatches struct {
	Sigma   float64
	Batches int // an epoch
	Epochs  int
}

// ErrShuffled is the reason why shuffled batches are not accounted for as an event.
var ErrShuffled = errors.New("accountant: fixed batches from a shuffle have no sound amplification: the batches depend on each other, and the figure for Poisson sampling can be far too low; " +
	"sample every batch by Poisson sampling, or take ShuffledBatches.Bounds, whose upper bound counts every record's one participation an epoch without amplification")

// Relation of shuffled batches is zero-out: with a record more or less, every batch boundary would move.
func (ShuffledBatches) Relation() Relation { return ZeroOut }

func (e ShuffledBatches) expand(*run, int) error { return ErrShuffled }

// Bounds is what can be proven: at most the Gaussian mechanism of one participation an epoch, mu = sqrt(Epochs)/Sigma,
// and at least what an attacker gains who asks whether the largest batch sum of an epoch exceeds a threshold (Chua et al.
// 2024, arXiv:2403.17673, and for several epochs arXiv:2411.04205).
func (e ShuffledBatches) Bounds(delta float64) (Bounds, error) {
	if err := checkAllocation(e.Sigma, e.Batches, e.Epochs, delta); err != nil {
		return Bounds{}, err
	}
	upper := GaussianEpsilon(math.Sqrt(float64(e.Epochs))/e.Sigma, delta)
	// The worst case has every other record pull the other way: relative to a batch of those alone, the batch with the
	// record has mean 2, and the one that merely misses a record has mean 1.
	lower := thresholdEpsilon(e.Epochs, delta, func(c float64) (in, out float64) {
		rest := float64(e.Batches-1) * logNormalCDF(c/e.Sigma)
		return -math.Expm1(logNormalCDF((c-2)/e.Sigma) + rest), -math.Expm1(logNormalCDF((c-1)/e.Sigma) + rest)
	}, 2+9*e.Sigma)
	return Bounds{Lower: min(lower, upper), Upper: upper, RDP: math.Inf(1), Order: 1}, nil
}

func checkAllocation(sigma float64, batches, epochs int, delta float64) error {
	if !(sigma > 0) || math.IsInf(sigma, 1) || batches < 1 || epochs < 1 || batches > maxSteps || epochs > 1_000_000 {
		return fmt.Errorf("accountant: need noise, batches and 1 to 1,000,000 epochs, got %v, %d and %d", sigma, batches, epochs)
	}
	if !(delta > 0 && delta < 1) {
		return fmt.Errorf("accountant: delta must lie in (0, 1), got %v", delta)
	}
	return nil
}

// thresholdEpsilon is the best lower bound on epsilon from attackers who count the epochs in which something exceeds a
// threshold c, whose probabilities with and without the record are known: two binomials.
func thresholdEpsilon(epochs int, delta float64, probabilities func(c float64) (in, out float64), highest float64) float64 {
	best := 0.0
	const tries = 200
	for i := range tries {
		in, out := probabilities(highest * float64(i) / tries)
		if in > out && out > 0 && in < 1 {
			best = max(best, binomialEpsilon(epochs, in, out, delta))
		}
	}
	return best
}

// binomialEpsilon is epsilon at delta of the pair Bin(n, p), Bin(n, r) with p > r: likelihood ratios rise with the
// count, so that delta(eps) = max_k Pr[Bin(n, p) >= k] - e^eps Pr[Bin(n, r) >= k].
func binomialEpsilon(n int, p, r, delta float64) float64 {
	best := 0.0
	for k := 1; k <= n; k++ {
		in, out := binomialTail(n, p, k), binomialTail(n, r, k)
		if in <= delta {
			break
		}
		if out > 0 {
			best = max(best, math.Log((in-delta)/out))
		}
	}
	return best
}
