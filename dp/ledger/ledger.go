// Package ledger keeps what was ever spent on each collection of records: append-only, durable before the noise that it
// pays for is drawn, and outliving the runs that spent it.
package ledger

import (
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cloister/accountant"
)

// Ledger is what was ever spent on one set of records. It is append-only and outlives runs: training twice on the same
// records composes. A reservation is durable before the noise of the steps it covers is drawn, so that a process killed
// at any moment has charged at least what it released. Not safe for concurrent use; two ledgers over one store, as in
// two tabs, see each other's records when they append.
type Ledger struct {
	store  Store
	key    string
	size   int64 // bytes in the store when it was last read or written
	sound  int64 // how many of them are records
	runs   []*Entry
	byID   map[RunID]*Entry
	budget *Budget // nil: none is set
}

// Run is what a run states when it begins. Of time it has the day and no more: how long runs and their steps take tells
// about records.
type Run struct {
	Title      string
	On         string               // what the records are called
	Events     []accountant.Segment // of the whole plan
	Bands      int                  // steps that count as one event
	Unit       string               // whose privacy the run protects: "" each record's, or "person"
	NotPrivate string               // why the run is not private; "" when it is
	Epsilon    float64              // upper bound for the plan alone, at Delta; 0 where not stated
	Delta      float64
	Steps      int // of the plan; 0 where not stated
}

// Entry is one run's line in the ledger.
type Entry struct {
	ID RunID
	Run
	Day       string   // when it began, YYYY-MM-DD where the run was; "" where not known
	Charged   int      // steps charged so far: done, or reserved and perhaps done
	Kept      []string // what was made of its model and kept, in order
	Elsewhere bool     // it came with an imported file: it can't go on here, where nobody knows what it does there
}

// Open reads the ledger of the records that key names (see [DataKey]).
func Open(store Store, key string) (*Ledger, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	l := &Ledger{store: store, key: key}
	return l, l.load()
}

func (l *Ledger) load() error {
	b, err := l.store.Load(l.key)
	if err != nil {
		return fmt.Errorf("ledger: reading: %w", err)
	}
	return l.read(b)
}

// read takes a ledger's bytes in, in the place of what is known.
func (l *Ledger) read(b []byte) error {
	records, sound, err := readLedger(b)
	if err != nil {
		return err
	}
	l.runs, l.byID, l.budget = nil, map[RunID]*Entry{}, nil
	for i, r := range records {
		if err := l.apply(&r); err != nil {
			return fmt.Errorf("ledger: record %d: %w", i, err)
		}
	}
	l.size, l.sound = int64(len(b)), int64(sound)
	return nil
}

// Refresh reads what others have written since.
func (l *Ledger) Refresh() error { return l.load() }

// apply enters a record that is in the store.
func (l *Ledger) apply(r *record) error {
	e := l.find(r.Run)
	switch {
	case r.Budget != nil:
		l.budget = r.Budget
		if r.Budget.Epsilon == 0 {
			l.budget = nil
		}
	case r.Begin != nil && e != nil:
		return fmt.Errorf("run %x begins twice", r.Run)
	case r.Begin != nil:
		e = &Entry{ID: r.Run, Run: r.Begin.run(), Day: r.Begin.Day, Charged: r.UpTo, Elsewhere: r.Begin.Elsewhere}
		l.runs, l.byID[r.Run] = append(l.runs, e), e
	case e == nil:
		return fmt.Errorf("run %x was never begun", r.Run)
	case r.Kept != "":
		if len(e.Kept) < maxKept && !slices.Contains(e.Kept, r.Kept) {
			e.Kept = append(e.Kept, r.Kept)
		}
	default:
		e.Charged = r.UpTo
	}
	return nil
}

func (b *begin) run() Run {
	r := Run{Title: b.Title, On: b.On, Bands: b.Bands, Unit: b.Unit, NotPrivate: b.NotPrivate, Epsilon: b.Epsilon, Delta: b.Delta, Steps: b.Steps}
	for _, e := range b.Events {
		r.Events = append(r.Events, accountant.Segment{Sigma: e.Sigma, Rate: e.Rate, Steps: e.Steps})
	}
	return r
}

