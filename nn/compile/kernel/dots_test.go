package kernel

import (
	"math/rand/v2"
	"testing"

	"cloister/nn/compile/wasm"
)

func TestDots(t *testing.T) {
	r := rand.New(rand.NewPCG(30, 1))
	for columns := 1; columns <= DotColumns; columns++ {
		try(t, func(s *Set) *wasm.Func { return s.Dots(columns) }, 9, func(t *testing.T, b *bench) {
			tiles, k4 := r.IntN(4), r.IntN(9)
			rows, ldx, ldw, ldz := tiles*DotRows, 4*k4+r.IntN(3), 4*k4+r.IntN(3), columns+r.IntN(3)
			x, w, bias, z := random(r, rows*ldx), random(r, columns*ldw), random(r, columns), random(r, rows*ldz)
			at := b.put(z)
			b.run(tiles, k4, b.put(x), 4*ldx, b.put(w), 4*ldw, b.put(bias), at, 4*ldz)
			want := doubled(z)
			for i := range rows {
				for u := range columns {
					sum := float64(bias[u])
					for k := range 4 * k4 {
						sum += float64(x[i*ldx+k]) * float64(w[u*ldw+k])
					}
					want[i*ldz+u] = sum
				}
			}
			near(t, "dots", b.get(at, len(z)), want, 1e-5)
		})
	}
}

// A row's product does not depend on where the row lies: it may tell nothing of its neighbours.
func TestDotsTakeRowsAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(30, 2))
	try(t, func(s *Set) *wasm.Func { return s.Dots(3) }, 9, func(t *testing.T, b *bench) {
		const k, rows = 40, 6
		one, w := random(r, k), random(r, 3*k)
		var x []float32
		for range rows {
			x = append(x, one...)
		}
		z := b.alloc(3 * rows)
		b.run(rows/DotRows, k/4, b.put(x), 4*k, b.put(w), 4*k, b.put(random(r, 3)), z, 12)
		got := b.get(z, 3*rows)
		for i := range got {
			if got[i] != got[i%3] {
				t.Errorf("row %d: %v, the first has %v", i/3, got[i], got[i%3])
			}
		}
	})
}

func TestOuter(t *testing.T) {
	r := rand.New(rand.NewPCG(30, 3))
	for columns := 1; columns <= DotColumns; columns++ {
		try(t, func(s *Set) *wasm.Func { return s.Outer(columns) }, 8, func(t *testing.T, b *bench) {
			tiles, rows := r.IntN(4), r.IntN(6)
			n := tiles * OuterRun
			ldx, ldd, ldc := n+r.IntN(3), columns+r.IntN(3), n+2*r.IntN(3)
			x, d := random(r, rows*ldx), random(r, rows*ldd)
			c := b.alloc(2 * columns * ldc)
			first := make([]float64, columns*ldc)
			for i := range first {
				first[i] = r.NormFloat64()
			}
			b.WriteDoubles(c, first)
			b.run(tiles, rows, b.put(x), 4*ldx, b.put(d), 4*ldd, c, 8*ldc)
			got := b.Doubles(c, len(first))
			b.get(c, 2*len(first))
			for i := range got {
				want, u, k := first[i], i/max(ldc, 1), i%max(ldc, 1)
				for j := 0; j < rows && k < n; j++ {
					want += float64(d[j*ldd+u]) * float64(x[j*ldx+k])
				}
				if diff := got[i] - want; !(diff < 1e-4 && diff > -1e-4) || (k >= n || rows == 0) && got[i] != first[i] {
					t.Fatalf("columns %d, sum %d is %v, want %v", columns, i, got[i], want)
				}
			}
		})
	}
}
