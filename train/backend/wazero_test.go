//go:build !js

package backend

import (
	"testing"

	"cloister/clip"
	"cloister/nn"
	"cloister/nn/compile"
)

func TestNativeKeepsTheContract(t *testing.T) {
	contract(t, func(t *testing.T, work Work, train, test Records) Backend {
		n, err := NewNative(work, train, test)
		if err != nil {
			t.Fatal(err)
		}
		return n
	})
}

// More records than the rounding's proof covers are refused before anything is computed.
func TestNativeRefusesTooManyRecords(t *testing.T) {
	m := &nn.Model{Input: nn.Shape{C: 1, H: 1, W: 1}, Layers: []nn.Layer{nn.Linear{In: 1, Units: 2}}}
	n := compile.MaxRecords + 1
	if b, err := NewNative(workOf(m, clip.Rule{}), Records{Values: make([]byte, n), Labels: make([]byte, n)}, Records{}); err == nil {
		b.Close()
		t.Errorf("%d records were accepted", n)
	}
}
