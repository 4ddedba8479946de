package audio

import (
	"math"
	"testing"
)

// The values of Hugging Face transformers, tests/utils/test_audio_utils.py, test_hertz_to_mel.
func TestMelScales(t *testing.T) {
	for _, c := range []struct {
		scale      Scale
		hertz, mel float64
	}{
		{HTK, 0, 0}, {HTK, 100, 150.48910241}, {HTK, 200, 283.22989816},
		{Slaney, 0, 0}, {Slaney, 60, 0.9}, {Slaney, 100, 1.5}, {Slaney, 200, 3}, {Slaney, 1000, 15}, {Slaney, 1001, 15.01453781}, {Slaney, 2000, 25.08188016},
	} {
		if got := c.scale.Mel(c.hertz); math.Abs(got-c.mel) > 5e-9*math.Max(1, c.mel) {
			t.Errorf("%s: %g Hz is %.8f mel, want %.8f", c.scale, c.hertz, got, c.mel)
		}
		if got := c.scale.Hertz(c.mel); math.Abs(got-c.hertz) > 1e-6*math.Max(1, c.hertz) {
			t.Errorf("%s: %g mel is %.8f Hz, want %g", c.scale, c.mel, got, c.hertz)
		}
	}
}

// The same file's test_mel_filter_bank_htk, _slaney and _slaney_norm: 4 filters over 16 frequencies up to 2 kHz.
func TestMelBankOfTransformers(t *testing.T) {
	for _, c := range []struct {
		scale Scale
		norm  bool
		want  [16][4]float64
	}{
		{HTK, false, [16][4]float64{
			{}, {0.61454786}, {0.82511046, 0.17488954}, {0.35597035, 0.64402965}, {0, 0.91360726, 0.08639274}, {0, 0.55547007, 0.44452993},
			{0, 0.19733289, 0.80266711}, {0, 0, 0.87724349, 0.12275651}, {0, 0, 0.6038449, 0.3961551}, {0, 0, 0.33044631, 0.66955369},
			{0, 0, 0.05704771, 0.94295229}, {0, 0, 0, 0.83483975}, {0, 0, 0, 0.62612982}, {0, 0, 0, 0.41741988}, {0, 0, 0, 0.20870994}, {},
		}},
		{Slaney, false, [16][4]float64{
			{}, {0.39869419}, {0.79738839}, {0.80391742, 0.19608258}, {0.40522322, 0.59477678}, {0.00652903, 0.99347097},
			{0, 0.60796161, 0.39203839}, {0, 0.20939631, 0.79060369}, {0, 0, 0.84685344, 0.15314656}, {0, 0, 0.52418477, 0.47581523},
			{0, 0, 0.2015161, 0.7984839}, {0, 0, 0, 0.9141874}, {0, 0, 0, 0.68564055}, {0, 0, 0, 0.4570937}, {0, 0, 0, 0.22854685}, {},
		}},
		{Slaney, true, [16][4]float64{
			{}, {1.19217795e-03}, {2.38435591e-03}, {2.40387905e-03, 5.86232616e-04}, {1.21170110e-03, 1.77821783e-03}, {1.95231437e-05, 2.97020305e-03},
			{0, 1.81763684e-03, 1.04857612e-03}, {0, 6.26036972e-04, 2.11460963e-03}, {0, 0, 2.26505954e-03, 3.07332945e-04}, {0, 0, 1.40202503e-03, 9.54861093e-04},
			{0, 0, 5.38990521e-04, 1.60238924e-03}, {0, 0, 0, 1.83458185e-03}, {0, 0, 0, 1.37593638e-03}, {0, 0, 0, 9.17290923e-04}, {0, 0, 0, 4.58645462e-04}, {},
		}},
	} {
		bank := melBank(c.scale, c.norm, 4, 16, 4000, 0, 2000)
		for k := range c.want {
			for m, want := range c.want[k] {
				if got := bank[m].at(k); math.Abs(got-want) > 5e-9 {
					t.Errorf("%s, norm %v: filter %d at frequency %d is %.9f, want %.9f", c.scale, c.norm, m, k, got, want)
				}
			}
		}
	}
}

// at is one weight of a filter.
func (b band) at(k int) float64 {
	if k < b.first || k >= b.first+len(b.weights) {
		return 0
	}
	return b.weights[k-b.first]
}

// Entries of Whisper's mel_filters (80 filters; float32 in its asset file), which are librosa's.
func TestMelBankOfWhisper(t *testing.T) {
	bank := melBank(Slaney, true, 80, Window/2+1, Rate, 0, Rate/2)
	for _, c := range []struct {
		m, k int
		want float64
	}{
		{0, 1, 0.02486259490251541}, {1, 1, 0.001990821911022067}, {1, 2, 0.022871771827340126}, {2, 2, 0.003981643822044134}, {2, 3, 0.02088095061480999},
		{9, 10, 0.006945197004824877}, {10, 12, 0}, {39, 41, 0.011486922390758991}, {40, 50, 0}, {69, 131, 0.00487553421407938},
		{79, 190, 0.0022320549469441175}, {79, 192, 0.0031647116411477327}, {79, 199, 0.0004487590049393475},
	} {
		if got := bank[c.m].at(c.k); math.Abs(got-c.want) > 3e-9 {
			t.Errorf("filter %d at frequency %d is %.12f, want %.12f", c.m, c.k, got, c.want)
		}
	}
}

