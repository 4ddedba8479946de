package compile

import (
	"math"
	"slices"
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/golden"
)

// The compiled step against PyTorch: every record's gradient, clipped and not, and the losses of ten steps of training.
func TestModulesAgreeWithPyTorch(t *testing.T) {
	all := must(golden.Load())
	for _, n := range all.Networks {
		t.Run(n.Model.Name, func(t *testing.T) {
			p := &problem{n.Model, n.Normalisation, n.Pixels, n.Labels, [][]float32{n.Params}}
			_, run := p.start(t, p.options(clip.Rule{}))
			size, everyone := len(n.Params), sequence(0, len(n.Labels))
			ones := slices.Repeat([]float32{1}, len(n.Labels))
			norms := run.norms(everyone)
			for i := range everyone {
				want := make([]float64, size)
				square := 0.0
				for k, v := range n.Gradients[i*size:][:size] {
					want[k] = float64(v)
					square += want[k] * want[k]
				}
				if norm := math.Sqrt(square); math.Abs(float64(norms[i])-norm) > 3e-5*norm {
					t.Errorf("record %d: norm %v, PyTorch has %v", i, norms[i], norm)
				}
				if d := distance(run.accumulate([]int{i}, 1, ones).gradient, want); !(d <= zooTolerance) {
					t.Errorf("record %d: the gradient is %.2g away from PyTorch's", i, d)
				}
				run.bounds([]float64{math.Sqrt(square) / 3})
				for k := range want {
					want[k] /= 3
				}
				if d := distance(run.step([]int{i}, 1).gradient, want); !(d <= zooTolerance) {
					t.Errorf("record %d: the clipped gradient is %.2g away from PyTorch's", i, d)
				}
			}
			p.trains(t, n.Losses, all.Rate, all.Momentum)
		})
	}
}

func (p *problem) trains(t *testing.T, losses []float64, rate, momentum float64) {
	o := p.options(clip.Rule{})
	o.NonPrivate = true
	_, run := p.start(t, o)
	params, grad, n := slices.Clone(p.points[0]), make([]float32, len(p.points[0])), len(p.labels)
	sgd := must(nn.NewOptimiser("sgd", len(params), momentum))
	for step, want := range losses {
		run.params(0, params)
		sum := run.step(sequence(0, n), 2)
		if got := sum.loss / float64(n); math.Abs(got-want) > 1e-5*(1+want) {
			t.Errorf("step %d: loss %v, PyTorch has %v", step, got, want)
		}
		for i, v := range sum.gradient {
			grad[i] = float32(v / float64(n))
		}
		sgd.Step(params, grad, rate, 0)
	}
}
