package accountant

import (
	"math"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	got, err := Merge([]Segment{{2, 1, 3}, {1, 0.1, 5}, {1, 0.2, 1}, {1, 0, 9}, {3, 1, 4}, {1, 0.1, 6}, {4, 0.1, 0}})
	if err != nil || len(got) != 3 || got[0] != (Segment{1, 0.1, 11}) || got[1] != (Segment{1, 0.2, 1}) {
		t.Fatalf("%v, %v", got, err)
	}
	if want := 1 / math.Sqrt(3./4+4./9); got[2].Steps != 1 || math.Abs(got[2].Sigma-want) > 1e-15 {
		t.Errorf("Gaussians merge to %v, want sigma %v", got[2], want)
	}
	if _, err := Merge([]Segment{{1, 0.1, maxSteps}, {1, 0.2, maxSteps}}); err == nil {
		t.Error("too many steps in all")
	}
	_, err = Merge([]Segment{{1, 0.1, 1}, {1, 7, 1}})
	if err == nil || !strings.Contains(err.Error(), "segment 2") || !strings.HasPrefix(err.Error(), "accountant:") {
		t.Errorf("error %v", err)
	}
}

// TestTogether: two runs on the same records cost what one run of all their steps costs, which is less than the sum.
func TestTogether(t *testing.T) {
	first, second := []Segment{{1, 0.01, 500}}, []Segment{{1, 0.01, 300}, {0.8, 0.02, 100}}
	all, err := Together(first, second)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := Epsilon(first, 1e-5)
	b, _ := Epsilon(second, 1e-5)
	ab, err := Epsilon(all, 1e-5)
	direct, _ := Epsilon([]Segment{{0.8, 0.02, 100}, {1, 0.01, 800}}, 1e-5)
	if err != nil || ab != direct || !(ab.Upper > max(a.Upper, b.Upper) && ab.Upper < a.Upper+b.Upper) {
		t.Errorf("together %v, apart %v and %v; %v", ab.Upper, a.Upper, b.Upper, err)
	}
}

func TestParse(t *testing.T) {
	got, err := ParseSegments(" 1.3 : 0.004:500; 9e-1:1:5;")
	if err != nil || len(got) != 2 || got[0] != (Segment{1.3, 0.004, 500}) || got[1] != (Segment{0.9, 1, 5}) {
		t.Errorf("%v, %v", got, err)
	}
	got, err = ParseShape("?:0.1:3;0.8*?:.2:9; 1 * ?:1:2")
	if err != nil || len(got) != 3 || got[0].Sigma != 1 || got[1].Sigma != 0.8 || got[2] != (Segment{1, 1, 2}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", ";", "1:1", "1:1:1:1", "x:1:1", "1:x:1", "1:1:x", "1:1:1.5", "-1:1:1", "1:1.1:1", "1:1:-1", "nan:1:1", "inf:1:1", "1:1:1;;1:1:1", "1e999:1:1"} {
		if got, err := ParseSegments(bad); err == nil || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%q gives %v, %v", bad, got, err)
		}
	}
	for _, bad := range []string{"1:1:1", "?:1:1;1:1:1", "0.8?:1:1", "x*?:1:1", "??:1:1", "-1*?:1:1"} {
		if got, err := ParseShape(bad); err == nil {
			t.Errorf("%q gives %v", bad, got)
		}
	}
	long := strings.Repeat("9", 5000) + ":x:1"
	if _, err := ParseSegments(long); err == nil || len(err.Error()) > 300 {
		t.Errorf("an error of %d bytes for a long segment", len(err.Error()))
	}
}
