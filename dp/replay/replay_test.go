package replay

import (
	"math"
	"math/rand/v2"
	"testing"

	"cloister/accountant"
)

var mnist = Setting{
	MaxGradNorm: 1, NoiseMultiplier: 0.2385, Tensors: []int{6, 2, 3}, DatasetSize: 60000, BatchSize: 256,
	Epochs: 5, TargetEpsilon: 3, TargetDelta: 1e-5,
}

// explicit holds per-sample gradients [record][flat].
type explicit struct {
	tensors []int
	rows    [][]float64
}

func (e explicit) Norms() ([][]float64, error) {
	norms := make([][]float64, len(e.rows))
	for i, row := range e.rows {
		at := 0
		for _, size := range e.tensors {
			s := 0.0
			for _, x := range row[at : at+size] {
				s += x * x
			}
			norms[i] = append(norms[i], math.Sqrt(s))
			at += size
		}
	}
	return norms, nil
}

func (e explicit) Sum(factors [][]float64) ([]float64, error) {
	var sum []float64
	for l, size := range e.tensors {
		at := len(sum)
		for j := range size {
			s := 0.0
			for i, row := range e.rows {
				s += factors[i][l] * row[at+j]
			}
			sum = append(sum, s)
		}
	}
	return sum, nil
}

func batch(s Setting, n int, rng *rand.Rand) explicit {
	size := 0
	for _, t := range s.Tensors {
		size += t
	}
	e := explicit{tensors: s.Tensors}
	for range n {
		row := make([]float64, size)
		for i := range row {
			row[i] = rng.NormFloat64()
		}
		e.rows = append(e.rows, row)
	}
	return e
}

// Figures of the benchmark's own accountant, as published.
func TestClaimedEpsilonIsTheBenchmarks(t *testing.T) {
	for _, c := range []struct {
		sigma, rate float64
		steps       int
		want        float64
	}{
		{0.2385, 256. / 60000, 1170, 3.00},
		{0.2385, 256. / 60000, 936, 2.67},
		{0.6405, 256. / 50000, 5850, 3.00},
	} {
		if got := ClaimedEpsilon(c.sigma, c.rate, c.steps, 1e-5); math.Abs(got-c.want) > 0.005 {
			t.Errorf("sigma %v, %d steps: claimed %.4f, published %.2f", c.sigma, c.steps, got, c.want)
		}
	}
	if got := BenchmarkSigma(3, 1e-5, mnist.Rate(), mnist.Steps()); math.Abs(got-0.2385) > 1.5e-4 {
		t.Errorf("the benchmark's sigma is %.5f, published 0.2385", got)
	}
}

