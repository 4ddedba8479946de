// Package kernel emits the inner loops of a compiled step: float32 code on four-lane vectors, one WebAssembly function each.
//
// Conventions: every argument is an i32. Addresses, strides and table entries are in bytes; counts say what they count
// ("vectors" are four floats). Matrices' columns come in panels of eight, padded with zeros. Counts of zero
// are allowed everywhere.
package kernel

import (
	"fmt"

	"cloister/nn/compile/wasm"
)

// Lanes is the number of floats in a vector, Panel the number of columns that a matrix kernel computes at once.
const (
	Lanes = 4
	Panel = 8
	vec   = 16        // bytes of a vector
	panel = Panel * 4 // bytes of one row of a panel
)

// Set holds the kernels of one module. Each is emitted when it is first asked for.
type Set struct {
	module *wasm.Module
	fma    bool
	made   map[string]*wasm.Func
}

// NewSet prepares a set that emits into m; fma lets kernels use relaxed_madd.
func NewSet(m *wasm.Module, fma bool) *Set {
	return &Set{module: m, fma: fma, made: map[string]*wasm.Func{}}
}

// once emits a kernel with the given number of i32 parameters unless one of that name exists.
func (s *Set) once(name string, params int, emit func(f *wasm.Func)) *wasm.Func {
	if f, ok := s.made[name]; ok {
		return f
	}
	types := make([]wasm.Type, params)
	for i := range types {
		types[i] = wasm.I32
	}
	f := s.module.Func(types...)
	emit(f)
	s.made[name] = f
	return f
}

// named makes a name of a kernel that is specialised to a shape.
func named(name string, shape any) string { return fmt.Sprintf("%s %+v", name, shape) }

// madd sets acc to acc + x*y.
func (s *Set) madd(f *wasm.Func, acc, x, y wasm.Local) {
	if s.fma {
		f.Get(x).Get(y).Get(acc).F32x4RelaxedMadd().Set(acc)
	} else {
		f.Get(acc).Get(x).Get(y).F32x4Mul().F32x4Add().Set(acc)
	}
}

// stream runs body over n vectors, four at a time and then singly; body gets a byte offset to add to the pointers,
// which stream advances.
func stream(f *wasm.Func, n wasm.Local, pointers []wasm.Local, body func(offset int)) {
	const unroll = 4
	quarter := f.Local(wasm.I32)
	f.Get(n).I32(unroll).I32DivU().Set(quarter)
	f.Repeat(quarter, func() {
		for u := range unroll {
			body(u * vec)
		}
		for _, p := range pointers {
			f.Advance(p, unroll*vec)
		}
	})
	f.Get(n).I32(unroll - 1).I32And().Set(n)
	f.Repeat(n, func() {
		body(0)
		for _, p := range pointers {
			f.Advance(p, vec)
		}
	})
}
