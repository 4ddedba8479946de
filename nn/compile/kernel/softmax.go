package kernel

import (
	"math"

	"cloister/nn/compile/wasm"
)

// CrossEntropy computes softmax cross-entropy of logits padded to vectors: it adds log(sum exp(z)) - z[label] to the float64
// at loss and writes its gradient, softmax(z) - onehot(label), times the float32 coefficient at an address, quiet. The padding
// of the gradient, up to whole panels, is zero. Parameters: logits, gradient, label, loss, coefficient.
func (s *Set) CrossEntropy(classes int) *wasm.Func {
	logarithm := s.logarithm()
	return s.once(named("crossEntropy", classes), 5, func(f *wasm.Func) {
		logits, gradient, label, loss, coefficient := f.Param(0), f.Param(1), f.Param(2), f.Param(3), f.Param(4)
		largest, sum, scale := f.Local(wasm.F32), f.Local(wasm.F32), f.Local(wasm.F32)
		entry, v, least := f.Local(wasm.I32), f.Local(wasm.V128), hoist(f, []float32{Quiet})[0]
		s.largest(f, logits, classes, largest)
		s.exponentials(f, logits, gradient, classes, largest, sum)
		f.Get(label).I32(4).I32Mul().Set(entry)

		f.Get(loss).Get(loss).F64Load(0)
		f.Get(sum).F64PromoteF32().Call(logarithm)
		f.Get(logits).Get(entry).I32Add().F32Load(0).F64PromoteF32()
		f.Get(largest).F64PromoteF32().F64Sub().F64Sub()
		f.F64Add().F64Store(0)

		// The label's is minus the sum of the others': 1 less a probability near 1 would lose its digits.
		f.Get(gradient).Get(entry).I32Add().Tee(entry).F32(0).F32Store(0)
		f.Get(gradient).V128Load(0).Set(v)
		for i := 1; i < vectors(classes); i++ {
			f.Get(v).Get(gradient).V128Load(i * vec).F32x4Add().Set(v)
		}
		f.Get(entry).F32(0)
		lanes(f, v)
		f.F32Sub().F32Store(0)
		f.Get(coefficient).F32Load(0).Get(sum).F32Div().Set(scale)
		for i := range vectors(classes) {
			f.Get(gradient).V128Load(i * vec).Get(scale).F32x4Splat().F32x4Mul().Set(v)
			f.Get(gradient)
			hush(f, v, least)
			f.V128Store(i * vec)
		}
		if vectors(classes)%(Panel/Lanes) != 0 {
			f.Get(gradient).F32x4All(0).V128Store(vectors(classes) * vec)
		}
	})
}

// Loss is CrossEntropy without a gradient. Parameters: logits, scratch (as large as logits), label, loss.
func (s *Set) Loss(classes int) *wasm.Func {
	logarithm := s.logarithm()
	return s.once(named("loss", classes), 4, func(f *wasm.Func) {
		logits, scratch, label, loss := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
		largest, sum := f.Local(wasm.F32), f.Local(wasm.F32)
		s.largest(f, logits, classes, largest)
		s.exponentials(f, logits, scratch, classes, largest, sum)
		f.Get(loss).Get(loss).F64Load(0)
		f.Get(sum).F64PromoteF32().Call(logarithm)
		f.Get(logits).Get(label).I32(4).I32Mul().I32Add().F32Load(0).F64PromoteF32()
		f.Get(largest).F64PromoteF32().F64Sub().F64Sub()
		f.F64Add().F64Store(0)
	})
}

// ArgMax writes the index of the largest logit, the first of equals, as one byte. Parameters: logits, out.
func (s *Set) ArgMax(classes int) *wasm.Func {
	return s.once(named("argMax", classes), 2, func(f *wasm.Func) {
		logits, out := f.Param(0), f.Param(1)
		i, best, largest, v := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.F32), f.Local(wasm.F32)
		f.Get(logits).F32Load(0).Set(largest)
		f.Times(classes, func() {
			f.Get(logits).F32Load(0).Tee(v).Get(largest).F32Gt().If(func() {
				f.Get(v).Set(largest).Get(i).Set(best)
			})
			f.Advance(logits, 4)
			f.Advance(i, 1)
		})
		f.Get(out).Get(best).I32Store8(0)
	})
}

func vectors(floats int) int { return (floats + Lanes - 1) / Lanes }

// tail is a mask of the last vector's lanes that hold logits, and whether it hides any.
func tail(classes int) (mask [Lanes]float32, partial bool) {
	for i := range mask {
		if classes%Lanes == 0 || i < classes%Lanes {
			mask[i] = math.Float32frombits(math.MaxUint32)
		} else {
			partial = true
		}
	}
	return mask, partial
}

