//go:build !js

package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/data"
	"cloister/features"
)

// vectors are the built-in digits as package features describes its own: bytes of vectors of norm features.Norm, here of nothing but
// pixels less their mean.
func vectors(train, test int) *data.Dataset {
	ds := data.Digits(train, test, 3)
	size := ds.RecordBytes()
	step := 6 / (127 * math.Sqrt(float64(size)))
	for _, s := range []*data.Split{&ds.Train, &ds.Test} {
		for i := range s.Len() {
			record := s.Values[i*size:][:size]
			mean, square := 0.0, 0.0
			for _, v := range record {
				mean += float64(v) / float64(size)
			}
			for _, v := range record {
				square += (float64(v) - mean) * (float64(v) - mean)
			}
			for k, v := range record {
				record[k] = byte(min(255, max(0, math.Round(128+(float64(v)-mean)/math.Sqrt(square)/step))))
			}
		}
	}
	ds.Kind, ds.Type, ds.Channels, ds.Height, ds.Width = data.Vector, data.Uint8, 1, 1, size
	ds.Mean, ds.Std = []float32{128. / 255}, []float32{float32(1 / (255 * step * features.Norm))}
	return ds
}

// On vectors the recipe comes first, with the models that take them; it takes every record at every step, and one setting serves few records and many, a
// small budget and a large one. Half a point is what other seeds move.
func TestRecipeForVectors(t *testing.T) {
	if vectorNorm != features.Norm {
		t.Fatalf("vectors have norm %v, the recipe is for %v", features.Norm, vectorNorm)
	}
	least := map[int]map[float64]float64{300: {1: 0.2, 8: 0.55}, 3000: {1: 0.7, 8: 0.84}}
	for n, budgets := range least {
		b := openPeople(t, vectors(n, 1000))
		info := b.dataset.Info()
		if slices.ContainsFunc(info.Models, func(m string) bool { return strings.Contains(m, "cnn") }) || len(info.Presets) < 3 {
			t.Errorf("models %v, %d presets", info.Models, len(info.Presets))
		}
		for epsilon, want := range budgets {
			c := info.Presets[0].Config
			c.Epsilon = epsilon
			s := b.session(t, seeded(c), nil)
			if p := s.Planned(); p.SamplingRate != 1 || p.Steps != 200 {
				t.Errorf("%d steps at rate %v", p.Steps, p.SamplingRate)
			}
			steps(t, s, s.Planned().Steps)
			e, err := s.Evaluate(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d records, epsilon %v: accuracy %.3f", n, epsilon, e.Accuracy)
			if e.Accuracy < want {
				t.Errorf("%d records, epsilon %v: accuracy %.3f", n, epsilon, e.Accuracy)
			}
			s.Close()
		}
	}
}
