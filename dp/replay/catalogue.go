package replay

import (
	"fmt"
	"math/rand/v2"
)

// row is one of the benchmark's table.
type row struct {
	name, title string
	sound       string // the private counterpart in dp's catalogue
	build       func(*published)
}

// catalogue has every mechanism of the benchmark's table, in its order.
var catalogue = []row{
	{"standard", "Standard DP-SGD", "fixed", standard},
	{"adaptive", "Adaptive clipping", "quantile", adaptive},
	{"auto-s", "Automatic clipping, AUTO-S", "auto-s", func(p *published) { automatic(p, 0.01) }},
	{"noise-decay", "Noise decay", "noise-decay", noiseDecay},
	{"alds", "ALDS", "alds", alds},
	{"amc-ns", "AMC-NS", "amc-ns", amcNS},
	{"alc-mvr-1", "ALC-MVR, first draft", "alc-mvr", func(p *published) { alcMVR(p, true) }},
	{"alc-mvr-2", "ALC-MVR, second draft", "alc-mvr-2", func(p *published) { alcMVR(p, false) }},
	{"ac-van", "AC-VAN", "ac-van", acVAN},
	{"alc-nd", "ALC-ND", "alc-nd", alcND},
	{"normalise", "Gradient normalisation", "normalised", func(p *published) { automatic(p, 0) }},
	{"per-layer", "Per-layer clipping and noise", "per-layer", perLayerNoise},
	{"momentum-variance-reduction", "Momentum variance reduction", "fixed+momentum-corrected", momentumVarianceReduction},
}

// Names lists the mechanisms in the benchmark's order.
func Names() []string {
	var names []string
	for _, m := range catalogue {
		names = append(names, m.name)
	}
	return names
}

// Title is a mechanism's name for people; "" for an unknown one.
func Title(name string) string { return find(name).title }

// Sound is the name, for mechanism.New, of a published mechanism's sound version; "" for an unknown one.
func Sound(name string) string { return find(name).sound }

func find(name string) row {
	for _, m := range catalogue {
		if m.name == name {
			return m
		}
	}
	return row{}
}

// New is a mechanism by name. Its noise comes from rng: a replay is never private, so it may be seeded.
func New(name string, s Setting, rng *rand.Rand) (Mechanism, error) {
	m := find(name)
	if m.build == nil {
		return nil, fmt.Errorf("replay: unknown mechanism %q, want one of %v", name, Names())
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	p := &published{setting: s, noise: rng, proof: noProof}
	p.sigma = func(int, int) float64 { return s.NoiseMultiplier }
	m.build(p)
	return p, nil
}
