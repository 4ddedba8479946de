package wasm

import (
	"encoding/binary"
	"math"
)

// Instructions, named as in the specification's text format.

const (
	opI32Const   = 0x41
	prefixVector = 0xfd
)

func (f *Func) op(b ...byte) *Func {
	f.code = append(f.code, b...)
	return f
}

// vector appends an instruction of the SIMD proposal or, from 0x100, of the relaxed SIMD proposal.
func (f *Func) vector(op uint32) *Func {
	f.code = appendUnsigned(append(f.code, prefixVector), uint64(op))
	return f
}

// access appends the alignment (a power of two) and the constant offset of a memory instruction.
func (f *Func) access(align, offset int) *Func {
	f.code = appendUnsigned(appendUnsigned(f.code, uint64(align)), uint64(offset))
	return f
}

// Variables and constants.

func (f *Func) local(op byte, l Local) *Func {
	f.code = appendUnsigned(append(f.code, op), uint64(l))
	return f
}

func (f *Func) Get(l Local) *Func { return f.local(0x20, l) }
func (f *Func) Set(l Local) *Func { return f.local(0x21, l) }
func (f *Func) Tee(l Local) *Func { return f.local(0x22, l) }

func (f *Func) I32(v int) *Func {
	f.code = appendSigned(append(f.code, opI32Const), int64(int32(v)))
	return f
}

func (f *Func) I64(v int64) *Func {
	f.code = appendSigned(append(f.code, 0x42), v)
	return f
}

func (f *Func) F32(v float32) *Func {
	f.code = binary.LittleEndian.AppendUint32(append(f.code, 0x43), math.Float32bits(v))
	return f
}

func (f *Func) F64(v float64) *Func {
	f.code = binary.LittleEndian.AppendUint64(append(f.code, 0x44), math.Float64bits(v))
	return f
}

// F32x4 pushes four lanes.
func (f *Func) F32x4(a, b, c, d float32) *Func {
	f.vector(12)
	for _, v := range [4]float32{a, b, c, d} {
		f.code = binary.LittleEndian.AppendUint32(f.code, math.Float32bits(v))
	}
	return f
}

// F32x4All pushes four equal lanes.
func (f *Func) F32x4All(v float32) *Func { return f.F32x4(v, v, v, v) }

// Advance adds a constant to an i32 local.
func (f *Func) Advance(l Local, by int) *Func {
	if by == 0 {
		return f
	}
	return f.Get(l).I32(by).I32Add().Set(l)
}

// AdvanceBy adds one i32 local to another.
func (f *Func) AdvanceBy(l, by Local) *Func { return f.Get(l).Get(by).I32Add().Set(l) }

// Memory. The address is on the stack, below the value for a store.

func (f *Func) I32Load(offset int) *Func         { return f.op(0x28).access(2, offset) }
func (f *Func) I32Load8U(offset int) *Func       { return f.op(0x2d).access(0, offset) }
func (f *Func) F32Load(offset int) *Func         { return f.op(0x2a).access(2, offset) }
func (f *Func) F64Load(offset int) *Func         { return f.op(0x2b).access(3, offset) }
func (f *Func) I32Store(offset int) *Func        { return f.op(0x36).access(2, offset) }
func (f *Func) I32Store8(offset int) *Func       { return f.op(0x3a).access(0, offset) }
func (f *Func) F32Store(offset int) *Func        { return f.op(0x38).access(2, offset) }
func (f *Func) F64Store(offset int) *Func        { return f.op(0x39).access(3, offset) }
func (f *Func) V128Load(offset int) *Func        { return f.vector(0).access(2, offset) }
func (f *Func) V128Load8x8U(offset int) *Func    { return f.vector(2).access(0, offset) }
func (f *Func) V128Load32Splat(offset int) *Func { return f.vector(9).access(2, offset) }
func (f *Func) V128Load32Zero(offset int) *Func  { return f.vector(92).access(0, offset) }
func (f *Func) V128Store(offset int) *Func       { return f.vector(11).access(2, offset) }

// Integers.

func (f *Func) I32Ne() *Func   { return f.op(0x47) }
func (f *Func) I32LtU() *Func  { return f.op(0x49) }
func (f *Func) I32GtU() *Func  { return f.op(0x4b) }
func (f *Func) I32GeU() *Func  { return f.op(0x4f) }
func (f *Func) I32Add() *Func  { return f.op(0x6a) }
func (f *Func) I32Sub() *Func  { return f.op(0x6b) }
func (f *Func) I32Mul() *Func  { return f.op(0x6c) }
func (f *Func) I32DivU() *Func { return f.op(0x6e) }
func (f *Func) I32And() *Func  { return f.op(0x71) }
func (f *Func) I32Or() *Func   { return f.op(0x72) }
func (f *Func) I64Sub() *Func  { return f.op(0x7d) }
func (f *Func) I64And() *Func  { return f.op(0x83) }
func (f *Func) I64Or() *Func   { return f.op(0x84) }
func (f *Func) I64ShrU() *Func { return f.op(0x88) }

// Scalars.

