package audio

import "math"

// Scale is a mel scale: how pitch is heard, as a function of frequency.
type Scale string

const (
	// Slaney's is linear below 1 kHz and logarithmic above (Slaney, Auditory Toolbox, 1998): what librosa and Whisper use.
	Slaney Scale = "slaney"
	// HTK's is 2595 log10(1 + f/700) (O'Shaughnessy, 1987): what HTK and torchaudio use.
	HTK Scale = "htk"
)

// Slaney's scale has 15 mels below 1 kHz and 27 from there to 6.4 kHz.
const slaneyBreak = 1000.0

var slaneyStep = math.Log(6.4) / 27

// Mel is the pitch of a frequency in hertz.
func (s Scale) Mel(hertz float64) float64 {
	switch {
	case s == HTK:
		return 2595 * math.Log10(1+hertz/700)
	case hertz < slaneyBreak:
		return 3 * hertz / 200
	}
	return 15 + math.Log(hertz/slaneyBreak)/slaneyStep
}

// Hertz is the frequency of a pitch in mels.
func (s Scale) Hertz(mel float64) float64 {
	switch {
	case s == HTK:
		return 700 * (math.Pow(10, mel/2595) - 1)
	case mel < 15:
		return 200 * mel / 3
	}
	return slaneyBreak * math.Exp(slaneyStep*(mel-15))
}

// band is one triangular filter: the weights of some neighbouring frequencies, from first on.
type band struct {
	first   int
	weights []float64
}

// melBank has filters whose corners lie evenly on a mel scale between two frequencies in hertz, over frequencies that lie
// evenly between 0 and half the rate. Each filter is 1 at its middle, or with equal areas (Slaney's norm) 2 over its width
// in hertz.
func melBank(scale Scale, equalAreas bool, filters, frequencies int, rate, low, high float64) []band {
	corner := func(i int) float64 {
		l, h := scale.Mel(low), scale.Mel(high)
		return scale.Hertz(l + (h-l)*float64(i)/float64(filters+1))
	}
	bank := make([]band, filters)
	for m := range bank {
		left, middle, right := corner(m), corner(m+1), corner(m+2)
		height := 1.0
		if equalAreas {
			height = 2 / (right - left)
		}
		for k := range frequencies {
			f := rate / 2 * float64(k) / float64(frequencies-1)
			w := height * math.Min((f-left)/(middle-left), (right-f)/(right-middle))
			if w <= 0 {
				continue
			}
			if bank[m].weights == nil {
				bank[m].first = k
			}
			bank[m].weights = append(bank[m].weights, w)
		}
	}
	return bank
}

// sum weighs a spectrum.
func (b band) sum(spectrum []float64) (sum float64) {
	for i, w := range b.weights {
		sum += w * spectrum[b.first+i]
	}
	return sum
}