func beginning(r *Run, day string) *begin {
	b := &begin{Title: r.Title, On: r.On, Bands: r.Bands, Unit: r.Unit, NotPrivate: r.NotPrivate, Epsilon: r.Epsilon, Delta: r.Delta, Steps: r.Steps, Day: day}
	for _, s := range r.Events {
		b.Events = append(b.Events, event{Sigma: s.Sigma, Rate: s.Rate, Steps: s.Steps})
	}
	return b
}

func (l *Ledger) find(id RunID) *Entry { return l.byID[id] }

// attempts at an append that other writers get ahead of: more than there will be other writers.
const attempts = 100

// write makes the records that next works out durable, all or none, and enters them. Where others wrote in between, their
// records are read and next is asked again.
func (l *Ledger) write(next func() ([]record, error)) error {
	for attempt := 0; ; attempt++ {
		records, err := next()
		if err != nil || len(records) == 0 {
			return err
		}
		var b []byte
		if l.sound == 0 {
			b = append(b, ledgerMagic...)
		}
		for i := range records {
			if b, err = appendFrame(b, &records[i]); err != nil {
				return err
			}
		}
		if l.sound+int64(len(b)) > maxLedger {
			return fmt.Errorf("ledger: full at %d bytes", l.sound)
		}
		err = l.store.Append(l.key, l.size, l.sound, b)
		if errors.Is(err, ErrConflict) && attempt < attempts {
			if err := l.load(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("ledger: writing: %w", err)
		}
		l.sound += int64(len(b))
		l.size = l.sound
		for i := range records {
			if err := l.apply(&records[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// append writes a record. A charge is refused when the run is not charged `held` steps: two engines that resumed from one
// checkpoint, as in two tabs, would release the same steps twice, with different noise, for one charge.
func (l *Ledger) append(r record, held int) error {
	return l.write(func() ([]record, error) {
		if r.Begin == nil {
			switch e := l.find(r.Run); {
			case e == nil:
				return nil, fmt.Errorf("ledger: no run %x", r.Run)
			case e.Elsewhere:
				return nil, fmt.Errorf("ledger: run %x was begun elsewhere and came with an imported file: it cannot go on here", r.Run)
			case e.Charged != held:
				return nil, fmt.Errorf("ledger: run %x goes on elsewhere, as in another tab: there it was charged %d steps, here %d", r.Run, e.Charged, held)
			}
		}
		return []record{r}, l.admit(&r)
	})
}

// BeginCount enters a release that is not a training run: steps Gaussian mechanisms of the given noise multiplier on
// all records, such as a noised quantile of a column. Charge reserves them one by one.
func (l *Ledger) BeginCount(title string, sigma float64, steps int) (RunID, error) {
	if !(sigma > 0 && !math.IsInf(sigma, 1)) || steps < 1 || steps > MaxSteps {
		return RunID{}, fmt.Errorf("ledger: %d counts of noise multiplier %v", steps, sigma)
	}
	return l.Begin(title, []accountant.Segment{{Sigma: sigma, Rate: 1, Steps: steps}}, 1, "")
}

// Begin is [Ledger.Enter] of a run that protects records.
func (l *Ledger) Begin(title string, events []accountant.Segment, bands int, notPrivate string) (RunID, error) {
	return l.Enter(Run{Title: title, Events: events, Bands: bands, NotPrivate: notPrivate})
}

// Enter enters a run before its first step. It charges nothing yet. Where a budget is set, a run that it does not allow is
// refused: see [OverBudget].
func (l *Ledger) Enter(run Run) (RunID, error) {
	if len(run.Events) > maxEvents { // the decoder's limit
		return RunID{}, fmt.Errorf("ledger: a plan of %d different stretches of steps, the ledger holds at most %d", len(run.Events), maxEvents)
	}
	run.Title, run.On, run.NotPrivate = short(run.Title), short(run.On), short(run.NotPrivate)
	r := record{Begin: beginning(&run, today())}
	cryptorand.Read(r.Run[:])
	return r.Run, l.append(r, 0)
}

func today() string { return time.Now().Format(time.DateOnly) }

// short cuts a text to what a record holds.
func short(text string) string { return strings.ToValidUTF8(text[:min(len(text), maxText)], "") }

// Charge states that the first upTo steps of a run are spent, and returns when that is durable. Before noise is drawn
// it raises the charge; after a clean stop it may lower it to the steps whose noise was drawn.
func (l *Ledger) Charge(id RunID, upTo int) error {
	e := l.find(id)
	if e == nil {
		return fmt.Errorf("ledger: no run %x", id)
	}
	return l.ChargeFrom(id, e.Charged, upTo)
}

// ChargeFrom is [Ledger.Charge] by somebody who takes the run to be charged `held` steps so far; it is refused when that is
// not so, as when the run goes on in another tab too.
func (l *Ledger) ChargeFrom(id RunID, held, upTo int) error {
	return l.append(record{Run: id, UpTo: upTo}, held)
}

// Keep notes that something was made of a run's model and kept, such as a file. It charges nothing.
func (l *Ledger) Keep(id RunID, what string) error {
	return l.write(func() ([]record, error) {
		switch e := l.find(id); {
		case e == nil:
			return nil, fmt.Errorf("ledger: no run %x", id)
		case what == "" || len(e.Kept) == maxKept || slices.Contains(e.Kept, what):
			return nil, nil
		default:
			return []record{{Run: id, UpTo: e.Charged, Kept: short(what)}}, nil
		}
	})
}

const maxKept = 100 // notes of a run

// Note is [Ledger.Keep] in whichever of a store's ledgers has the run.
func Note(store Store, id RunID, what string) error {
	keys, err := store.Keys()
	if err != nil {
		return fmt.Errorf("ledger: listing: %w", err)
	}
	for _, key := range keys {
		l, err := Open(store, key)
		if err != nil {
			return err
		}
		if l.find(id) != nil {
			return l.Keep(id, what)
		}
	}
	return fmt.Errorf("ledger: no run %x", id)
}

// Run returns a copy of a run's entry.
func (l *Ledger) Run(id RunID) (Entry, bool) {
	if e := l.find(id); e != nil {
		return *e, true
	}
	return Entry{}, false
}

// Runs returns copies of all entries, oldest first.
func (l *Ledger) Runs() []Entry {
	all := make([]Entry, len(l.runs))
	for i, e := range l.runs {
		all[i] = *e
	}
	return all
}

// Event is the whole plan of a run: see [accountant.CyclicPoisson] for those with bands.
func (e *Run) Event() accountant.Event {
	if e.Bands <= 1 {
		return accountant.FromSegments(e.Events)
	}
	var all accountant.Composition
	for _, s := range e.Events {
		all = append(all, accountant.CyclicPoisson{Sigma: s.Sigma, Rate: s.Rate, Bands: e.Bands, Steps: s.Steps * e.Bands})
	}
	return all
}

// Spent is what all private runs together count for: the whole plan of every run that charged a step, since when a run was
// stopped may depend on what it showed. NotPrivate counts the runs that no epsilon covers.
func (l *Ledger) Spent() (together accountant.Composition, notPrivate int) {
	for _, e := range l.runs {
		switch {
		case e.Charged == 0:
		case e.NotPrivate != "":
			notPrivate++
		default:
			together = append(together, e.Event())
		}
	}
	return together, notPrivate
}

// Epsilon bounds what Spent costs at delta; zero when nothing was spent. Runs that protect records do not add up with runs that protect
// persons.
func (l *Ledger) Epsilon(delta float64) (accountant.EventBounds, error) {
	if _, units := l.spentBut(RunID{}); len(units) > 1 {
		return accountant.EventBounds{}, errMixed
	}
	together, _ := l.Spent()
	return accountant.EpsilonOf(together, delta)
}
