package replay

import (
	"math"
	"slices"
)

const provenFixed = "the clip norm is fixed and the noise covers it; accounted under Poisson sampling"

// standard is DP-SGD (Abadi et al. 2016, Algorithm 1).
func standard(p *published) {
	p.clipper = &global{tensors: len(p.setting.Tensors), bound: p.setting.MaxGradNorm, factor: abadi}
	p.proof = provenBy(provenFixed)
}

// adaptive is quantile clipping (Andrew et al. 2021, Algorithm 1) with raw counts, the bound moved before the clip.
func adaptive(p *published) {
	p.clipper = &global{tensors: len(p.setting.Tensors), bound: p.setting.MaxGradNorm, factor: abadi, adapt: func(g *global, norms []float64, _ int) {
		g.bound = geometric(g.bound, norms, 0.2, 0.01, 100)
	}}
}

// automatic is AUTO-S (Bu et al. 2023), gradient normalisation for gamma 0: sensitivity 1, whatever the clip norm.
func automatic(p *published, gamma float64) {
	p.clipper = &global{tensors: len(p.setting.Tensors), bound: 1, factor: func(norm, _ float64) float64 {
		if norm+gamma == 0 {
			return 0
		}
		return 1 / (norm + gamma)
	}}
	p.proof = provenBy(provenFixed)
}

// noiseDecay has four stages; noise multiplier times 0.8 and clip norm times 0.85 a stage. It starts from the sigma that the
// benchmark hands out: its formula then claims 6.22 on MNIST and on CIFAR-10, within the published 5.3 to 6.4 (whose ends
// no reading explains). Started as the others are, see decay, it would claim 3.74 and 3.92.
func noiseDecay(p *published) {
	stage := func(epoch int) float64 { return float64(min(3, epoch/max(1, p.setting.Epochs/4))) }
	p.clipper = &global{tensors: len(p.setting.Tensors), bound: p.setting.MaxGradNorm, factor: abadi, used: func(g *global, _ []float64, epoch int) float64 {
		return g.bound * math.Pow(0.85, stage(epoch))
	}}
	p.sigma = func(_, epoch int) float64 { return p.setting.NoiseMultiplier * math.Pow(0.8, stage(epoch)) }
	p.proof = provenBy("the schedules are fixed beforehand; accounted step by step under Poisson sampling")
}

// decay scales the noise multiplier by a schedule whose start is chosen as its authors did: so that the mean of
// 1/sigma^2 over the run is that of the constant sigma. (That is not the composition of subsampled steps.)
func (p *published) decay(shape func(step, epoch int) float64) {
	s := p.setting
	mean := 0.0
	for step := range s.Steps() {
		mean += math.Pow(shape(step, step/s.StepsPerEpoch()), -2) / float64(s.Steps())
	}
	start := s.NoiseMultiplier * math.Sqrt(mean)
	p.sigma = func(step, epoch int) float64 { return start * shape(step, epoch) }
}

// alds adapts a bound per layer by raw fractions and scales all down to a shrinking joint bound. Its noise does cover
// the joint sensitivity.
func alds(p *published) {
	c := p.setting.MaxGradNorm
	n := len(p.setting.Tensors)
	p.clipper = &perLayer{bounds: slices.Repeat([]float64{c / math.Sqrt(float64(n))}, n), joint: true,
		adapt: func(p *perLayer, norms [][]float64, epoch int) {
			total := 0.0
			for l := range p.bounds {
				p.bounds[l] = geometric(p.bounds[l], column(norms, l), 0.1, 0.01, 10)
				total = math.Hypot(total, p.bounds[l])
			}
			if limit := c * math.Pow(0.9, float64(epoch)); total > limit {
				for l := range p.bounds {
					p.bounds[l] *= limit / total
				}
			}
		}}
	p.decay(func(_, epoch int) float64 { return math.Pow(0.85, float64(epoch)) })
}

