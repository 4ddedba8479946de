package accountant

import (
	"fmt"
	"math"
)

// Bounds is an answer: the true value lies between Lower and Upper.
type Bounds struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	RDP   float64 `json:"rdp"`   // the Renyi accountant's upper bound, for comparison
	Order float64 `json:"order"` // the Renyi order it used; 1 where none was needed

	// OrderAtEnd warns that the best Renyi order is an end of the range searched, so that RDP is needlessly loose.
	OrderAtEnd bool `json:"orderAtEnd,omitempty"`
	// Grid is the spacing of privacy losses used; 0 where a closed form answered.
	Grid float64 `json:"grid,omitempty"`
}

func exactly(v float64) Bounds { return Bounds{Lower: v, Upper: v, RDP: v, Order: 1} }

func checkDelta(delta float64) error {
	if !(delta >= 0 && delta <= 1) {
		return fmt.Errorf("accountant: delta must lie in [0, 1], got %v", delta)
	}
	return nil
}

func checkEpsilon(epsilon float64) error {
	if !(epsilon >= 0) || math.IsInf(epsilon, 1) {
		return fmt.Errorf("accountant: epsilon must be finite and at least 0, got %v", epsilon)
	}
	return nil
}

// trivialEpsilon answers where no mechanism is to be analysed: nothing ran, nothing is asked, or nothing is guaranteed.
func trivialEpsilon(merged []Segment, delta float64) (answer Bounds, trivial bool) {
	switch {
	case len(merged) == 0 || delta == 1 || participation(merged) <= delta:
		return exactly(0), true
	case delta == 0: // the loss of every Gaussian mechanism is unbounded
		return exactly(math.Inf(1)), true
	}
	revealed := revealedMass(merged)
	answer = exactly(math.Inf(1))
	if revealed <= delta {
		answer.Lower = 0
	}
	return answer, revealed > 0
}

// trivialDelta is the same for delta.
func trivialDelta(merged []Segment) (answer Bounds, trivial bool) {
	if len(merged) == 0 {
		return exactly(0), true
	}
	revealed := revealedMass(merged)
	answer = exactly(1)
	answer.Lower = revealed
	return answer, revealed > 0
}

// participation is the probability that the record is in any sample. Where it is not, the record is safe: delta never
// exceeds it.
func participation(merged []Segment) float64 {
	logOut := 0.0
	for _, s := range merged {
		logOut += float64(s.Steps) * math.Log1p(-s.Rate)
	}
	return -math.Expm1(logOut)
}

// revealedMass is the probability that some step without noise saw the record.
func revealedMass(merged []Segment) float64 {
	logHidden := 0.0
	for _, s := range merged {
		if s.Sigma == 0 {
			logHidden += float64(s.Steps) * math.Log1p(-s.Rate)
		}
	}
	return -math.Expm1(logHidden)
}
