// Package accountant computes what a differentially private training run spends.
//
// A run is a list of [Segment]s: so many steps of the Poisson-subsampled Gaussian mechanism at one noise multiplier
// and one sampling rate. [Epsilon] and [Delta] answer with a proven upper and a proven lower bound and the looser
// Renyi figure beside them; [CalibrateSigma] and [StepsAllowed] turn the question round; [Odometer] follows a run; [Figure] writes answers down.
// Mechanisms other than the plain step are [Event]s, which reduce to segments or refuse with a reason.
//
// Unless said otherwise the neighbouring relation is add or remove one record (equivalently zero-out: one record's
// contribution replaced by zero), the sampling is Poisson, and noise multipliers are relative to the L2 sensitivity
// of the sum. Logarithms are natural.
//
// To read it as a reference, take the files in this order:
//
//	segment.go, parse.go      what is accounted
//	normal.go, root.go        the normal distribution in its tails; a safe root finder
//	gaussian.go               closed forms: Gaussian steps, one subsampled step
//	rdp.go                    Renyi differential privacy: the fast upper bound
//	pair.go                   the two hypotheses an adversary must tell apart in one step
//	discretise.go             from a pair to privacy losses on a grid: connect the dots above, merge below
//	compose.go, fft.go        many steps: tilted Fourier transforms, with a bound on their rounding
//	doubled.go, bundle.go     where that is not enough: twice the digits; many narrow steps as one
//	tails.go                  from composed losses to epsilon and delta
//	analysis.go, grouping.go  the choice of tilt and grid; schedules of very many kinds of step
//	pld.go, bounds.go         epsilon and delta from both sides
//	prv.go, clt.go            a second opinion; an estimate that is no guarantee
//	calibrate.go, allowed.go  noise for a target, steps that a budget allows
//	odometer.go, filter.go    a run as it goes; a budget spent adaptively
//	event.go, run.go          mechanisms other than the plain step, and how they are accounted for; one file each: joint.go,
//	                          truncated.go (with binomial.go), cyclic.go, groups.go, ballsinbins.go, and shuffled.go,
//	                          which says why not
//	figures.go                how figures are written, each rounded on its safe side
//	curve.go, audit.go        what it means to an attacker; what an attacker can measure
package accountant
