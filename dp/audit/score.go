package audit

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Sequence keeps what a run released of each canary, one number a step: its coordinates combined so that noise has
// deviation 1 and a canary that took part moves the mean by mu_t, the step's signal.
type Sequence struct {
	m        int
	rate     float64
	batch    float64   // what sums are divided by when released
	strategy []float64 // of correlated noise; nil: independent
	signal   []float64 // mu_t
	seen     [][]float32
	sum      []float64 // of the step being read
	square   float64
	inverse  []float64 // coefficients of the series 1/strategy so far: how correlated noise adds up
}

// NewSequence is for m canaries sampled at a rate, releases that are sums divided by batch, and a strategy of correlated
// noise or nil.
func NewSequence(m int, rate, batch float64, strategy []float64) *Sequence {
	return &Sequence{m: m, rate: rate, batch: batch, strategy: strategy, sum: make([]float64, m)}
}

// Begin starts to read a release.
func (s *Sequence) Begin() {
	clear(s.sum)
	s.square = 0
}

// Add reads the canaries' released coordinates of one group. A canary that took part adds bound to the group's sum;
// noise has deviation std in units of the release.
func (s *Sequence) Add(released []float32, bound, std float64) {
	std *= s.batch / s.correlated()
	weight := bound * s.batch / (std * std)
	for j, x := range released {
		s.sum[j] += weight * float64(x)
	}
	s.square += bound * bound / (std * std)
}

// correlated is the deviation of this step's correlated noise over that of the normals it is made of.
func (s *Sequence) correlated() float64 {
	if len(s.strategy) < 2 {
		return 1
	}
	for t := len(s.inverse); t <= len(s.seen); t++ {
		x := 0.0
		if t == 0 {
			x = 1
		}
		for k := 1; k < len(s.strategy) && k <= t; k++ {
			x -= s.strategy[k] * s.inverse[t-k]
		}
		s.inverse = append(s.inverse, x/s.strategy[0])
	}
	square := 0.0
	for _, x := range s.inverse {
		square += x * x
	}
	return math.Sqrt(square)
}

// End finishes it.
func (s *Sequence) End() {
	norm := math.Sqrt(s.square)
	row := make([]float32, s.m)
	for j, x := range s.sum {
		row[j] = float32(x / norm)
	}
	s.seen, s.signal = append(s.seen, row), append(s.signal, norm)
}

// LogRatios are the log likelihood ratios, in over out, of each canary's whole sequence. A canary that is in took part
// in each step with probability q, which is marginalised step by step: a plain sum over steps would drown the few in
// which it did.
func (s *Sequence) LogRatios() []float64 {
	if len(s.strategy) > 1 {
		return s.cyclicRatios()
	}
	ratios := make([]float64, s.m)
	for t, row := range s.seen {
		mu := s.signal[t]
		for j, x := range row {
			ratios[j] += mixture(s.rate, mu*float64(x)-mu*mu/2)
		}
	}
	return ratios
}

// mixture is log(1 - q + q e^l).
func mixture(q, l float64) float64 {
	if l > 0 {
		return l + math.Log(q+(1-q)*math.Exp(-l))
	}
	return math.Log1p(q * math.Expm1(l))
}

// cyclicRatios is the same for banded noise. The strategy makes it white again and spreads a participation at step t
// over steps t..t+b-1 as its column; a record takes part at rate b q in one step of each b, which one is its group, and
// groups are marginalised too.
func (s *Sequence) cyclicRatios() []float64 {
	b, steps := len(s.strategy), len(s.seen)
	ratios, white, groups := make([]float64, s.m), make([]float64, steps), make([]float64, b)
	for j := range ratios {
		for t := range steps {
			white[t] = 0
			for k := 0; k < b && k <= t; k++ {
				white[t] += s.strategy[k] * float64(s.seen[t-k][j])
			}
		}
		for g := range groups {
			groups[g] = 0
			for t := g; t < steps; t += b {
				dot, length := 0.0, 0.0
				for k := 0; k < b && t+k < steps; k++ {
					dot += s.strategy[k] * white[t+k]
					length += s.strategy[k] * s.strategy[k]
				}
				mu := s.signal[t]
				groups[g] += mixture(math.Min(1, float64(b)*s.rate), mu*dot-mu*mu*length/2)
			}
		}
		ratios[j] = logMean(groups)
	}
	return ratios
}

func logMean(x []float64) float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = math.Max(most, v)
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - most)
	}
	return most + math.Log(sum/float64(len(x)))
}

// Coins are fair: who is in. A nil seed draws them from the operating system.
func Coins(seed *uint64, m int) []bool {
	in, r := make([]bool, m), Source(seed, "coins")
	for j := range in {
		in[j] = r.Uint64()&1 == 1
	}
	return in
}

// Source is a stream of random bits for a purpose, from a seed or, when nil, from the operating system.
func Source(seed *uint64, purpose string) *rand.ChaCha8 {
	var key [32]byte
	if seed == nil {
		cryptorand.Read(key[:])
	} else {
		key = sha256.Sum256(binary.LittleEndian.AppendUint64([]byte(purpose), *seed))
	}
	return rand.NewChaCha8(key)
}
