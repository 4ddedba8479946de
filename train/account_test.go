package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/train/protocol"
)

// Figures of the accountant's specification: the benchmark's noise really costs 86.225, and epsilon 3 takes 0.65073.
func TestAccountAnswers(t *testing.T) {
	a := Account(protocol.AccountQuestion{Kind: "epsilon", Segments: "0.2385:0.004266666666666667:1170", Delta: 1e-5})
	if a.Error != "" || !(a.Lower <= 86.2255 && a.Upper >= 86.2245 && a.Upper-a.Lower < 0.2 && a.RDP > a.Upper) {
		t.Errorf("answer %+v", a)
	}
	a = Account(protocol.AccountQuestion{Kind: "sigma", Segments: "?:0.004266666666666667:1170", Epsilon: 3, Delta: 1e-5})
	if a.Error != "" || math.Abs(a.Sigma-0.65073) > 0.65073e-4 || !(a.Upper <= 3) || a.Upper < 2.999 {
		t.Errorf("answer %+v", a)
	}
	a = Account(protocol.AccountQuestion{Kind: "curve", Segments: "0.6508:0.004266666666666667:1170", Delta: 1e-5})
	if a.Error != "" || math.Abs(a.Advantage-0.165) > 0.001 || len(a.FPR) != len(a.TPR) || len(a.FPR) < 10 {
		t.Errorf("answer %v, %d points, error %q", a.Advantage, len(a.FPR), a.Error)
	}
}

func TestAccountRefuses(t *testing.T) {
	for _, c := range []struct {
		question protocol.AccountQuestion
		want     string
	}{
		{protocol.AccountQuestion{Kind: "fortune"}, `"fortune"`},
		{protocol.AccountQuestion{Kind: "epsilon", Segments: "1:2:3", Delta: 1e-5}, "rate"},
		{protocol.AccountQuestion{Kind: "epsilon", Segments: "?:0.1:3", Delta: 1e-5}, "?"},
		{protocol.AccountQuestion{Kind: "epsilon", Segments: "1:0.1:3", Delta: math.NaN()}, "delta"},
		{protocol.AccountQuestion{Kind: "sigma", Segments: "?:0.1:3", Delta: 1e-5}, "epsilon"},
		{protocol.AccountQuestion{Kind: "sigma", Segments: "1:0.1:3", Delta: 1e-5, Epsilon: 1}, "?"},
		{protocol.AccountQuestion{Kind: "steps", Records: 10, BatchSize: 11, Epochs: 1}, "1 to 10"},
		{protocol.AccountQuestion{Kind: "steps", Records: 10, BatchSize: 1, Epochs: math.NaN()}, "epochs"},
	} {
		a := Account(c.question)
		if !strings.Contains(a.Error, c.want) {
			t.Errorf("%+v: error %q, want it to say %q", c.question, a.Error, c.want)
		}
	}
}

// A page reads schedules and counts steps by asking: there is one parser, and one definition of a run's steps.
func TestAccountReads(t *testing.T) {
	a := Account(protocol.AccountQuestion{Kind: "schedule", Segments: " 1 * ?:0.004:500; 0.8*?:1:7;"})
	want := []protocol.Segment{{Sigma: 1, Unknown: true, Rate: 0.004, Steps: 500}, {Sigma: 0.8, Unknown: true, Rate: 1, Steps: 7}}
	if a.Error != "" || !slices.Equal(a.Schedule, want) {
		t.Errorf("%+v", a)
	}
	for text, segment := range map[string]int{"1:0.1:3;1:2:3": 2, "x:1:3": 1, "1:0.1:3;1:0.1": 2, "?:0.1:3;1:0.1:3": 2} {
		kind := "schedule"
		if strings.Contains(text, "?") {
			kind = "sigma"
		}
		if a := Account(protocol.AccountQuestion{Kind: kind, Segments: text, Epsilon: 1, Delta: 1e-5}); a.Error == "" || a.Segment != segment || strings.Contains(a.Error, "segment 0") {
			t.Errorf("%s: %+v, want the error in segment %d", text, a, segment)
		}
	}
	for epochs, steps := range map[float64]int{1.25: 97, 1: 78, 0: 0} { // 78 batches of 256 in 20,000 records
		if a := Account(protocol.AccountQuestion{Kind: "steps", Records: 20000, BatchSize: 256, Epochs: epochs}); a.Error != "" || a.Steps != steps || a.Rate != 0.0128 {
			t.Errorf("%v epochs: %+v, want %d steps", epochs, a, steps)
		}
	}
	// What the bounds are of can be asked about in turn.
	found := Account(protocol.AccountQuestion{Kind: "sigma", Segments: "1*?:0.01:50;0.8*?:0.01:50", Epsilon: 3, Delta: 1e-5})
	again := Account(protocol.AccountQuestion{Kind: "epsilon", Segments: found.Segments, Delta: 1e-5})
	if found.Error != "" || again.Upper != found.Upper || again.Segments != found.Segments {
		t.Errorf("%+v, then %+v", found, again)
	}
}

// A strong run has an epsilon and a curve, both.
func TestAccountOfAStrongRun(t *testing.T) {
	a := Account(protocol.AccountQuestion{Kind: "curve", Segments: "1:1:100", Delta: 1e-5})
	if a.Error != "" || math.Abs(a.Upper-91.8173) > 1e-3 || len(a.FPR) == 0 || a.Advantage < 0.9999 {
		t.Errorf("epsilon %v, advantage %v, %d points, error %q", a.Upper, a.Advantage, len(a.FPR), a.Error)
	}
}
