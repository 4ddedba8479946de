package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"cloister/accountant"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// The lifetime budget of a set of records, as the page sees it: the ledger refuses what it does not allow, and here is said
// what it does.

// limit is what the records' budget says beside the run at hand; nil where none is set.
func limit(l *ledger.Ledger, run ledger.RunID, plan *dp.Plan, notPrivate string) (*protocol.Limit, error) {
	budget, set := l.Budget()
	if !set {
		return nil, nil
	}
	b := &protocol.Limit{Epsilon: budget.Epsilon, Delta: budget.Delta, Day: budget.Day, Others: math.Inf(1), Total: math.Inf(1)}
	filter, err := l.Filter(run)
	if err != nil {
		b.None = Words(err)
		return b, nil
	}
	b.Others = filter.Used()
	b.Total = b.Others
	if plan == nil {
		return b, nil
	}
	if b.Total, err = filter.UsedWith(plan.Events()); err != nil {
		return nil, err
	}
	if why := l.Covers(run, plan.Entry("", "", notPrivate)); why != nil && !errors.Is(why, accountant.ErrBudget) {
		b.None, b.Total = Words(why), math.Inf(1)
	}
	return b, nil
}

// roomTries is how often an epsilon is lowered until its plan fits: noise that a plan chooses by its epsilon may need it.
const roomTries = 6

// room is what a budget has room for of a plan that does not fit: fewer of its steps, or more noise. Both are told as what to
// ask for, and were tried.
func (p *Proposal) room(l *ledger.Ledger) (*protocol.Room, error) {
	filter, err := l.Filter(ledger.RunID{})
	if err != nil {
		return nil, err
	}
	r := &protocol.Room{Noise: math.Inf(1)}
	prefix := func(steps int) []accountant.Segment {
		s, _ := accountant.SegmentsOf(p.plan.EventAfter(steps))
		return s
	}
	if r.Steps, err = filter.PrefixLeft(p.plan.Steps()-1, prefix); err != nil {
		return nil, err
	}
	c := p.config
	c.Epochs = math.Floor(float64(r.Steps)/float64(p.perEpoch)*100) / 100
	r.Steps, _ = c.Steps(units(&p.dataset.Manifest, "train"))
	if r.Steps > 0 {
		r.StepsEpsilon = p.fitting(c, accountant.FromSegments(prefix(r.Steps)), filter)
	}
	if r.StepsEpsilon == 0 {
		r.Steps = 0
	}
	factor, err := filter.NoiseLeft(p.plan.Events())
	if err != nil { // there is none
		return r, nil
	}
	var louder []accountant.Segment
	for _, s := range p.plan.Events() {
		s.Sigma *= factor
		louder = append(louder, s)
	}
	if r.NoiseEpsilon = p.fitting(p.config, accountant.FromSegments(louder), filter); r.NoiseEpsilon > 0 {
		r.Noise = factor
	}
	return r, nil
}

// fitting is an epsilon, of three digits, at which a run of configuration c fits: about what an event costs, which does. It is 0
// where none was found.
func (p *Proposal) fitting(c protocol.Config, event accountant.Event, filter *accountant.RenyiFilter) float64 {
	bounds, err := accountant.EpsilonOf(event, c.Delta)
	if err != nil {
		return 0
	}
	for epsilon := min(bounds.Upper, c.Epsilon); epsilon > 0; epsilon *= 0.97 {
		c.Epsilon = accountant.RoundDown(epsilon, 3)
		q, err := p.author.propose(c, p.dataset, nil)
		if err == nil {
			if admits, err := filter.Admits(q.plan.Events()); err == nil && admits {
				return c.Epsilon
			}
		}
		if epsilon < min(bounds.Upper, p.config.Epsilon)*math.Pow(0.97, roomTries) {
			break
		}
	}
	return 0
}

// withRoom adds to the refusal of a run what still fits.
func withRoom(err error, p *Proposal, l *ledger.Ledger) error {
	var over *ledger.OverBudget
	if !errors.As(err, &over) || over.Why != nil {
		return err
	}
	room, failed := p.room(l)
	if failed != nil {
		return err
	}
	switch {
	case room.Steps == 0 && room.NoiseEpsilon == 0:
		return fmt.Errorf("%w; nothing of the kind fits any more", err)
	case room.Steps == 0:
		return fmt.Errorf("%w; what still fits: these steps at epsilon %v", err, room.NoiseEpsilon)
	case room.NoiseEpsilon == 0:
		return fmt.Errorf("%w; what still fits: %d steps at epsilon %v", err, room.Steps, room.StepsEpsilon)
	}
	return fmt.Errorf("%w; what still fits: %d steps at this noise (epsilon %v), or all %d steps at %.3g times the noise (epsilon %v)",
		err, room.Steps, room.StepsEpsilon, p.plan.Steps(), room.Noise, room.NoiseEpsilon)
}

