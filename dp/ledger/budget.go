package ledger

import (
	"errors"
	"fmt"
	"math"
	"time"

	"cloister/accountant"
)

func (b *Budget) check() error {
	if _, err := time.Parse(time.DateOnly, b.Day); err != nil {
		return fmt.Errorf("budget set on %.20q, want YYYY-MM-DD", b.Day)
	}
	if *b == (Budget{Day: b.Day}) {
		return nil
	}
	_, err := b.filter()
	return err
}

func (b *Budget) filter() (*accountant.RenyiFilter, error) {
	return accountant.RenyiFilterAt(b.Epsilon, b.Delta, b.Order)
}

var (
	errMixed = errors.New("ledger: some runs protect records and some persons: no epsilon covers both")
	errOpen  = errors.New("ledger: a run on these records was not private: no budget covers it")
)

// OverBudget refuses a run that the budget does not allow, before it has released anything.
type OverBudget struct {
	Budget Budget
	Why    error // nil: too little is left
}

func (e *OverBudget) Error() string {
	why := "too little of it is left"
	if e.Why != nil {
		why = e.Why.Error()
	}
	return fmt.Sprintf("ledger: the lifetime budget of these records (epsilon %v at delta %v) does not allow this run: %s", e.Budget.Epsilon, e.Budget.Delta, why)
}

func (e *OverBudget) Unwrap() error { return e.Why }

// Budget is the one that is set, if any.
func (l *Ledger) Budget() (Budget, bool) {
	if l.budget == nil {
		return Budget{}, false
	}
	return *l.budget, true
}

// SetBudget sets the lifetime budget, in the place of one before. Its filter favours runs that are made of typical steps; a
// zero Segment: of full batches. A budget that cannot be kept, as more was spent already, is refused.
func (l *Ledger) SetBudget(epsilon, delta float64, typical accountant.Segment) error {
	filter, err := accountant.NewRenyiFilter(epsilon, delta, typical)
	if err != nil {
		return err
	}
	b := Budget{Epsilon: epsilon, Delta: delta, Order: filter.Order(), Day: today()}
	return l.write(func() ([]record, error) {
		filter, err := l.filter(&b, RunID{})
		if err != nil {
			return nil, err
		}
		if used := filter.Used(); !(used <= 1) {
			return nil, fmt.Errorf("ledger: a budget of epsilon %v at delta %v is too small: %s of it is spent already", epsilon, delta, percent(used))
		}
		return []record{{Budget: &b}}, nil
	})
}

func percent(share float64) string {
	if share > 100 {
		return "far more than all"
	}
	return fmt.Sprintf("%.0f %%", math.Ceil(100*share))
}

// LiftBudget takes the budget away. What was spent under it stays.
func (l *Ledger) LiftBudget() error {
	return l.write(func() ([]record, error) {
		if l.budget == nil {
			return nil, nil
		}
		return []record{{Budget: &Budget{Day: today()}}}, nil
	})
}

// Filter is the budget's filter with everything that is spent taken off, but for one run: the whole plan of every run that
// charged a step. It is nil where no budget is set. An error says that no budget covers what was done.
func (l *Ledger) Filter(but RunID) (*accountant.RenyiFilter, error) {
	if l.budget == nil {
		return nil, nil
	}
	return l.filter(l.budget, but)
}

func (l *Ledger) filter(b *Budget, but RunID) (*accountant.RenyiFilter, error) {
	events, units := l.spentBut(but)
	switch {
	case len(units) > 1:
		return nil, errMixed
	case l.open(but):
		return nil, errOpen
	}
	filter, err := b.filter()
	if err != nil {
		return nil, err
	}
	return filter, filter.Spend(events)
}

// spentBut are the plain steps of all private runs that charged one, and whom they protect.
func (l *Ledger) spentBut(but RunID) (events []accountant.Segment, units map[string]bool) {
	units = map[string]bool{}
	for _, e := range l.runs {
		if e.Charged > 0 && e.NotPrivate == "" && e.ID != but {
			events = append(events, e.Events...)
			units[e.Unit] = true
		}
	}
	return events, units
}

// open says whether a run that no epsilon covers charged a step.
func (l *Ledger) open(but RunID) bool {
	for _, e := range l.runs {
		if e.Charged > 0 && e.NotPrivate != "" && e.ID != but {
			return true
		}
	}
	return false
}

// admit refuses a run that the budget does not allow: when it begins and, as others may have spent meanwhile, when its
// first step is charged.
func (l *Ledger) admit(r *record) error {
	var run Run
	switch e := l.find(r.Run); {
	case l.budget == nil:
		return nil
	case r.Begin != nil:
		run = r.Begin.run()
	case e.Charged == 0 && r.UpTo > 0:
		run = e.Run
	default:
		return nil
	}
	if why := l.Covers(r.Run, run); why != nil {
		if errors.Is(why, accountant.ErrBudget) {
			why = nil
		}
		return &OverBudget{*l.budget, why}
	}
	return nil
}

// Covers says why the budget does not allow a run beside what the others spent, [accountant.ErrBudget] where too little is
// left. The run's own entry, if it has one, does not count twice.
func (l *Ledger) Covers(id RunID, run Run) error {
	if l.budget == nil {
		return nil
	}
	if run.NotPrivate != "" {
		return errors.New("it is not private")
	}
	filter, err := l.Filter(id)
	if err != nil {
		return err
	}
	if _, units := l.spentBut(id); len(units) > 0 && !units[run.Unit] {
		return errMixed
	}
	return filter.Admit(run.Events)
}
