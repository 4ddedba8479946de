package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cloister/nn/compile/wasm"
)

// picture is activations [row][column][channel] in rows that may be longer than the image.
type picture struct {
	Image
	values []float32
}

func newPicture(r *rand.Rand, height, width, vectors int) picture {
	row := (width + r.IntN(3)) * vectors * vec
	m := picture{Image{height, width, vectors, row}, nil}
	m.values = random(r, height*row/4)
	return m
}

func (m picture) at(y, x, c int) int { return y*m.Row/4 + x*m.Vectors*Lanes + c }

func windows(r *rand.Rand) (Window, picture, picture) {
	w := Window{Height: 1 + r.IntN(4), Width: 1 + r.IntN(4), Vectors: 1 + r.IntN(3), Rows: 1 + r.IntN(5), Columns: 1 + r.IntN(5), Stride: 1 + r.IntN(3)}
	in := newPicture(r, (w.Height-1)*w.Stride+w.Rows, (w.Width-1)*w.Stride+w.Columns, w.Vectors)
	out := newPicture(r, w.Height, w.Width, w.Vectors)
	w.InRow, w.OutRow = in.Row, out.Row
	return w, in, out
}

// inside visits the window of each output value.
func (w Window) plain(body func(y, x, c int, window func(func(iy, ix int)))) {
	for y := range w.Height {
		for x := range w.Width {
			for c := range w.Vectors * Lanes {
				body(y, x, c, func(visit func(iy, ix int)) {
					for r := range w.Rows {
						for k := range w.Columns {
							visit(y*w.Stride+r, x*w.Stride+k)
						}
					}
				})
			}
		}
	}
}

func TestPooling(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 40 {
		w, in, out := windows(r)
		for i := range in.values { // ties
			in.values[i] = float32(math.Round(float64(in.values[i])))
		}
		largest, mean := doubled(out.values), doubled(out.values)
		dlargest, dmean := make([]float64, len(in.values)), make([]float64, len(in.values))
		dout := random(r, len(out.values))
		w.plain(func(y, x, c int, window func(func(iy, ix int))) {
			at, best, sum := out.at(y, x, c), -1, 0.0
			window(func(iy, ix int) {
				i := in.at(iy, ix, c)
				if sum += float64(in.values[i]); best < 0 || in.values[i] > in.values[best] {
					best = i
				}
			})
			n := float64(w.Rows * w.Columns)
			largest[at], mean[at] = float64(in.values[best]), sum/n
			dlargest[best] += float64(dout[at])
			window(func(iy, ix int) { dmean[in.at(iy, ix, c)] += float64(dout[at]) / n })
		})
		what := fmt.Sprintf("%+v", w)
		try(t, func(s *Set) *wasm.Func { return s.MaxPool(w) }, 2, func(t *testing.T, b *bench) {
			to := b.put(out.values)
			b.run(b.put(in.values), to)
			near(t, "largest of "+what, b.get(to, len(out.values)), largest, 0)
		})
		try(t, func(s *Set) *wasm.Func { return s.AvgPool(w) }, 2, func(t *testing.T, b *bench) {
			to := b.put(out.values)
			b.run(b.put(in.values), to)
			near(t, "mean of "+what, b.get(to, len(out.values)), mean, 1e-6)
		})
		try(t, func(s *Set) *wasm.Func { return s.MaxPoolGradient(w) }, 4, func(t *testing.T, b *bench) {
			result := make([]float32, len(largest))
			for i, v := range largest {
				result[i] = float32(v)
			}
			din := b.put(make([]float32, len(in.values)))
			b.run(b.put(in.values), b.put(result), b.put(dout), din)
			near(t, "gradient of largest of "+what, b.get(din, len(in.values)), dlargest, 1e-5)
		})
		try(t, func(s *Set) *wasm.Func { return s.AvgPoolGradient(w) }, 2, func(t *testing.T, b *bench) {
			din := b.put(make([]float32, len(in.values)))
			if w.Covers(in.Height, in.Width) { // then what was there does not matter
				for y := range in.Height {
					b.WriteFloats(din+y*in.Row, repeat(7, in.Width*in.pixel()/4))
				}
			}
			b.run(b.put(dout), din)
			near(t, "gradient of mean of "+what, b.get(din, len(in.values)), dmean, 1e-5)
		})
	}
}

