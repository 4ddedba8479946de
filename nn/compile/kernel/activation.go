package kernel

import "cloister/nn/compile/wasm"

// ReLU is y = max(0, x), quiet. Parameters: n (vectors), x, y.
func (s *Set) ReLU() *wasm.Func {
	return s.once("relu", 3, func(f *wasm.Func) {
		n, x, y, v, least := f.Param(0), f.Param(1), f.Param(2), f.Local(wasm.V128), hoist(f, []float32{Quiet})[0]
		stream(f, n, []wasm.Local{x, y}, func(o int) {
			f.Get(y).Get(x).V128Load(o).Tee(v).Get(v).Get(least).F32x4Lt().V128AndNot().V128Store(o)
		})
	})
}

// ReLUGradient is dx = dy where the output y is positive, else 0, quiet. Parameters: n (vectors), y, dy, dx.
func (s *Set) ReLUGradient() *wasm.Func {
	return s.once("reluGradient", 4, func(f *wasm.Func) {
		n, y, dy, dx := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
		v, least := f.Local(wasm.V128), hoist(f, []float32{Quiet})[0]
		stream(f, n, []wasm.Local{y, dy, dx}, func(o int) {
			f.Get(dx).Get(dy).V128Load(o).Set(v)
			hush(f, v, least)
			f.Get(y).V128Load(o).F32x4All(0).F32x4Gt().V128And().V128Store(o)
		})
	})
}

// A rational approximation of tanh on [-7.9, 7.9], beyond which float32 cannot tell it from 1: x P(x^2)/Q(x^2), the
// coefficients of Eigen's generic ptanh (Eigen/src/Core/MathFunctionsImpl.h). Its error is a few units in the last place.
const tanhLimit = 7.90531110763549805

// tanhLeast is the least magnitude that Tanh tells from 0: the polynomial's terms below it would be denormal.
const tanhLeast = 0x1p-36

var (
	tanhP = []float32{-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
		1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03}
	tanhQ = []float32{1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03}
)

// Tanh is y = tanh x, quiet. Parameters: n (vectors), x, y.
func (s *Set) Tanh() *wasm.Func {
	return s.once("tanh", 3, func(f *wasm.Func) {
		n, x, y := f.Param(0), f.Param(1), f.Param(2)
		v, square := f.Local(wasm.V128), f.Local(wasm.V128)
		p, q := hoist(f, tanhP), hoist(f, tanhQ)
		limits := hoist(f, []float32{tanhLimit, -tanhLimit, tanhLeast})
		stream(f, n, []wasm.Local{x, y}, func(o int) {
			f.Get(x).V128Load(o).Set(v)
			hush(f, v, limits[2])
			f.Get(limits[0]).F32x4PMin().Get(limits[1]).F32x4PMax().Tee(v)
			f.Get(v).F32x4Mul().Set(square)
			f.Get(y)
			s.polynomial(f, square, p)
			f.Get(v).F32x4Mul()
			s.polynomial(f, square, q)
			f.F32x4Div().V128Store(o)
		})
	})
}

// hoist keeps constants in locals, which an engine need not make anew in every round of a loop.
func hoist(f *wasm.Func, constants []float32) []wasm.Local {
	locals := f.Locals(len(constants), wasm.V128)
	for i, c := range constants {
		f.F32x4All(c).Set(locals[i])
	}
	return locals
}

// polynomial leaves Horner's scheme in x on the stack, highest power first.
func (s *Set) polynomial(f *wasm.Func, x wasm.Local, coefficients []wasm.Local) {
	f.Get(coefficients[0])
	for _, c := range coefficients[1:] {
		f.Get(x)
		if s.fma {
			f.Get(c).F32x4RelaxedMadd()
		} else {
			f.F32x4Mul().Get(c).F32x4Add()
		}
	}
}

// TanhGradient is dx = dy (1 - y^2) with the output y, quiet. Parameters: n (vectors), y, dy, dx.
func (s *Set) TanhGradient() *wasm.Func {
	return s.once("tanhGradient", 4, func(f *wasm.Func) {
		n, y, dy, dx, v, d := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Local(wasm.V128), f.Local(wasm.V128)
		least := hoist(f, []float32{Quiet})[0]
		stream(f, n, []wasm.Local{y, dy, dx}, func(o int) {
			f.Get(y).V128Load(o).Set(v)
			f.Get(dy).V128Load(o).Set(d)
			hush(f, d, least)
			f.F32x4All(1).Get(v).Get(v).F32x4Mul().F32x4Sub().F32x4Mul().Set(d)
			f.Get(dx)
			hush(f, d, least)
			f.V128Store(o)
		})
	})
}
