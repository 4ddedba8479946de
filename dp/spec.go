package dp

import (
	"fmt"
	"math"

	"cloister/dp/ledger"
)

//go:generate go run github.com/tinylib/msgp -file spec.go -o spec_gen.go -tests=false -io=false
//msgp:limit arrays:1048576 maps:64

// Limits of a plan: what the accountant and a tab's memory can hold.
const (
	MaxRecords = 1 << 31 >> 1
	MaxSteps   = ledger.MaxSteps
	MaxBands   = ledger.MaxBands
	MaxGroups  = 1024
)

// UnitPerson is the unit of privacy of a plan that protects persons with all of their records, see [Persons].
const UnitPerson = "person"

// Spec is a plan as plain data, before it is checked and calibrated. The zero value of an optional field leaves it out.
type Spec struct {
	N     int     `msg:"n"`     // records, or persons where these are protected; public
	Rate  float64 `msg:"rate"`  // q: expected batch size / N, in (0, 1]
	Steps int     `msg:"steps"` // T

	// Schedule is the noise multiplier of every step relative to NoiseMultiplier (length Steps); nil: 1 throughout.
	Schedule []float64 `msg:"schedule"`

	// Counts asks, at every step and for each group, how many sampled records had a norm within the bound.
	Counts CountQueries `msg:"counts"`

	// Unit is whose privacy the plan protects: "" each record's, UnitPerson each person's. N, the rate, bands and counts are of them.
	Unit string `msg:"unit"`

	// HeldOut are counts on records that were held out.
	HeldOut HeldOutCounts `msg:"heldout"`

	// Strategy correlates the noise of successive steps: the first column c_0..c_(b-1) of a banded lower-triangular
	// Toeplitz strategy matrix (DP-BandMF, Choquette-Choo et al. 2023). Records are then assigned to b groups of which
	// step t samples group t mod b, at rate b q (cyclic Poisson). nil: independent noise.
	Strategy []float64 `msg:"strategy"`

	Epsilon float64 `msg:"epsilon"` // target, > 0
	Delta   float64 `msg:"delta"`   // in (0, 1)

	// NoiseMultiplier, when not 0, is taken as it is and must meet the target; 0: NewPlan calibrates it.
	NoiseMultiplier float64 `msg:"z"`

	// NonPrivate trains without privacy, for comparison. Such a plan has no epsilon and every run of it says so.
	NonPrivate bool `msg:"nonoise"`
}

// CountQueries are released beside each gradient: for each of Groups groups, the sum over the same Poisson batch of
// (b - 1/2), b = 1 when the record's norm is within the group's bound, plus noise of standard deviation Sigma.
// Each changes by at most 1/2 with a record (Andrew et al. 2021, Section 3.1), hence the joint cost
// z_eff^-2 = z^-2 + Groups/(4 Sigma^2).
type CountQueries struct {
	Groups int     `msg:"groups"`
	Sigma  float64 `msg:"sigma"` // 0: a twentieth of the batch, more where the counts would cost a step over a sixteenth of its budget
	Batch  float64 `msg:"batch"` // expected records that are counted, where an audit's are left out; 0: q N
}

// HeldOutCounts are released during a run beside its steps: noised counts of how many of the private records (or persons) that
// were held out the model gets right.
//
// A count is the sum over held-out units of (share right - 1/2): one unit more or less, its place left empty, changes it by at
// most 1/2. With Gaussian noise of standard deviation Sigma it is a full-batch Gaussian event of noise multiplier 2 Sigma.
//
// What is proven: the counts compose sequentially with the steps, as if every record were trained on and counted. That holds however
// records came to be held out, also where another run holds out others, and so it adds up in a ledger. Where a keyed hash of
// a record alone puts it on one side for good, more is true of one run: for each key, fixed and independent of the records, a record
// more changes either the training set or the counts, so that the run is as private as the worse of the two alone (parallel
// composition, McSherry 2009, "Privacy Integrated Queries", Theorem 4; counting with a model trained on the others is
// post-processing of what they released). It is not used: the same record may have been imported again under another key.
type HeldOutCounts struct {
	Records int     `msg:"records"` // held out, or persons where these are protected; public; 0: nothing is counted
	Every   int     `msg:"every"`   // steps from one count to the next; 0: after the last step alone, after which there always is one
	Sigma   float64 `msg:"sigma"`   // 0: chosen by [HeldOutCounts.Noise]
}

