package train

import (
	"fmt"

	"cloister/accountant"
)

// Account answers a question of privacy accounting. It touches no data.
func Account(q AccountQuestion) AccountAnswer {
	a, err := account(q)
	if err != nil {
		return AccountAnswer{Error: err.Error()}
	}
	return a
}

func account(q AccountQuestion) (a AccountAnswer, err error) {
	var segments []accountant.Segment
	switch q.Kind {
	case "sigma":
		shape, err := accountant.ParseShape(q.Segments)
		if err != nil {
			return a, err
		}
		c, err := accountant.CalibrateSigma(shape, q.Epsilon, q.Delta)
		if err != nil {
			return a, err
		}
		a.Sigma, segments = c.Factor, c.Segments
	case "epsilon", "curve":
		if segments, err = accountant.ParseSegments(q.Segments); err != nil {
			return a, err
		}
	default:
		return a, fmt.Errorf("train: unknown question %q, want epsilon, sigma or curve", q.Kind)
	}
	b, err := accountant.Epsilon(segments, q.Delta)
	if err != nil {
		return a, err
	}
	a.Lower, a.Upper, a.RDP = b.Lower, b.Upper, b.RDP
	if q.Kind == "curve" {
		return a, a.trace(segments)
	}
	return a, nil
}

// trace adds what no attacker can exceed who tells whether a record was used.
func (a *AccountAnswer) trace(segments []accountant.Segment) error {
	curve, err := accountant.TradeOff(segments)
	if err != nil {
		return err
	}
	a.Advantage = curve.Advantage()
	for _, p := range curve.Points {
		a.FPR, a.TPR = append(a.FPR, p.FPR), append(a.TPR, p.TPR)
	}
	return nil
}
