package features

import (
	"context"
	"math"
	"testing"
)

// An atom's portrait is the window whose whitened form is the atom's direction: of norm one, and the atom is that times the whitening.
func TestPortraitsAreWhatAtomsRespondTo(t *testing.T) {
	for _, channels := range []int{1, 3} {
		p := small(channels)
		d, err := dictionary(context.Background(), &p)
		if err != nil {
			t.Fatal(err)
		}
		n := p.Side * p.Side * channels
		portraits := p.Portraits(d)
		if len(portraits) != p.Atoms*n {
			t.Fatalf("%d values, want %d atoms of %d", len(portraits), p.Atoms, n)
		}
		for j := range p.Atoms {
			q, square := make([]float64, n), 0.0
			for i := range n {
				for k, v := range portraits[j*n : (j+1)*n] {
					q[i] += float64(d.Whiten[i*(n+1)+k]) * float64(v)
				}
				square += q[i] * q[i]
			}
			if math.Abs(square-1) > 1e-3 {
				t.Errorf("%d channels: whitened, portrait %d has norm %g", channels, j, math.Sqrt(square))
			}
			for k := range n {
				sum := 0.0
				for i := range n {
					sum += q[i] * float64(d.Whiten[i*(n+1)+k])
				}
				if atom := float64(d.Atoms[j*(n+1)+k]); math.Abs(sum-atom) > 1e-3 {
					t.Fatalf("%d channels: portrait %d is of an atom with %g at %d, want %g", channels, j, sum, k, atom)
				}
			}
		}
	}
}

// Pooled on one cell, responses are their sum above the threshold.
func TestResponsesAreWhatIsPooled(t *testing.T) {
	p := small(1)
	p.Fine, p.Grid = 1, 1
	d, err := dictionary(context.Background(), &p)
	if err != nil {
		t.Fatal(err)
	}
	image := p.Image(1000)
	z, pooled := p.Responses(d, image), p.Pool(d, image)
	each := len(z) / p.Atoms
	lit := 0
	for j := range p.Atoms {
		like, unlike := 0.0, 0.0
		for _, v := range z[j*each : (j+1)*each] {
			like += max(0, float64(v)-p.Threshold)
			unlike += max(0, -float64(v)-p.Threshold)
		}
		for k, sum := range []float64{like, unlike} {
			if got := pooled[k*p.Atoms+j]; math.Abs(got-math.Sqrt(sum/float64(each))) > 1e-5 {
				t.Errorf("atom %d pools to %g, its responses to %g", j, got, math.Sqrt(sum/float64(each)))
			}
			if sum > 0 {
				lit++
			}
		}
	}
	if lit < p.Atoms {
		t.Errorf("%d of %d channels respond: the test above says little", lit, 2*p.Atoms)
	}
}

// What one pixel tells of the next is mostly gone after the whitening; a ramp is less rough than chequers.
func TestWhiteningTakesAwayWhatNeighboursShare(t *testing.T) {
	for _, channels := range []int{1, 3} {
		p := small(channels)
		images, err := p.Images(context.Background(), func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.NewDictionary(context.Background(), images, func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		w := p.Windows(d, images, 1000)
		n := p.Side * p.Side * channels
		if len(w.Before) != len(w.After) || len(w.Before)%n != 0 || len(w.Before) < 300*n {
			t.Fatalf("%d and %d values of windows", len(w.Before), len(w.After))
		}
		if before, after := p.Alike(w.Before), p.Alike(w.After); before < .4 || math.Abs(after) > before/2 {
			t.Errorf("%d channels: neighbours are alike by %.3f before and %.3f after", channels, before, after)
		}
		ramp, chequers := make([]float32, n), make([]float32, n)
		for i := range n {
			row, column := i/channels/p.Side, i/channels%p.Side
			ramp[i], chequers[i] = float32(row+column+1), float32(1-2*((row+column)%2))
		}
		if smooth, rough := p.Roughness(ramp), p.Roughness(chequers); smooth > .1 || rough < 6 {
			t.Errorf("%d channels: a ramp is rough by %.3f, chequers by %.3f", channels, smooth, rough)
		}
	}
}
