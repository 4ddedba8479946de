package kernel

import "cloister/nn/compile/wasm"

// GEMV multiplies one row by a packed matrix: c[j] = sum over k of a[k] * B[panel][k][j], plus bias[j] for Bias. Every weight
// is used once, so loads are what limits it: several panels share each value of a. Parameters: k4 (vectors of a),
// panels, a, b, c and, for Bias, bias.
func (s *Set) GEMV(mode Mode) *wasm.Func {
	params := 5
	if mode == Bias {
		params++
	}
	return s.once(named("gemv", mode), params, func(f *wasm.Func) { s.gemv(f, mode) })
}

func (s *Set) gemv(f *wasm.Func, mode Mode) {
	k4, panels, b, c := f.Param(0), f.Param(1), f.Param(3), f.Param(4)
	const most = 4 // panels at once: eight accumulators hide the latency of a multiply-add
	v := vector{s: s, f: f, mode: mode, x: f.Local(wasm.V128), y: f.Local(wasm.V128), a: f.Local(wasm.I32), k: f.Local(wasm.I32),
		stride: f.Local(wasm.I32), at: f.Locals(most, wasm.I32), acc: f.Locals(2*most, wasm.V128)}
	f.Get(k4).I32(Lanes * panel).I32Mul().Set(v.stride)
	for n := most; n > 0; n /= 2 {
		count := f.Local(wasm.I32)
		if f.Get(panels); n < most {
			f.I32(2*n - 1).I32And()
		}
		f.I32(n).I32DivU().Set(count).Repeat(count, func() {
			v.multiply(n)
			f.Get(v.stride).I32(n).I32Mul().Get(b).I32Add().Set(b)
			f.Advance(c, n*panel)
			if mode == Bias {
				f.Advance(f.Param(5), n*panel)
			}
		})
	}
}

// vector is the register state of a row times some panels.
type vector struct {
	s            *Set
	f            *wasm.Func
	mode         Mode
	x, y         wasm.Local
	a, k, stride wasm.Local
	at, acc      []wasm.Local
}

// multiply computes n panels of columns.
func (v vector) multiply(n int) {
	f := v.f
	for i := range n {
		if i == 0 {
			f.Get(f.Param(3)).Set(v.at[0])
		} else {
			f.Get(v.at[i-1]).Get(v.stride).I32Add().Set(v.at[i])
		}
		for h := range 2 {
			if v.mode == Bias {
				f.Get(f.Param(5)).V128Load(i*panel + h*vec).Set(v.acc[2*i+h])
			} else {
				f.F32x4All(0).Set(v.acc[2*i+h])
			}
		}
	}
	f.Get(f.Param(2)).Set(v.a).Get(f.Param(0)).Set(v.k)
	f.Repeat(v.k, func() {
		for u := range Lanes {
			f.Get(v.a).V128Load32Splat(4 * u).Set(v.x)
			for i := range n {
				for h := range 2 {
					f.Get(v.at[i]).V128Load(u*panel + h*vec).Set(v.y)
					v.s.madd(f, v.acc[2*i+h], v.x, v.y)
				}
			}
		}
		f.Advance(v.a, vec)
		for _, p := range v.at[:n] {
			f.Advance(p, Lanes*panel)
		}
	})
	for i, acc := range v.acc[:2*n] {
		f.Get(f.Param(4)).Get(acc).V128Store(i * vec)
	}
}
