package mechanism

import (
	"math"
	"testing"
	"time"
)

func cosineRates(steps, perEpoch int) []float64 {
	rates := make([]float64, steps)
	for t := range rates {
		rates[t] = (1 + math.Cos(math.Pi*float64(t/perEpoch)/float64((steps+perEpoch-1)/perEpoch))) / 2
	}
	return rates
}

func TestScratch(t *testing.T) {
	s := benchmarkSetting
	s.Momentum, s.Rates = 0.9, cosineRates(1170, 234)
	for _, bands := range []int{0, 1, 8, 32, 78, 117, 234} {
		start := time.Now()
		b := &builder{Setting: s}
		b.design.Spec.Rate = 256.0 / 60000
		b.geometricNoise(bands)
		c := b.design.Spec.Strategy
		if c == nil {
			c = []float64{1}
		}
		took := time.Since(start)
		start = time.Now()
		z, _ := b.multiplier(len(c))
		last, _ := b.iterates().noise(c)
		t.Log(len(c), z, 1e5*z/256*math.Sqrt(last)/b.iterates().signal(), took, time.Since(start))
	}
}
