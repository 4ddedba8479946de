package kernel

import (
	"fmt"

	"cloister/nn/compile/wasm"
)

// Axis is one dimension of a strided copy: its extent, and what a step along it adds to either address.
type Axis struct{ N, From, To int }

// Permute copies elements of 4 (float32) or 8 (float64) bytes along nested axes, the last one innermost: weights change
// between PyTorch's order and the kernels'. Parameters: from, to.
func (s *Set) Permute(size int, axes ...Axis) *wasm.Func {
	return s.once(fmt.Sprintf("permute %d %v", size, axes), 2, func(f *wasm.Func) {
		permute(f, size, axes)
	})
}

func permute(f *wasm.Func, size int, axes []Axis) {
	from, to := f.Param(0), f.Param(1)
	if len(axes) == 0 {
		f.Get(to).Get(from)
		if size == 8 {
			f.F64Load(0).F64Store(0)
		} else {
			f.F32Load(0).F32Store(0)
		}
		return
	}
	a := axes[0]
	f.Times(a.N, func() {
		permute(f, size, axes[1:])
		f.Advance(from, a.From)
		f.Advance(to, a.To)
	})
	f.Advance(from, -a.N*a.From)
	f.Advance(to, -a.N*a.To)
}
