package compile

import (
	"math/rand/v2"
	"testing"

	"cloister/clip"
)

// BenchmarkStep runs the step natively, without fused multiply-add; the browser is measured by cmd/bench.
func BenchmarkStep(b *testing.B) {
	for _, m := range zoo(b) {
		for _, private := range []bool{true, false} {
			name := m.Name + "/private"
			if !private {
				name = m.Name + "/plain"
			}
			b.Run(name, func(b *testing.B) {
				const records = 32
				p := newProblem(rand.New(rand.NewPCG(1, 1)), m, records, 1)
				o := p.options(clip.Rule{})
				o.Private = private
				_, r := p.start(b, o)
				r.bounds([]float64{1})
				n := r.choose(sequence(0, records))
				for b.Loop() {
					r.Call("step", r.pixels, r.labels, r.indices, n, 1<<30)
				}
				b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, m := range zoo(b) {
		b.Run(m.Name, func(b *testing.B) {
			o := newProblem(rand.New(rand.NewPCG(1, 1)), m, 1, 1).options(clip.Rule{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(m, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
