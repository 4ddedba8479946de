package wasm_test

import (
	"bytes"
	"math"
	"testing"

	"cloister/nn/compile/wasm"
	"cloister/nn/compile/wasmtest"
)

func TestAnEmptyModuleIsItsHeader(t *testing.T) {
	var m wasm.Module
	if got := m.Encode(); !bytes.Equal(got[:8], []byte("\x00asm\x01\x00\x00\x00")) {
		t.Errorf("% x", got)
	}
	wasmtest.New(t, m.Encode())
}

// The bytes of a function by hand, from the specification's binary format.
func TestEncodingByHand(t *testing.T) {
	var m wasm.Module
	f := m.Export("f", wasm.I32)
	f.Get(f.Param(0)).I32(-1).I32Add().Set(f.Local(wasm.I32))
	m.Memory(1)
	want := []byte{
		0, 'a', 's', 'm', 1, 0, 0, 0,
		1, 5, 1, 0x60, 1, 0x7f, 0, // one type: i32 -> nothing
		3, 2, 1, 0, // one function of it
		5, 3, 1, 0, 1, // a memory of one page
		7, 14, 2, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 1, 'f', 0, 0,
		10, 13, 1, 11, 1, 1, 0x7f, 0x20, 0, 0x41, 0x7f, 0x6a, 0x21, 1, 0x0b,
	}
	if got := m.Encode(); !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
	if !bytes.Equal(m.Encode(), m.Encode()) {
		t.Error("encoding twice gives different bytes")
	}
}

// store emits a function that stores what body leaves, a float64, at address 0.
func float64Of(t *testing.T, body func(m *wasm.Module, f *wasm.Func)) float64 {
	t.Helper()
	var m wasm.Module
	f := m.Export("f")
	f.I32(0)
	body(&m, f)
	f.F64Store(0)
	m.Memory(64)
	i := wasmtest.New(t, m.Encode())
	i.Call("f")
	return i.Doubles(0, 1)[0]
}

