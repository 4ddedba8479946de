// Package ledger keeps what was ever spent on each collection of records: append-only, durable before the noise that it
// pays for is drawn, and outliving the runs that spent it.
package ledger

import (
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"math"

	"cloister/accountant"
)

// Ledger is what was ever spent on one set of records. It is append-only and outlives runs: training twice on the same
// records composes. A reservation is durable before the noise of the steps it covers is drawn, so that a process killed
// at any moment has charged at least what it released. Not safe for concurrent use; two ledgers over one store, as in
// two tabs, see each other's records when they append.
type Ledger struct {
	store Store
	key   string
	size  int64 // bytes in the store when it was last read or written
	sound int64 // how many of them are records
	runs  []*Entry
}

// Entry is one run's line in the ledger. It has no time: how long runs and their steps take tells about records.
type Entry struct {
	ID         RunID
	Title      string
	Events     []accountant.Segment // of the whole plan
	Bands      int                  // steps that count as one event
	Unit       string               // whose privacy the run protects: "" each record's, or "person"
	NotPrivate string               // why the run is not private; "" when it is
	Charged    int                  // steps charged so far: done, or reserved and perhaps done
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
	records, sound, err := readLedger(b)
	if err != nil {
		return err
	}
	l.runs = nil
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
	if r.Begin == nil {
		if e == nil {
			return fmt.Errorf("run %x was never begun", r.Run)
		}
		e.Charged = r.UpTo
		return nil
	}
	if e != nil {
		return fmt.Errorf("run %x begins twice", r.Run)
	}
	e = &Entry{ID: r.Run, Title: r.Begin.Title, Bands: r.Begin.Bands, Unit: r.Begin.Unit, NotPrivate: r.Begin.NotPrivate, Charged: r.UpTo}
	for _, ev := range r.Begin.Events {
		e.Events = append(e.Events, accountant.Segment{Sigma: ev.Sigma, Rate: ev.Rate, Steps: ev.Steps})
	}
	l.runs = append(l.runs, e)
	return nil
}

func (l *Ledger) find(id RunID) *Entry {
	for _, e := range l.runs {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// attempts at an append that other writers get ahead of: more than there will be other writers.
const attempts = 100

// append makes a record durable, then enters it. Another run's records that came in between are read first. A charge is
// refused when the run is not charged `held` steps: two engines that resumed from one checkpoint, as in two tabs, would
// release the same steps twice, with different noise, for one charge.
func (l *Ledger) append(r *record, held int) error {
	for attempt := 0; ; attempt++ {
		if r.Begin == nil {
			switch e := l.find(r.Run); {
			case e == nil:
				return fmt.Errorf("ledger: no run %x", r.Run)
			case e.Charged != held:
				return fmt.Errorf("ledger: run %x goes on elsewhere, as in another tab: there it was charged %d steps, here %d", r.Run, e.Charged, held)
			}
		}
		var b []byte
		if l.sound == 0 {
			b = append(b, ledgerMagic...)
		}
		b, err := appendFrame(b, r)
		if err != nil {
			return err
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
		return l.apply(r)
	}
}

// BeginCount enters a release that is not a training run: steps Gaussian mechanisms of the given noise multiplier on
// all records, such as a noised quantile of a column. Charge reserves them one by one.
func (l *Ledger) BeginCount(title string, sigma float64, steps int) (RunID, error) {
	if !(sigma > 0 && !math.IsInf(sigma, 1)) || steps < 1 || steps > MaxSteps {
		return RunID{}, fmt.Errorf("ledger: %d counts of noise multiplier %v", steps, sigma)
	}
	return l.Begin(title, []accountant.Segment{{Sigma: sigma, Rate: 1, Steps: steps}}, 1, "")
}

// Begin enters a run that protects records: see [Ledger.BeginUnit].
func (l *Ledger) Begin(title string, events []accountant.Segment, bands int, notPrivate string) (RunID, error) {
	return l.BeginUnit("", title, events, bands, notPrivate)
}

// BeginUnit enters a run before its first step: whose privacy it protects, the events of its whole plan, how many steps count as
// one event, and why it is not private ("" when it is). It charges nothing yet.
func (l *Ledger) BeginUnit(unit, title string, events []accountant.Segment, bands int, notPrivate string) (RunID, error) {
	if len(events) > maxEvents { // what could be written but not be read would take the whole ledger with it
		return RunID{}, fmt.Errorf("ledger: a plan of %d different stretches of steps, the ledger holds at most %d", len(events), maxEvents)
	}
	r := record{Begin: &begin{Unit: unit, Title: title, Bands: bands, NotPrivate: notPrivate}}
	cryptorand.Read(r.Run[:])
	for _, s := range events {
		r.Begin.Events = append(r.Begin.Events, event{Sigma: s.Sigma, Rate: s.Rate, Steps: s.Steps})
	}
	if err := r.check(); err != nil {
		return RunID{}, fmt.Errorf("ledger: %w", err)
	}
	return r.Run, l.append(&r, 0)
}

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
	return l.append(&record{Run: id, UpTo: upTo}, held)
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
func (e *Entry) Event() accountant.Event {
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
	units := map[string]bool{}
	for _, e := range l.runs {
		if e.Charged > 0 && e.NotPrivate == "" {
			units[e.Unit] = true
		}
	}
	if len(units) > 1 {
		return accountant.EventBounds{}, errors.New("ledger: some runs protect records and some persons: no epsilon covers both")
	}
	together, _ := l.Spent()
	return accountant.EpsilonOf(together, delta)
}
