package accounting

import (
	"strings"
	"testing"
)

// The answers are the accountant's promises: sigma 0.65073 for epsilon 3, and bounds within 2 % where that is asked.
func TestMeasure(t *testing.T) {
	timings, err := Measure(1)
	if err != nil || len(timings) != 3 {
		t.Fatalf("%v, %v", timings, err)
	}
	if got := timings[1].Answer; !strings.HasPrefix(got, "sigma 0.65073") && !strings.HasPrefix(got, "sigma 0.65074") {
		t.Errorf("calibration answers %q", got)
	}
	for _, m := range timings {
		if !(m.Ms > 0) || len(m.Each) != 1 || m.Answer == "" || m.GapMost > 0 && !(m.Gap >= 0 && m.Gap <= m.GapMost) {
			t.Errorf("%+v", m)
		}
	}
	if _, err := Measure(0); err == nil {
		t.Error("no runs, no error")
	}
}