// setBudget sets the open records' lifetime budget, or lifts it. Its filter favours the kind of step that the given configuration
// has most of.
func (t *Trainer) setBudget(r protocol.Request) error {
	l, _, err := t.openLedger()
	if err != nil {
		return err
	}
	if r.Budget.Epsilon == 0 {
		return l.LiftBudget()
	}
	var typical accountant.Segment
	if r.Config != nil && !r.Config.NonPrivate {
		if p, err := t.author.propose(*r.Config, t.dataset, nil); err == nil {
			typical = slices.MaxFunc(p.plan.Events(), func(a, b accountant.Segment) int { return a.Steps - b.Steps })
		}
	}
	return l.SetBudget(r.Budget.Epsilon, r.Budget.Delta, typical)
}

// openLedger opens the open records' ledger.
func (t *Trainer) openLedger() (l *ledger.Ledger, forgets bool, err error) {
	if t.dataset == nil {
		return nil, false, errors.New("train: there is no dataset, and so no ledger; open one first")
	}
	store, forgets, err := t.host.Ledgers()
	if err != nil {
		return nil, false, err
	}
	l, err = ledger.Open(store, t.dataset.Key)
	return l, forgets, err
}

// books answers what is asked of ledgers, or says why not: the history of the open records, after their budget was set where that
// is asked for, and all ledgers as a file.
func (t *Trainer) books(r protocol.Request) {
	var e protocol.Event
	var err error
	switch r.Type {
	case "budget", "spending":
		e.Type = "spending"
		if r.Type == "budget" {
			err = t.setBudget(r)
		}
		if err == nil {
			e.Spending, err = t.spending(r.Delta)
		}
	case "export":
		e.Type = "exported"
		var store ledger.Store
		if store, _, err = t.host.Ledgers(); err == nil {
			e.Ledgers, err = ledger.Export(store)
		}
	case "import":
		e.Type = "imported"
		e.Imported, err = t.importLedgers(r.Ledgers)
	}
	e.ID = r.ID
	if err != nil {
		e.Message = Words(err)
	}
	t.emit(e)
}

// note has the history tell what was kept of a run. What cannot be noted was kept all the same.
func (t *Trainer) note(r protocol.Request) {
	id, err := ledger.ParseRunID(r.Run)
	if err == nil {
		var store ledger.Store
		if store, _, err = t.host.Ledgers(); err == nil {
			err = ledger.Note(store, id, r.Kept)
		}
	}
	if err != nil {
		t.notice(fmt.Sprintf("The ledger's history could not note what was kept (%s): %s.", r.Kept, Words(err)))
	}
}

func (t *Trainer) importLedgers(file []byte) (all []protocol.Merged, err error) {
	store, _, err := t.host.Ledgers()
	if err != nil {
		return nil, err
	}
	merged, err := ledger.Import(store, file)
	for _, m := range merged {
		all = append(all, protocol.Merged{Collection: m.On, Runs: m.Runs, New: m.New, Raised: m.Raised, Budget: m.Budget})
	}
	return all, err
}

// listedPlan is the longest plan that the history spells out, in stretches of equal steps.
const listedPlan = 20

// spending is the history of the open records.
func (t *Trainer) spending(delta float64) (*protocol.Spending, error) {
	total, err := t.readLedger(delta)
	if err != nil {
		return nil, err
	}
	l, _, err := t.openLedger()
	if err != nil {
		return nil, err
	}
	s := &protocol.Spending{Collection: t.dataset.Collection, Ledger: *total, Runs: []protocol.SpentRun{}}
	for _, e := range l.Runs() {
		run := protocol.SpentRun{
			Title: e.Title, On: e.On, Day: e.Day, Steps: e.Steps, Charged: e.Charged,
			Epsilon: e.Epsilon, Delta: e.Delta, NotPrivate: e.NotPrivate, Elsewhere: e.Elsewhere, Kept: e.Kept,
		}
		if len(e.Events) <= listedPlan {
			run.Segments = accountant.FormatSegments(e.Events)
		}
		if run.Kept == nil {
			run.Kept = []string{}
		}
		s.Runs = append(s.Runs, run)
	}
	return s, nil
}
