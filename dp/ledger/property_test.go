package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cloister/accountant"
)

const propertyDelta = 1e-5

// lab is a few browsers with tabs, and the files that persons carry between them. What is released is remembered beside the
// ledgers, step by step.
type lab struct {
	t        *testing.T
	rng      *rand.Rand
	browsers []*browser
	files    []file
	released int // the last release's name
	story    []string
}

// browser is a store, its tabs, and what somebody who holds all of its ledger's runs has seen.
type browser struct {
	store       MemoryStore
	tabs        []*tab
	known       map[int]accountant.Segment // releases, by name: here, or in imported files when these were made
	steps       map[RunID]map[int]bool     // released here
	checkpoints []checkpoint               // any tab may go on with one
}

// checkpoint is a run's, as a person may carry it anywhere.
type checkpoint struct {
	run  RunID
	plan Run
	step int
}

type file struct {
	bytes []byte
	known map[int]accountant.Segment
}

// tab is an engine's part in the ledger's protocol: it reserves, releases what is reserved, settles, and may vanish.
type tab struct {
	ledger  *Ledger
	run     RunID
	plan    Run
	on      bool // a run is
	step    int
	held    int
	failing int // bytes of the next write that reach the store before the tab dies; negative: all, and it lives
}

var errDied = errors.New("the tab died")

// tabStore is the browser's store as a tab sees it that may die while it writes.
type tabStore struct {
	*MemoryStore
	tab *tab
}

func (s tabStore) Append(key string, size, at int64, p []byte) error {
	n := s.tab.failing
	if n < 0 {
		return s.MemoryStore.Append(key, size, at, p)
	}
	s.tab.failing = -1
	if err := s.MemoryStore.Append(key, size, at, p[:min(n, len(p))]); err != nil {
		return err
	}
	return errDied
}

var plans = []Run{
	{Title: "full batches", Events: []accountant.Segment{{Sigma: 6, Rate: 1, Steps: 8}}, Bands: 1},
	{Title: "louder and louder", Events: []accountant.Segment{{Sigma: 12, Rate: 1, Steps: 3}, {Sigma: 5, Rate: 1, Steps: 3}}, Bands: 1},
	{Title: "quiet", Events: []accountant.Segment{{Sigma: 20, Rate: 1, Steps: 10}}, Bands: 1},
}

// stepOf is what a plan's step costs.
func stepOf(plan Run, step int) accountant.Segment {
	for _, s := range plan.Events {
		if step < s.Steps {
			s.Steps = 1
			return s
		}
		step -= s.Steps
	}
	panic("no such step")
}

func (l *lab) note(format string, args ...any) {
	l.story = append(l.story, fmt.Sprintf(format, args...))
}

func (l *lab) open(b *browser) *tab {
	t := &tab{failing: -1}
	var err error
	if t.ledger, err = Open(tabStore{&b.store, t}, "k"); err != nil {
		l.t.Fatalf("opening: %v\n%s", err, strings.Join(l.story, "\n"))
	}
	return t
}

// act has something happen.
func (l *lab) act() {
	i := l.rng.IntN(len(l.browsers))
	b := l.browsers[i]
	j := l.rng.IntN(len(b.tabs))
	t := b.tabs[j]
	who := fmt.Sprintf("browser %d, tab %d: ", i, j)
	if l.rng.IntN(8) == 0 {
		t.failing = l.rng.IntN(400)
	}
	var err error
	switch l.rng.IntN(12) {
	case 0, 1:
		if t.on {
			return
		}
		t.plan = plans[l.rng.IntN(len(plans))]
		l.note("%sbegins %s", who, t.plan.Title)
		if t.run, err = t.ledger.Enter(t.plan); err == nil {
			t.on, t.step, t.held = true, 0, 0
		}
	case 2, 3, 4, 5:
		err = l.steps(b, t, who)
	case 6:
		if t.on {
			l.note("%ssettles at %d", who, t.step)
			if err = t.ledger.ChargeFrom(t.run, t.held, t.step); err == nil {
				t.held = t.step
			}
		}
	case 7:
		if t.on {
			b.checkpoints = append(b.checkpoints, checkpoint{t.run, t.plan, t.step})
			if l.rng.IntN(2) == 0 {
				t.on = false
			}
		}
	case 8:
		from := l.browsers[l.rng.IntN(len(l.browsers))]
		if n := len(from.checkpoints); n > 0 && !t.on {
			err = l.resume(t, from.checkpoints[l.rng.IntN(n)], who)
		}
	case 9:
		l.note("%sexports", who)
		bytes, err := Export(&b.store)
		if err != nil {
			l.t.Fatal(err)
		}
		known := map[int]accountant.Segment{}
		for name, s := range b.known {
			known[name] = s
		}
		l.files = append(l.files, file{bytes, known})
	case 10:
		if n := len(l.files); n > 0 {
			f := l.files[l.rng.IntN(n)]
			l.note("%simports", who)
			if _, err = Import(tabStore{&b.store, t}, f.bytes); err == nil {
				for name, s := range f.known {
					b.known[name] = s
				}
			}
		}
	case 11:
		err = errDied
	}
	if errors.Is(err, errDied) {
		l.note("%sdies", who)
		b.tabs[j] = l.open(b)
	} else if err != nil && !strings.Contains(err.Error(), "goes on elsewhere") {
		l.t.Fatalf("%v\n%s", err, strings.Join(l.story, "\n"))
	} else if err != nil {
		t.on = false // it was told
	}
	t.failing = -1
	l.check(b)
}

