package train

import (
	"fmt"
	"slices"

	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/nn"
)

// Checkpoint is the run as it is, as a file. Of a private run it holds nothing but what was released.
func (s *Session) Checkpoint() ([]byte, error) {
	state, err := s.engine.State()
	if err != nil {
		return nil, err
	}
	c := Checkpoint{
		Config: s.config, Dataset: s.dataset.Title,
		Plan: s.plan.Spec(), Engine: state,
		Params: nn.Bytes(s.params), Optimizer: s.optim.state(), History: s.history,
	}
	if s.engine.NotPrivate() != "" {
		c.DataKey, c.Seconds = s.dataset.Key, s.before+s.trained.Seconds()
	}
	if s.average != nil {
		c.Average = s.average.AppendState(nil)
	}
	return c.Encode()
}

// restore takes from a checkpoint what does not need the ledger.
func (p *Proposal) restore(saved *Checkpoint) (err error) {
	// A private run's file does not tell its records: their ledger knows the run, or else reenter tells the person.
	if d := p.dataset; saved.Dataset != d.Title || saved.DataKey != "" && saved.DataKey != d.Key {
		return fmt.Errorf("train: checkpoint: it was made on other records (%q), open those first", saved.Dataset)
	}
	if p.initial, err = decodeFloats(saved.Params); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if n := p.model.NumParams(); len(p.initial) != n {
		return fmt.Errorf("train: checkpoint: %d parameters, the network has %d", len(p.initial), n)
	}
	if err := p.optim.setState(saved.Optimizer); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if p.average != nil {
		if err := p.average.SetState(saved.Average); err != nil {
			return fmt.Errorf("train: checkpoint: %w", err)
		}
	}
	p.before, p.earlier = saved.Seconds, saved.History
	if err := p.checkPlan(saved); err != nil {
		return err
	}
	if p.plan, err = dp.NewPlan(saved.Plan); err != nil { // calibrated already
		return err
	}
	if err := saved.Engine.Check(p.plan, p.policy, p.config.Seed != nil); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	return nil
}

// checkPlan refuses a plan that is not the configuration's: a checkpoint comes from outside, and what the page shows of
// a run is its configuration.
func (p *Proposal) checkPlan(saved *Checkpoint) error {
	want := p.designed
	want.NoiseMultiplier, want.Counts.Sigma = saved.Plan.NoiseMultiplier, saved.Plan.Counts.Sigma
	want.HeldOut.Sigma = saved.Plan.HeldOut.Sigma
	have := saved.Plan
	if have.N != want.N || have.Rate != want.Rate || have.Steps != want.Steps || have.Epsilon != want.Epsilon || have.Delta != want.Delta ||
		have.NonPrivate != want.NonPrivate || have.Counts != want.Counts || have.Unit != want.Unit || have.HeldOut != want.HeldOut || !slices.Equal(have.Schedule, want.Schedule) || !slices.Equal(have.Strategy, want.Strategy) {
		return fmt.Errorf("train: checkpoint: its plan is not that of its configuration")
	}
	return nil
}

// reenter finds the checkpoint's run in the ledger. A ledger that does not know it (another browser's, or a new one) is
// told of it first, and of the steps that it has spent.
func (s *Session) reenter(saved *Checkpoint) (ledger.RunID, error) {
	spends, state := s.env.Ledger, &saved.Engine
	entry, ok := spends.Run(state.Run)
	if !ok || entry.Elsewhere {
		id, err := spends.Enter(s.plan.Entry(s.title(), s.dataset.Collection, s.config.NotPrivate()))
		if err != nil {
			return id, err
		}
		state.Run = id
		s.env.Notice("This browser's ledger of these records did not know this run; its spend so far has been entered. What the run did elsewhere after this checkpoint, or on other records, is not in it.")
		return id, spends.Charge(id, state.Step)
	}
	if entry.NotPrivate != "" && s.config.NotPrivate() == "" {
		return state.Run, fmt.Errorf("train: checkpoint: its run is not private (%s), but the file says that it is", entry.NotPrivate)
	}
	return state.Run, nil
}

// tellLost says what a break cost: steps whose results are in no checkpoint, and the rest of a round of correlated noise,
// whose past is kept nowhere.
func (s *Session) tellLost(saved int) {
	at := s.engine.Step()
	if at <= saved || s.config.Seed != nil {
		return
	}
	round := ""
	if s.plan.Bands() > 1 {
		round = fmt.Sprintf(", with the rest of a round of %d whose noise belongs together", s.plan.Bands())
	}
	s.env.Notice(fmt.Sprintf("The break cost %d steps that came after this checkpoint%s. They stay charged, and %d steps remain.", at-saved, round, s.plan.Steps()-at))
}
