package audit

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// Sequence weighs what a run releases of each canary: its coordinates of a step combined to one number, in which noise
// has deviation 1 and a canary that took part moves the mean by mu_t, the step's signal. Independent steps are weighed as
// they end. Correlated noise is weighed at the end, from all of them.
type Sequence struct {
	m        int
	rate     float64
	batch    float64   // what sums are divided by when released
	strategy []float64 // of correlated noise; nil: independent
	steps    int       // read so far
	sum      []float64 // of the step being read
	square   float64
	ratios   []float64 // independent noise: log likelihood ratios so far

	signal  []float64   // correlated noise: mu_t
	seen    [][]float32 // and each canary's number, by step
	inverse []float64   // coefficients of the series 1/strategy so far: how the noise adds up
	grown   float64     // sum of their squares
}

// maxSeen bounds what a sequence keeps of correlated noise: 64 MiB of float32. Running out of memory is fatal in wasm.
const maxSeen = 1 << 24

// NewSequence is for m canaries sampled at a rate, releases that are sums divided by batch, and a strategy of correlated
// noise or nil.
func NewSequence(m int, rate, batch float64, strategy []float64) *Sequence {
	s := &Sequence{m: m, rate: rate, batch: batch, strategy: strategy, sum: make([]float64, m)}
	if !s.banded() {
		s.ratios = make([]float64, m)
	}
	return s
}

func (s *Sequence) banded() bool { return len(s.strategy) > 1 }

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
	if !s.banded() {
		return 1
	}
	for t := len(s.inverse); t <= s.steps; t++ {
		x := 0.0
		if t == 0 {
			x = 1
		}
		for k := 1; k < len(s.strategy) && k <= t; k++ {
			x -= s.strategy[k] * s.inverse[t-k]
		}
		x /= s.strategy[0]
		s.inverse = append(s.inverse, x)
		s.grown += x * x
	}
	return math.Sqrt(s.grown)
}

// End finishes it. A canary that is in took part in the step with probability q, which is marginalised step by step: a
// plain sum over steps would drown the few in which it did.
func (s *Sequence) End() {
	s.steps++
	norm := math.Sqrt(s.square)
	if !s.banded() {
		for j, x := range s.sum { // the step's number is x/norm, its signal norm
			s.ratios[j] += mixture(s.rate, x-s.square/2)
		}
		return
	}
	row := make([]float32, s.m)
	for j, x := range s.sum {
		row[j] = float32(x / norm)
	}
	s.seen, s.signal = append(s.seen, row), append(s.signal, norm)
}

// LogRatios are the log likelihood ratios, in over out, of each canary's whole sequence.
func (s *Sequence) LogRatios() []float64 {
	if s.banded() {
		return s.cyclicRatios()
	}
	return slices.Clone(s.ratios)
}

// mixture is log(1 - q + q e^l).
func mixture(q, l float64) float64 {
	switch {
	case q >= 1:
		return l
	case l > 0:
		return l + math.Log(q+(1-q)*math.Exp(-l))
	}
	return math.Log1p(q * math.Expm1(l))
}

// cyclicRatios are the ratios for banded noise. The strategy makes it white again and spreads a participation at step t
// over steps t..t+b-1 as its column; a record takes part at rate b q in one step of each b, which one is its group, and
// groups are marginalised too.
func (s *Sequence) cyclicRatios() []float64 {
	b, steps := len(s.strategy), len(s.seen)
	groups, dot := make([][]float64, b), make([]float64, s.m)
	for g := range groups {
		groups[g] = make([]float64, s.m)
		for t := g; t < steps; t += b {
			length := s.match(t, dot)
			mu := s.signal[t]
			for j, x := range dot {
				groups[g][j] += mixture(math.Min(1, float64(b)*s.rate), mu*x-mu*mu*length/2)
			}
		}
	}
	ratios, own := make([]float64, s.m), make([]float64, b)
	for j := range ratios {
		for g := range own {
			own[g] = groups[g][j]
		}
		ratios[j] = logMean(own)
	}
	return ratios
}

// match sets dot to every canary's inner product of the whitened releases with the column of step t, and returns that
// column's squared length; the run's end may cut it short. Step u is whitened into steps u..u+b-1, so that its release
// enters with the strategy's products at distance u-t.
func (s *Sequence) match(t int, dot []float64) (length float64) {
	b, steps := len(s.strategy), len(s.seen)
	clear(dot)
	for u := max(0, t-b+1); u < min(steps, t+b); u++ {
		weight := 0.0
		for k := max(0, u-t); k < b && t+k < steps && t+k-u < b; k++ {
			weight += s.strategy[k] * s.strategy[t+k-u]
		}
		for j, x := range s.seen[u] {
			dot[j] += weight * float64(x)
		}
		if u == t {
			length = weight
		}
	}
	return length
}

func logMean(x []float64) float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = math.Max(most, v)
	}
	if math.IsInf(most, -1) {
		return most
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
