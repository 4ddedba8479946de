package accountant

// Epsilon bounds from both sides the epsilon for which the schedule is (epsilon, delta) differentially private: the
// composed privacy loss distribution, in both directions, on a grid fine enough for the bounds to agree to 1e-4 as a rule,
// to 1 % (or 1e-6) for delta down to 1e-15 and any mix of steps (noise multipliers from 0.3 to 50, rates from 1e-5, up to a
// million steps of a kind), and to 3 % where there are more than 256 kinds of step. Whatever the question, Upper is never
// above RDP, which answers alone where there are more than 2^32 steps.
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
	b, closed := closedForm(merged, func(sigma, q float64) float64 { return oneStepEpsilon(sigma, q, delta) })
	rdp, order := epsilonRDP(merged, delta)
	if !closed {
		b = newAnalysis(merged).epsilon(delta, rdp, order)
	}
	b.RDP, b.Order, b.OrderAtEnd = rdp, order, orderAtEnd(order)
	return b, nil
}

// Delta bounds from both sides the delta for which the schedule is (epsilon, delta) differentially private.
func Delta(segments []Segment, epsilon float64) (Bounds, error) {
	merged, err := Merge(segments)
	if err == nil {
		err = checkEpsilon(epsilon)
	}
	if err != nil {
		return Bounds{}, err
	}
	if b, trivial := trivialDelta(merged); trivial {
		return b, nil
	}
	b, closed := closedForm(merged, func(sigma, q float64) float64 { return oneStepDelta(sigma, q, epsilon) })
	rdp, order := deltaRDP(merged, epsilon)
	if !closed {
		b = newAnalysis(merged).delta(epsilon, rdp, order)
	}
	b.Upper = min(b.Upper, participation(merged))
	b.RDP, b.Order, b.OrderAtEnd = rdp, order, orderAtEnd(order)
	return b, nil
}