func (s *Spec) check() error {
	switch {
	case s.N < 1 || s.N > MaxRecords:
		return fmt.Errorf("dp: plan for %d records, want 1 to %d", s.N, MaxRecords)
	case !(s.Rate > 0 && s.Rate <= 1):
		return fmt.Errorf("dp: sampling rate %v, want a number above 0, at most 1", s.Rate)
	case s.Steps < 1 || s.Steps > MaxSteps:
		return fmt.Errorf("dp: plan of %d steps, want 1 to %d", s.Steps, MaxSteps)
	case s.Schedule != nil && len(s.Schedule) != s.Steps:
		return fmt.Errorf("dp: noise schedule of %d steps in a plan of %d", len(s.Schedule), s.Steps)
	case s.Counts.Groups < 0 || s.Counts.Groups > MaxGroups:
		return fmt.Errorf("dp: %d count queries, want 0 to %d", s.Counts.Groups, MaxGroups)
	case !(s.Counts.Batch >= 0 && s.Counts.Batch <= float64(s.N)):
		return fmt.Errorf("dp: counts of a batch of %v, want 0 to %d records", s.Counts.Batch, s.N)
	case !(s.Counts.Sigma >= 0) || math.IsInf(s.Counts.Sigma, 1):
		return fmt.Errorf("dp: count noise %v, want a finite number, or 0 to choose it", s.Counts.Sigma)
	}
	if s.Unit != "" && s.Unit != UnitPerson {
		return fmt.Errorf("dp: unit of privacy %.40q, want none (the record) or %q", s.Unit, UnitPerson)
	}
	if err := s.HeldOut.check(s.Steps); err != nil {
		return err
	}
	for t, x := range s.Schedule {
		if !(x >= 1e-3 && x <= 1e3) {
			return fmt.Errorf("dp: noise schedule is %v at step %d, want 0.001 to 1000", x, t)
		}
	}
	if err := s.checkStrategy(); err != nil || s.NonPrivate {
		return err
	}
	switch {
	case !positive(s.Epsilon):
		return fmt.Errorf("dp: target epsilon %v, want a finite number above 0", s.Epsilon)
	case !(s.Delta > 0 && s.Delta < 1):
		return fmt.Errorf("dp: delta %v, want a number between 0 and 1", s.Delta)
	case s.NoiseMultiplier != 0 && !positive(s.NoiseMultiplier):
		return fmt.Errorf("dp: noise multiplier %v, want a finite number above 0", s.NoiseMultiplier)
	}
	return nil
}

// checkStrategy insists on unit norm: a column is what one participation adds, so its norm is the sensitivity.
func (s *Spec) checkStrategy() error {
	if s.Strategy == nil {
		return nil
	}
	norm := 0.0
	for _, c := range s.Strategy {
		norm = math.Hypot(norm, c)
	}
	switch b := len(s.Strategy); {
	case b < 1 || b > MaxBands || b > s.Steps:
		return fmt.Errorf("dp: strategy of %d bands, want 1 to min(%d, steps)", b, MaxBands)
	case !(s.Strategy[0] > 1e-3):
		return fmt.Errorf("dp: strategy starts with %v, want a number above 0.001", s.Strategy[0])
	case !(norm <= 1):
		return fmt.Errorf("dp: strategy has column norm %v, want at most 1", norm)
	case s.Schedule != nil:
		return fmt.Errorf("dp: banded noise takes one noise multiplier for all steps, not a schedule")
	case float64(b)*s.Rate > 1:
		return fmt.Errorf("dp: %d bands at sampling rate %v would sample a group at rate %.3g, above 1", b, s.Rate, float64(b)*s.Rate)
	case s.NonPrivate:
		return fmt.Errorf("dp: a plan without noise has none to correlate")
	}
	if g := gain(s.Strategy, s.Steps, maxGain); !(g <= maxGain) {
		return fmt.Errorf("dp: strategy %.3g...: within %d steps its noise grows more than %d times over, and with it what float64 rounds off: let its first coefficient outweigh the rest", s.Strategy[:min(3, len(s.Strategy))], s.Steps, maxGain)
	}
	return nil
}
