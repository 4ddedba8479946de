package kernel

import (
	"math"
	"testing"

	"cloister/nn/compile/wasm"
)

// A cell of threes beside a cell of zeros and one huge value: by hand, for both forms of the result.
func TestUnit(t *testing.T) {
	const channels = 16
	x := make([]float32, 2*channels)
	for i := range channels {
		x[i] = 3
	}
	x[channels+5], x[channels+6] = 4000, -4000
	// Mean squares: 9 and 2e6. Without a floor both cells would have norm sqrt(16), so all sqrt(32).
	want := make([]float64, 2*channels)
	for i := range want {
		want[i] = float64(x[i]) / math.Sqrt(9) / math.Sqrt(2*channels)
		if i >= channels {
			want[i] = float64(x[i]) / math.Sqrt(2e6) / math.Sqrt(2*channels)
		}
	}
	try(t, func(s *Set) *wasm.Func { return s.Unit(Unit{Cells: 2, Channels: channels}) }, 3, func(t *testing.T, b *bench) {
		b.WriteFloats(1024, x)
		b.run(1024, 4096, 512)
		for i, got := range b.Floats(4096, len(x)) {
			if math.Abs(float64(got)-want[i]) > 1e-5 {
				t.Errorf("value %d is %g, want %g", i, got, want[i])
			}
		}
	})
	const step = .003
	try(t, func(s *Set) *wasm.Func { return s.Unit(Unit{Cells: 2, Channels: channels, Step: step}) }, 3, func(t *testing.T, b *bench) {
		b.WriteFloats(1024, x)
		b.run(1024, 4096, 512)
		for i, got := range b.Bytes(4096, len(x)) {
			if w := min(255, max(0, math.RoundToEven(128+want[i]/step))); got != byte(w) {
				t.Errorf("byte %d is %d, want %g", i, got, w)
			}
		}
	})
}

// Responses of two cells, of two rows and of one, exceed 0.5 on either side.
func TestRectify(t *testing.T) {
	z := make([]float32, 3*Panel)
	z[0], z[Panel], z[2*Panel] = 2, 1, -3
	z[7], z[Panel+7], z[2*Panel+7] = .4, -.6, .5
	try(t, func(s *Set) *wasm.Func { return s.Rectify(Rectified{Panel: 512, Sums: 512, Threshold: .5}) }, 6, func(t *testing.T, b *bench) {
		b.WriteInts(64, []int{2, 1})
		b.WriteFloats(1024, z)
		b.WriteFloats(2048, []float32{10}) // what is there is added to
		b.run(1, 2, 64, 1024, 2048, 4096)
		pos, neg := b.Floats(2048, 2*Panel), b.Floats(4096, 2*Panel)
		for i, want := range map[int][2]float32{0: {12, 0}, 7: {0, .1}, Panel: {0, 2.5}, Panel + 7: {0, 0}, 3: {0, 0}} {
			if math.Abs(float64(pos[i]-want[0])) > 1e-6 || math.Abs(float64(neg[i]-want[1])) > 1e-6 {
				t.Errorf("sums %d are %g and %g, want %v", i, pos[i], neg[i], want)
			}
		}
	})
}

func TestMirror(t *testing.T) {
	try(t, func(s *Set) *wasm.Func { return s.Mirror(2, 3, 2) }, 2, func(t *testing.T, b *bench) {
		b.WriteFloats(1024, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
		b.run(1024, 2048)
		for i, want := range []float32{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8} {
			if got := b.Floats(2048, 12)[i]; got != want {
				t.Errorf("value %d is %g, want %g", i, got, want)
			}
		}
	})
}