// steps does a few steps, with a reservation where one is needed.
func (l *lab) steps(b *browser, t *tab, who string) error {
	total := accountant.TotalSteps(t.plan.Events)
	for range 1 + l.rng.IntN(4) {
		if !t.on || t.step >= total {
			return nil
		}
		if t.step >= t.held {
			upTo := min(t.step+2, total)
			if err := t.ledger.ChargeFrom(t.run, t.held, upTo); err != nil {
				return err
			}
			t.held = upTo
		}
		l.note("%sreleases step %d of %x", who, t.step, t.run[:2])
		if b.steps[t.run] == nil {
			b.steps[t.run] = map[int]bool{}
		}
		if b.steps[t.run][t.step] {
			l.t.Fatalf("step %d of a run is released twice\n%s", t.step, strings.Join(l.story, "\n"))
		}
		b.steps[t.run][t.step] = true
		l.released++
		b.known[l.released] = stepOf(t.plan, t.step)
		t.step++
	}
	return nil
}

// resume goes on with a run, as its ledger knows it; where it was begun elsewhere, as a new one that has spent as much.
func (l *lab) resume(t *tab, c checkpoint, who string) error {
	l.note("%sresumes %x", who, c.run[:2])
	if err := t.ledger.Refresh(); err != nil {
		return err
	}
	t.plan = c.plan
	if e, ok := t.ledger.Run(c.run); ok && !e.Elsewhere {
		t.on, t.run, t.step, t.held = true, c.run, e.Charged, e.Charged
		return nil
	}
	id, err := t.ledger.Enter(c.plan)
	if err == nil {
		err = t.ledger.Charge(id, c.step)
	}
	if err == nil {
		t.on, t.run, t.step, t.held = true, id, c.step, c.step
	}
	return err
}

// check compares a browser's ledger with what is known to have been released.
func (l *lab) check(b *browser) {
	ledger, err := Open(&b.store, "k")
	if err != nil {
		l.t.Fatalf("%v\n%s", err, strings.Join(l.story, "\n"))
	}
	for run, steps := range b.steps {
		e, ok := ledger.Run(run)
		for step := range steps {
			if !ok || step >= e.Charged {
				l.t.Fatalf("step %d was released, %d are charged\n%s", step, e.Charged, strings.Join(l.story, "\n"))
			}
		}
	}
	var truth accountant.Composition
	for _, s := range b.known {
		truth = append(truth, accountant.PoissonGaussian{Sigma: s.Sigma, Rate: s.Rate})
	}
	released, err := accountant.EpsilonOf(truth, propertyDelta)
	if err != nil {
		l.t.Fatal(err)
	}
	told, err := ledger.Epsilon(propertyDelta)
	if err != nil || !(told.Upper >= released.Upper*(1-1e-9)) {
		l.t.Fatalf("the ledger says epsilon %v, %v was released; %v\n%s", told.Upper, released.Upper, err, strings.Join(l.story, "\n"))
	}
}

// Whatever happens in what order in two browsers, one of them with three tabs (runs begin, are charged, settled, resumed from
// checkpoints that are carried about; ledgers are exported, imported and merged; tabs die at any byte of a write), each
// ledger's epsilon is at least that of what was released in its browser and before the files that it imported were made.
func TestLedgerNeverSaysLessThanWasReleased(t *testing.T) {
	games, turns := 400, 60
	if testing.Short() {
		games = 40
	}
	released := 0
	for seed := range games {
		l := &lab{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 7))}
		for _, tabs := range []int{3, 1} {
			b := &browser{known: map[int]accountant.Segment{}, steps: map[RunID]map[int]bool{}}
			l.browsers = append(l.browsers, b)
			for range tabs {
				b.tabs = append(b.tabs, l.open(b))
			}
		}
		for range turns {
			l.act()
		}
		released += l.released
	}
	if released < 10*games {
		t.Errorf("%d steps were released in %d games: too few to find anything out", released, games)
	}
}

