package dp

import "cloister/clip"

// Policy is the part of a mechanism that may adapt while a run goes on, because nothing it decides needs new
// accounting: bounds (noise follows them), evaluation points, filters. It is handed public values only: a View before
// a step and a Released after it. A policy belongs to one engine and need not be safe for concurrent use.
type Policy interface {
	// Rule is the clip rule, the same throughout a run.
	Rule() clip.Rule

	// Ask states what the next step evaluates. a.Bounds has one element per group, to be set; the rest is zero.
	// Asked again for the same step (after a failed one), a policy answers the same.
	Ask(v View, a *Ask)

	// Observe sees a released step, once, in order. It may filter r.Gradient in place: what the optimiser will follow. One
	// that multiplies all of it by a number multiplies NoiseStd and NoiseStds alike. An error says that nothing may follow the
	// step, which is released and charged all the same.
	Observe(r *Released) error

	// AppendState appends the state to b; SetState restores it or says what is wrong with it, changing nothing.
	AppendState(b []byte) []byte
	SetState(b []byte) error
}

// View is what a policy knows before a step: public values.
type View struct {
	Step   int       // from 0
	Params []float32 // the parameters, a function of what was released; read only
}

// Ask is a policy's answer.
type Ask struct {
	// Bounds are the clip bounds, one per group, positive.
	Bounds []float64

	// Thresholds are where the plan's count queries count: the norms at most that, one per group. nil: Bounds. A record
	// changes a count by at most 1/2 whatever they are.
	Thresholds []float64

	// Allocation weighs the noise of the groups: group g gets standard deviation proportional to Allocation[g], scaled so
	// that the step costs what the plan says: z a_g sqrt(sum_h (C_h/a_h)^2). nil: equal, z sqrt(sum_h C_h^2) everywhere.
	Allocation []float64

	// Points are parameter vectors; per-sample gradients at them are combined with Coefficients before the one clip.
	// nil: the current parameters alone.
	Points       [][]float32
	Coefficients []float64

	// Whitening are Kronecker factors that every record's gradient is multiplied by before the one clip, as package nn lays
	// them out: a function of public values. Sum, noise and release are then of whitened gradients, in whose space bounds and
	// Released.NoiseStd are meant. Correlated noise goes on across a change of factors: it cancels in the released stream,
	// which the optimiser therefore follows as it is. nil: none; the same in all steps.
	Whitening []float32

	// Refusal is why the policy has no answer. The step fails before anything is drawn for it.
	Refusal error
}

// Query is one private computation, for the compute side. Slices are valid until Step returns. Records is private.
type Query struct {
	Step         int
	Records      []int32 // ascending indices of the sampled records; may be empty
	Rule         clip.Rule
	Bounds       []float64   // one per group of Rule
	Thresholds   []float64   // of the counts, one per group
	Points       [][]float32 // parameter vectors, at least one
	Coefficients []float64   // one per point
	Whitening    []float32   // factors that gradients are multiplied by before the clip; nil: none
}

// Sums are the raw, private result of a query. They are the engine's: when its step returns, they are cleared.
type Sums struct {
	Gradient []float64 // sum over the records of the clipped per-sample gradient, flat
	Counts   []float64 // per group: sum of (b - 1/2), b = 1 when the norm is within the threshold; may be nil when not asked
	Loss     float64   // sum of the records' losses, for [Options].Diagnose
	Records  int       // how many records were summed: all of the query's
}

// drop leaves nothing of a raw sum in the memory that its maker lent.
func (s *Sums) drop() {
	clear(s.Gradient)
	clear(s.Counts)
}

// Released is what a step gives to the world. Slices are valid until the next Step.
type Released struct {
	Step      int
	Gradient  []float32 // sum / (q N) plus noise, then the policy's filters
	NoiseStd  float64   // standard deviation of a coordinate's noise before filters, in Gradient's units (rms over coordinates)
	NoiseStds []float64 // the same for each group
	Counts    []float64 // per group: noised fraction of the batch within the threshold (may leave [0, 1]); nil when the plan has none
	Bounds    []float64 // the bounds used
}