func TestColumnSum(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, vectors := range []int{1, 2, 7, 8, 9, 17} {
		for _, mode := range []Mode{Store, Add} {
			m := newPicture(r, 1+r.IntN(4), 1+r.IntN(4), vectors)
			before := random(r, vectors*Lanes)
			want := make([]float64, vectors*Lanes)
			for c := range want {
				if mode == Add {
					want[c] = float64(before[c])
				}
				for y := range m.Height {
					for x := range m.Width {
						want[c] += float64(m.values[m.at(y, x, c)])
					}
				}
			}
			try(t, func(s *Set) *wasm.Func { return s.ColumnSum(m.Image, mode) }, 2, func(t *testing.T, b *bench) {
				out := b.put(before)
				b.run(b.put(m.values), out)
				near(t, fmt.Sprintf("%+v", m.Image), b.get(out, len(want)), want, 1e-5)
			})
		}
	}
}

func TestPixels(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for k, interleaved := range []int{1, 3, 4, 8, 1, 3, 4, 8} {
		for _, width := range []int{1, 3, 4, 7, 8, 11, 12, 28} {
			in := Input{Channels: min(interleaved, 3), Height: 3, Width: width, Interleaved: interleaved, Scale: []float32{0.5, 2, 3}, Shift: []float32{-1, 1, 0.25}}
			in.Row, in.Float = (width+2)*interleaved*4, k >= 4
			values := make([]byte, in.Channels*in.Height*width)
			for i := range values {
				values[i] = byte(r.IntN(256))
			}
			var record []byte // as it lies in memory
			for _, v := range values {
				if in.Float {
					record = binary.LittleEndian.AppendUint32(record, math.Float32bits(float32(v)))
				} else {
					record = append(record, v)
				}
			}
			before := random(r, in.Height*in.Row/4)
			want := doubled(before)
			for i, p := range values {
				c, y, x := i/(in.Height*width), i/width%in.Height, i%width
				want[y*in.Row/4+x*interleaved+c] = float64(in.Scale[c])*float64(p) + float64(in.Shift[c])
			}
			try(t, func(s *Set) *wasm.Func { return s.Pixels(in) }, 2, func(t *testing.T, b *bench) {
				from, to := b.alloc(len(record)/4+1), b.put(before)
				b.Write(from+1, record) // records are not aligned at all
				b.run(from+1, to)
				near(t, fmt.Sprintf("%+v", in), b.get(to, len(before)), want, 1e-6)
			})
		}
	}
}

// TestVector: a record's last values come without a look at what lies behind them.
func TestVector(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{1, 3, 4, 5, 8, 31} {
		values, scale, shift := random(r, n), random(r, n), random(r, n)
		before := random(r, n+4)
		want := doubled(before)
		for i, v := range values {
			want[i] = float64(v)*float64(scale[i]) + float64(shift[i])
		}
		behind := append(slices.Clone(values), float32(math.NaN()), float32(math.NaN()), float32(math.NaN()))
		try(t, func(s *Set) *wasm.Func { return s.Vector(n, true) }, 4, func(t *testing.T, b *bench) {
			x := b.put(before)
			b.run(b.put(behind), x, b.put(scale), b.put(shift))
			near(t, fmt.Sprint(n), b.get(x, len(before)), want, 1e-6)
		})
		small := make([]byte, n)
		for i := range small {
			small[i] = byte(r.Uint32())
			want[i] = float64(small[i])*float64(scale[i]) + float64(shift[i])
		}
		try(t, func(s *Set) *wasm.Func { return s.Vector(n, false) }, 4, func(t *testing.T, b *bench) {
			x, at := b.put(before), b.alloc(n)
			b.Write(at, small)
			b.run(at, x, b.put(scale), b.put(shift))
			near(t, fmt.Sprint(n, "bytes"), b.get(x, len(before)), want, 1e-6)
		})
	}
}
