package intake

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cloister/data"
)

// nowhere is a sink that packs and forgets.
type nowhere struct{ packer *data.Packer }

func (n *nowhere) Begin(m data.Manifest) (err error) {
	n.packer, err = data.NewPacker(m, func(string, []byte) error { return nil })
	return err
}

func (n *nowhere) Append(split string, records data.Split) error {
	return n.packer.Append(split, records)
}

// BenchmarkTable reads a table of nine numbers and a label, as looked at before: what an import does after the columns are stated.
func BenchmarkTable(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	var text strings.Builder
	text.WriteString("x0,x1,x2,x3,x4,x5,x6,x7,x8,label\n")
	for i := range 20_000 {
		for range 9 {
			fmt.Fprintf(&text, "%.4f,", rng.Float64())
		}
		fmt.Fprintf(&text, "%d\n", i%2)
	}
	o := withName(Options{Label: "label", HeldOut: 0.1, Bounds: map[string]Bounds{}})
	for i := range 9 {
		o.Bounds[fmt.Sprintf("x%d", i)] = Bounds{Low: 0, High: 1}
	}
	drop := dropped(b, "t.csv", text.String())
	var err error
	if _, o.Looked, err = Columns(b.Context(), drop, o); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		p, err := Propose(b.Context(), drop, o)
		if err != nil {
			b.Fatal(err)
		}
		if r, err := p.Read(b.Context(), &nowhere{}, nil); err != nil || r.Records() != 20_000 {
			b.Fatal(r, err)
		}
	}
}
