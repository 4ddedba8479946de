package mechanism

import (
	"errors"
	"fmt"

	"cloister/clip"
)

// fixed sets a clip rule and bounds of joint sensitivity C that stay.
func (b *builder) fixed(rule clip.Rule) error {
	b.policy.rule = rule
	b.policy.clip = fixedBounds(equalBounds(b.ClipNorm, b.groups()))
	return rule.Validate()
}

// adaptive sets bounds that follow noised quantiles.
func (b *builder) adaptive(grouping clip.Grouping) error {
	b.policy.rule.Grouping = grouping
	low, high := b.get("low"), b.get("high")
	if low > high {
		return fmt.Errorf("lowest bound %v above the highest %v", low, high)
	}
	b.quantile(b.get("rate"), b.get("quantile"), low, high)
	b.shapesBounds("low", "high")
	return nil
}

func quantileParams(rate, low, high float64) []Param {
	return []Param{
		number("rate", "speed of the bound", rate, 0, 2),
		number("quantile", "share of the norms that the bound should cover", 0.5, 0.01, 0.99),
		number("low", "lowest bound", low, 1e-6, 1e6), number("high", "highest bound", high, 1e-6, 1e6),
		countNoise,
	}
}

// allocation says how per-layer bounds share the noise: 0 equally, 1 in proportion to each bound, 2 so that the noise
// vector is shortest. The step's cost is the same.
func (b *builder) allocation(how int) error {
	switch how {
	case 1:
		b.policy.allocate = perLayerNoise
	case 2:
		b.policy.allocate = leastNoise(b.sizes())
	}
	return nil
}

// The sound versions of the benchmark's mechanisms. Each keeps its author's schedule and rule; raw statistics of the
// batch being clipped become noised counts used after the step, noise follows the joint sensitivity, and sigma_0 is
// calibrated by the tight accountant over the schedule as it will run.

// buildALDS: per-layer bounds from C/sqrt(L), C_l exp(0.1 (p_l - 0.5)) in [0.01, 10], scaled down together above
// C 0.9^(e-1); noise sigma_t sqrt(sum C_l^2) on every coordinate; sigma_t = sigma_0 0.85^(e-1).
func buildALDS(b *builder) error {
	b.policy.rule.Grouping = clip.PerLayer
	q := b.quantile(b.get("rate"), 0.5, 0.01, 10)
	q.cap = epochCurve(&b.Setting, b.get("limit_factor"))
	for t := range q.cap {
		q.cap[t] *= b.ClipNorm
	}
	b.shapesBounds("limit_factor")
	b.noise(epochCurve(&b.Setting, b.get("sigma_factor")))
	return nil
}

// buildAMCNS: per-layer bounds follow the batch median; the published moving average (0.9) of raw medians becomes the
// geometric rule on noised counts, whose rate of 0.2 moves a bound about as fast. Published noise sigma_t C_l is
// sqrt(L) too small for its joint sensitivity; here sigma_t sqrt(sum C_l^2), or sigma_t sqrt(L) C_l with allocation 1.
func buildAMCNS(b *builder) error {
	b.policy.rule.Grouping = clip.PerLayer
	b.quantile(b.get("rate"), 0.5, 0.01, 10)
	b.noise(linearCurve(&b.Setting, b.get("sigma_end")))
	b.filter(newAverage(b.get("beta"), corrected, b.Coordinates()))
	return b.allocation(int(b.get("allocation")))
}

var mvrParams = []Param{number("rate", "speed of the bound", 0.2, 0, 2), number("clip_factor", "clip norm, per epoch", 0.95, 0.5, 1), beta, countNoise}

// buildALCMVR: the global noised-median rule in [0.01, 10], used clip C 0.95^(e-1), noise sigma times the used clip,
// output averaged. The published report of sigma C_used/C_max as noise multiplier is dropped: it is always sigma.
// As published, the count is taken at the clip before its decay.
func buildALCMVR(b *builder, start averageStart) error {
	b.quantile(b.get("rate"), 0.5, 0.01, 10)
	b.decay(epochCurve(&b.Setting, b.get("clip_factor")), "clip_factor")
	b.filter(newAverage(b.get("beta"), start, b.Coordinates()))
	return nil
}

// buildALCND: the per-layer noised-median rule (rate 0.1) in [0.01, 10], times 0.85 a stage; sigma_t = sigma_0 0.8 a
// stage, in four equal stages. Published noise sigma_t C_l is sqrt(L) too small, as for AMC-NS.
func buildALCND(b *builder) error {
	b.policy.rule.Grouping = clip.PerLayer
	b.quantile(b.get("rate"), 0.5, 0.01, 10)
	b.noise(stageCurve(&b.Setting, 4, b.get("sigma_factor")))
	b.decay(stageCurve(&b.Setting, 4, b.get("clip_factor")), "clip_factor")
	return b.allocation(int(b.get("allocation")))
}

var endParam = []Param{number("end", "last value over the first", 0.3, 0.01, 10)}

// listParams are the values of a list; the list ends at the first 0.
var listParams = []Param{number("v1", "first value", 1, 0.01, 100), number("v2", "second value", 0, 0, 100), number("v3", "third value", 0, 0, 100), number("v4", "fourth value", 0, 0, 100),
	number("v5", "fifth value", 0, 0, 100), number("v6", "sixth value", 0, 0, 100), number("v7", "seventh value", 0, 0, 100), number("v8", "eighth value", 0, 0, 100)}

func listValues(b *builder) []float64 {
	var values []float64
	for _, p := range listParams {
		if v := b.get(p.Name); v > 0 {
			values = append(values, v)
			continue
		}
		break
	}
	return listCurve(&b.Setting, values)
}

func names(params []Param) (all []string) {
	for _, p := range params {
		all = append(all, p.Name)
	}
	return all
}

// schedule describes a curve, for noise or for bounds.
func schedule(name, how string, params []Param, curve func(*builder) []float64) func(Kind) Mechanism {
	return func(kind Kind) Mechanism {
		m := Mechanism{Kind: kind, Params: params, Pays: nothing}
		if kind == ClipSchedule {
			m.Name, m.Title = "clip-"+name, "Clip schedule: "+name
			m.Summary = "The clip bounds change over the run " + how + "; noise follows them."
			m.Paper = "Du et al. 2021, Dynamic Differential-Privacy Preserving SGD, arXiv:2111.00173"
			m.build = func(b *builder) error { b.decay(curve(b), names(params)...); return nil }
			return m
		}
		m.Name, m.Title = "sigma-"+name, "Noise schedule: "+name
		m.Summary = "The noise multiplier changes over the run " + how + "; its level is calibrated over the whole schedule."
		m.Paper = "Yu et al. 2019, Differentially Private Model Publishing for Deep Learning, arXiv:1904.02200, Section VI"
		m.build = func(b *builder) error {
			if b.design.Spec.Strategy != nil {
				return errors.New("correlated noise takes one noise multiplier for all steps")
			}
			b.noise(curve(b))
			return nil
		}
		return m
	}
}
