package train

import (
	"math"
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
	} {
		if a := Account(c.question); !strings.Contains(a.Error, c.want) {
			t.Errorf("%+v: error %q, want it to say %q", c.question, a.Error, c.want)
		}
	}
}