// amcNS follows the raw median norm of each layer; its noise sigma C_l per layer is sqrt(L) too small besides.
func amcNS(p *published) {
	n := len(p.setting.Tensors)
	started := false
	p.clipper = &perLayer{bounds: slices.Repeat([]float64{p.setting.MaxGradNorm}, n),
		adapt: func(p *perLayer, norms [][]float64, _ int) {
			for l := range p.bounds {
				m := median(column(norms, l))
				if started {
					m = 0.9*p.bounds[l] + 0.1*m
				}
				p.bounds[l] = min(max(m, 0.01), 10)
			}
			started = true
		}}
	sigma, last := p.setting.NoiseMultiplier, float64(max(1, p.setting.Steps()-1))
	p.sigma = func(step, _ int) float64 { return sigma * (1 - 0.7*float64(step)/last) }
	p.average = &average{decay: 0.9, correct: true}
}

// alcMVR adapts a global bound by raw fractions and reports sigma C_used/C_max as if that were a noise multiplier, C_max
// the clip norm that the benchmark hands out: as the bound grows the claim falls, to 0.42 in the published log.
// The first draft starts its average from the first noised gradient, the second from zero.
func alcMVR(p *published, first bool) {
	sigma := p.setting.NoiseMultiplier
	last := p.setting.MaxGradNorm
	p.clipper = &global{tensors: len(p.setting.Tensors), bound: p.setting.MaxGradNorm, factor: abadi,
		adapt: func(g *global, norms []float64, _ int) { g.bound = geometric(g.bound, norms, 0.2, 0.01, 10) },
		used: func(g *global, _ []float64, epoch int) float64 {
			last = g.bound * math.Pow(0.95, float64(epoch))
			return last
		}}
	p.reported = func(int, int) float64 { return sigma * last / p.setting.MaxGradNorm }
	p.average = &average{decay: 0.9, first: first}
}

// acVAN scales an adaptive global bound by the stability of the raw mean norms.
func acVAN(p *published) {
	smooth, seen := 0.0, 0
	var window []float64
	p.clipper = &global{tensors: len(p.setting.Tensors), bound: p.setting.MaxGradNorm, factor: abadi,
		adapt: func(g *global, norms []float64, _ int) {
			g.bound = geometric(g.bound, norms, 0.2, 0.1, 10)
			if len(norms) == 0 {
				return
			}
			mean, _ := meanAndDeviation(norms)
			if seen++; seen == 1 {
				smooth = mean
			}
			smooth = 0.9*smooth + 0.1*mean
			window = append(window, smooth)
			window = window[max(0, len(window)-10):]
		},
		used: func(g *global, _ []float64, _ int) float64 {
			if seen <= 10 {
				return g.bound
			}
			mean, deviation := meanAndDeviation(window)
			return g.bound * min(max(mean/max(deviation, 1e-12)/5, 0.5), 2)
		}}
	p.average = &average{decay: 0.9}
}

// alcND adapts a bound per layer by raw fractions, decays bound and noise by stages; noise sigma C_l per layer is
// sqrt(L) too small besides.
func alcND(p *published) {
	n := len(p.setting.Tensors)
	stage := func(epoch int) float64 { return float64(epoch / max(1, p.setting.Epochs/4)) }
	p.clipper = &perLayer{bounds: slices.Repeat([]float64{p.setting.MaxGradNorm}, n),
		adapt: func(p *perLayer, norms [][]float64, _ int) {
			for l := range p.bounds {
				p.bounds[l] = geometric(p.bounds[l], column(norms, l), 0.1, 0.01, 10)
			}
		},
		used: func(bound float64, epoch int) float64 { return bound * math.Pow(0.85, stage(epoch)) }}
	p.decay(func(_, epoch int) float64 { return math.Pow(0.8, stage(epoch)) })
}

// perLayerNoise clips each of L layers to C/sqrt(L) and adds noise sigma C_l to it: sqrt(L) too little for the joint
// sensitivity, which a proof must count.
func perLayerNoise(p *published) {
	n := float64(len(p.setting.Tensors))
	p.clipper = &perLayer{bounds: slices.Repeat([]float64{p.setting.MaxGradNorm / math.Sqrt(n)}, int(n))}
	p.proof = provenBy("the bounds are fixed, but noise sigma C_l per layer is sqrt(L) too small for their joint sensitivity; accounted under Poisson sampling")
}

// momentumVarianceReduction is standard DP-SGD with a moving average of what is released.
func momentumVarianceReduction(p *published) {
	standard(p)
	p.average = &average{decay: 0.9, correct: true}
}
