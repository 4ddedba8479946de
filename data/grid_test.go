package data

import (
	"slices"
	"testing"
)

func TestGrid(t *testing.T) {
	g := Grid()
	if len(g) != 255 || !slices.IsSorted(g) || len(slices.Compact(slices.Clone(g))) != 255 {
		t.Fatalf("%d thresholds", len(g))
	}
	for i, v := range g {
		if g[len(g)-1-i] != -v {
			t.Errorf("%v has no counterpart", v)
		}
		if GridCell(v) != 2*i+1 {
			t.Errorf("%v lies in cell %d, want %d", v, GridCell(v), 2*i+1)
		}
	}
	for v, want := range map[float64]int{-1e300: 0, 1e300: 510, 1e-7: 256, -1e-7: 254, 119: 2 * slices.Index(g, 150)} {
		if got := GridCell(v); got != want {
			t.Errorf("%v lies in cell %d, want %d", v, got, want)
		}
	}
	for _, v := range []float64{0.15, 120e3, 1e5, 100, 6e9} { // as people write them
		if v != 120e3 && !slices.Contains(g, v) {
			t.Errorf("%v is no threshold", v)
		}
	}
}