func TestControlFlow(t *testing.T) {
	for _, c := range []struct {
		name string
		want float64
		body func(m *wasm.Module, f *wasm.Func)
	}{
		{"repeat", 5, func(_ *wasm.Module, f *wasm.Func) {
			n, sum := f.Local(wasm.I32), f.Local(wasm.F64)
			f.I32(5).Set(n).Repeat(n, func() { f.Get(sum).F64(1).F64Add().Set(sum) }).Get(sum)
		}},
		{"repeat no times", 0, func(_ *wasm.Module, f *wasm.Func) {
			n, sum := f.Local(wasm.I32), f.Local(wasm.F64)
			f.Repeat(n, func() { f.F64(1).Set(sum) }).Get(sum)
		}},
		{"nested times", 12, func(_ *wasm.Module, f *wasm.Func) {
			sum := f.Local(wasm.F64)
			f.Times(3, func() { f.Times(4, func() { f.Get(sum).F64(1).F64Add().Set(sum) }) })
			f.Times(0, func() { f.F64(99).Set(sum) }).Get(sum)
		}},
		{"if and else", 21, func(_ *wasm.Module, f *wasm.Func) {
			a, b := f.Local(wasm.F64), f.Local(wasm.F64)
			f.I32(7).IfElse(func() { f.F64(1).Set(a) }, func() { f.F64(2).Set(a) })
			f.I32(0).IfElse(func() { f.F64(10).Set(b) }, func() { f.F64(20).Set(b) })
			f.I32(0).If(func() { f.F64(99).Set(a) })
			f.Get(a).Get(b).F64Add()
		}},
		{"select", 12, func(_ *wasm.Module, f *wasm.Func) {
			f.F64(2).F64(99).I32(5).Select().F64(99).F64(10).I32(0).Select().F64Add()
		}},
		{"call with a result", 9, func(m *wasm.Module, f *wasm.Func) {
			square := m.Func(wasm.F64).Returns(wasm.F64)
			square.Get(square.Param(0)).Get(square.Param(0)).F64Mul()
			f.F64(-3).Call(square)
		}},
		{"early return", 4, func(m *wasm.Module, f *wasm.Func) {
			g := m.Func(wasm.F64).Returns(wasm.F64)
			g.Get(g.Param(0)).F64(0).F64Gt().If(func() { g.F64(4).Return() }).F64(5)
			f.F64(1).Call(g)
		}},
	} {
		if got := float64Of(t, c.body); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Each vector instruction on lanes that tell its operands and lanes apart.
func TestVectorInstructions(t *testing.T) {
	nan := float32(math.NaN())
	a, b := [4]float32{1, -2, 3, nan}, [4]float32{4, 3, 2, 1}
	for _, c := range []struct {
		name string
		op   func(f *wasm.Func) *wasm.Func
		want [4]float32
	}{
		{"add", (*wasm.Func).F32x4Add, [4]float32{5, 1, 5, nan}},
		{"sub", (*wasm.Func).F32x4Sub, [4]float32{-3, -5, 1, nan}},
		{"mul", (*wasm.Func).F32x4Mul, [4]float32{4, -6, 6, nan}},
		{"div", (*wasm.Func).F32x4Div, [4]float32{.25, -2. / 3, 1.5, nan}},
		{"less", (*wasm.Func).F32x4Lt, [4]float32{nan, nan, 0, 0}}, // all bits set are a NaN
		{"greater", (*wasm.Func).F32x4Gt, [4]float32{0, 0, nan, 0}},
		{"pmin", (*wasm.Func).F32x4PMin, [4]float32{1, -2, 2, nan}},
		{"pmax", (*wasm.Func).F32x4PMax, [4]float32{4, 3, 3, nan}},
	} {
		var m wasm.Module
		f := m.Export("f")
		f.I32(64).F32x4(a[0], a[1], a[2], a[3]).F32x4(b[0], b[1], b[2], b[3])
		c.op(f).V128Store(0)
		m.Memory(128)
		i := wasmtest.New(t, m.Encode())
		i.Call("f")
		for lane, got := range i.Floats(64, 4) {
			if want := c.want[lane]; got != want && !(got != got && want != want) {
				t.Errorf("%s lane %d: %v, want %v", c.name, lane, got, want)
			}
		}
	}
}

func TestDataIsInMemoryAtTheStart(t *testing.T) {
	var m wasm.Module
	m.Memory(100_000)
	m.Data(3, []byte("abc"))
	m.Data(70_000, []byte("def"))
	i := wasmtest.New(t, m.Encode())
	if got := string(i.Bytes(3, 3)) + string(i.Bytes(70_000, 3)); got != "abcdef" {
		t.Errorf("%q", got)
	}
}

func TestStartRunsAfterTheData(t *testing.T) {
	var m wasm.Module
	m.Memory(64)
	m.Data(0, []byte{40})
	f := m.Func()
	f.I32(4).I32(0).I32Load8U(0).I32(2).I32Add().I32Store8(0)
	m.Start(f)
	if got := wasmtest.New(t, m.Encode()).Bytes(4, 1)[0]; got != 42 {
		t.Errorf("%d, want 42", got)
	}
}

// Zeros, infinities and the smallest normal number are none; -2^-127 is.
func TestDenormalsAreCounted(t *testing.T) {
	const at = 64
	var m wasm.Module
	m.CountDenormals(at)
	f := m.Export("f")
	for _, v := range []float32{0, 1, 0x1p-126, float32(math.Inf(1)), -0x1p-127, 0x1p-149, float32(math.NaN())} {
		for range 4 {
			f.I32(0).F32x4(1, 0, v, 2).F32x4All(0).F32x4Add().V128Store(0)
		}
		f.I32(0).F32(v).F32(1).F32Mul().F32Store(0)
	}
	m.Memory(128)
	i := wasmtest.New(t, m.Encode())
	i.Call("f")
	if got := i.Bytes(at, 1)[0]; got != 2*5 {
		t.Errorf("%d denormal results, want 10", got)
	}
}
