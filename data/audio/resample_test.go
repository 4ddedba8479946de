package audio

import (
	"math"
	"testing"
)

// sine is seconds of a sine at a rate.
func sine(hertz float64, rate int, seconds float64) []float32 {
	s := make([]float32, int(seconds*float64(rate)))
	for i := range s {
		s[i] = float32(math.Sin(2 * math.Pi * hertz * float64(i) / float64(rate)))
	}
	return s
}

// settled leaves out what the ends, where silence begins, have a part in.
func settled(s []float32, rate int) []float32 {
	edge := rate / 100
	return s[edge : len(s)-edge]
}

// A sine of the pass band comes out as the same sine, at the same times, within 0.001 dB (1.2e-4); one above the lower
// Nyquist frequency as nothing, within -90 dB (3.2e-5). Both hold at every place in the bands.
func TestResamplesSines(t *testing.T) {
	const pass, stop = 1.2e-4, 3.2e-5
	for _, c := range []struct{ from, to int }{
		{8000, 16000}, {11025, 16000}, {22050, 16000}, {24000, 16000}, {32000, 16000}, {44100, 16000}, {48000, 16000}, {96000, 16000}, {44101, 16000}, {16000, 8000},
	} {
		var r Resampler
		nyquist := float64(min(c.from, c.to)) / 2
		for _, part := range []float64{0, 0.01, 0.3, 0.71, PassBand} {
			hertz := part * nyquist
			in := sine(hertz, c.from, 0.1)
			if hertz == 0 {
				for i := range in {
					in[i] = 1
				}
			}
			out := r.Resample(in, c.from, c.to)
			if want := int(math.Ceil(float64(len(in)) * float64(c.to) / float64(c.from))); len(out) != want {
				t.Fatalf("%d to %d: %d samples, want %d", c.from, c.to, len(out), want)
			}
			for i := c.to / 100; i < len(out)-c.to/100; i++ {
				want := math.Sin(2 * math.Pi * hertz * float64(i) / float64(c.to))
				if hertz == 0 {
					want = 1
				}
				if math.Abs(float64(out[i])-want) > pass {
					t.Errorf("%d to %d: %g Hz, sample %d is %g, want %g", c.from, c.to, hertz, i, out[i], want)
					break
				}
			}
		}
		for _, part := range []float64{1, 1.1, 1.37, 1.9} {
			hertz := part * nyquist
			if hertz >= float64(c.from)/2 {
				continue
			}
			for i, v := range settled(r.Resample(sine(hertz, c.from, 0.1), c.from, c.to), c.to) {
				if math.Abs(float64(v)) > stop {
					t.Errorf("%d to %d: %g Hz is still %g at sample %d", c.from, c.to, hertz, v, i)
					break
				}
			}
		}
	}
}

// A sweep through the whole band, whose value at any time is known: what is below the pass band's edge comes out as it
// is, what is above the Nyquist frequency not at all.
func TestResamplesASweep(t *testing.T) {
	const from, to, seconds = 48000, 16000, 1.0
	sweep := func(at float64) float64 { return math.Sin(math.Pi * from / 2 / seconds * at * at) } // 0 to 24 kHz
	in := make([]float32, from)
	for i := range in {
		in[i] = float32(sweep(float64(i) / from))
	}
	var r Resampler
	for i, v := range r.Resample(in, from, to) {
		at := float64(i) / to
		hertz := from / 2 * at / seconds
		switch {
		case at > 0.01 && hertz < 0.88*to/2:
			if math.Abs(float64(v)-sweep(at)) > 1e-3 {
				t.Fatalf("at %.0f Hz: %g, want %g", hertz, v, sweep(at))
			}
		case at < 0.99 && hertz > 1.05*to/2:
			if math.Abs(float64(v)) > 1e-3 {
				t.Fatalf("at %.0f Hz: %g is left", hertz, v)
			}
		}
	}
}

func TestResampleChangesNothingAtTheSameRate(t *testing.T) {
	in := sine(440, 16000, 0.01)
	var r Resampler
	out := r.Resample(in, 16000, 16000)
	for i := range in {
		if out[i] != in[i] {
			t.Fatalf("sample %d is %g, not %g", i, out[i], in[i])
		}
	}
	out[0] = 7
	if in[0] == 7 {
		t.Error("the result shares the memory of what it is made of")
	}
	if got := r.Resample(nil, 44100, 16000); len(got) != 0 {
		t.Errorf("%d samples of none", len(got))
	}
}

// I0 at places that Abramowitz and Stegun tabulate (table 9.8, e^-x I0(x)).
func TestBesselI0(t *testing.T) {
	for x, want := range map[float64]float64{0: 1, 1: 0.4657596077, 2: 0.3085083225, 5: 0.1835408126, 10: 0.1278333372} {
		if got := math.Exp(-x) * besselI0(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("e^-%g I0(%g) is %.10f, want %.10f", x, x, got, want)
		}
	}
}
