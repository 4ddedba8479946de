package accountant

import (
	"math"
	"testing"
)

// TestBundles: composed by bundles, a long run of narrow steps has the bounds that a grid fine enough for single steps
// gives, on one that is not.
func TestBundles(t *testing.T) {
	step := poisson{20, 1e-3}
	acc := accuracy{lambda: 1, left: 1e-19, right: 1e-22}
	const width, steps = 5e-5, 1 << 17
	for _, added := range []bool{false, true} {
		b, ok := kind{step, steps}.bundled(width, acc, added)
		if !ok || b.size < 1 {
			t.Fatalf("no bundle: %+v", b.size)
		}
		fine, ok := step.discretise(width/8, acc, added)
		if !ok {
			t.Fatal("too fine")
		}
		var c composer
		as := setting{lambda: 3, spill: usualSpill}
		read := func(l losses, each float64, side bias) float64 {
			d, ok := c.compose([]part{{l, steps / each, each}}, as)
			if !ok {
				t.Fatal("no composition")
			}
			return d.tails().epsilon(1e-6, side)
		}
		coarse, _ := step.discretise(width, acc, added)
		low, high := read(fine.down(), 1, below), read(fine.up(), 1, above)
		down, up := read(b.down(), b.steps(), below), read(b.up(), b.steps(), above)
		if gap := read(coarse.up(), 1, above) - read(coarse.down(), 1, below); !(down <= high && up >= low && up-down < gap/3) {
			t.Errorf("added %v: bounds [%v, %v], single steps' are %v apart; truth in [%v, %v]", added, down, up, gap, low, high)
		}
	}
	// Fewer steps, or wide ones, are not bundled.
	if _, ok := (kind{step, 1000}).bundled(width, acc, false); ok {
		t.Error("a short run is bundled")
	}
	if _, ok := (kind{poisson{1, 0.5}, steps}).bundled(width, acc, false); ok {
		t.Error("wide steps are bundled")
	}
}

// TestLongRunsOfNarrowSteps: beside steps that need a wide window, many narrow ones once had a lower bound 10 % off. As
// they are next to normal in sum, their truth is known: a long run of narrow steps is one Gaussian step.
func TestLongRunsOfNarrowSteps(t *testing.T) {
	run := []Segment{{20.71, 3.672e-4, 624668}, {1.59, 0.1516, 8}}
	b, err := Epsilon(run, 4e-13)
	if err != nil {
		t.Fatal(err)
	}
	mu := 3.672e-4 * math.Sqrt(624668*math.Expm1(1/20.71/20.71))
	same, err := Epsilon([]Segment{{1 / mu, 1, 1}, run[1]}, 4e-13)
	if err != nil || b.Upper > b.Lower*1.001 || b.Lower > same.Upper*1.01 || b.Upper < same.Lower*0.99 {
		t.Errorf("[%v, %v], as one Gaussian step [%v, %v]; %v", b.Lower, b.Upper, same.Lower, same.Upper, err)
	}
}