// What mechanisms that report a schedule claim at the end. Of noise decay 5.3 to 6.4 is published. ALC-MVR's published 0.42
// depends on where its bound went: it is what the formula gives for a used clip of 6.755, and the bound may reach 8.145.
func TestClaimsOfSchedules(t *testing.T) {
	cifar := mnist
	cifar.NoiseMultiplier, cifar.DatasetSize, cifar.Epochs = 0.6405, 50000, 30
	for _, s := range []Setting{mnist, cifar} {
		m, err := New("noise-decay", s, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		if got := Claimed(m, s); got < 5.3 || got > 6.4 || math.Abs(got-6.22) > 0.01 {
			t.Errorf("noise decay, %d epochs: claims %.3f, published 5.3 to 6.4", s.Epochs, got)
		}
	}
}

func TestProofs(t *testing.T) {
	for name, want := range map[string]float64{
		"standard": 86.225, "auto-s": 86.225, "normalise": 86.225, "momentum-variance-reduction": 86.225,
		"adaptive": math.Inf(1), "alds": math.Inf(1), "amc-ns": math.Inf(1), "alc-mvr-1": math.Inf(1),
		"alc-mvr-2": math.Inf(1), "ac-van": math.Inf(1), "alc-nd": math.Inf(1),
	} {
		m, err := New(name, mnist, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		p := m.Proven()
		if p.Epsilon != want && !(math.Abs(p.Epsilon-want) < 0.05) || p.Why == "" {
			t.Errorf("%s: proven epsilon %v (%s), want %v", name, p.Epsilon, p.Why, want)
		}
	}
}

// With almost no noise, the release is the mean of the gradients scaled by the published factor.
func TestStandardFollowsItsFormula(t *testing.T) {
	s := mnist
	s.NoiseMultiplier, s.BatchSize = 1e-12, 32
	rng := rand.New(rand.NewPCG(3, 4))
	g := batch(s, 32, rng)
	m, err := New("standard", s, rng)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.ClipAndNoise(g, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for j := range got {
		want := 0.0
		for _, row := range g.rows {
			n := 0.0
			for _, x := range row {
				n += x * x
			}
			want += row[j] * min(1, 1/math.Sqrt(n)) / 32
		}
		if math.Abs(got[j]-want) > 1e-10 {
			t.Fatalf("coordinate %d: %v, want %v", j, got[j], want)
		}
	}
}

// AMC-NS clips every layer to its batch's median and adds noise sigma C_l to it. The sample deviation of 4000 draws lies
// within 5 % of the true one but for one case in 10^5 (chi-square).
func TestAMCNSNoisePerLayer(t *testing.T) {
	s := mnist
	s.Tensors, s.NoiseMultiplier, s.BatchSize = []int{4000, 4000}, 2.5, 1
	rng := rand.New(rand.NewPCG(5, 6))
	m, err := New("amc-ns", s, rng)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float64, 8000)
	row[0], row[4000] = 3, 0.5 // medians of a batch of one
	got, err := m.ClipAndNoise(explicit{s.Tensors, [][]float64{row}}, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for l, bound := range []float64{3, 0.5} {
		_, deviation := meanAndDeviation(got[l*4000+1 : (l+1)*4000])
		if want := 2.5 * bound; math.Abs(deviation/want-1) > 0.05 {
			t.Errorf("tensor %d: noise deviation %.3f, want %.3f", l, deviation, want)
		}
	}
}

func TestEveryMechanismRuns(t *testing.T) {
	s := mnist
	s.BatchSize, s.DatasetSize = 16, 160
	for _, name := range Names() {
		rng := rand.New(rand.NewPCG(7, 8))
		m, err := New(name, s, rng)
		if err != nil {
			t.Fatal(err)
		}
		for step := range s.Steps() {
			got, err := m.ClipAndNoise(batch(s, 16, rng), step, step/s.StepsPerEpoch())
			if err != nil {
				t.Fatal(err)
			}
			for j, x := range got {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("%s step %d: coordinate %d is %v", name, step, j, x)
				}
			}
		}
		if e := Claimed(m, s); !(e > 0) || math.IsInf(e, 1) {
			t.Errorf("%s claims epsilon %v", name, e)
		}
	}
}

// ALC-MVR reports sigma C_used/C, so that the claim sinks while its bound climbs, whatever the noise: the published run
// logged 0.42.
func TestALCMVRClaimsLessThanItAdds(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	m, err := New("alc-mvr-1", mnist, rng)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.EffectiveSigma(0, 0); got != mnist.NoiseMultiplier {
		t.Errorf("at first the report is %v, want sigma", got)
	}
	g := batch(mnist, 16, rng)
	for i := range g.rows {
		for j := range g.rows[i] {
			g.rows[i][j] *= 10 // norms far above the bound: it climbs to 10
		}
	}
	for step := range 40 {
		if _, err := m.ClipAndNoise(g, step, 0); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.EffectiveSigma(40, 0) / mnist.NoiseMultiplier; math.Abs(got-10) > 1e-9 {
		t.Errorf("with the bound at 10 the report is %v times sigma", got)
	}
	if got := Claimed(m, mnist); got > 0.3 {
		t.Errorf("claims %v, although the noise still costs 86", got)
	}
}

// What the noise alone costs: 86.2 for the benchmark's sigma, 96 for sound noise that forgets sqrt(L) for 8 layers; and
// shuffling, which is what the benchmark does, has no amplification that could be proven.
func TestNoiseAlone(t *testing.T) {
	s := mnist
	s.Tensors = []int{1, 1, 1, 1, 1, 1, 1, 1}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name        string
		sigma, want float64
	}{{"adaptive", 0.2385, 86.225}, {"per-layer", 0.6507, 96}, {"standard", 0.65073, 3}} {
		s.NoiseMultiplier = c.sigma
		m, err := New(c.name, s, rng)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.Noise()
		if err != nil || b.Lower > b.Upper || math.Abs(b.Upper/c.want-1) > 0.005 {
			t.Errorf("%s at sigma %v: noise costs %v, want %v (%v)", c.name, c.sigma, b, c.want, err)
		}
		// One Gaussian per epoch: mu = sqrt(5)/sigma, times sqrt(8) for per-layer noise.
		want := math.Sqrt(5) / c.sigma
		if c.name == "per-layer" {
			want *= math.Sqrt(8)
		}
		if got := m.Shuffled(); math.Abs(got/accountant.GaussianEpsilon(want, 1e-5)-1) > 1e-6 {
			t.Errorf("%s shuffled: %v", c.name, got)
		}
	}
	m, _ := New("amc-ns", s, rng) // every step has a sigma of its own: bounds stay close together
	if b, err := m.Noise(); err != nil || !(b.Lower <= b.Upper && b.Upper < 1.05*b.Lower) {
		t.Errorf("amc-ns: %v, %v", b, err)
	}
}

func TestBadSettings(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, spoil := range []func(*Setting){
		func(s *Setting) { s.MaxGradNorm = math.NaN() },
		func(s *Setting) { s.NoiseMultiplier = 0 },
		func(s *Setting) { s.Tensors = nil },
		func(s *Setting) { s.BatchSize = s.DatasetSize + 1 },
	} {
		s := mnist
		spoil(&s)
		if _, err := New("standard", s, rng); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	if _, err := New("nonsense", mnist, rng); err == nil {
		t.Error("an unknown mechanism was accepted")
	}
}
