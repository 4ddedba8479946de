package wasm

// CountDenormals makes the float32 arithmetic of functions that are added from now on count its denormal results, those of
// magnitude below 2^-126, in the int32 at an address. It is for tests: such results take many times as long as others.
func (m *Module) CountDenormals(at int) { m.denormals = at }

const leastNormal = 0x1p-126

// watched passes on the vector on the stack.
func (f *Func) watched() *Func {
	if f.denormals == 0 {
		return f
	}
	v := f.Local(V128)
	f.Tee(v).Get(v).F32x4Abs().F32x4All(leastNormal).F32x4Lt().Get(v).F32x4All(0).F32x4Eq().V128AndNot()
	return f.vector(0x53).count() // any true
}

// watchedScalar passes on the float on the stack.
func (f *Func) watchedScalar() *Func {
	if f.denormals == 0 {
		return f
	}
	v := f.Local(F32)
	return f.Tee(v).Get(v).F32Abs().F32(leastNormal).F32Lt().Get(v).F32(0).F32Ne().I32And().count()
}

// count adds the i32 on the stack.
func (f *Func) count() *Func {
	n := f.Local(I32)
	return f.Set(n).I32(f.denormals).I32(f.denormals).I32Load(0).Get(n).I32Add().I32Store(0)
}
