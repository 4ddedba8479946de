package compile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/nntest"
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
				o.NonPrivate = !private
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

// BenchmarkHead is the step of a linear layer, and of a small tanh network, on vectors of 7,200 bytes, all records of 2,048 at once.
func BenchmarkHead(b *testing.B) {
	const records = 2048
	for _, name := range []string{"logistic", "small-mlp-tanh"} {
		b.Run(name, func(b *testing.B) {
			m := must(nn.ByName(name, nn.Shape{C: 1, H: 9, W: 800}, 10))
			p := newProblem(rand.New(rand.NewPCG(1, 5)), m, records, 1)
			_, r := p.start(b, p.options(clip.Rule{}))
			r.bounds([]float64{1})
			n, least := r.choose(sequence(0, records)), time.Duration(math.MaxInt64)
			for b.Loop() {
				start := time.Now()
				r.Call("step", r.pixels, r.labels, r.indices, n, Width(1))
				least = min(least, time.Since(start))
			}
			b.ReportMetric(records/least.Seconds(), "records/s")
		})
	}
}

// BenchmarkContent takes the same step on records that differ in what they hold alone: how long one takes must not tell.
// The model is sure of itself, so that a record is either right (its gradient is next to nothing) or wrong; others are
// black. Kinds take turns, the least time of each counts, as on a busy machine nothing else says much; the metrics are ratios to "wrong".
func BenchmarkContent(b *testing.B) {
	const records = 32
	for _, m := range zoo(b) {
		b.Run(m.Name, func(b *testing.B) {
			p := sureProblem(rand.New(rand.NewPCG(1, 3)), m, records)
			_, r := p.start(b, p.options(clip.Rule{}))
			r.bounds([]float64{1})
			n := r.choose(sequence(0, records))
			right, _ := r.evaluate(0, records)
			wrong := slices.Clone(right)
			for i := range wrong {
				wrong[i] = (wrong[i] + 1) % byte(m.Classes())
			}
			contents := []struct {
				name           string
				pixels, labels []byte
				least          time.Duration
			}{{"wrong", p.pixels, wrong, math.MaxInt64}, {"right", p.pixels, right, math.MaxInt64}, {"black", make([]byte, len(p.pixels)), wrong, math.MaxInt64}}
			for b.Loop() {
				for i := range contents {
					c := &contents[i]
					r.Write(r.labels, c.labels)
					r.Write(r.pixels, c.pixels)
					start := time.Now()
					r.Call("step", r.pixels, r.labels, r.indices, n, 1<<30)
					c.least = min(c.least, time.Since(start))
				}
			}
			for _, c := range contents[1:] {
				b.ReportMetric(float64(c.least)/float64(contents[0].least), c.name)
			}
		})
	}
}

// BenchmarkWhitening takes plain and whitened steps in turns; the metric is the ratio of their least times.
func BenchmarkWhitening(b *testing.B) {
	const records = 32
	for _, m := range zoo(b) {
		b.Run(m.Name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 4))
			p := newProblem(rng, m, records, 1)
			o := p.options(clip.Rule{})
			_, plain := p.start(b, o)
			o.Whiten = true
			_, whitened := p.start(b, o)
			whitened.whitening(nntest.Whitening(must(m.Factors()), 1, rng))
			least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
			for b.Loop() {
				for i, r := range []*runner{plain, whitened} {
					r.bounds([]float64{1})
					n := r.choose(sequence(0, records))
					start := time.Now()
					r.Call("step", r.pixels, r.labels, r.indices, n, 1<<30)
					least[i] = min(least[i], time.Since(start))
				}
			}
			b.ReportMetric(float64(least[1])/float64(least[0]), "plain")
		})
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
