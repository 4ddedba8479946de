// Package audit measures a lower bound on the epsilon of a mechanism in one run (Steinke, Nasr and Jagielski 2023,
// "Privacy Auditing with One (1) Training Run", arXiv:2305.08846). Canaries are records whose gradients live in
// coordinates appended to the model's, one for each canary in every group of the clip rule, so that the model never sees
// them. Each is in or out by a fair coin; one that is in is sampled, clipped, summed and noised by the engine like any
// record. The auditor, who sees all that is released and knows the mechanism, guesses coins. A claim that its guesses
// contradict is refuted; no audit can prove one.
package audit

import (
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
)

// Options fix an audit before its run: what is guessed may not depend on how well guessing goes.
type Options struct {
	Canaries   int     // m; 0: 2000
	Guesses    int     // r: "in" for the r highest scores, no guess about the rest; 0: an eighth of m
	Confidence float64 // of the lower bound; 0: 0.95
	Seed       *uint64 // of the coins; nil: from the operating system
	Records    int     // real records, where the unit of privacy is the person and the setting's N counts persons; 0: N
}

const usualCanaries, mostCanaries = 2000, 1 << 14

// Fill replaces zeros by defaults and refuses what makes no audit.
func (o *Options) Fill() error {
	if o.Canaries == 0 {
		o.Canaries = usualCanaries
	}
	if o.Guesses == 0 {
		o.Guesses = max(2, o.Canaries/8)
	}
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	switch {
	case o.Canaries < 2 || o.Canaries > mostCanaries:
		return fmt.Errorf("audit: %d canaries, want 2 to %d", o.Canaries, mostCanaries)
	case o.Guesses < 2 || o.Guesses > o.Canaries:
		return fmt.Errorf("audit: %d guesses about %d canaries", o.Guesses, o.Canaries)
	case !(o.Confidence > 0 && o.Confidence < 1):
		return fmt.Errorf("audit: confidence %v, want a number between 0 and 1", o.Confidence)
	}
	return nil
}

// ConfidenceOf is the confidence at which to judge the same question when it is asked for the k-th time, from 1. Whoever
// repeats a test until it finds something finds it sooner or later: errors of 0.05/(k(k+1)) sum to 0.05 over any number
// of repetitions (a union bound with weights), so that all verdicts together are right with probability 0.95.
func ConfidenceOf(k int) float64 {
	n := float64(max(1, k))
	return 1 - 0.05/(n*(n+1))
}

// Result is what an audit found.
type Result struct {
	Canaries   int     `json:"canaries"`
	Guesses    int     `json:"guesses"`
	Correct    int     `json:"correct"`
	Confidence float64 `json:"confidence"`
	Delta      float64 `json:"delta"`
	Epsilon    float64 `json:"epsilon"` // no mechanism with a smaller epsilon does this, at that confidence
	Most       float64 `json:"most"`    // what it would be had every guess been right: more cannot be found
	Scores     []Score `json:"scores,omitempty"`
}

// Score is one canary's, for the curve that a page draws.
type Score struct {
	LogRatio float64 `json:"logRatio"` // log likelihood of all that was released, in over out
	In       bool    `json:"in"`
}

// Refutes says whether the audit contradicts a claimed epsilon.
func (r Result) Refutes(claimed float64) bool { return r.Epsilon > claimed }

// Judge guesses "in" for the r highest scores. It never guesses "out": a canary that was in and never sampled looks just
// like one that was out.
func (o Options) Judge(ratios []float64, in []bool, delta float64) (Result, error) {
	r := Result{Canaries: len(in), Guesses: o.Guesses, Confidence: o.Confidence, Delta: delta}
	order := make([]int, len(in))
	for j := range order {
		order[j] = j
		if math.IsNaN(ratios[j]) {
			return r, fmt.Errorf("audit: canary %d has no score", j)
		}
		r.Scores = append(r.Scores, Score{ratios[j], in[j]})
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if ratios[i] < ratios[j] {
			return -1
		}
		if ratios[i] > ratios[j] {
			return 1
		}
		return 0
	})
	for _, j := range order[len(order)-o.Guesses:] {
		if in[j] {
			r.Correct++
		}
	}
	var err error
	if r.Most, err = accountant.AuditLowerBound(r.Canaries, r.Guesses, r.Guesses, delta, o.Confidence); err != nil {
		return r, err
	}
	r.Epsilon, err = accountant.AuditLowerBound(r.Canaries, r.Guesses, r.Correct, delta, o.Confidence)
	return r, err
}
