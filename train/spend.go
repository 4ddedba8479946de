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
	var spent accountant.Composition
	open := 0 // earlier runs that no epsilon covers
	for _, run := range s.env.Ledger.Runs() {
		switch {
		case run.Charged == 0 || saved != nil && run.ID == saved.Engine.Run:
		case run.NotPrivate != "":
			open++
		default:
			spent = append(spent, run.Event())
		}
	}
	earlier, err := accountant.EpsilonOf(spent, s.plan.Delta())
	if err != nil {
		return err
	}
	total := s.plan.Epsilon()
	switch {
	case open > 0:
		earlier, total = accountant.NoGuarantee(), accountant.NoGuarantee()
	case s.config.NotPrivate() != "", s.env.LedgerForgets:
		total = accountant.NoGuarantee()
	case len(spent) > 0:
		if total, err = accountant.EpsilonOf(append(spent, s.plan.Event()), s.plan.Delta()); err != nil {
			return err
		}
	}
	s.describe(earlier.Upper, total.Upper)
	s.warn(earlier.Upper, total.Upper, open)
	return nil
}

// describe is the plan in the protocol's words.
func (s *Session) describe(earlier, total float64) {
	p, bounds := s.plan, s.plan.Epsilon()
	lower, _ := bounds.Lower()
	s.planned = protocol.Planned{
		Config: s.config,
		Steps:  p.Steps(), StepsPerEpoch: s.perEpoch, SamplingRate: p.Rate(), NoiseMultiplier: p.NoiseMultiplier(0),
		Segments:     accountant.FormatSegments(p.Events()),
		EpsilonUpper: bounds.Upper, EpsilonLower: lower, Delta: p.Delta(),
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
		s.env.Notice(fmt.Sprintf("Data of this name was trained on before. What earlier runs released costs an epsilon of at most %s; together with this run it is at most %s, at delta %s, if this run's settings were not chosen by looking at their results.",
			accountant.FigureEpsilon.Text(earlier), accountant.FigureEpsilon.Text(total), accountant.FigureDelta.Text(s.plan.Delta())))
	}
	if open > 0 {
		s.env.Notice(fmt.Sprintf("%d earlier runs on these records were not private. No epsilon covers what they showed.", open))
	}
}

// spent is what the run costs after so many steps: see [accountant.Odometer].
func (s *Session) spent(steps int) float64 {
	if s.odometer == nil {
		return math.Inf(1)
	}
	return s.odometer.After(steps)
}
