package accountant

import (
	"fmt"
	"math"
)

// AuditLowerBound is the one-run audit of Steinke, Nasr and Jagielski 2023 (arXiv:2305.08846, Theorem 5.2): each of m
// canaries was put in or left out by its own fair coin, the auditor guessed r of the coins (abstaining on the rest) and
// v guesses were right. A mechanism that is (epsilon, delta) private lets that happen with probability at most
//
//	beta + 2 m delta max_{1<=i<=v} (Pr[B >= v-i] - beta)/i,  beta = Pr[B >= v],  B ~ Binomial(r, e^eps/(1+e^eps)).
//
// The result is the largest epsilon that the observation refutes at the given confidence, 0 if none. The rule by which
// guesses are made must be fixed before the run. Even r = v = 1000 cannot show more than 5.8: an audit refutes claims,
// it proves none.
func AuditLowerBound(m, r, v int, delta, confidence float64) (float64, error) {
	switch {
	case m < 1 || r < 0 || r > m || v < 0 || v > r:
		return 0, fmt.Errorf("accountant: audit needs 0 <= correct <= guesses <= canaries, got %d, %d, %d", v, r, m)
	case !(delta >= 0 && delta <= 1):
		return 0, fmt.Errorf("accountant: delta must lie in [0, 1], got %v", delta)
	case !(confidence > 0 && confidence < 1):
		return 0, fmt.Errorf("accountant: confidence must lie in (0, 1), got %v", confidence)
	}
	allowed := 1 - confidence
	excess := func(epsilon float64) float64 { return auditPValue(m, r, v, delta, epsilon) - allowed }
	lo, hi := 0.0, 1.0
	flo := excess(lo)
	if flo > 0 {
		return 0, nil
	}
	fhi := excess(hi)
	for ; fhi <= 0 && hi < 700; fhi = excess(hi) {
		lo, flo, hi = hi, fhi, 2*hi
	}
	if fhi <= 0 {
		return lo, nil
	}
	return max(0, root(excess, lo, flo, hi, fhi, 1e-9)-1e-9), nil
}

// auditPValue bounds the probability of v or more right guesses under (epsilon, delta).
func auditPValue(m, r, v int, delta, epsilon float64) float64 {
	p := 1 / (1 + math.Exp(-epsilon))
	beta := binomialTail(r, p, v)
	alpha := 0.0
	if delta > 0 {
		for i := 1; i <= v; i++ {
			tail := binomialTail(r, p, v-i)
			alpha = max(alpha, (tail-beta)/float64(i))
			if (1-beta)/float64(i+1) <= alpha { // no later i can do better
				break
			}
		}
	}
	return min(1, beta+2*float64(m)*delta*alpha)
}
