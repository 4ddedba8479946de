package table

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cloister/data"
)

// numbers is a table of nine columns of numbers and a label.
func numbers(rows int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var text strings.Builder
	text.WriteString("x0,x1,x2,x3,x4,x5,x6,x7,x8,label\n")
	for i := range rows {
		for range 9 {
			fmt.Fprintf(&text, "%.4f,", rng.Float64())
		}
		fmt.Fprintf(&text, "%d\n", i%2)
	}
	return text.String()
}

const benchmarked = 20_000 // rows

func BenchmarkLook(b *testing.B) {
	text := numbers(benchmarked)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		look(b, text, "")
	}
}

func BenchmarkRead(b *testing.B) {
	text := numbers(benchmarked)
	p := &Plan{Dialect: Dialect{UTF8, ',', true, false}, Fields: 10, Label: 9, Person: -1, Classes: []string{"0", "1"}}
	for i := range 9 {
		p.Columns, p.At = append(p.Columns, data.Column{Name: fmt.Sprint(i), Low: 0, High: 1}), append(p.At, i)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		rows := 0
		err := p.Read(b.Context(), opener(text), nil, func(Row) error { rows++; return nil }, func(_ int, reason string) { b.Fatal(reason) })
		if err != nil || rows != benchmarked {
			b.Fatal(rows, err)
		}
	}
}
