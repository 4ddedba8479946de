package dp

import (
	"math"
	"slices"
	"testing"
)

func testStream(seed uint64) *Stream { return newStream(&seed, "test") }

// kolmogorov is the probability that the Kolmogorov-Smirnov statistic of n samples exceeds d by chance
// (Marsaglia, Tsang and Wang 2003, asymptotic series with Stephens' correction).
func kolmogorov(d float64, n int) float64 {
	s := math.Sqrt(float64(n))
	x := (s + 0.12 + 0.11/s) * d
	p := 0.0
	for k := 1; k < 100; k++ {
		p += 2 * math.Pow(-1, float64(k-1)) * math.Exp(-2*float64(k*k)*x*x)
	}
	return min(1, max(0, p))
}

func ksNormal(sample []float64) float64 {
	slices.Sort(sample)
	d, n := 0.0, float64(len(sample))
	for i, x := range sample {
		f := 0.5 * math.Erfc(-x/math.Sqrt2)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	return kolmogorov(d, len(sample))
}

// Each seed fails with probability 1e-6 by chance.
func TestNormalDistribution(t *testing.T) {
	for seed := range uint64(8) {
		x := make([]float64, 200_000)
		fillNormal(testStream(seed), x)
		if p := ksNormal(x); p < 1e-6 {
			t.Errorf("seed %d: Kolmogorov-Smirnov p = %g", seed, p)
		}
	}
}

// The ziggurat's layers, wedges and tail are wrong in places that a global test hardly sees: a chi-square over 64 bins
// that straddle layer edges and the tail. False-alarm rate 1e-6 (Wilson-Hilferty).
func TestNormalBins(t *testing.T) {
	edges := []float64{0, 0.05, 0.1, 0.15, 0.2, 0.215, 0.25, 0.27, 0.3, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.2, 3.4, 3.5, 3.6, tailX, 3.7, 3.8, 4, 4.2, math.Inf(1)}
	const n = 4_000_000
	observed := make([]float64, 2*len(edges))
	r := testStream(99)
	x := make([]float64, 4096)
	drawn := 0
	for drawn < n {
		fillNormal(r, x)
		for _, v := range x {
			i, _ := slices.BinarySearch(edges, math.Abs(v))
			if v < 0 {
				i += len(edges)
			}
			observed[i]++
		}
		drawn += len(x)
	}
	chi, bins := 0.0, 0
	for i := 1; i < len(edges); i++ {
		p := (math.Erfc(edges[i-1]/math.Sqrt2) - math.Erfc(edges[i]/math.Sqrt2)) / 2
		for _, o := range []float64{observed[i], observed[i+len(edges)]} {
			expected := p * float64(drawn)
			chi += (o - expected) * (o - expected) / expected
			bins++
		}
	}
	k := float64(bins - 1)
	z := (math.Cbrt(chi/k) - (1 - 2/(9*k))) / math.Sqrt(2/(9*k))
	if z > 4.9 || z < -4.9 {
		t.Errorf("chi-square %.1f on %d bins: z = %.2f", chi, bins, z)
	}
}

// Given that a normal lies beyond tailX, it lies beyond x with probability erfc(x/sqrt 2)/erfc(tailX/sqrt 2): counts of
// 500,000 at five places, each within 5.5 standard errors (false-alarm rate 2e-7 in all). The exponential under it
// exceeds x with probability e^-x, likewise, also where it was halved.
func TestNormalTail(t *testing.T) {
	const n = 500_000
	r := testStream(7)
	check := func(name string, draw func(*Stream) float64, survival func(float64) float64, places ...float64) {
		beyond := make([]float64, len(places))
		for range n {
			x := draw(r)
			for i, place := range places {
				if x > place {
					beyond[i]++
				}
			}
		}
		for i, place := range places {
			p := survival(place)
			if se := math.Sqrt(p * (1 - p) * n); math.Abs(beyond[i]-p*n) > 5.5*se {
				t.Errorf("%s: %v of %d beyond %v, want %v +- %v", name, beyond[i], n, place, p*n, se)
			}
		}
	}
	check("tail", tailNormal, func(x float64) float64 { return math.Erfc(x/math.Sqrt2) / math.Erfc(tailX/math.Sqrt2) }, 3.7, 3.8, 4, 4.5, 5)
	check("exponential", exponential, func(x float64) float64 { return math.Exp(-x) }, 0.1, math.Ln2, 1, 5*math.Ln2, 10*math.Ln2)
}

func TestNormalMoments(t *testing.T) {
	const n = 2_000_000
	r, x := testStream(5), make([]float64, n)
	fillNormal(r, x)
	var m [5]float64
	for _, v := range x {
		for k, p := 1, v; k <= 4; k, p = k+1, p*v {
			m[k] += p / n
		}
	}
	// Standard errors sqrt(Var(x^k)/n) for k = 1..4: variances 1, 2, 15, 96. Five of them: 2e-6 in all.
	for k, want := range []float64{0, 0, 1, 0, 3} {
		se := math.Sqrt([]float64{1, 1, 2, 15, 96}[k] / n)
		if k > 0 && math.Abs(m[k]-want) > 5*se {
			t.Errorf("moment %d is %v, want %v +- %v", k, m[k], want, se)
		}
	}
}

// Layers of the ziggurat weigh the same and end at the mode.
func TestZigguratTable(t *testing.T) {
	area := zigX[0] * zigY[1]
	for i := 1; i < layers; i++ {
		if a := zigX[i] * (zigY[i+1] - zigY[i]); math.Abs(a/area-1) > 1e-9 {
			t.Errorf("layer %d has area %v, want %v", i, a, area)
		}
	}
}

func BenchmarkNormals26010(b *testing.B) {
	r, x := testStream(1), make([]float64, 26010)
	b.ReportAllocs()
	for b.Loop() {
		fillNormal(r, x)
	}
}

func BenchmarkAddNoise26010(b *testing.B) {
	unit, sum, out := make([]float64, 26010), make([]float64, 26010), make([]float32, 26010)
	fillNormal(testStream(1), unit)
	fillNormal(testStream(2), sum)
	b.ReportAllocs()
	for b.Loop() {
		addNoise(out, sum, unit, 0.65, 1.0/256)
	}
}
