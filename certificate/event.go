package certificate

import (
	"fmt"

	"cloister/accountant"
)

// Event is something that was done to the records, so many times.
type Event struct {
	Mechanism       string  `json:"mechanism"` // PoissonGaussian, CyclicPoissonGaussian or Gaussian
	Releases        string  `json:"releases"`  // Gradients, HeldOutAccuracy or NoisedSums
	NoiseMultiplier float64 `json:"noise_multiplier"`
	SamplingRate    float64 `json:"sampling_rate"`
	Bands           int     `json:"bands"` // of correlated noise; 1: noise is independent
	Times           int     `json:"times"`
}

// The mechanisms of events, and what they release.
const (
	PoissonGaussian       = "poisson_gaussian"        // a sum over a Poisson sample: accountant.PoissonGaussian
	CyclicPoissonGaussian = "cyclic_poisson_gaussian" // with noise correlated over time: accountant.CyclicPoisson
	Gaussian              = "gaussian"                // a sum over all records: accountant.Gaussian

	Gradients       = "gradients" // and counts of norms on the same sample, where a mechanism has them: one Gaussian release together
	HeldOutAccuracy = "held-out accuracy"
	NoisedSums      = "noised sums" // of another run, of which no more is known
)

// event is what the accountant accounts for.
func (e Event) event() accountant.Event {
	switch e.Mechanism {
	case CyclicPoissonGaussian:
		return accountant.CyclicPoisson{Sigma: e.NoiseMultiplier, Rate: e.SamplingRate, Bands: e.Bands, Steps: e.Times}
	case Gaussian:
		return accountant.Repetition{Event: accountant.Gaussian{Sigma: e.NoiseMultiplier}, Times: e.Times}
	}
	return accountant.Repetition{Event: accountant.PoissonGaussian{Sigma: e.NoiseMultiplier, Rate: e.SamplingRate}, Times: e.Times}
}

func together(lists ...[]Event) accountant.Composition {
	var all accountant.Composition
	for _, list := range lists {
		for _, e := range list {
			all = append(all, e.event())
		}
	}
	return all
}

// check reports what cannot be; field is the event's name.
func (e Event) check(field string) *Fault {
	switch {
	case e.Mechanism != PoissonGaussian && e.Mechanism != CyclicPoissonGaussian && e.Mechanism != Gaussian:
		return fault(field+".mechanism", "%.40q is unknown", e.Mechanism)
	case e.Releases != Gradients && e.Releases != HeldOutAccuracy && e.Releases != NoisedSums:
		return fault(field+".releases", "%.40q is unknown", e.Releases)
	case !(e.NoiseMultiplier > 0):
		return fault(field+".noise_multiplier", "%v, want a number above 0", e.NoiseMultiplier)
	case !(e.SamplingRate > 0 && e.SamplingRate <= 1) || e.Mechanism == Gaussian && e.SamplingRate != 1:
		return fault(field+".sampling_rate", "%v of a mechanism %q", e.SamplingRate, e.Mechanism)
	case e.Bands < 1 || e.Bands > 1<<16 || (e.Bands > 1) != (e.Mechanism == CyclicPoissonGaussian):
		return fault(field+".bands", "%d of a mechanism %q", e.Bands, e.Mechanism)
	case e.Times < 1 || e.Times > 1<<40:
		return fault(field+".times", "%d, want 1 or more", e.Times)
	}
	return nil
}

func checkEvents(field string, events []Event) *Fault {
	if len(events) == 0 || len(events) > maxList {
		return fault(field, "%d events, want 1 to %d", len(events), maxList)
	}
	for i, e := range events {
		if f := e.check(fmt.Sprintf("%s[%d]", field, i)); f != nil {
			return f
		}
	}
	return nil
}
