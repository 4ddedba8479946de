package audit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/dp/mechanism"
)

// Mechanism audits a mechanism of dp's catalogue on its own, without training: real records are stand-ins whose norms
// spread log-normally around the clip norm, so that adaptive bounds have something to follow, and a layer has one
// parameter. Progress, when not nil, is told the steps done.
func Mechanism(ctx context.Context, name string, params map[string]float64, s mechanism.Setting, o Options, progress func(step int)) (Result, *dp.Plan, error) {
	s.Tensors = slices.Repeat([]int{1}, len(s.Tensors))
	a, design, err := Design(name, params, s, o)
	if err != nil {
		return Result{}, nil, err
	}
	plan, err := dp.NewPlan(design.Spec)
	if err != nil {
		return Result{}, nil, err
	}
	r, err := a.Run(ctx, plan, design.Policy, progress)
	return r, plan, err
}

// Run runs a plan and Design's policy to the end, on stand-ins for the real records.
func (a *Audit) Run(ctx context.Context, plan *dp.Plan, policy dp.Policy, progress func(step int)) (Result, error) {
	if err := a.Begin(plan); err != nil {
		return Result{}, err
	}
	l, err := ledger.Open(&ledger.MemoryStore{}, "audit")
	if err != nil {
		return Result{}, err
	}
	e, err := dp.NewEngine(dp.Options{
		Plan: plan, Policy: policy, Tensors: a.Tensors(), Ledger: l, Title: "audit", Seed: a.Seed,
		NotPrivate: "audit of stand-ins",
	})
	if err != nil {
		return Result{}, err
	}
	params := make([]float32, a.layout.Params())
	compute := standIns(a.layout.Model, rand.New(Source(a.Seed, "stand-ins")))
	for e.Step() < plan.Steps() {
		if _, err := a.Next(ctx, e, params, compute); err != nil {
			return Result{}, err
		}
		if progress != nil {
			progress(e.Step())
		}
	}
	return a.Result(plan.Delta())
}

// standIns computes sums for records whose norms are drawn anew each time; only their counts matter.
func standIns(tensors []int, r *rand.Rand) func(context.Context, dp.Query) (dp.Sums, error) {
	return func(_ context.Context, q dp.Query) (dp.Sums, error) {
		s := dp.Sums{Gradient: make([]float64, total(tensors)), Counts: make([]float64, len(q.Bounds)), Records: len(q.Records)}
		for range q.Records {
			for g, threshold := range q.Thresholds {
				if StandInNorm(r) <= threshold*math.Sqrt(float64(len(q.Thresholds))) {
					s.Counts[g] += 0.5
				} else {
					s.Counts[g] -= 0.5
				}
			}
		}
		return s, nil
	}
}

// StandInNorm draws the norm of a stand-in's gradient, spread around 1.
func StandInNorm(r *rand.Rand) float64 { return math.Exp(0.5 * r.NormFloat64()) }
