package train

import (
	"fmt"

	"cloister/accountant"
	"cloister/train/protocol"
)

// Account answers a question of privacy accounting. It touches no data.
func Account(q protocol.AccountQuestion) protocol.AccountAnswer {
	a, err := account(q)
	if err != nil {
		return protocol.AccountAnswer{Error: err.Error()}
	}
	return a
}

func account(q protocol.AccountQuestion) (a protocol.AccountAnswer, err error) {
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
		return a, trace(&a, segments)
	}
	return a, nil
}

// trace adds what no attacker can exceed who tells whether a record was used.
func trace(a *protocol.AccountAnswer, segments []accountant.Segment) error {
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
