package kernel

import (
	"fmt"

	"cloister/nn/compile/wasm"
)

// Input is the geometry of a record's values, [channel][row][column] of uint8 or float32 at any alignment, and of the buffer that
// they are normalised into, float32 [row][column][Interleaved channels].
type Input struct {
	Channels, Height, Width int
	Interleaved             int  // floats per pixel
	Row                     int  // bytes from one row of the buffer to the next
	Float                   bool // values are float32
	Scale, Shift            []float32
}

// Pixels normalises a record: x = v Scale[c] + Shift[c]. Parameters: values, x (first pixel).
func (s *Set) Pixels(in Input) *wasm.Func {
	return s.once(fmt.Sprintf("pixels %+v", in), 2, func(f *wasm.Func) {
		values, x := f.Param(0), f.Param(1)
		from, to := f.Local(wasm.I32), f.Local(wasm.I32)
		f.Get(values).Set(from)
		for c := range in.Channels {
			f.Get(x).I32(4 * c).I32Add().Set(to)
			f.Times(in.Height, func() {
				switch {
				case in.Interleaved > 1:
					in.strided(f, from, to, in.Width, in.Scale[c], in.Shift[c])
				case in.Float:
					floatRow(f, from, to, in.Width, in.Scale[c], in.Shift[c])
				default:
					s.row(f, from, to, in.Width, in.Scale[c], in.Shift[c])
				}
				f.Advance(to, in.Row-in.Width*in.Interleaved*4)
			})
		}
	})
}

// Vector normalises a record of n values, uint8 or float32, each with a scale and a shift of its own at an address.
// Parameters: values, x, scale, shift.
func (s *Set) Vector(n int, float bool) *wasm.Func {
	return s.once(fmt.Sprintf("vector %d %v", n, float), 4, func(f *wasm.Func) {
		values, x, scale, shift := f.Param(0), f.Param(1), f.Param(2), f.Param(3)
		in := Input{Float: float}
		advance := func(by int) {
			f.Advance(values, by*in.valueBytes())
			for _, p := range []wasm.Local{x, scale, shift} {
				f.Advance(p, by*4)
			}
		}
		v, least := f.Local(wasm.V128), hoist(f, []float32{silent})[0]
		f.Times(n/Lanes, func() {
			if float {
				f.Get(values).V128Load(0).Set(v)
				f.Get(x)
				hush(f, v, least)
			} else {
				f.Get(x).Get(values).V128Load32Zero(0).I16x8ExtendLowU().I32x4ExtendLowU().F32x4ConvertU()
			}
			f.Get(scale).V128Load(0).F32x4Mul().Get(shift).V128Load(0).F32x4Add().V128Store(0)
			advance(Lanes)
		})
		f.Times(n%Lanes, func() { // a whole vector would reach into the record behind
			f.Get(x)
			in.load(f, values)
			f.Get(scale).F32Load(0).F32Mul().Get(shift).F32Load(0).F32Add().F32Store(0)
			advance(1)
		})
	})
}

// row normalises n uint8 neighbours, eight, four and one at a time.
func (s *Set) row(f *wasm.Func, from, to wasm.Local, n int, scale, shift float32) {
	bytes, v := f.Local(wasm.V128), f.Local(wasm.V128)
	normalise := func(offset int) { // four uint32 on the stack
		f.F32x4ConvertU().Set(v)
		f.Get(to).Get(v).F32x4All(scale).F32x4Mul().F32x4All(shift).F32x4Add().V128Store(offset)
	}
	f.Times(n/8, func() {
		f.Get(from).V128Load8x8U(0).Tee(bytes).I32x4ExtendLowU()
		normalise(0)
		f.Get(bytes).I32x4ExtendHighU()
		normalise(vec)
		f.Advance(from, 8)
		f.Advance(to, 2*vec)
	})
	if n%8 >= 4 {
		f.Get(from).V128Load32Zero(0).I16x8ExtendLowU().I32x4ExtendLowU()
		normalise(0)
		f.Advance(from, 4)
		f.Advance(to, vec)
	}
	Input{Interleaved: 1}.strided(f, from, to, n%4, scale, shift)
}

// floatRow normalises n float32 neighbours, four and one at a time.
func floatRow(f *wasm.Func, from, to wasm.Local, n int, scale, shift float32) {
	v, least := f.Local(wasm.V128), hoist(f, []float32{silent})[0]
	f.Times(n/Lanes, func() {
		f.Get(from).V128Load(0).Set(v)
		f.Get(to)
		hush(f, v, least)
		f.F32x4All(scale).F32x4Mul().F32x4All(shift).F32x4Add().V128Store(0)
		f.Advance(from, vec)
		f.Advance(to, vec)
	})
	Input{Interleaved: 1, Float: true}.strided(f, from, to, n%Lanes, scale, shift)
}

// strided normalises n values of one channel one by one.
func (in Input) strided(f *wasm.Func, from, to wasm.Local, n int, scale, shift float32) {
	f.Times(n, func() {
		f.Get(to)
		in.load(f, from)
		f.F32(scale).F32Mul().F32(shift).F32Add().F32Store(0)
		f.Advance(from, in.valueBytes())
		f.Advance(to, 4*in.Interleaved)
	})
}

// silent is the least magnitude of a record's own float32 values: below it, no scale that nn.Normalisation allows makes
// more of one than [Quiet], and above it none makes it denormal.
const silent = 0x1p-80

// loadFloat pushes the float32 at an address, or 0 for one that is silent.
func loadFloat(f *wasm.Func, at wasm.Local) {
	v := f.Local(wasm.F32)
	f.F32(0).Get(at).F32Load(0).Tee(v).Get(v).F32Abs().F32(silent).F32Lt().Select()
}

// load pushes the value at an address.
func (in Input) load(f *wasm.Func, at wasm.Local) {
	if in.Float {
		loadFloat(f, at)
	} else {
		f.Get(at).I32Load8U(0).F32ConvertI32U()
	}
}

func (in Input) valueBytes() int {
	if in.Float {
		return 4
	}
	return 1
}
