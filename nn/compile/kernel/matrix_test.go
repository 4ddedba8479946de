package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"cloister/nn/compile/wasm"
)

// product is a random problem for the matrix kernel, offsets in floats.
type product struct {
	rowA, rowC, colC, runs []int
	run                    int
	a, b, c, bias          []float32
}

func newProduct(r *rand.Rand, rows, panels, nRuns, run int) *product {
	p := &product{run: run}
	for range rows {
		p.rowA = append(p.rowA, r.IntN(50))
	}
	for _, at := range r.Perm(rows) { // rows of C do not overlap
		p.rowC = append(p.rowC, at*panels*Panel)
	}
	for _, at := range r.Perm(panels) {
		p.colC = append(p.colC, at*Panel)
	}
	for range nRuns {
		p.runs = append(p.runs, r.IntN(40))
	}
	p.a, p.b = random(r, 90+run), random(r, panels*nRuns*run*Panel)
	p.c, p.bias = random(r, rows*panels*Panel), random(r, panels*Panel)
	return p
}

// plain is the kernel's twin.
func (p *product) plain(mode Mode) []float64 {
	c := doubled(p.c)
	for i := range p.rowA {
		for j := range p.colC {
			for lane := range Panel {
				sum, k := 0.0, 0
				for _, offset := range p.runs {
					for x := range p.run {
						sum += float64(p.a[p.rowA[i]+offset+x]) * float64(p.b[(j*len(p.runs)*p.run+k)*Panel+lane])
						k++
					}
				}
				at := p.rowC[i] + p.colC[j] + lane
				switch mode {
				case Store:
					c[at] = sum
				case Bias:
					c[at] = sum + float64(p.bias[j*Panel+lane])
				case Add:
					c[at] += sum
				}
			}
		}
	}
	return c
}

func TestGEMM(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for rows := 1; rows <= 6; rows++ {
		for _, mode := range []Mode{Store, Bias, Add} {
			for _, run := range []int{1, 3, 4, 5, 8, 14, 22} {
				unroll := Unroll(run)
				params := 11
				if mode == Bias {
					params++
				}
				try(t, func(s *Set) *wasm.Func { return s.GEMM(rows, unroll, mode) }, params, func(t *testing.T, b *bench) {
					tiles, panels, nRuns := r.IntN(4), r.IntN(4), 1+r.IntN(3)
					p := newProduct(r, tiles*rows, panels, nRuns, run)
					c := b.put(p.c)
					args := []int{tiles, panels, b.ints(bytes(p.rowA)...), b.ints(bytes(p.rowC)...), b.ints(bytes(p.colC)...),
						b.ints(bytes(p.runs)...), nRuns, run / unroll, b.put(p.a), b.put(p.b), c}
					if mode == Bias {
						args = append(args, b.put(p.bias))
					}
					b.run(args...)
					near(t, fmt.Sprintf("%d tiles of %d rows, %d panels, %d runs of %d, mode %d", tiles, rows, panels, nRuns, run, mode),
						b.get(c, len(p.c)), p.plain(mode), 1e-4)
				})
			}
		}
	}
}

// bytes turns offsets in floats into offsets in bytes.
func bytes(floats []int) []int {
	all := make([]int, len(floats))
	for i, v := range floats {
		all[i] = 4 * v
	}
	return all
}

func TestWeightGradient(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for taps := 1; taps <= 6; taps++ {
		for _, mode := range []Mode{Store, Add} {
			for _, pixels := range []int{0, 1, 2, 7, 30} {
				params := 12
				if mode == Store {
					params++
				}
				try(t, func(s *Set) *wasm.Func { return s.WeightGradient(taps, mode) }, params, func(t *testing.T, b *bench) {
					weightGradient(t, b, r, taps, mode, pixels)
				})
			}
		}
	}
}

