// Package demo shows what mechanisms do that no run may use. It attacks them, on canaries and stand-ins, and it trains with
// them, on public records alone. Nothing here is private, has a ledger or calls itself a run.
package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloister/dp/audit"
	"cloister/dp/mechanism"
	"cloister/dp/replay"
	"cloister/train"
	"cloister/train/protocol"
)

// layers is the number of parameter tensors of the network that is imagined; the benchmark's on MNIST has as many.
const layers = 8

// maxSteps keeps an audit within a minute or so.
const maxSteps = 100_000

// Audit plays the attacker of package dp/audit against a mechanism, for as many steps as its run has.
func Audit(ctx context.Context, q protocol.AuditQuestion, progress func(protocol.AuditAnswer)) protocol.AuditAnswer {
	a, err := attack(ctx, q, progress)
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func attack(ctx context.Context, q protocol.AuditQuestion, progress func(protocol.AuditAnswer)) (a protocol.AuditAnswer, err error) {
	if q.BatchSize < 1 || q.BatchSize > q.Records || q.Epochs < 1 || q.Epochs > maxSteps/(q.Records/q.BatchSize) {
		return a, fmt.Errorf("demo: batch %d of %d records for %d epochs", q.BatchSize, q.Records, q.Epochs)
	}
	perEpoch := q.Records / q.BatchSize
	a.Steps = q.Epochs * perEpoch
	var shown time.Time
	tell := func(step int) {
		if now := time.Now(); now.Sub(shown) > 100*time.Millisecond {
			shown, a.Step = now, step
			progress(a)
		}
	}
	var found audit.Result
	if q.Published {
		found, err = published(ctx, q, &a, tell)
	} else {
		found, err = sound(ctx, q, perEpoch, &a, tell)
	}
	a.Step = a.Steps
	train.Found(&a, &found)
	return a, err
}

// published attacks a mechanism of the benchmark with the noise that the benchmark gives it.
func published(ctx context.Context, q protocol.AuditQuestion, a *protocol.AuditAnswer, tell func(int)) (audit.Result, error) {
	s := withNoise(replay.Setting{
		MaxGradNorm: q.ClipNorm, Tensors: slices.Repeat([]int{1}, layers), DatasetSize: q.Records, BatchSize: q.BatchSize, Epochs: q.Epochs,
		TargetEpsilon: q.Epsilon, TargetDelta: q.Delta,
	})
	found, m, err := replay.Audit(ctx, q.Mechanism, s, repeated(q), tell)
	if m != nil {
		a.Privacy = privacy(m, s)
	}
	return found, err
}

// sound attacks a mechanism of dp's catalogue, calibrated as for a run.
func sound(ctx context.Context, q protocol.AuditQuestion, perEpoch int, a *protocol.AuditAnswer, tell func(int)) (audit.Result, error) {
	s := mechanism.Setting{
		N: q.Records, BatchSize: float64(q.BatchSize), Steps: a.Steps, StepsPerEpoch: perEpoch, ClipNorm: q.ClipNorm,
		Tensors: slices.Repeat([]int{1}, layers), Epsilon: q.Epsilon, Delta: q.Delta,
	}
	found, plan, err := audit.Mechanism(ctx, q.Mechanism, q.Params, s, repeated(q), tell)
	if plan != nil {
		a.Privacy = train.Calibrated(plan)
	}
	return found, err
}

// repeated judges by how often the question has been asked.
func repeated(q protocol.AuditQuestion) audit.Options {
	return audit.Options{Confidence: audit.ConfidenceOf(q.Asked)}
}
