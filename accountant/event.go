package accountant

// Event is something a run does to its records, described by what decides its privacy. [EpsilonOf] and [DeltaOf]
// account for it. The events are [Gaussian], [PoissonGaussian], [JointQuery], [TruncatedPoisson], [CyclicPoisson],
// [Group], [BallsInBins], and [Repetition] and [Composition] of them. [ShuffledBatches] is refused, with the reason.
type Event interface {
	// Relation is the notion of neighbouring data sets the event is accounted for under.
	Relation() Relation
	// expand adds the event, taken so many times, to a run, or says why it cannot be accounted for.
	expand(r *run, times int) error
}

// Relation says which two data sets must be hard to tell apart.
type Relation string

const (
	// AddRemove: one record more or less. Every ZeroOut bound in this package follows from it.
	AddRemove Relation = "add or remove one record"
	// ZeroOut: one record's contribution replaced by zero, the number of records being public.
	ZeroOut Relation = "zero out one record"
)

// Gaussian releases a sum over all records once with Gaussian noise.
type Gaussian struct{ Sigma float64 }

// Relation implements [Event].
func (Gaussian) Relation() Relation { return AddRemove }

func (e Gaussian) expand(r *run, times int) error { return r.add(Segment{e.Sigma, 1, 1}, times) }

// PoissonGaussian is one step of DP-SGD: every record takes part with probability Rate, independently.
type PoissonGaussian struct{ Sigma, Rate float64 }

// Relation implements [Event].
func (PoissonGaussian) Relation() Relation { return AddRemove }

func (e PoissonGaussian) expand(r *run, times int) error {
	return r.add(Segment{e.Sigma, e.Rate, 1}, times)
}

// JointQuery is a step that releases the gradient sum and so many counts, each of +-1/2 a record, with noise CountSigma,
// all on one Poisson sample. Sigma is the noise multiplier of all of it together, which is what is charged; the gradient's
// own, higher, is [JointQuery.GradientSigma].
type JointQuery struct {
	Sigma, Rate float64
	Counts      int
	CountSigma  float64
}

// Relation implements [Event].
func (JointQuery) Relation() Relation { return AddRemove }

func (e JointQuery) expand(r *run, times int) error {
	if _, err := e.GradientSigma(); err != nil {
		return err
	}
	return r.add(Segment{e.Sigma, e.Rate, 1}, times)
}

// GradientSigma is the noise multiplier the gradient needs beside its counts; an error says that the counts alone cost
// more than Sigma allows.
func (e JointQuery) GradientSigma() (float64, error) {
	return JointNoise(e.Sigma, e.Counts, e.CountSigma)
}

// Repetition is an event taken several times.
type Repetition struct {
	Event Event
	Times int
}

// Relation implements [Event].
func (e Repetition) Relation() Relation { return e.Event.Relation() }

func (e Repetition) expand(r *run, times int) error {
	n, err := product(e.Times, times)
	if err != nil {
		return err
	}
	return e.Event.expand(r, n)
}

// Composition is several events on the same records. Their parameters must not depend on what was released, or else a
// [RenyiFilter] is needed.
type Composition []Event

// Relation is the weakest of its parts'.
func (e Composition) Relation() Relation {
	for _, part := range e {
		if part.Relation() == ZeroOut {
			return ZeroOut
		}
	}
	return AddRemove
}

func (e Composition) expand(r *run, times int) error {
	for _, part := range e {
		if err := part.expand(r, times); err != nil {
			return err
		}
	}
	return nil
}

// FromSegments is a schedule as an event.
func FromSegments(segments []Segment) Event {
	var all Composition
	for _, s := range segments {
		all = append(all, Repetition{PoissonGaussian{s.Sigma, s.Rate}, s.Steps})
	}
	return all
}
