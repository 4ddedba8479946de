package nn

import "testing"

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