// largest sets a local to the largest logit, NaN if any is NaN.
func (s *Set) largest(f *wasm.Func, logits wasm.Local, classes int, largest wasm.Local) {
	at, v := f.Local(wasm.I32), f.Local(wasm.V128)
	f.Get(logits).Tee(at).F32Load(0).Set(largest)
	f.Times(classes/Lanes, func() {
		f.Get(at).V128Load(0).Set(v)
		f.Get(largest)
		for i := range Lanes {
			f.Get(v).F32x4Lane(i).F32Max()
		}
		f.Set(largest)
		f.Advance(at, vec)
	})
	for i := range classes % Lanes {
		f.Get(largest).Get(at).F32Load(4 * i).F32Max().Set(largest)
	}
}

// exponentials writes exp(z - largest), zero in the padding, and sums it.
func (s *Set) exponentials(f *wasm.Func, logits, out wasm.Local, classes int, largest, sum wasm.Local) {
	from, to, v, total := f.Local(wasm.I32), f.Local(wasm.I32), f.Local(wasm.V128), f.Local(wasm.V128)
	coefficients := hoist(f, powerOfTwo)
	one := func() {
		f.Get(from).V128Load(0).Get(largest).F32x4Splat().F32x4Sub().Set(v)
		s.exponential(f, v, coefficients)
	}
	f.Get(logits).Set(from).Get(out).Set(to)
	f.F32x4All(0).Set(total)
	mask, partial := tail(classes)
	f.Times(classes/Lanes, func() {
		one()
		f.Get(to).Get(v).V128Store(0)
		f.Get(total).Get(v).F32x4Add().Set(total)
		f.Advance(from, vec)
		f.Advance(to, vec)
	})
	if partial {
		one()
		f.Get(v).F32x4(mask[0], mask[1], mask[2], mask[3]).V128And().Set(v)
		f.Get(to).Get(v).V128Store(0)
		f.Get(total).Get(v).F32x4Add().Set(total)
	}
	lanes(f, total)
	f.Set(sum)
}

// powerOfTwo is Taylor's polynomial of 2^r, (log 2)^k/k!, highest power first.
var powerOfTwo = []float32{1.5252734e-5, 1.5403530e-4, 1.3333558e-3, 9.6181291e-3, 5.5504109e-2, 2.4022651e-1, 6.9314718e-1, 1}

// exponential replaces v <= 0 by exp(v): 2^n 2^r with n an integer and a polynomial for |r| <= 1/2
// (relative error below 2e-7). Below -40 it gives exp(-40), which no sum of theirs and no gradient notices; NaN stays NaN.
func (s *Set) exponential(f *wasm.Func, v wasm.Local, coefficients []wasm.Local) {
	n := f.Local(wasm.V128)
	f.Get(v).F32x4All(-40).F32x4PMax().F32x4All(math.Log2E).F32x4Mul().Tee(v)
	f.F32x4Nearest().Set(n)
	f.Get(v).Get(n).F32x4Sub().Set(v)
	s.polynomial(f, v, coefficients)
	f.Get(n).I32x4TruncSatS().I32x4All(127).I32x4Add().I32(23).I32x4Shl().F32x4Mul().Set(v)
}

// logarithm emits a function of a float64 >= 1 that returns its natural logarithm: x = 2^e m with m in
// [sqrt 1/2, sqrt 2), log x = e log 2 + 2 artanh((m-1)/(m+1)). Relative error below 1e-12; NaN gives NaN.
func (s *Set) logarithm() *wasm.Func {
	const name = "logarithm"
	if f, ok := s.made[name]; ok {
		return f
	}
	f := s.module.Func(wasm.F64).Returns(wasm.F64)
	s.made[name] = f
	x, e, m, square := f.Param(0), f.Local(wasm.F64), f.Local(wasm.F64), f.Local(wasm.F64)
	const mantissa, one = 1<<52 - 1, 1023 << 52
	f.Get(x).I64Reinterpret().I64(52).I64ShrU().I64(1023).I64Sub().F64ConvertI64S().Set(e)
	f.Get(x).I64Reinterpret().I64(mantissa).I64And().I64(one).I64Or().F64Reinterpret().Set(m)
	f.Get(m).F64(math.Sqrt2).F64Gt().If(func() {
		f.Get(m).F64(0.5).F64Mul().Set(m)
		f.Get(e).F64(1).F64Add().Set(e)
	})
	f.Get(m).F64(1).F64Sub().Get(m).F64(1).F64Add().F64Div().Tee(m)
	f.Get(m).F64Mul().Set(square)
	const terms = 9 // square <= 0.0295, so the next term is below 1e-15
	f.F64(1.0 / (2*terms + 1))
	for k := terms - 1; k >= 0; k-- {
		f.Get(square).F64Mul().F64(1 / float64(2*k+1)).F64Add()
	}
	f.Get(m).F64Mul().F64(2).F64Mul()
	f.Get(e).F64(math.Ln2).F64Mul().F64Add()
	f.Get(x).F64(0).F64Mul().F64Add() // NaN and infinity show
	return f
}
