package train

import (
	"errors"
	"fmt"

	"cloister/accountant"
	"cloister/train/protocol"
)

// Account answers a question of privacy accounting. It touches no data.
func Account(q protocol.AccountQuestion) protocol.AccountAnswer {
	a, err := account(q)
	if err == nil {
		return a
	}
	a = protocol.AccountAnswer{Error: err.Error()}
	var at *accountant.SegmentError
	if errors.As(err, &at) {
		a.Error, a.Segment = at.Err.Error(), at.Segment
	}
	return a
}

func account(q protocol.AccountQuestion) (a protocol.AccountAnswer, err error) {
	var segments []accountant.Segment
	switch q.Kind {
	case "steps":
		return countSteps(q)
	case "schedule":
		return schedule(q.Segments)
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
		return a, fmt.Errorf("train: unknown question %q, want epsilon, sigma, curve, schedule or steps", q.Kind)
	}
	if q.Kind == "curve" {
		trace(&a, segments)
	}
	b, err := accountant.Epsilon(segments, q.Delta)
	a.Lower, a.Upper, a.RDP, a.Segments = b.Lower, b.Upper, b.RDP, accountant.FormatSegments(segments)
	return a, err
}

// schedule reads one for a page, which has no parser of its own.
func schedule(text string) (a protocol.AccountAnswer, err error) {
	segments, unknown, err := accountant.ParseSchedule(text)
	for i, s := range segments {
		a.Schedule = append(a.Schedule, protocol.Segment{Sigma: s.Sigma, Unknown: unknown[i], Rate: s.Rate, Steps: s.Steps})
	}
	return a, err
}

// countSteps counts as a run does.
func countSteps(q protocol.AccountQuestion) (a protocol.AccountAnswer, err error) {
	switch {
	case q.Records < 1:
		return a, fmt.Errorf("train: %d records, want 1 or more", q.Records)
	case q.BatchSize < 1 || q.BatchSize > q.Records:
		return a, fmt.Errorf("train: batch size %d, want 1 to %d, the number of records", q.BatchSize, q.Records)
	case !(q.Epochs >= 0 && q.Epochs*float64(q.Records/q.BatchSize) <= maxSteps):
		return a, fmt.Errorf("train: %v epochs of batch size %d, want at most %d steps", q.Epochs, q.BatchSize, maxSteps)
	}
	run := protocol.Config{Epochs: q.Epochs, BatchSize: q.BatchSize}
	a.Rate = run.SamplingRate(q.Records)
	a.Steps, _ = run.Steps(q.Records)
	return a, nil
}

// trace adds what no attacker can exceed who tells whether a record was used. Where that cannot be had the answer does
// without: epsilon stands by itself.
func trace(a *protocol.AccountAnswer, segments []accountant.Segment) {
	curve, err := accountant.TradeOff(segments)
	if err != nil {
		return
	}
	a.Advantage = curve.Advantage()
	for _, p := range curve.Points {
		a.FPR, a.TPR = append(a.FPR, p.FPR), append(a.TPR, p.TPR)
	}
}
