package train

import (
	"fmt"
	"math"

	"cloister/accountant"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// ledgerTotal reads the ledger and bounds what is spent on its records at delta, by all runs but the one at hand and
// together with it. The whole plan of every run counts that charged a step, since when it was stopped may depend on what
// it showed; the plan at hand counts from its beginning.
func ledgerTotal(l *ledger.Ledger, delta float64, run ledger.RunID, plan *dp.Plan, notPrivate string, forgets bool) (*protocol.LedgerTotal, error) {
	if err := l.Refresh(); err != nil {
		return nil, err
	}
	var spent accountant.Composition
	open := 0 // other runs that no epsilon covers
	for _, r := range l.Runs() {
		switch {
		case r.Charged == 0 || r.ID == run:
		case r.NotPrivate != "":
			open++
		default:
			spent = append(spent, r.Event())
		}
	}
	t := &protocol.LedgerTotal{Others: math.Inf(1), Total: math.Inf(1), Delta: delta, Forgets: forgets}
	switch {
	case open == 1:
		t.None = "another run on these records was not private"
	case open > 1:
		t.None = fmt.Sprintf("%d other runs on these records were not private", open)
	case forgets:
		t.None = "spends are not kept here: what was spent before is unknown"
	}
	var err error
	if t.Budget, err = limit(l, run, plan, notPrivate); err != nil {
		return nil, err
	}
	if t.None == "" {
		t.None = mixed(l.Runs(), run, plan)
	}
	if t.None == "" {
		if t.Others, err = upperEpsilon(spent, delta); err != nil {
			return nil, err
		}
	}
	if notPrivate != "" {
		t.None = "this run is not private: " + notPrivate
	}
	if t.None == "" {
		if plan != nil {
			spent = append(spent, plan.Event())
		}
		t.Total, err = upperEpsilon(spent, delta)
	}
	return t, err
}

// LedgerTotal is what the ledger says now of this run's records.
func (s *Session) LedgerTotal() (*protocol.LedgerTotal, error) {
	return ledgerTotal(s.env.Ledger, s.plan.Delta(), s.engine.Run(), s.plan, s.engine.NotPrivate(), s.env.LedgerForgets)
}

func upperEpsilon(spent accountant.Composition, delta float64) (float64, error) {
	b, err := accountant.EpsilonOf(spent, delta)
	return b.Upper, err
}

// describe is the plan in the protocol's words.
func (p *Proposal) describe() protocol.Planned {
	plan, bounds, reason := p.plan, p.plan.Epsilon(), p.config.NotPrivate()
	lower, _ := bounds.Lower()
	d := protocol.Planned{
		Config: p.config,
		Steps:  plan.Steps(), StepsPerEpoch: p.perEpoch, SamplingRate: plan.Rate(), NoiseMultiplier: plan.NoiseMultiplier(0),
		Segments:     accountant.FormatSegments(plan.Events()),
		EpsilonUpper: bounds.Upper, EpsilonLower: lower, Delta: plan.Delta(),
		Relation: plan.Relation(), Sampler: plan.Sampler(), Bands: plan.Bands(), Parameters: p.model.NumParams(), Workers: 1,
		Private: reason == "", NotPrivate: reason,
	}
	d.NoAccuracy, d.Expected = p.noAccuracy, p.expected()
	if h := plan.Spec().HeldOut; h.Records > 0 {
		d.AccuracyTimes, d.AccuracyNoise = plan.HeldOutTimes(), h.Sigma/float64(h.Records)
	}
	d.Courses = protocol.Courses{
		NoiseMultiplier: course(plan.Steps(), plan.NoiseMultiplier),
		LearningRate:    course(plan.Steps(), p.optim.schedule.At),
	}
	if norms := p.clipNorms; len(norms) > 0 {
		d.Courses.ClipNorm = course(len(norms), func(t int) float64 { return norms[t] })
	}
	return d
}

// course is f at up to 97 steps from the first to the last, to be drawn; nil where it is the same at all of them.
func course(steps int, f func(step int) float64) []float64 {
	last := min(steps, 97) - 1
	values, changes := make([]float64, last+1), false
	for i := range values {
		values[i] = f(i * (steps - 1) / max(1, last))
		changes = changes || values[i] != values[0]
	}
	if !changes {
		return nil
	}
	return values
}

// warn tells the person what the run cannot give.
func (s *Session) warn() {
	if s.noAccuracy != "" {
		s.env.Notice("No accuracy will be shown: " + s.noAccuracy + ".")
	}
	if len(s.env.Ledger.Runs()) > 1 {
		s.env.Notice("Data of this name was trained on before. What all runs released counts together, and does so only if this run's settings were not chosen by looking at their results.")
	}
}

// spent is what the run costs after so many steps: see [accountant.Odometer].
func (s *Session) spent(steps int) float64 {
	if s.odometer == nil {
		return math.Inf(1)
	}
	return s.odometer.After(steps)
}
