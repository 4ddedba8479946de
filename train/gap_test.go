package train

import (
	"context"
	"testing"

	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/dp/mechanism"
	"cloister/nn"
)

// BenchmarkBetweenSteps is what a step of mnist-cnn costs the trainer besides waiting for its workers: they idle for
// about as long, less the noise, which is drawn while they compute.
func BenchmarkBetweenSteps(b *testing.B) {
	m, err := nn.ByName("mnist-cnn", nn.Shape{C: 1, H: 28, W: 28}, 10)
	if err != nil {
		b.Fatal(err)
	}
	setting := mechanism.Setting{N: 60000, BatchSize: 1024, Steps: 1 << 19, StepsPerEpoch: 58, ClipNorm: 1, Tensors: tensorSizes(m), NonPrivate: false, Epsilon: 900, Delta: 1e-5}
	design, err := mechanism.New("fixed", nil, setting)
	if err != nil {
		b.Fatal(err)
	}
	design.Spec.NoiseMultiplier = 1
	plan, err := dp.NewPlan(design.Spec)
	if err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(&ledger.MemoryStore{}, "key")
	if err != nil {
		b.Fatal(err)
	}
	engine, err := dp.NewEngine(dp.Options{Plan: plan, Policy: design.Policy, Tensors: setting.Tensors, Ledger: l})
	if err != nil {
		b.Fatal(err)
	}
	c := quick()
	optim, err := newOptimization(&c, design, m.NumParams(), plan.Steps(), 58)
	if err != nil {
		b.Fatal(err)
	}
	params, sum := Initial(m, nil), make([]float64, m.NumParams())
	b.ResetTimer()
	for range b.N {
		r, err := engine.Next(context.Background(), params, func(_ context.Context, q dp.Query) (dp.Sums, error) {
			return dp.Sums{Gradient: sum, Records: len(q.Records)}, nil
		})
		if err != nil {
			b.Fatal(err)
		}
		optim.step(params, r)
	}
}
