//go:build !js

package train

import (
	"context"
	"math"
	"slices"
	"testing"

	"cloister/dp"
	"cloister/nn"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// whitened is a short run with factors that are renewed, of a network with hidden units.
func whitened() protocol.Config {
	c := seeded(quick())
	c.Model, c.Mechanism = "mlp", protocol.Mechanism{Name: "cloister", Params: map[string]float64{"every": 3, "images": 20, "bands": 4}}
	return c
}

// Plain Go and the compiled step release the same run, across renewals: the same factors reach both.
func TestWhitenedRunsAgree(t *testing.T) {
	var runs [][]float32
	for _, compiled := range []bool{false, true} {
		b := newBench(t, 600, 20)
		if compiled {
			b.host.New = func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
				return backend.NewNative(w, train, test)
			}
		}
		s := b.session(t, whitened(), nil)
		if !s.whitened {
			t.Fatal("the run is not whitened")
		}
		steps(t, s, 8)
		runs = append(runs, slices.Clone(s.params))
		s.Close()
	}
	size, apart := 0.0, 0.0
	for i, x := range runs[0] {
		size = math.Max(size, math.Abs(float64(x)))
		apart = math.Max(apart, math.Abs(float64(x-runs[1][i])))
	}
	// Noise may fall on the next step of its grid where sums round otherwise: 2^-6 of a deviation.
	if apart > 0.02*size {
		t.Errorf("parameters are up to %v, and %v apart", size, apart)
	}
}

// Whoever has a step's parameters can repeat its factors: nothing else went into them.
func TestFactorsCanBeRepeated(t *testing.T) {
	b := newBench(t, 600, 20)
	s := b.session(t, whitened(), nil)
	defer s.Close()
	steps(t, s, 3)
	again := whitener(s.model)
	want, err := again.Make(s.params, 20, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	factors, _ := s.model.Factors()
	if err := nn.CheckWhitening(factors, want); err != nil {
		t.Fatal(err)
	}
	var asked []float32
	inner := s.backend
	s.backend = spying{inner, func(r backend.Request) { asked = slices.Clone(r.Whitening) }}
	steps(t, s, 1)
	if !slices.Equal(asked, want) {
		t.Error("the step's factors are not those of its parameters, its number and nothing else")
	}
	big := &nn.Model{Name: "wide", Input: nn.Shape{C: 2000, H: 1, W: 1}, Layers: []nn.Layer{nn.Linear{In: 2000, Units: 2}}}
	if whitener(big) != nil {
		t.Error("a network with an axis of 2000 has a whitening")
	}
}

// spying shows requests to a test.
type spying struct {
	backend.Backend
	show func(backend.Request)
}

func (s spying) Step(ctx context.Context, r backend.Request) (dp.Sums, error) {
	s.show(r)
	return s.Backend.Step(ctx, r)
}
