package pagetest

import (
	"strings"
	"testing"
)

// The tour's figures are the accountant's, not the text's. Expected: dp_accounting's PLD and the benchmark's published
// noise (epsilon 86.2, advantage 0.93 against 0.165, 88 % against 0.6 % of members at one false alarm in 1,000).
func TestTourTellsTheTruth(t *testing.T) {
	p := open(t, serve(t).page("tour.html"), 1280)
	p.wait("the comparison", `document.getElementById("attack").rows.length === 4`)
	lower, rest, _ := strings.Cut(p.text("true-bounds"), "≤ ε ≤")
	if l, u := number(t, lower), number(t, rest); l > 86.225 || u < 86.225 || u-l > 0.5 {
		t.Errorf("the truth is said to be %v to %v, want 86.225 between", l, u)
	}
	if sigma := number(t, strings.TrimPrefix(p.text("sound-sigma"), "σ = ")); sigma < 0.65072 || sigma > 0.6509 {
		t.Errorf("sigma %v, want 0.65073", sigma)
	}
	want := [][2][2]float64{{{86, 90}, {0.5, 0.8}}, {{90, 100}, {2, 6}}, {{92, 94}, {16, 17}}}
	for i, row := range want {
		for j, limits := range row {
			text := eval[string](p, `document.getElementById("attack").rows[`+string(rune('1'+i))+`].cells[`+string(rune('1'+j))+`].innerText`)
			if v := number(t, text); v < limits[0] || v > limits[1] {
				t.Errorf("row %d, column %d: %s, want %v to %v", i+1, j+1, text, limits[0], limits[1])
			}
		}
	}
	p.clean()
}
