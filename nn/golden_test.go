package nn_test

import (
	"math"
	"slices"
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/golden"
	"cloister/nn/nntest"
)

// The reference against PyTorch: logits, every record's gradient, and ten steps of training.
func TestReferenceAgreesWithPyTorch(t *testing.T) {
	all, err := golden.Load()
	if err != nil {
		t.Fatal(err)
	}
	var models []*nn.Model
	for _, n := range all.Networks {
		t.Run(n.Model.Name, func(t *testing.T) { agreeWithPyTorch(t, n, all.Rate, all.Momentum) })
		models = append(models, n.Model)
	}
	if names := nntest.Missing(models...); len(names) > 0 {
		t.Errorf("no golden network has %v", names)
	}
}

func agreeWithPyTorch(t *testing.T, n golden.Network, rate, momentum float64) {
	r, err := nn.NewReference(n.Model)
	if err != nil {
		t.Fatal(err)
	}
	clipper, err := nn.NewClipper(n.Model, clip.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	size, classes, records := n.Model.Input.Size(), n.Model.Classes(), len(n.Labels)
	samples := nn.Samples{Count: records, At: func(i int, x []float32) int {
		n.Normalisation.Apply(x, n.Pixels[i*size:][:size])
		return int(n.Labels[i])
	}}
	x, grad := make([]float32, size), make([]float32, len(n.Params))
	for i := range records {
		label := samples.At(i, x)
		r.Gradient(n.Params, x, label, grad)
		near(t, "gradient", grad, n.Gradients[i*len(grad):][:len(grad)])
		near(t, "logits", r.Forward(n.Params, x), n.Logits[i*classes:][:classes])
	}
	params, ones := slices.Clone(n.Params), slices.Repeat([]float32{1}, records)
	sgd, err := nn.NewOptimiser("sgd", len(params), momentum)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range n.Losses {
		sum, err := clipper.Accumulate([][]float32{params}, nil, samples, ones)
		if err != nil {
			t.Fatal(err)
		}
		if got := sum.Loss / float64(records); math.Abs(got-want) > 1e-5*(1+want) {
			t.Errorf("step %d: loss %v, PyTorch has %v", step, got, want)
		}
		for i, v := range sum.Gradient {
			grad[i] = float32(v / float64(records))
		}
		sgd.Step(params, grad, rate, 0)
	}
}

// near allows for what a few hundred float32 roundings do to a vector.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		worst = max(worst, math.Abs(float64(got[i]-w)))
	}
	if !(worst <= 1e-5*largest) {
		t.Errorf("%s is up to %v away from PyTorch's, which reaches %v", what, worst, largest)
	}
}
