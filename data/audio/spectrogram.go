package audio

import (
	"fmt"
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/dsp/window"
)

// Rate is the number of samples a second that spectrograms are made of.
const Rate = 16000

// The convention, which is Whisper's up to and including its logarithm (Radford et al. 2022, "Robust Speech Recognition via
// Large-Scale Weak Supervision", section 2.2; the values of its mel_filters and of torch.stft):
//
//   - frames of Window samples (25 ms) in a periodic Hann window, transformed at that length;
//   - frame t is centred on sample t Hop; samples before the first and behind the last are reflected;
//   - the power |X|^2 of each frequency, 0 to 8 kHz;
//   - filters on Slaney's mel scale, each of area 1 (Slaney's norm);
//   - log10 of the greater of the result and 10^-10.
//
// Whisper then goes on by each recording's own loudest value; here the range is stated, LogLow to LogHigh.
const (
	Window   = 400
	LogFloor = -10.0
	maxMels  = 80
)

// Settings say what a record is made of. All of them are stated, never computed from recordings.
type Settings struct {
	Seconds float64 // of each recording, from its beginning: longer ones are cut, shorter ones followed by silence
	Hop     int     // samples from one frame to the next
	Mels    int     // filters

	LogLow, LogHigh float64 // the log10 powers that become 0 and 1; what is beyond is clipped
}

// Defaults suit single words and private training: one second becomes 25 frames of 20 mels. Noise is added for every weight,
// and more detail brings more of them: 50 frames of 40 mels did not help on spoken digits (see RATIONALE.md).
var Defaults = Settings{Seconds: 1, Hop: 640, Mels: 20, LogLow: -8, LogHigh: 2}

// Frames is the number of frames of a record: one for every whole hop.
func (s Settings) Frames() int { return s.samples() / s.Hop }

func (s Settings) samples() int { return int(math.Round(s.Seconds * Rate)) }

func (s Settings) String() string {
	return fmt.Sprintf("first %g s at %d Hz; log-mel spectrogram as Whisper's: %d frames of %d mels (Slaney's scale and norm, 0 to %d Hz), "+
		"Hann window of %d samples, hop %d, centred, reflected; log10 of power from %g to %g becomes 0 to 1",
		s.Seconds, Rate, s.Frames(), s.Mels, Rate/2, Window, s.Hop, s.LogLow, s.LogHigh)
}

// Validate reports the first setting that makes no sense. Among more than maxMels filters some would hold no frequency.
func (s Settings) Validate() error {
	switch {
	case !(s.Seconds >= 0.05 && s.Seconds <= MaxSeconds):
		return fmt.Errorf("audio: %g seconds: want 0.05 to %g", s.Seconds, MaxSeconds)
	case s.Hop < 16 || s.Hop > s.samples():
		return fmt.Errorf("audio: a hop of %d samples: want 16 to a record's %d", s.Hop, s.samples())
	case s.Mels < 1 || s.Mels > maxMels:
		return fmt.Errorf("audio: %d mels: want 1 to %d", s.Mels, maxMels)
	case !(s.LogLow >= LogFloor && s.LogHigh <= 10 && s.LogHigh-s.LogLow >= 0.1):
		return fmt.Errorf("audio: log10 powers from %g to %g: want a range within %g to 10", s.LogLow, s.LogHigh, LogFloor)
	}
	return nil
}

// Frontend makes records of recordings. It holds the tables that its settings need, and is not for concurrent use.
type Frontend struct {
	Settings
	resampler Resampler
	fft       *fourier.FFT
	window    []float64
	bank      []band
	frame     []float64
	spectrum  []complex128
	power     []float64
}

// NewFrontend makes the tables.
func NewFrontend(s Settings) (*Frontend, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	f := &Frontend{Settings: s, fft: fourier.NewFFT(Window), frame: make([]float64, Window)}
	f.window = make([]float64, Window+1) // gonum's is symmetric: without its last point it is periodic
	for i := range f.window {
		f.window[i] = 1
	}
	f.window = window.Hann(f.window)[:Window]
	f.spectrum = make([]complex128, Window/2+1)
	f.power = make([]float64, Window/2+1)
	f.bank = melBank(Slaney, true, s.Mels, len(f.power), Rate, 0, Rate/2)
	return f, nil
}

// Spectrogram is a clip's [frame][mel] spectrogram in 256 steps from LogLow to LogHigh: with [Defaults] 0.4 dB each.
func (f *Frontend) Spectrogram(c *Clip) []uint8 {
	steps := make([]uint8, 0, f.Frames()*f.Mels)
	for _, v := range f.LogMel(f.Wave(c)) {
		v = (v - f.LogLow) / (f.LogHigh - f.LogLow)
		steps = append(steps, uint8(math.Round(255*math.Min(math.Max(v, 0), 1))))
	}
	return steps
}

// Wave is what a record is made of: the clip at [Rate], cut or followed by silence.
func (f *Frontend) Wave(c *Clip) []float32 {
	wave := f.resampler.Resample(c.Samples, c.Rate, Rate)
	return append(wave, make([]float32, max(0, f.samples()-len(wave)))...)[:f.samples()]
}

// LogMel is the [frame][mel] spectrogram of samples at [Rate], one frame per whole hop. It needs more than Window/2 samples.
func (f *Frontend) LogMel(wave []float32) []float64 {
	out := make([]float64, 0, len(wave)/f.Hop*f.Mels)
	for t := range len(wave) / f.Hop {
		for i := range f.frame {
			f.frame[i] = f.window[i] * float64(wave[reflect(t*f.Hop+i-Window/2, len(wave))])
		}
		for k, x := range f.fft.Coefficients(f.spectrum, f.frame) {
			f.power[k] = real(x * cmplx.Conj(x))
		}
		for _, b := range f.bank {
			out = append(out, math.Log10(math.Max(b.sum(f.power), 1e-10)))
		}
	}
	return out
}

// reflect is the place within n that a place up to n-1 outside mirrors; the samples at the ends are not repeated.
func reflect(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*(n-1) - i
	}
	return i
}
