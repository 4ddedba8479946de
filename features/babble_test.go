package features

import (
	"math"
	"math/cmplx"
	"testing"

	"cloister/nn"
)

// A resonator answers a tone as its transfer function says (one over the product of its two poles' factors): what is constant stays, what swings at its frequency grows most.
func TestResonator(t *testing.T) {
	const rate, frequency, width = 16000., 1200., 90.
	at := func(f float64) float64 { // once what was before has died away
		var r resonator
		r.tune(frequency, width)
		most := 0.
		for k := range 4000 {
			if y := r.next(math.Cos(2 * math.Pi * f / rate * float64(k))); k >= 3000 {
				most = max(most, math.Abs(y))
			}
		}
		return most
	}
	pole := cmplx.Rect(math.Exp(-math.Pi*width/rate), 2*math.Pi*frequency/rate)
	want := func(f float64) float64 {
		z := cmplx.Rect(1, -2*math.Pi*f/rate)
		through := func(z complex128) float64 { return 1 / cmplx.Abs((1-pole*z)*(1-cmplx.Conj(pole)*z)) }
		return through(z) / through(1)
	}
	for _, f := range []float64{0, 400, 1200, 1240, 3000} {
		if got := at(f); math.Abs(got/want(f)-1) > .01 {
			t.Errorf("at %v Hz a tone comes out %.4f times as high, want %.4f", f, got, want(f))
		}
	}
}

// Synthetic spectrograms are the same on every machine, but for what the last bits of a cosine move; no two are the same, and none is silent.
func TestBabble(t *testing.T) {
	p := small(1)
	p.Input, p.Synthetic = nn.Shape{C: 1, H: 25, W: 20}, Synthetic{Kind: Babble, Seed: 1, Images: 1, Windows: 1}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	known := [...]int{12396, 8172, 17992, 24457}
	for i, want := range known {
		sum, most := 0, byte(0)
		for _, v := range p.Image(i) {
			sum, most = sum+int(v), max(most, v)
		}
		if math.Abs(float64(sum-want)) > 20 {
			t.Errorf("spectrogram %d adds up to %d, was %d", i, sum, want)
		}
		if most < 60 { // 24 dB above the floor of the scale
			t.Errorf("spectrogram %d is silent: at most %d", i, most)
		}
	}
	// Of a longer recording every second has a word.
	wave := babble(p.random(streamImages, 5), 3*16000)
	for second := range 3 {
		power := 0.
		for _, x := range wave[second*16000:][:16000] {
			power += float64(x) * float64(x)
		}
		if power < 1e-3 {
			t.Errorf("second %d has a power of %g", second, power)
		}
	}
}
