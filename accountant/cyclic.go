package accountant

import "fmt"

// CyclicPoisson is DP-SGD with noise correlated over time by a matrix of so many bands (BandMF): the records are split
// once, at random, into as many groups as there are bands, and step t draws a Poisson sample of rate Rate from group
// t mod Bands alone. A record then meets every column of the matrix that shares its noise at most once, and the whole
// is as private as ceil(Steps/Bands) plain steps of the same rate (Choquette-Choo et al. 2023, arXiv:2306.08153,
// Theorems 1 and 4). Sigma is relative to clip norm times the largest column norm of the strategy matrix and the same
// for all steps. For an expected batch of B records out of N the rate is Bands B/N.
//
// No lower bound is known. The theorem grants the attacker the record's group, which is assigned in secret: that amplifies
// further, and nobody knows by how much (one participation among eight steps, at the noise that is charged epsilon 3,
// costs less than 1.3 by random allocation). Groups also get floor(Steps/Bands) steps where ceil is charged, and the last
// columns are cut off.
type CyclicPoisson struct {
	Sigma, Rate  float64
	Bands, Steps int
}

// Relation implements [Event].
func (CyclicPoisson) Relation() Relation { return ZeroOut }

func (e CyclicPoisson) expand(r *run, times int) error {
	if e.Bands < 1 || e.Steps < 0 {
		return fmt.Errorf("accountant: cyclic Poisson sampling needs bands and steps, got %d and %d", e.Bands, e.Steps)
	}
	rounds := e.Steps / e.Bands
	if e.Steps%e.Bands > 0 {
		rounds++
	}
	return r.addUpperOnly(Segment{e.Sigma, e.Rate, rounds}, times)
}