func (f *Func) F32Lt() *Func   { return f.op(0x5d) }
func (f *Func) F32Gt() *Func   { return f.op(0x5e) }
func (f *Func) F32Abs() *Func  { return f.op(0x8b) }
func (f *Func) F32Max() *Func  { return f.op(0x97) }
func (f *Func) F32Add() *Func  { return f.op(0x92).watchedScalar() }
func (f *Func) F32Sub() *Func  { return f.op(0x93).watchedScalar() }
func (f *Func) F32Mul() *Func  { return f.op(0x94).watchedScalar() }
func (f *Func) F32Div() *Func  { return f.op(0x95).watchedScalar() }
func (f *Func) F32Sqrt() *Func { return f.op(0x91) }
func (f *Func) F32Ne() *Func   { return f.op(0x5c) }
func (f *Func) F64Lt() *Func   { return f.op(0x63) }
func (f *Func) F64Gt() *Func   { return f.op(0x64) }
func (f *Func) F64Le() *Func   { return f.op(0x65) }
func (f *Func) F64Add() *Func  { return f.op(0xa0) }
func (f *Func) F64Sub() *Func  { return f.op(0xa1) }
func (f *Func) F64Mul() *Func  { return f.op(0xa2) }
func (f *Func) F64Div() *Func  { return f.op(0xa3) }
func (f *Func) F64Min() *Func  { return f.op(0xa4) }
func (f *Func) F64Sqrt() *Func { return f.op(0x9f) }

// Select is a where the i32 c is not zero, else b, of a, b and c on the stack.
func (f *Func) Select() *Func { return f.op(0x1b) }

// Conversions.

func (f *Func) F32DemoteF64() *Func   { return f.op(0xb6).watchedScalar() }
func (f *Func) F64PromoteF32() *Func  { return f.op(0xbb) }
func (f *Func) F32ConvertI32U() *Func { return f.op(0xb3) }
func (f *Func) F64ConvertI32U() *Func { return f.op(0xb8) }
func (f *Func) F64ConvertI64S() *Func { return f.op(0xb9) }
func (f *Func) I64Reinterpret() *Func { return f.op(0xbd) }
func (f *Func) F64Reinterpret() *Func { return f.op(0xbf) }

// Four floats.

func (f *Func) F32x4Splat() *Func { return f.vector(0x13) }
func (f *Func) F32x4Lane(i int) *Func {
	return f.vector(0x1f).op(byte(i))
}
func (f *Func) F32x4Eq() *Func      { return f.vector(0x41) }
func (f *Func) F32x4Lt() *Func      { return f.vector(0x43) }
func (f *Func) F32x4Gt() *Func      { return f.vector(0x44) }
func (f *Func) F32x4Abs() *Func     { return f.vector(0xe0) }
func (f *Func) F32x4Add() *Func     { return f.vector(0xe4).watched() }
func (f *Func) F32x4Sub() *Func     { return f.vector(0xe5).watched() }
func (f *Func) F32x4Mul() *Func     { return f.vector(0xe6).watched() }
func (f *Func) F32x4Div() *Func     { return f.vector(0xe7).watched() }
func (f *Func) F32x4Nearest() *Func { return f.vector(0x6a) }
func (f *Func) F32x4Sqrt() *Func    { return f.vector(0xe3) }

// F32x4PMin is b < a ? b : a, which one instruction does on every machine; a NaN in a stays, one in b is lost.
func (f *Func) F32x4PMin() *Func { return f.vector(0xea) }

// F32x4PMax is a < b ? b : a; a NaN in a stays, one in b is lost.
func (f *Func) F32x4PMax() *Func { return f.vector(0xeb) }

// F32x4RelaxedMadd is a*b + c, rounded once or twice as the machine prefers.
func (f *Func) F32x4RelaxedMadd() *Func { return f.vector(0x105).watched() }

// Two doubles.

func (f *Func) F64x2Add() *Func { return f.vector(0xf0) }
func (f *Func) F64x2Mul() *Func { return f.vector(0xf2) }
func (f *Func) F64x2Lane(i int) *Func {
	return f.vector(0x21).op(byte(i))
}
func (f *Func) F64x2PromoteLow() *Func { return f.vector(0x5f) }

// Vectors as bits and as integers.

// HighToLow moves the upper half of the vector on the stack into the lower half; v is that vector's local.
func (f *Func) HighToLow(v Local) *Func {
	return f.Get(v).Get(v).vector(13).op(8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)
}

func (f *Func) V128And() *Func          { return f.vector(0x4e) }
func (f *Func) V128AndNot() *Func       { return f.vector(0x4f) }
func (f *Func) I32x4Shl() *Func         { return f.vector(0xab) }
func (f *Func) I32x4Add() *Func         { return f.vector(0xae) }
func (f *Func) I32x4All(v int32) *Func  { return f.F32x4All(math.Float32frombits(uint32(v))) }
func (f *Func) I32x4TruncSatS() *Func   { return f.vector(0xf8) }
func (f *Func) F32x4ConvertU() *Func    { return f.vector(0xfb) }
func (f *Func) I16x8ExtendLowU() *Func  { return f.vector(0x89) }
func (f *Func) I32x4ExtendLowU() *Func  { return f.vector(0xa9) }
func (f *Func) I32x4ExtendHighU() *Func { return f.vector(0xaa) }

// I16x8NarrowS and I8x16NarrowU join two vectors of twice as wide integers, each clipped to what the narrow type holds.
func (f *Func) I16x8NarrowS() *Func { return f.vector(0x85) }
func (f *Func) I8x16NarrowU() *Func { return f.vector(0x66) }
