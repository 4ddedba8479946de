package extract

import (
	"strings"
	"testing"

	"cloister/nn"
)

// description is a small one in which nothing is wrong.
func description() *Patches {
	const n, atoms = 3 * 3, 8
	return &Patches{
		Input: nn.Shape{C: 1, H: 5, W: 6}, Side: 3, Atoms: atoms, Fine: 2, Cells: 1, Contrast: 10, Floor: .1, Threshold: .5,
		Weights: make([]float32, 4), Whiten: make([]float32, n*(n+1)), Atom: make([]float32, atoms*(n+1)),
		Output: &Output{Matrix: make([]float32, 4*atoms*atoms), Bias: make([]float32, 2*atoms), Floor: .05, Step: .01},
	}
}

func TestRefusesWhatDoesNotFit(t *testing.T) {
	if _, err := Compile(description(), Options{}); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Patches){
		"1 to 4 channels":     func(d *Patches) { d.Input.C = 5 },
		"at most 65536":       func(d *Patches) { d.Input.H = 1 << 20 },
		"windows of 6 pixels": func(d *Patches) { d.Side = 6 },
		"multiple of 8":       func(d *Patches) { d.Atoms = 12 },
		"5 cells of a grid":   func(d *Patches) { d.Cells = 5 },
		"constant 0":          func(d *Patches) { d.Weights = nil },
		"constant 1":          func(d *Patches) { d.Whiten = d.Whiten[1:] },
		"constant 2":          func(d *Patches) { d.Atom = append(d.Atom, 0) },
		"constant 3":          func(d *Patches) { d.Output.Matrix = nil },
		"constant 4":          func(d *Patches) { d.Output.Bias = nil },
		"step 0":              func(d *Patches) { d.Output.Step = 0 },
	} {
		d := description()
		change(d)
		if _, err := Compile(d, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// Equal descriptions give equal bytes: a module can be named by what it was made of.
func TestCompilesTheSameTwice(t *testing.T) {
	a, errA := Compile(description(), Options{FMA: true})
	b, errB := Compile(description(), Options{FMA: true})
	if errA != nil || errB != nil || string(a.Wasm) != string(b.Wasm) {
		t.Error("two compilations differ", errA, errB)
	}
}