// With a budget, whatever the order, no tab releases what the filter does not allow.
func TestTabsShareABudget(t *testing.T) {
	for seed := range 40 {
		rng := rand.New(rand.NewPCG(uint64(seed), 8))
		store := &MemoryStore{}
		first, _ := Open(store, "k")
		if err := first.SetBudget(3, propertyDelta, accountant.Segment{}); err != nil {
			t.Fatal(err)
		}
		var tabs []*Ledger
		var runs []RunID
		for range 3 {
			l, err := Open(store, "k")
			if err != nil {
				t.Fatal(err)
			}
			id, err := l.Enter(plans[rng.IntN(len(plans))])
			if err != nil { // each alone fits
				t.Fatal(err)
			}
			tabs, runs = append(tabs, l), append(runs, id)
		}
		refused := 0
		for turn := range 30 {
			i := rng.IntN(len(tabs))
			e, _ := tabs[i].Run(runs[i])
			if e.Charged == accountant.TotalSteps(e.Events) {
				id, err := tabs[i].Enter(plans[rng.IntN(len(plans))])
				var over *OverBudget
				if errors.As(err, &over) {
					refused++
				} else if err != nil {
					t.Fatal(err)
				} else {
					runs[i] = id
				}
				continue
			}
			err := tabs[i].ChargeFrom(runs[i], e.Charged, min(e.Charged+4, accountant.TotalSteps(e.Events)))
			var over *OverBudget
			if errors.As(err, &over) {
				refused++
			} else if err != nil {
				t.Fatalf("seed %d, turn %d: %v", seed, turn, err)
			}
		}
		after, err := Open(store, "k")
		if err != nil {
			t.Fatal(err)
		}
		filter, err := after.Filter(RunID{})
		if err != nil || !(filter.Used() <= 1) {
			t.Fatalf("seed %d: %v of the budget is used; %v", seed, filter.Used(), err)
		}
		if truth, err := after.Epsilon(propertyDelta); err != nil || !(truth.Upper <= 3) || refused == 0 && truth.Upper > 2.9 {
			t.Fatalf("seed %d: epsilon %v, %d refused; %v", seed, truth.Upper, refused, err)
		}
	}
}

// Every reason not to begin, and none of them charges anything.
func TestBudgetRefuses(t *testing.T) {
	store := &MemoryStore{}
	l, _ := Open(store, "k")
	if err := l.SetBudget(1, propertyDelta, accountant.Segment{}); err != nil {
		t.Fatal(err)
	}
	quiet := Run{Events: []accountant.Segment{{Sigma: 40, Rate: 1, Steps: 10}}, Bands: 1}
	id, err := l.Enter(quiet)
	if err == nil {
		err = l.Charge(id, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	loud, open, person := quiet, quiet, quiet
	loud.Events = []accountant.Segment{{Sigma: 1, Rate: 1, Steps: 10}}
	open.NotPrivate, person.Unit = "seeded", "person"
	for want, run := range map[string]Run{"too little": loud, "not private": open, "protect records": person} {
		before, _ := store.Load("k")
		_, err := l.Enter(run)
		after, _ := store.Load("k")
		var over *OverBudget
		if !errors.As(err, &over) || !strings.Contains(err.Error(), want) || over.Budget.Epsilon != 1 || !slices.Equal(before, after) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, bad := range [][2]float64{{0.01, 1e-5}, {0, 1e-5}, {1, 0}} { // too little for what is spent, or nothing
		if err := l.SetBudget(bad[0], bad[1], accountant.Segment{}); err == nil {
			t.Errorf("budget %v was set", bad)
		}
	}
	if err := l.LiftBudget(); err != nil {
		t.Fatal(err)
	}
	again, _ := Open(store, "k")
	if _, set := again.Budget(); set {
		t.Error("a budget that was lifted is there")
	}
	if id, err = again.Enter(open); err == nil {
		err = again.Charge(id, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := again.SetBudget(100, propertyDelta, accountant.Segment{}); !errors.Is(err, errOpen) {
		t.Errorf("a budget beside a run that was not private: %v", err)
	}
}
