package accountant

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// parsedFigure reads a figure back in the value's own unit.
func parsedFigure(t *testing.T, f Figure, text string) float64 {
	t.Helper()
	if percent, found := strings.CutSuffix(text, " %"); found {
		mantissa, exponent, scientific := strings.Cut(percent, "e")
		e, err := strconv.Atoi(exponent)
		if scientific != (err == nil) {
			t.Fatalf("%s %q", f, text)
		}
		text = mantissa + "e" + strconv.Itoa(e-2)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(v, 1) {
		t.Fatalf("%s %q is not a number: %v", f, text, err)
	}
	return v
}

// randomFloat is any non-negative float64, or one that people meet.
func randomFloat(r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		return math.Abs(math.Float64frombits(r.Uint64()))
	case 1: // a decimal of few digits, or a neighbour
		v, _ := strconv.ParseFloat(strconv.Itoa(r.IntN(2000))+"e"+strconv.Itoa(r.IntN(24)-16), 64)
		return math.Abs(math.Float64frombits(math.Float64bits(v) + uint64(r.IntN(3)) - 1))
	case 2:
		return r.Float64()
	}
	return math.Exp(60*r.Float64() - 45)
}

func checkFigure(t *testing.T, f Figure, v float64) {
	t.Helper()
	text, rule := f.Text(v), figureRules[f]
	if math.IsNaN(v) || v < 0 || math.IsInf(v, 0) {
		want := "no bound"
		if rule.down {
			want = map[bool]string{true: "infinity", false: "unknown"}[math.IsInf(v, 1)]
		}
		if text != want {
			t.Errorf("%s of %v is %q, want %q", f, v, text, want)
		}
		return
	}
	got := parsedFigure(t, f, text)
	if f == FigureGiven {
		if got != v {
			t.Errorf("%v was given and is shown as %q", v, text)
		}
		return
	}
	unit := math.Pow(10, 1-float64(rule.digits)) * v * (1 + 1e-9)
	switch v := min(v, rule.most); {
	case rule.down && !(got <= v && (got > v-unit || v < 1e-300)):
		t.Errorf("%s %v is shown as %q: not the nearest below", f, v, text)
	case !rule.down && !(got >= v && (got < v+unit || v < 1e-300 || v > 1e307)):
		t.Errorf("%s %v is shown as %q: not the nearest above", f, v, text)
	}
	if !rule.zeros && strings.Contains(text, ".") && strings.HasSuffix(strings.TrimSuffix(text, rule.suffix), "0") && !strings.Contains(text, "e") {
		t.Errorf("%s %v is shown as %q", f, v, text)
	}
}

func TestFiguresAreOnTheirSafeSide(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	special := []float64{0, math.Copysign(0, -1), 5e-324, 1e-323, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), -1e-300, -3, 1, 0.1, 0.999, 0.99999,
		math.Nextafter(1, 0), math.Nextafter(1, 2), math.Nextafter(3, 4), 9.9999999, 999.999, 999999.5, 1e6, 0.00099999999}
	for f := range figureRules {
		for _, v := range special {
			checkFigure(t, f, v)
		}
		for range 20_000 {
			checkFigure(t, f, randomFloat(r))
		}
	}
}

func TestFiguresNeverCross(t *testing.T) {
	skipShort(t)
	r := rand.New(rand.NewPCG(3, 2))
	for range 20_000 {
		a, b := randomFloat(r), randomFloat(r)
		if math.IsInf(a, 0) || math.IsInf(b, 0) || math.IsNaN(a+b) {
			continue
		}
		for f := range figureRules {
			if lo, hi := parsedFigure(t, f, f.Text(min(a, b))), parsedFigure(t, f, f.Text(max(a, b))); lo > hi {
				t.Fatalf("%s: %v and %v are shown in the wrong order", f, a, b)
			}
		}
	}
}

// figureVectors are shared with the page's twin.
func figureVectors(t *testing.T) [][]string {
	t.Helper()
	file, err := os.Open("testdata/figures.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 100 || strings.Join(rows[0], ",") != "kind,value,text" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[1:]
}

func TestFigureVectors(t *testing.T) {
	kinds := map[Figure]int{}
	for _, row := range figureVectors(t) {
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatalf("%v: %v", row, err)
		}
		f := Figure(row[0])
		kinds[f]++
		if got := f.Text(v); got != row[2] {
			t.Errorf("%s of %s is %q, want %q", f, row[1], got, row[2])
		}
	}
	for f := range figureRules {
		if kinds[f] < 10 {
			t.Errorf("%s has %d vectors", f, kinds[f])
		}
	}
}

func TestUnknownFigureHasNoBound(t *testing.T) {
	if got := Figure("nonsense").Text(3); got != "no bound" {
		t.Errorf("%q", got)
	}
}
