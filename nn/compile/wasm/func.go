package wasm

// Func is a function under construction. Its instruction methods append to the body and return the function, so that
// an expression reads in stack order: f.Get(x).Get(y).F32x4Mul().Get(z).F32x4Add().Set(z).
type Func struct {
	index   int
	export  string
	params  []Type
	results []Type
	locals  []Type
	code    []byte

	denormals int // see Module.CountDenormals
}

// Local is a parameter or a local variable of one function.
type Local uint32

// Returns declares the function's result.
func (f *Func) Returns(t Type) *Func {
	f.results = append(f.results, t)
	return f
}

// Param is the i-th parameter.
func (f *Func) Param(i int) Local { return Local(i) }

// Local adds a local variable, zero at first.
func (f *Func) Local(t Type) Local {
	f.locals = append(f.locals, t)
	return Local(len(f.params) + len(f.locals) - 1)
}

// Locals adds n local variables.
func (f *Func) Locals(n int, t Type) []Local {
	all := make([]Local, n)
	for i := range all {
		all[i] = f.Local(t)
	}
	return all
}

func (f *Func) signature() []byte {
	b := []byte{0x60}
	for _, types := range [][]Type{f.params, f.results} {
		b = append(b, vector(len(types), func(b []byte, i int) []byte { return append(b, byte(types[i])) })...)
	}
	return b
}

// body encodes runs of equal locals, then the code.
func (f *Func) body() []byte {
	var runs [][2]int
	for _, t := range f.locals {
		if n := len(runs); n > 0 && runs[n-1][1] == int(t) {
			runs[n-1][0]++
			continue
		}
		runs = append(runs, [2]int{1, int(t)})
	}
	b := vector(len(runs), func(b []byte, i int) []byte {
		return append(appendUnsigned(b, uint64(runs[i][0])), byte(runs[i][1]))
	})
	return append(append(b, f.code...), opEnd)
}

// Structured control. A body receives nothing and leaves nothing on the stack.

const (
	opUnreachable = 0x00
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBranchIf    = 0x0d
	opReturn      = 0x0f
	opCall        = 0x10
	noResult      = 0x40
)

// If runs body when the i32 on the stack is not zero.
func (f *Func) If(body func()) *Func {
	f.op(opIf, noResult)
	body()
	return f.op(opEnd)
}

// IfElse runs one of two bodies.
func (f *Func) IfElse(then, otherwise func()) *Func {
	f.op(opIf, noResult)
	then()
	f.op(opElse)
	otherwise()
	return f.op(opEnd)
}

// Repeat runs body n times, counting n down to zero; not at all for 0.
func (f *Func) Repeat(n Local, body func()) *Func {
	return f.Get(n).If(func() { f.atLeastOnce(n, body) })
}

// Times runs body a constant number of times.
func (f *Func) Times(n int, body func()) *Func {
	switch {
	case n == 1:
		body()
	case n > 1:
		count := f.Local(I32)
		f.I32(n).Set(count)
		f.atLeastOnce(count, body)
	}
	return f
}

func (f *Func) atLeastOnce(n Local, body func()) {
	f.op(opLoop, noResult)
	body()
	f.Get(n).I32(1).I32Sub().Tee(n).op(opBranchIf, 0, opEnd)
}

// Call calls a function of the same module; arguments are on the stack.
func (f *Func) Call(g *Func) *Func {
	f.code = appendUnsigned(append(f.code, opCall), uint64(g.index))
	return f
}

// Unreachable traps.
func (f *Func) Unreachable() *Func { return f.op(opUnreachable) }

// Return ends the function.
func (f *Func) Return() *Func { return f.op(opReturn) }
