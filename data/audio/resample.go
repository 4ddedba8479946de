package audio

import "math"

// The filter that a [Resampler] applies, in terms of the Nyquist frequency of the lower of the two rates: what is below
// PassBand keeps its level within 0.001 dB, what is above 1 is lowered by at least 90 dB.
const (
	PassBand = 0.9
	cutOff   = 0.95 // in the middle of the transition
	support  = 60   // half the filter's length in samples of the lower rate
	kaiser   = 9.4  // shape of the window
)

// Resampler brings samples to another rate. It keeps the filter of the last ratio, because a folder of recordings has one;
// it is not for concurrent use.
type Resampler struct {
	up, down int
	taps     [][]float32 // by phase, made when first needed
}

// Resample is band-limited: each result is the value, at its moment, of the samples convolved with a sinc in a Kaiser
// window (Smith, "Digital Audio Resampling Home Page", CCRMA; the window's length and shape by Kaiser's formulas,
// Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.6). Result k is at the time of sample k from/to; what
// lies outside is silence. n samples become ceil(n to/from). Rates are positive.
func (r *Resampler) Resample(samples []float32, from, to int) []float32 {
	g := gcd(from, to)
	up, down := to/g, from/g
	if up != r.up || down != r.down {
		*r = Resampler{up: up, down: down, taps: make([][]float32, up)}
	}
	if up == down {
		return append([]float32(nil), samples...)
	}
	out := make([]float32, (len(samples)*up+down-1)/down)
	for k := range out {
		at := k * down
		out[k] = r.at(samples, at/up, at%up)
	}
	return out
}

// at is the value a phase/up after a sample.
func (r *Resampler) at(samples []float32, sample, phase int) float32 {
	if r.taps[phase] == nil {
		r.taps[phase] = makeTaps(r.up, r.down, phase)
	}
	taps := r.taps[phase]
	first := sample - len(taps)/2 + 1
	var sum float64
	for j := max(0, -first); j < min(len(taps), len(samples)-first); j++ {
		sum += float64(taps[j]) * float64(samples[first+j])
	}
	return float32(sum)
}

// makeTaps weighs the samples around a place that is phase/up after a sample; half of them are at or before it. The
// weights add up to 1.
func makeTaps(up, down, phase int) []float32 {
	low := math.Min(1, float64(up)/float64(down)) // the lower rate, in terms of the rate of the samples
	half := int(math.Ceil(support / low))
	weights, sum := make([]float64, 2*half), 0.0
	for j := range weights {
		weights[j] = windowedSinc((float64(j-half+1) - float64(phase)/float64(up)) * low)
		sum += weights[j]
	}
	taps := make([]float32, len(weights))
	for j, w := range weights {
		taps[j] = float32(w / sum)
	}
	return taps
}

// windowedSinc is the filter at a time in samples of the lower rate.
func windowedSinc(t float64) float64 {
	x := t / support
	if math.Abs(x) >= 1 {
		return 0
	}
	w := besselI0(kaiser * math.Sqrt(1-x*x))
	if t == 0 {
		return w
	}
	return w * math.Sin(math.Pi*cutOff*t) / (math.Pi * cutOff * t)
}

// besselI0 is the modified Bessel function of the first kind and order 0, by its series (Abramowitz and Stegun, 9.6.12).
func besselI0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-17*sum; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