// Every filter up to the most that settings allow sees at least one frequency.
func TestNoFilterIsEmpty(t *testing.T) {
	for m, b := range melBank(Slaney, true, maxMels, Window/2+1, Rate, 0, Rate/2) {
		if len(b.weights) == 0 {
			t.Errorf("filter %d of %d is empty", m, maxMels)
		}
	}
}

// Values of torch.stft (1.13, float64, centre, reflect, periodic Hann) and a dense bank in NumPy, log10 with Whisper's floor.
func TestLogMelOfTorch(t *testing.T) {
	wave := make([]float32, 8000)
	for i := range wave {
		s := float64(i) / Rate
		wave[i] = float32(0.5*math.Sin(2*math.Pi*440*s) + 0.25*math.Sin(2*math.Pi*(1000*s+2000*s*s)))
	}
	type point struct {
		frame, mel int
		want       float64
	}
	for mels, points := range map[int][]point{
		80: {{0, 0, 0.101913468}, {0, 5, 0.327341595}, {1, 10, 1.402305192}, {2, 79, LogFloor}, {10, 12, 1.174090390}, {10, 30, -4.324073089}, {25, 39, -5.981681665},
			{49, 0, -2.067766505}, {49, 33, -4.074617359}, {49, 39, -4.833487141}},
		40: {{0, 0, 0.118725517}, {0, 5, 1.103693864}, {1, 10, -2.571755811}, {10, 12, -6.877327805}, {25, 20, -3.409896821}, {25, 39, LogFloor},
			{49, 0, -2.047328114}, {49, 33, -4.987316314}, {49, 39, -5.529608500}},
	} {
		f, err := NewFrontend(Settings{Seconds: 0.5, Hop: 160, Mels: mels, LogLow: -8, LogHigh: 2})
		if err != nil {
			t.Fatal(err)
		}
		got := f.LogMel(wave)
		if len(got) != 50*mels || f.Frames() != 50 {
			t.Fatalf("%d values, want 50 x %d", len(got), mels)
		}
		for _, p := range points {
			if v := got[p.frame*mels+p.mel]; math.Abs(v-p.want) > 1e-6 {
				t.Errorf("%d mels: frame %d, mel %d is %.9f, want %.9f", mels, p.frame, p.mel, v, p.want)
			}
		}
	}
}

func TestRecordIsStepsOfTheStatedRange(t *testing.T) {
	s := Settings{Seconds: 0.5, Hop: 160, Mels: 40, LogLow: -4, LogHigh: 1}
	f, err := NewFrontend(s)
	if err != nil {
		t.Fatal(err)
	}
	clip := &Clip{Samples: sine(440, Rate, 0.25), Rate: Rate} // half of it; the rest is silence
	record, logs := f.Spectrogram(clip), f.LogMel(f.Wave(clip))
	if len(record) != s.Frames()*s.Mels || len(logs) != len(record) {
		t.Fatalf("%d steps, %d values, want %d", len(record), len(logs), s.Frames()*s.Mels)
	}
	ends := map[uint8]int{}
	for i, step := range record {
		ends[step]++
		back := s.LogLow + float64(step)/255*(s.LogHigh-s.LogLow)
		if want := math.Min(math.Max(logs[i], s.LogLow), s.LogHigh); math.Abs(back-want) > 0.5/255*(s.LogHigh-s.LogLow)+1e-12 {
			t.Errorf("value %d: step %d is %g, want %g", i, step, back, want)
		}
	}
	if ends[0] == 0 || ends[255] == 0 {
		t.Error("the sine and the silence reach neither end of the range")
	}
}

// A recording longer than a record is cut, whatever its rate, and what is behind the cut has no part in it.
func TestLongAndShortRecordings(t *testing.T) {
	f, err := NewFrontend(Settings{Seconds: 0.25, Hop: 160, Mels: 40, LogLow: -8, LogHigh: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, rate := range []int{8000, 16000, 44100} {
		long, short := sine(300, rate, 1), sine(300, rate, 0.1)
		if got := f.Spectrogram(&Clip{Samples: long, Rate: rate}); len(got) != 25*40 {
			t.Errorf("%d Hz: %d values", rate, len(got))
		}
		got := f.Spectrogram(&Clip{Samples: short, Rate: rate})
		for i, v := range got[15*40:] {
			if v != 0 {
				t.Errorf("%d Hz: value %d of the silence is %d", rate, i, v)
				break
			}
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"no time":     func(s *Settings) { s.Seconds = 0 },
		"NaN":         func(s *Settings) { s.Seconds = math.NaN() },
		"an hour":     func(s *Settings) { s.Seconds = 3600 },
		"no hop":      func(s *Settings) { s.Hop = 0 },
		"a huge hop":  func(s *Settings) { s.Hop = 16001 },
		"no mels":     func(s *Settings) { s.Mels = 0 },
		"many mels":   func(s *Settings) { s.Mels = maxMels + 1 },
		"no range":    func(s *Settings) { s.LogHigh = s.LogLow },
		"below floor": func(s *Settings) { s.LogLow = -11 },
		"NaN range":   func(s *Settings) { s.LogHigh = math.NaN() },
	} {
		s := Defaults
		change(&s)
		if _, err := NewFrontend(s); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
