package features

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCholeskyAndInverse(t *testing.T) {
	const n = 7
	r := rand.New(rand.NewPCG(1, 2))
	b, a := make([]float64, n*n), make([]float64, n*n)
	for i := range b {
		b[i] = r.NormFloat64()
	}
	for i := range n {
		for j := range n {
			for k := range n {
				a[i*n+j] += b[i*n+k] * b[j*n+k]
			}
		}
		a[i*n+i] += .1
	}
	l := slices.Clone(a)
	if err := cholesky(l, n); err != nil {
		t.Fatal(err)
	}
	inverse := invertLower(l, n)
	for i := range n {
		for j := range n {
			product, one := 0.0, 0.0
			for k := range min(i, j) + 1 {
				product += l[i*n+k] * l[j*n+k]
			}
			for k := range i + 1 {
				if k >= j {
					one += l[i*n+k] * inverse[k*n+j]
				}
			}
			want := 0.0
			if i == j {
				want = 1
			}
			if math.Abs(product-a[i*n+j]) > 1e-9 || math.Abs(one-want) > 1e-9 {
				t.Fatalf("at %d, %d: L L^T is %g, want %g; L times its inverse is %g, want %g", i, j, product, a[i*n+j], one, want)
			}
		}
	}
	if cholesky([]float64{1, 2, 2, 1}, 2) == nil {
		t.Error("a matrix that is not positive definite was factored")
	}
}

func TestMoments(t *testing.T) {
	const n, rows = 5, 700 // more than two stretches
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, rows*n)
	for i := range x {
		x[i] = float32(r.NormFloat64()) + float32(i%n)
	}
	m := newMoments(n)
	m.add(x[:300*n])
	m.add(x[300*n:])
	mean, covariance := m.covariance()
	for i := range n {
		for j := range n {
			a, b, ab := 0.0, 0.0, 0.0
			for k := range rows {
				a += float64(x[k*n+i]) / rows
				b += float64(x[k*n+j]) / rows
				ab += float64(x[k*n+i]) * float64(x[k*n+j]) / rows
			}
			if math.Abs(mean[i]-a) > 1e-6 || math.Abs(covariance[i*n+j]-(ab-a*b)) > 1e-5 {
				t.Fatalf("mean %g, covariance %g, want %g, %g", mean[i], covariance[i*n+j], a, ab-a*b)
			}
		}
	}
}

// Points scattered about three lines through the origin, on both sides of it, give those lines.
func TestDirectionsFindLines(t *testing.T) {
	p := small(1)
	p.Atoms, p.Synthetic.Rounds = 3, 20
	lines := [3][3]float64{{1, 0, 0}, {0, .6, .8}, {0, .8, -.6}}
	r := rand.New(rand.NewPCG(5, 6))
	var points []float32
	for i := range 600 {
		x, norm, side := [3]float64{}, 0.0, float64(1-2*r.IntN(2))
		for k := range x {
			x[k] = side*lines[i%3][k] + .05*r.NormFloat64()
			norm += x[k] * x[k]
		}
		for k := range x {
			points = append(points, float32(x[k]/math.Sqrt(norm)))
		}
	}
	// Lines are found from starts that lie one on each; k-means promises no more.
	best := 0
	for seed := range uint64(20) {
		p.Synthetic.Seed = seed
		c, err := p.directions(context.Background(), points, 3, func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		found := map[int]bool{}
		for j := range 3 {
			for l, line := range lines {
				z := 0.0
				for k := range line {
					z += line[k] * float64(c[3*j+k])
				}
				if math.Abs(z) > .999 {
					found[l] = true
				}
			}
		}
		best = max(best, len(found))
	}
	if best != 3 {
		t.Errorf("of three lines %d were found", best)
	}
}

// Whitened rows have zero mean and, but for what the ridge takes, unit covariance.
func TestWhiteningWhitens(t *testing.T) {
	p := small(1)
	p.OutputRidge = 1e-7
	n, rows := p.Channels(), 4000
	r := rand.New(rand.NewPCG(7, 8))
	x := make([]float32, rows*n)
	for i := range rows {
		common := r.NormFloat64()
		for k := range n {
			x[i*n+k] = float32(3 + common + float64(k+1)*r.NormFloat64())
		}
	}
	s := p.NewStatistics()
	s.Add(x)
	w, err := s.Whitening()
	if err != nil {
		t.Fatal(err)
	}
	m := newMoments(n)
	y := make([]float32, n)
	for i := range rows {
		for k := range n {
			y[k] = w.Bias[k] + dot(w.Matrix[k*n:(k+1)*n], x[i*n:(i+1)*n])
		}
		m.add(y)
	}
	mean, covariance := m.covariance()
	for i := range n {
		for j := range n {
			want := 0.0
			if i == j {
				want = 1
			}
			if math.Abs(covariance[i*n+j]-want) > 1e-3 || math.Abs(mean[i]) > 1e-3 {
				t.Fatalf("covariance of whitened features %d, %d is %g, mean %g", i, j, covariance[i*n+j], mean[i])
			}
		}
	}
}

// The dictionary's whitening makes synthetic windows white where the ridge is small, and its atoms are unit directions.
func TestDictionary(t *testing.T) {
	p := small(3)
	ctx := context.Background()
	images, err := p.Images(ctx, func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.NewDictionary(ctx, images, func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	n := p.Side * p.Side * p.Input.C
	windows := p.syntheticWindows(images, n)
	x, square, count := make([]float64, n), 0.0, len(windows)/n
	for i := range count {
		for k := range x {
			x[k] = float64(windows[i*n+k])
		}
		for k := range n {
			q := affine(d.Whiten, k, x)
			square += q * q
		}
	}
	// Directions whose variance is far above the ridge have 1, others less: the mean lies between 0 and 1.
	if mean := square / float64(count*n); !(mean > .05 && mean <= 1) {
		t.Errorf("a whitened window's mean square is %g", mean)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := dictionary(cancelled, &p); err == nil {
		t.Error("a cancelled dictionary was made")
	}
}
