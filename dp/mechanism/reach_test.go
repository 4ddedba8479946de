package mechanism

import (
	"slices"
	"strings"
	"testing"

	"cloister/dp"
)

// A plan whose bounds could leave what a clip rule takes is refused before it costs anything, with what to change.
func TestBoundsOutOfReach(t *testing.T) {
	long := benchmarkSetting
	long.Steps = 20 * long.StepsPerEpoch
	tiny, huge, short, longer := long, long, long, long
	longer.Steps = 50 * long.StepsPerEpoch
	tiny.ClipNorm, huge.ClipNorm, short.StepsPerEpoch = 1.1e-12, 9e11, 100
	for _, c := range []struct {
		name, want string
		params     map[string]float64
		setting    Setting
	}{
		{"alds", "alds.limit_factor", map[string]float64{"limit_factor": 0.1}, long},
		{"per-layer", "the clip norm", nil, tiny},
		{"noise-decay", "noise-decay.clip_factor", map[string]float64{"stages": 20, "clip_factor": 0.1}, long},
		{"alc-mvr", "alc-mvr.clip_factor", map[string]float64{"clip_factor": 0.5}, short},
		{"fixed+clip-linear", "clip-linear.end", map[string]float64{"end": 10}, huge},
		{"fixed+clip-step+clip-exponential", "clip-step.factor, clip-exponential.factor", map[string]float64{"clip-step.stages": 20, "clip-step.factor": 0.2, "clip-exponential.factor": 0.5}, long},
		{"quantile+clip-exponential", "quantile.low", map[string]float64{"low": 1e-6, "factor": 0.5}, short},
		{"quantile+clip-step", "quantile.high", map[string]float64{"high": 1e6, "stages": 20, "clip-step.factor": 3}, long},
		// Thresholds are the bounds before the schedule, which here brings them back in.
		{"alds+clip-exponential", "alds.limit_factor", map[string]float64{"limit_factor": 0.5, "sigma_factor": 1, "clip-exponential.factor": 2}, longer},
	} {
		if _, err := New(c.name, c.params, c.setting); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "mechanism: ") {
			t.Errorf("%s %v: %v", c.name, c.params, err)
		}
	}
}

// The reach of a policy is where its bounds go when every count drives them there, and no further.
func TestReachIsReached(t *testing.T) {
	s := benchmarkSetting
	s.Steps, s.Tensors = 10*s.StepsPerEpoch, slices.Repeat([]int{1}, 8)
	for _, name := range []string{"fixed", "quantile", "quantile-layer+clip-exponential", "alds", "alc-nd", "ac-van"} {
		p := mechanism(t, name, nil, s)
		groups := p.Rule().Groups(len(s.Tensors))
		touched := false
		for step := range s.Steps {
			least, greatest := p.clip.(reaching).reach(step)
			if p.decay != nil {
				least, greatest = least*p.decay[step], greatest*p.decay[step]
			}
			now := bounds(p, groups, step)
			if slices.Min(now) < least*(1-1e-12) || slices.Max(now) > greatest*(1+1e-12) {
				t.Fatalf("%s: step %d has bounds %v, reach %v to %v", name, step, now, least, greatest)
			}
			touched = touched || step > 0 && slices.Min(now) < least*1.01
			counts := slices.Repeat([]float64{-50}, groups) // as much above the bound as noise might say
			counts[0] = 50
			p.Observe(&dp.Released{Step: step, Counts: counts, Gradient: make([]float32, s.Params())})
		}
		if !touched {
			t.Errorf("%s: bounds never came near the least that they could reach", name)
		}
	}
}
