package features

import (
	"fmt"
	"math"
	"math/rand/v2"

	"cloister/data/audio"
)

// recording is what a synthetic recording's spectrogram is made by: as many frames and mels as a record has. The hop is the front end's
// own, whatever that of the records may be.
func (p *Patches) recording() (audio.Settings, error) {
	s := audio.Defaults
	s.Mels, s.Seconds = p.Input.W, float64(p.Input.H*s.Hop)/audio.Rate
	if p.Input.C != 1 {
		return s, fmt.Errorf("features: spectrograms of %d channels: want one", p.Input.C)
	}
	return s, s.Validate()
}

// spectrogram is that of a synthetic recording, [frame][mel].
func (p *Patches) spectrogram(r *rand.Rand) []byte {
	s, err := p.recording()
	if err != nil {
		panic(err) // Validate refuses it
	}
	f, err := audio.NewFrontend(s)
	if err != nil {
		panic(err)
	}
	return f.Spectrogram(&audio.Clip{Samples: babble(r, p.Input.H*s.Hop), Rate: audio.Rate})
}

// babble is a synthetic recording at the front end's rate, of no language: a source through resonances that glide, as a larynx' pulses or a
// breath's noise go through a vocal tract (Fant 1960, "Acoustic Theory of Speech Production"). A word of one to six sounds
// begins within each second, at some loudness, over noise of some colour. Its ranges are roughly those of human voices, widely drawn, and were set before any run.
func babble(r *rand.Rand, n int) []float32 {
	v := &voice{
		Rand: r, wave: make([]float64, n),
		scale: .8 + .5*r.Float64(),
		pitch: 80 * math.Pow(2, 1.7*r.Float64()) / audio.Rate,
	}
	v.target()
	at := 0
	for start := 0; start < n; start += audio.Rate {
		at = max(at, start+int(.15*audio.Rate*r.Float64()))
		for range 1 + r.IntN(6) {
			at = v.sound(at)
		}
	}
	peak := 1e-9
	for _, x := range v.wave {
		peak = max(peak, math.Abs(x))
	}
	loud := math.Pow(10, -1.5+1.3*r.Float64()) // of full scale
	noise, colour, ground := .1*loud*math.Pow(10, -1-2.5*r.Float64()), r.Float64(), 0.
	samples := make([]float32, n)
	for i, x := range v.wave {
		ground += (1 - colour) * (r.NormFloat64() - ground)
		samples[i] = float32(loud*x/peak + noise*ground)
	}
	return samples
}

const resonances = 5

// voice is one speaker, and what was said so far.
type voice struct {
	*rand.Rand
	wave         []float64
	scale        float64 // of its resonances: the shorter a tract, the higher
	pitch, phase float64 // pulses a sample; of the next
	tilted       float64 // the source, less of its high frequencies
	from, to     [resonances]float64
	tract        [resonances]resonator
}

// target draws where the resonances go next, in hertz.
func (v *voice) target() {
	v.from = v.to
	low, width := [resonances]float64{250, 800, 2100, 3100, 4300}, [resonances]float64{650, 1700, 1200, 1000, 1500}
	for i := range v.to {
		v.to[i] = min(v.scale*(low[i]+width[i]*v.Float64()), 7500)
	}
}

// sound adds a vowel, a noise or a gap from a sample on, while the resonances glide to new places, and returns where it ends.
func (v *voice) sound(at int) int {
	length := int(audio.Rate * (.04 + .3*v.Float64()*v.Float64()))
	v.target()
	voiced, gap, gain := v.Float64() < .65, v.Float64() < .15, math.Pow(10, -v.Float64())
	glide, tilt, bright := math.Pow(2, .5*(v.Float64()-.5)), .5+.48*v.Float64(), .6+1.2*v.Float64()
	var widths [resonances]float64
	for i := range widths {
		widths[i] = 50 + 60*float64(i) + 100*v.Float64()
	}
	if gap {
		gain = 0
	}
	const stretch = 80 // samples between two tunings
	for k := 0; k < length && at < len(v.wave); k, at = k+1, at+1 {
		done := float64(k) / float64(length)
		for i := 0; k%stretch == 0 && i < resonances; i++ {
			f := v.from[i] + (v.to[i]-v.from[i])*done
			if voiced {
				v.tract[i].tune(f, widths[i])
				continue
			}
			v.tract[i].tune(min(f*bright, 7600), 3*widths[i])
			v.tract[i].a += 1. / 20 // a narrow place is no clean pole
		}
		x := .3 * v.NormFloat64()
		if voiced {
			x = 10 * v.pulse(1+(glide-1)*done, tilt)
		}
		x *= gain * min(1, float64(k)/200, float64(length-k)/400)
		for i := range v.tract {
			x = v.tract[i].next(x)
		}
		v.wave[at] += x
	}
	return at
}

// pulse is the larynx' next sample, breathing a little.
func (v *voice) pulse(glide, tilt float64) float64 {
	x := .01 * v.NormFloat64()
	if v.phase += v.pitch * glide; v.phase >= 1 {
		v.phase--
		x++
	}
	v.tilted = tilt*v.tilted + (1-tilt)*x
	return v.tilted
}

// resonator is a digital filter of two poles that leaves what is constant as it is (Klatt 1980, "Software for a cascade/parallel formant
// synthesizer"): y_n = a x_n + b y_(n-1) + c y_(n-2).
type resonator struct{ a, b, c, y1, y2 float64 }

// tune sets its frequency and bandwidth in hertz.
func (r *resonator) tune(frequency, width float64) {
	decay := math.Exp(-math.Pi * width / audio.Rate)
	r.b, r.c = 2*decay*math.Cos(2*math.Pi*frequency/audio.Rate), -decay*decay
	r.a = 1 - r.b - r.c
}

func (r *resonator) next(x float64) float64 {
	r.y1, r.y2 = r.a*x+r.b*r.y1+r.c*r.y2, r.y1
	return r.y1
}
