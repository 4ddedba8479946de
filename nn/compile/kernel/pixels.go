package kernel

import (
	"fmt"

	"cloister/nn/compile/wasm"
)

// Input is the geometry of a record's pixels, uint8 [channel][row][column], and of the buffer that they are normalised
// into, float32 [row][column][Interleaved channels].
type Input struct {
	Channels, Height, Width int
	Interleaved             int // floats per pixel
	Row                     int // bytes from one row of the buffer to the next
	Scale, Shift            []float32
}

// Pixels normalises a record: x = p Scale[c] + Shift[c]. Parameters: pixels, x (first pixel).
func (s *Set) Pixels(in Input) *wasm.Func {
	return s.once(fmt.Sprintf("pixels %+v", in), 2, func(f *wasm.Func) {
		pixels, x := f.Param(0), f.Param(1)
		from, to := f.Local(wasm.I32), f.Local(wasm.I32)
		f.Get(pixels).Set(from)
		for c := range in.Channels {
			f.Get(x).I32(4 * c).I32Add().Set(to)
			f.Times(in.Height, func() {
				if in.Interleaved == 1 {
					s.row(f, from, to, in.Width, in.Scale[c], in.Shift[c])
				} else {
					in.strided(f, from, to, in.Width, in.Scale[c], in.Shift[c])
				}
				f.Advance(to, in.Row-in.Width*in.Interleaved*4)
			})
		}
	})
}

// row normalises n neighbours, eight, four and one at a time.
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

// strided normalises n pixels of one channel one by one.
func (in Input) strided(f *wasm.Func, from, to wasm.Local, n int, scale, shift float32) {
	f.Times(n, func() {
		f.Get(to).Get(from).I32Load8U(0).F32ConvertI32U().F32(scale).F32Mul().F32(shift).F32Add().F32Store(0)
		f.Advance(from, 1)
		f.Advance(to, 4*in.Interleaved)
	})
}
