package accountant

// Epsilon bounds from both sides the epsilon for which the schedule is (epsilon, delta) differentially private.
func Epsilon(segments []Segment, delta float64) (Bounds, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkDelta(delta)
	}
	if err != nil {
		return Bounds{}, err
	}
	if b, trivial := trivialEpsilon(merged, delta); trivial {
		return b, nil
	}
	b := Bounds{Upper: upperEpsilon(merged, delta)}
	b.RDP, b.Order = epsilonRDP(merged, delta)
	b.OrderAtEnd = orderAtEnd(b.Order)
	return b, nil
}

func upperEpsilon(merged []Segment, delta float64) float64 {
	v, _ := epsilonRDP(merged, delta)
	return v
}
