package compile

import (
	"math/rand/v2"
	"testing"
)

func TestGridsAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(30, 1))
	for range 200 {
		rows, columns, down, right := 1+r.IntN(5), 2+r.IntN(5), r.IntN(100)-50, r.IntN(20)-10
		var values []int
		for i := range rows * columns {
			values = append(values, 7+i/columns*down+i%columns*right)
		}
		g, ok := gridOf(values)
		if !ok {
			t.Fatalf("%v is a grid", values)
		}
		for i, v := range values {
			if got := g.origin + i/g.columns*g.down + i%g.columns*g.right; got != v {
				t.Fatalf("%v: %+v has %d at %d", values, g, got, i)
			}
		}
		if rows > 1 && columns > 2 {
			values[r.IntN(len(values)-1)+1]++
			if g, ok := gridOf(values); ok {
				t.Fatalf("%v is no grid, but was taken for %+v", values, g)
			}
		}
	}
}
