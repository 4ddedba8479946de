package mechanism

import (
	"math"
	"slices"

	"cloister/clip"
	"cloister/dp"
)

// Cloister's own mechanism. A record's gradient g of a layer is whitened, U_G g U_A; all layers together are clipped to
// C, summed over the sample, and released with geometric noise (geometric.go), times a gain G:
//
//	y_t = sum over the sample of clip_C(U g),   w_t = (z_t - r z_(t-1)) / c_0 + r^b w_(t-b),   followed: G (y_t + sigma C w_t) / (q N)
//
// It is sound part by part, as the catalogue says of each: the noise is a banded matrix mechanism's under the cyclic sampling
// that it is accounted for; U is a function of released parameters and of noise that anyone can draw again, so that the clip
// bounds what a record adds in the whitened space, where sum and noise live; a gain is post-processing. The optimiser follows the stream as it is
// released: mapped back by U, noise would no longer cancel where U changes.
//
// One rule serves every dataset, from public facts: bands and r from N, batch size, steps, learning rates, momentum, epsilon and
// delta (bestBands), C the clip norm, G by the noise (lengthen), damping 1, U renewed each epoch. docs/mechanism.md says how they were chosen.
func buildCloister(b *builder) error {
	b.ClipNorm *= b.get("clip")
	b.shapesBounds("clip")
	if err := b.fixed(clip.Rule{}); err != nil {
		return err
	}
	b.whiten()
	if err := b.geometric(); err != nil {
		return err
	}
	return b.lengthen()
}

// whiten has gradients whitened, where the network can be and there is noise.
func (b *builder) whiten() {
	damping := b.get("damping")
	if damping == 0 || b.Whitener == nil || b.NonPrivate {
		return
	}
	w := &whitening{whitener: b.Whitener, images: int(b.get("images")), damping: damping, every: int(b.get("every"))}
	if w.every == 0 {
		w.every = b.StepsPerEpoch
	}
	w.factors, w.made = make([]float64, b.Whitener.Len), make([]float64, 1)
	b.policy.whitening = w
}

// geometric has noise correlated by one ratio, of which the normals of two steps are kept too.
func (b *builder) geometric() error {
	return b.correlated(int(b.get("bands")), -2, (*iterates).bestRatio)
}

// What the gain aims at: so much noise in each weight of the last iterate, at this learning rate, but no longer steps than any trial
// took: with next to no noise the aim alone would let training diverge.
const (
	aimedNoise  = 0.0959
	aimedRate   = 0.1
	longestStep = 4.5 // clip norm times gain
)

// lengthen sets the gains. Trials with whitening and without, with and without correlation, found the best gain where about as much
// noise was left in a weight, whatever the mechanism (docs/mechanism.md): less, and weights could have moved further; more, and
// it drowns what they learnt. Where a normalisation follows, it is the noise beside the weights' own length that counts:
// longer steps only make them forget where they began.
func (b *builder) lengthen() error {
	if b.policy.gain = b.get("gain"); b.policy.gain == 0 {
		noise, err := b.lastNoise()
		if err != nil {
			return err
		}
		b.policy.gain = 4
		if noise > 0 {
			b.policy.gain = min(aimedNoise/noise, longestStep/b.ClipNorm)
		}
	}
	if longer := b.get("longer"); longer != 1 && slices.Contains(b.ScaleFree, true) {
		b.policy.gains = newGains(b.Tensors, b.ScaleFree, longer)
	}
	return nil
}

// lastNoise is the standard deviation of the noise in a weight of the last iterate without a gain, were the greatest learning rate aimedRate;
// 0 without noise or steps.
func (b *builder) lastNoise() (float64, error) {
	it := b.iterates()
	greatest := slices.Max(it.rates)
	if b.NonPrivate || !(greatest > 0) {
		return 0, nil
	}
	c := b.design.Spec.Strategy
	if c == nil {
		c = []float64{1}
	}
	z, err := b.multiplier(len(c))
	if err != nil {
		return 0, err
	}
	one := make([]float64, b.Steps)
	one[0] = 1
	last, _ := it.noise(it.response(divide(one, c)), nil)
	return z * b.ClipNorm / b.BatchSize * math.Sqrt(last) * aimedRate / greatest, nil
}

// whitening renews the factors every so many steps. The step decides which probes are drawn.
type whitening struct {
	whitener *Whitener
	images   int
	damping  float64
	every    int
	factors  []float64 // as a checkpoint holds them
	made     []float64 // the period they are of + 1; 0: none
	u        []float32 // the same, as asked
}

func (w *whitening) state() [][]float64 { return [][]float64{w.factors, w.made} }

// ask states the period's factors. Where they cannot be made anew, parameters having grown beyond what float32 holds, the last ones
// stay; a compute side refuses a whitening that there never was.
func (w *whitening) ask(v dp.View, a *dp.Ask) {
	if period := float64(v.Step/w.every) + 1; period != w.made[0] {
		if u, err := w.whitener.Make(v.Params, w.images, w.damping, uint64(v.Step)); err == nil && len(u) == len(w.factors) {
			for i, x := range u {
				w.factors[i] = float64(x)
			}
			w.made[0] = period
		}
	}
	if w.made[0] == 0 {
		a.Whitening = []float32{}
		return
	}
	w.u = slices.Grow(w.u[:0], len(w.factors))[:len(w.factors)]
	for i, x := range w.factors { // they may have been restored
		w.u[i] = float32(x)
	}
	a.Whitening = w.u
}

// gains multiply what is released of some tensors: post-processing.
type gains struct {
	ends   []int // of runs of coordinates
	factor []float64
	rms    float64 // over coordinates
}

func newGains(tensors []int, chosen []bool, factor float64) *gains {
	g, end, squares := &gains{}, 0, 0.0
	for t, n := range tensors {
		end += n
		f := 1.0
		if chosen[t] {
			f = factor
		}
		g.ends, g.factor = append(g.ends, end), append(g.factor, f)
		squares += f * f * float64(n)
	}
	g.rms = math.Sqrt(squares / float64(end))
	return g
}

// apply takes noise that is the same in all coordinates.
func (g *gains) apply(r *dp.Released) {
	from := 0
	for t, end := range g.ends {
		if f := float32(g.factor[t]); f != 1 {
			for i := range r.Gradient[from:end] {
				r.Gradient[from+i] *= f
			}
		}
		from = end
	}
	r.NoiseStd *= g.rms
	for i := range r.NoiseStds {
		r.NoiseStds[i] *= g.rms
	}
}
