package markdown

import (
	"math"
	"strings"
	"testing"
)

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 24213.4: "24,213", 1050: "1,050", 999.4: "999", 61.25: "61.2", 3: "3.00", 0.0376: "0.0376", 0.1: "0.100",
		1234567: "1,234,567", -1500: "-1,500", -0.5: "-0.500", 2e-7: "2e-07", 0.00123: "0.00123",
	} {
		if got := Figure(v); got != want {
			t.Errorf("Figure(%v) = %q, want %q", v, got, want)
		}
	}
	if got := Figure(math.NaN()); got != "-" {
		t.Errorf("Figure(NaN) = %q", got)
	}
}

func TestDocument(t *testing.T) {
	d := &Document{}
	d.Line("# %s", "Head")
	d.Row("name", "figure")
	d.Row("é", "12")
	d.Line("After.")
	d.Row("new", "table", "here")
	var b strings.Builder
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := `# Head

| name | figure |
| ---- | -----: |
| é    |     12 |

After.

| new  | table | here |
| ---- | ----: | ---: |
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
