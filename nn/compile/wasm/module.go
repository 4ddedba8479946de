// Package wasm assembles WebAssembly modules: functions with typed locals, structured control, SIMD and relaxed SIMD
// instructions, one memory and its initial data. It emits the binary format directly (WebAssembly core
// specification, Chapter 5) and leaves type checking to whoever validates the result.
package wasm

import "bytes"

// Type is a value type.
type Type byte

const (
	I32  Type = 0x7f
	I64  Type = 0x7e
	F32  Type = 0x7d
	F64  Type = 0x7c
	V128 Type = 0x7b
)

// PageSize is the unit in which memory grows.
const PageSize = 1 << 16

// Module is a module under construction. The zero value is an empty module.
type Module struct {
	funcs []*Func
	pages int
	data  []segment
	start *Func

	denormals int // where they are counted; 0: nowhere
}

type segment struct {
	at    int
	bytes []byte
}

// Func adds a function that the module keeps to itself; parameters are its first locals.
func (m *Module) Func(params ...Type) *Func {
	f := &Func{index: len(m.funcs), params: params, denormals: m.denormals}
	m.funcs = append(m.funcs, f)
	return f
}

// Export adds a function that the host can call by name.
func (m *Module) Export(name string, params ...Type) *Func {
	f := m.Func(params...)
	f.export = name
	return f
}

// Memory gives the module a memory of at least the given number of bytes, zeroed, exported as "memory".
func (m *Module) Memory(size int) { m.pages = (size + PageSize - 1) / PageSize }

// Data places bytes into the memory when the module is instantiated.
func (m *Module) Data(at int, b []byte) { m.data = append(m.data, segment{at, b}) }

// Start makes a function without parameters run when the module is instantiated, after its data is in place.
func (m *Module) Start(f *Func) { m.start = f }

// The binary format's section identifiers, in the order in which sections must come.
const (
	sectionType     = 1
	sectionFunction = 3
	sectionMemory   = 5
	sectionExport   = 7
	sectionStart    = 8
	sectionCode     = 10
	sectionData     = 11
)

// Encode is the module in the binary format. Equal modules give equal bytes.
func (m *Module) Encode() []byte {
	types, typeOf := m.types()
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	out = appendSection(out, sectionType, types)
	out = appendSection(out, sectionFunction, vector(len(m.funcs), func(b []byte, i int) []byte {
		return appendUnsigned(b, uint64(typeOf[i]))
	}))
	if m.pages > 0 {
		out = appendSection(out, sectionMemory, appendUnsigned([]byte{1, 0}, uint64(m.pages)))
	}
	out = appendSection(out, sectionExport, m.exports())
	if m.start != nil {
		out = append(out, sectionStart)
		index := appendUnsigned(nil, uint64(m.start.index))
		out = append(appendUnsigned(out, uint64(len(index))), index...)
	}
	out = appendSection(out, sectionCode, vector(len(m.funcs), func(b []byte, i int) []byte {
		body := m.funcs[i].body()
		return append(appendUnsigned(b, uint64(len(body))), body...)
	}))
	return appendSection(out, sectionData, vector(len(m.data), func(b []byte, i int) []byte {
		s := m.data[i]
		b = appendSigned(append(b, 0, opI32Const), int64(int32(s.at)))
		b = appendUnsigned(append(b, opEnd), uint64(len(s.bytes)))
		return append(b, s.bytes...)
	}))
}

// types encodes each distinct signature once and says which one each function has.
func (m *Module) types() (section []byte, typeOf []int) {
	var distinct [][]byte
	for _, f := range m.funcs {
		s := f.signature()
		t := 0
		for t < len(distinct) && !bytes.Equal(distinct[t], s) {
			t++
		}
		if t == len(distinct) {
			distinct = append(distinct, s)
		}
		typeOf = append(typeOf, t)
	}
	section = vector(len(distinct), func(b []byte, i int) []byte { return append(b, distinct[i]...) })
	return section, typeOf
}

func (m *Module) exports() []byte {
	const kindFunction, kindMemory = 0, 2
	n, body := 0, []byte(nil)
	add := func(name string, kind byte, index int) {
		n++
		body = append(appendUnsigned(body, uint64(len(name))), name...)
		body = appendUnsigned(append(body, kind), uint64(index))
	}
	if m.pages > 0 {
		add("memory", kindMemory, 0)
	}
	for _, f := range m.funcs {
		if f.export != "" {
			add(f.export, kindFunction, f.index)
		}
	}
	return append(appendUnsigned(nil, uint64(n)), body...)
}

// vector encodes a count and that many items.
func vector(n int, item func(b []byte, i int) []byte) []byte {
	b := appendUnsigned(nil, uint64(n))
	for i := range n {
		b = item(b, i)
	}
	return b
}

func appendSection(out []byte, id byte, body []byte) []byte {
	if len(body) == 1 { // an empty vector: the section may be left out
		return out
	}
	out = appendUnsigned(append(out, id), uint64(len(body)))
	return append(out, body...)
}
