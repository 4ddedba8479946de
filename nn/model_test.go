package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBenchmarkModelsHaveTheStatedSizes(t *testing.T) {
	for _, c := range []struct {
		name            string
		in              Shape
		params, tensors int
	}{
		{"mnist-cnn", Shape{1, 28, 28}, 26010, 8},
		{"mnist-cnn-tanh", Shape{1, 28, 28}, 26010, 8},
		{"cifar-cnn", Shape{3, 32, 32}, 132042, 18},
		{"logistic", Shape{1, 28, 28}, 7850, 2},
		{"mlp", Shape{1, 28, 28}, 101770, 4},
		{"mlp", Shape{23, 1, 1}, 4362, 4}, // a table's row
		{"spectrogram-cnn", Shape{1, 50, 40}, 36138, 8},
		{"spectrogram-cnn", Shape{1, 25, 20}, 41258, 8},
	} {
		m, err := ByName(c.name, c.in, 10)
		if err != nil {
			t.Fatal(err)
		}
		if n := m.NumParams(); n != c.params || len(m.Tensors()) != c.tensors || m.Classes() != 10 {
			t.Errorf("%s: %d parameters in %d tensors, want %d in %d", c.name, n, len(m.Tensors()), c.params, c.tensors)
		}
	}
}

// One network suits images of any shape: it fits, and does not grow with them.
func TestScaledNetworkFitsAnyImage(t *testing.T) {
	for _, in := range []Shape{{1, 1, 2}, {1, 3, 3}, {3, 8, 8}, {1, 28, 28}, {3, 64, 64}, {3, 50, 200}, {3, 300, 40}, {3, 224, 224}} {
		m, err := ByName("spectrogram-cnn-tanh", in, 10)
		if err != nil {
			t.Errorf("%v: %v", in, err)
			continue
		}
		if n := m.NumParams(); n > 60_000 {
			t.Errorf("%v: %d parameters", in, n)
		}
	}
	for _, name := range []string{"mnist-cnn", "cifar-cnn", "spectrogram-cnn"} {
		if _, err := ByName(name, Shape{23, 1, 1}, 2); err == nil {
			t.Errorf("%s takes a vector", name)
		}
	}
}

// Convolutions that group normalisation follows have no scale: times 3, the logits are the same up to the stabiliser.
func TestScaleFree(t *testing.T) {
	m, err := ByName("cifar-cnn", Shape{3, 16, 16}, 10)
	if err != nil {
		t.Fatal(err)
	}
	free, tensors := m.ScaleFree(), m.Tensors()
	params, rng := make([]float32, m.NumParams()), rand.New(rand.NewPCG(1, 2))
	m.Init(params, rng)
	longer, count := slices.Clone(params), 0
	for i, tensor := range tensors {
		if free[i] {
			count++
			for j := range tensor.Len {
				longer[tensor.Offset+j] *= 3
			}
		}
	}
	r, err := NewReference(m)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, m.Input.Size())
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	want := slices.Clone(r.Forward(params, x))
	for i, v := range r.Forward(longer, x) {
		if math.Abs(float64(v-want[i])) > 1e-3 {
			t.Errorf("logit %d is %v, was %v", i, v, want[i])
		}
	}
	if count != 8 || len(free) != len(tensors) {
		t.Errorf("%d of %d tensors have no scale, want 8", count, len(free))
	}
	if m, err = ByName("mnist-cnn", Shape{1, 28, 28}, 10); err != nil || slices.Contains(m.ScaleFree(), true) {
		t.Errorf("a network without normalisation: %v, %v", m.ScaleFree(), err)
	}
}
