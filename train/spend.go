package train

import (
	"fmt"
	"math"

	"cloister/accountant"
	"cloister/dp"
	"cloister/train/protocol"
)

// announce fills in the plan as the page shows it, and what it adds to what earlier runs spent on the same records.
func (s *Session) announce(saved *Checkpoint) error {
	var spent []accountant.Segment
	open := 0 // earlier runs that no epsilon covers
	for _, run := range s.env.Ledger.Runs() {
		switch {
		case run.Charged == 0 || saved != nil && run.ID == saved.Engine.Run:
		case run.NotPrivate != "":
			open++
		default:
			spent = append(spent, run.Events...)
		}
	}
	earlier, err := epsilon(spent, s.plan.Delta())
	if err != nil {
		return err
	}
	total := s.plan.Epsilon().Upper
	switch {
	case open > 0:
		earlier, total = math.Inf(1), math.Inf(1)
	case s.config.NotPrivate() != "", s.env.LedgerForgets:
		total = math.Inf(1)
	case len(spent) > 0:
		if total, err = epsilon(append(spent, s.plan.Events()...), s.plan.Delta()); err != nil {
			return err
		}
	}
	s.describe(earlier, total)
	s.warn(earlier, total, open)
	return nil
}

func epsilon(events []accountant.Segment, delta float64) (float64, error) {
	if len(events) == 0 {
		return 0, nil
	}
	b, err := accountant.Epsilon(events, delta)
	return b.Upper, err
}

// describe is the plan in the protocol's words.
func (s *Session) describe(earlier, total float64) {
	p, bounds := s.plan, s.plan.Epsilon()
	s.planned = protocol.Planned{
		Config: s.config,
		Steps:  p.Steps(), StepsPerEpoch: s.perEpoch, SamplingRate: p.Rate(), NoiseMultiplier: p.NoiseMultiplier(0),
		Segments:     accountant.FormatSegments(p.Events()),
		EpsilonUpper: bounds.Upper, EpsilonLower: bounds.Lower, Delta: p.Delta(),
		Relation: dp.Relation, Sampler: p.Sampler(), Parameters: s.model.NumParams(),
		EpsilonBefore: earlier, EpsilonTotal: total, LedgerForgets: s.env.LedgerForgets,
	}
	if p.Spec().Schedule != nil {
		for t := range p.Steps() {
			s.planned.NoiseMultipliers = append(s.planned.NoiseMultipliers, p.NoiseMultiplier(t))
		}
	}
}

func (s *Session) warn(earlier, total float64, open int) {
	if d := s.env.Dataset; !d.TestPublic || d.TestRecords == 0 {
		s.env.Notice("This dataset has no public test split, so no accuracy is shown: figures computed on private records would have to be noised and charged.")
	}
	if earlier > 0 && !math.IsInf(total, 1) {
		s.env.Notice(fmt.Sprintf("Data of this name was trained on before. What earlier runs released costs epsilon %.3g; together with this run it is %.3g, at delta %g, if this run's settings were not chosen by looking at their results.",
			earlier, total, s.plan.Delta()))
	}
	if open > 0 {
		s.env.Notice(fmt.Sprintf("%d earlier runs on these records were not private. No epsilon covers what they showed.", open))
	}
}

// spent is what the run costs after so many steps: an upper bound that is cheap at every step and tight at the end.
func (s *Session) spent(steps int) (float64, error) {
	if s.odometer == nil {
		return math.Inf(1), nil
	}
	return s.odometer.After(accountant.TotalSteps(s.plan.EventsAfter(steps)))
}
