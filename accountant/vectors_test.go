package accountant

import (
	_ "embed"
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The vectors hold figures of Google's dp_accounting, of Opacus and of an independent reference that has converged to a
// relative error below 1e-6; eps_exact is a closed form.
//
//go:embed testdata/accounting.csv
var vectorsCSV string

type vector map[string]string

func vectors(t testing.TB) []vector {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(vectorsCSV)).ReadAll()
	if err != nil || len(rows) < 40 {
		t.Fatalf("vectors: %d rows, %v", len(rows), err)
	}
	var all []vector
	for _, row := range rows[1:] {
		v := vector{}
		for i, name := range rows[0] {
			v[name] = row[i]
		}
		all = append(all, v)
	}
	return all
}

// skipShort skips what takes long in short runs: as WebAssembly, where the same code was tested natively.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: takes long, and -short is set")
	}
}

// questions is how many of a random kind to ask: with CLOISTER_LONG=1, as a rule, and in short runs.
func questions(long, usual, short int) int {
	switch {
	case os.Getenv("CLOISTER_LONG") != "":
		return long
	case testing.Short():
		return short
	}
	return usual
}

// some are all vectors with CLOISTER_LONG=1, one in so many as a rule, and one in so many in short runs.
func some(all []vector, usual, short int) (few []vector) {
	for i, v := range all {
		if i%questions(1, usual, short) == 0 {
			few = append(few, v)
		}
	}
	return few
}

// vectorNamed returns one row.
func vectorNamed(t testing.TB, id string) vector {
	t.Helper()
	for _, v := range vectors(t) {
		if v["id"] == id {
			return v
		}
	}
	t.Fatalf("no vector %s", id)
	return nil
}

// number is a column, NaN where it is empty.
func (v vector) number(t testing.TB, column string) float64 {
	t.Helper()
	if v[column] == "" {
		return math.NaN()
	}
	x, err := strconv.ParseFloat(v[column], 64)
	if err != nil {
		t.Fatalf("%s: column %s: %v", v["id"], column, err)
	}
	return x
}

func (v vector) segments(t testing.TB) []Segment {
	t.Helper()
	s, err := ParseSegments(v["segments"])
	if err != nil {
		t.Fatalf("%s: %v", v["id"], err)
	}
	return s
}

func TestVectors(t *testing.T) {
	for _, v := range some(vectors(t), 1, 6) {
		t.Run(v["id"], func(t *testing.T) {
			if v["kind"] == "inverse" {
				checkInverse(t, v)
			} else {
				checkForward(t, v)
			}
		})
	}
}

func checkForward(t *testing.T, v vector) {
	delta, best := v.number(t, "delta"), v.number(t, "eps_best")
	b, err := Epsilon(v.segments(t), delta)
	if err != nil {
		t.Fatal(err)
	}
	slack := 1e-4
	if delta < 1e-8 {
		slack = 1e-3
	}
	if !(b.Upper >= best*(1-1e-6) && b.Upper <= best*(1+slack)+1e-6) {
		t.Errorf("upper bound %.10g, truth %.10g", b.Upper, best)
	}
	if !(b.Lower <= best && b.Lower >= min(best*0.99, best-0.005)) {
		t.Errorf("lower bound %.10g, truth %.10g", b.Lower, best)
	}
	published := min(v.number(t, "eps_rdp_google"), v.number(t, "eps_rdp_opacus"))
	if !(b.RDP >= best && b.RDP <= published) {
		t.Errorf("RDP %.10g, want between %.10g and %.10g", b.RDP, best, published)
	}
	if exact := v.number(t, "eps_exact"); exact == exact {
		for _, got := range []float64{b.Lower, b.Upper} {
			if math.Abs(got-exact) > 1e-9*exact {
				t.Errorf("closed form %.10g, want %.10g", got, exact)
			}
		}
	}
}

func checkInverse(t *testing.T, v vector) {
	shape, err := ParseShape(v["segments"])
	if err != nil {
		t.Fatal(err)
	}
	target, delta, best := v.number(t, "target_epsilon"), v.number(t, "delta"), v.number(t, "sigma_best")
	c, err := CalibrateSigma(shape, target, delta)
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Factor - best; d < -1e-6 || math.Abs(d) > 1e-4*best {
		t.Errorf("sigma %.10g, want %.10g", c.Factor, best)
	}
	if again, err := Epsilon(c.Segments, delta); err != nil || again.Upper > target || again.Upper != c.EpsilonUpper {
		t.Errorf("at the returned sigma epsilon is %v (reported %v), above %v; %v", again.Upper, c.EpsilonUpper, target, err)
	}
	if RoundUp(c.Factor, calibrationDigits) != c.Factor {
		t.Errorf("sigma %v has more digits than are printed", c.Factor)
	}
}

// TestSecondOpinion holds PRV, which shares neither the rounding nor the error analysis of the bounds, to the truth, and
// the truth to PRV's bounds.
func TestSecondOpinion(t *testing.T) {
	for _, v := range some(vectors(t), 4, 12) {
		if v["kind"] == "inverse" {
			continue
		}
		best := v.number(t, "eps_best")
		e, err := PRV{}.Epsilon(v.segments(t), v.number(t, "delta"))
		if err != nil {
			t.Fatal(err)
		}
		if !(e.Lower <= best && best <= e.Upper) {
			t.Errorf("%s: PRV says [%v, %v], truth %v", v["id"], e.Lower, e.Upper, best)
		}
		if math.Abs(e.Value-best) > 1e-4*best {
			t.Errorf("%s: PRV estimates %v, truth %v", v["id"], e.Value, best)
		}
		if e.Upper-e.Lower > 0.05*best {
			t.Errorf("%s: PRV's bounds are %v apart at epsilon %v", v["id"], e.Upper-e.Lower, best)
		}
	}
}