func weightGradient(t *testing.T, b *bench, r *rand.Rand, taps int, mode Mode, pixels int) {
	tiles, panels := r.IntN(5), r.IntN(4)
	width := panels * Panel
	var tap, out, pixA, pixB []int
	for _, at := range r.Perm(tiles) {
		tap, out = append(tap, r.IntN(40)), append(out, at*taps*width)
	}
	for range pixels {
		pixA, pixB = append(pixA, r.IntN(60)), append(pixB, r.IntN(70))
	}
	a, rows, c := random(r, 100+taps), random(r, 70+width), random(r, tiles*taps*width)
	want, squares := doubled(c), 1.5
	for i := range tiles {
		for k := range taps {
			for j := range width {
				sum := 0.0
				for p := range pixels {
					sum += float64(a[tap[i]+pixA[p]+k]) * float64(rows[pixB[p]+j])
				}
				at := out[i] + k*width + j
				if mode == Add {
					want[at] += sum
				} else {
					want[at] = sum
				}
				squares += sum * sum
			}
		}
	}
	to, scratch := b.put(c), b.alloc(pixels*Panel)
	total := b.alloc(2)
	b.WriteDoubles(total, []float64{1.5})
	args := []int{tiles, panels, b.ints(bytes(tap)...), b.ints(bytes(out)...), b.ints(bytes(pixA)...), b.ints(bytes(pixB)...), pixels,
		b.put(a), b.put(rows), to, 4 * width, scratch}
	if mode == Store {
		args = append(args, total)
	}
	b.run(args...)
	what := fmt.Sprintf("%d tiles of %d taps, %d panels, %d pixels, mode %d", tiles, taps, panels, pixels, mode)
	near(t, what, b.get(to, len(c)), want, 1e-4)
	b.get(scratch, pixels*Panel)
	if got := b.Doubles(total, 1)[0]; mode == Store && !(got >= squares*(1-1e-5) && got <= squares*(1+1e-5)) {
		t.Errorf("%s: squares %v, want %v", what, got, squares)
	}
}

// The sum of squares may fall below the true one by no more than SquaresDepth roundings allow. Equal values are the
// worst case: every partial sum rounds alike.
func TestSquaresDepthBoundsTheError(t *testing.T) {
	const taps, tiles = 4, 512
	for _, value := range []float32{1.0000001, 1.1, 1.3333334, 1.9999999} {
		try(t, func(s *Set) *wasm.Func { return s.WeightGradient(taps, Store) }, 13, func(t *testing.T, b *bench) {
			out := make([]int, tiles)
			for i := range out {
				out[i] = i * taps * Panel
			}
			total := b.alloc(2)
			b.WriteDoubles(total, []float64{0})
			c := b.alloc(tiles * taps * Panel)
			b.run(tiles, 1, b.ints(make([]int, tiles)...), b.ints(bytes(out)...), b.ints(0), b.ints(0), 1,
				b.put(repeat(1, taps)), b.put(repeat(value, Panel)), c, 4*Panel, b.alloc(Panel), total)
			want := float64(value) * float64(value) * tiles * taps * Panel
			if low := 1 - b.Doubles(total, 1)[0]/want; low > float64(SquaresDepth(taps, tiles))*0x1p-24 {
				t.Errorf("squares of %v are low by %g, more than %d roundings", value, low, SquaresDepth(taps, tiles))
			}
		})
	}
}

func TestGEMV(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	for _, mode := range []Mode{Store, Bias} {
		for panels := range 10 {
			for _, k := range []int{0, 4, 8, 28} {
				params := 5
				if mode == Bias {
					params++
				}
				try(t, func(s *Set) *wasm.Func { return s.GEMV(mode) }, params, func(t *testing.T, b *bench) {
					p := newProduct(r, 1, panels, 1, k)
					p.rowA, p.rowC, p.runs = []int{0}, []int{0}, []int{0}
					for j := range p.colC {
						p.colC[j] = j * Panel
					}
					c := b.put(p.c)
					args := []int{k / 4, panels, b.put(p.a), b.put(p.b), c}
					if mode == Bias {
						args = append(args, b.put(p.bias))
					}
					b.run(args...)
					near(t, fmt.Sprintf("%d panels of %d rows, mode %d", panels, k, mode), b.get(c, len(p.c)), p.plain(mode), 1e-5)
				})
			}
		}
	}
}
