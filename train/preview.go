package train

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// What a run will be, told before anything is spent: its plan, what the ledger will hold after it, and how long it takes.

// preview answers requests that spend nothing and change nothing. One that is refused is answered too.
func (t *Trainer) preview(ctx context.Context, r protocol.Request) {
	if r.Config == nil {
		r.Config = &protocol.Config{}
	}
	var e protocol.Event
	var err error
	switch r.Type {
	case "propose":
		e.Type = "proposal"
		e.Proposal, e.Ledger, err = t.propose(*r.Config)
	case "rehearse":
		e.Type = "rehearsal"
		var timed protocol.Rehearsal
		if timed, err = t.rehearse(ctx, *r.Config); err == nil {
			e.Rehearsal = &timed
		}
	case "predict":
		e.Type = "prediction"
		if t.session == nil {
			err = errors.New("train: predict: there is no model yet; train one first")
		} else {
			e.Prediction, err = t.session.Predict(r.Record)
		}
	}
	e.ID = r.ID
	if err != nil {
		e.Message = Words(err)
	}
	t.emit(e)
}

// propose plans a run without beginning it. What the ledger holds is read anew.
func (t *Trainer) propose(c protocol.Config) (*protocol.Planned, *protocol.LedgerTotal, error) {
	if t.dataset == nil {
		return nil, nil, errors.New("train: there is no dataset; open one first")
	}
	p, err := t.author.propose(c, t.dataset, nil)
	if err != nil {
		return nil, nil, err
	}
	planned := p.describe()
	l, forgets, err := t.openLedger()
	if err != nil {
		return nil, nil, err
	}
	total, err := ledgerTotal(l, p.plan.Delta(), ledger.RunID{}, p.plan, planned.NotPrivate, forgets)
	if err == nil && total.Budget != nil && total.Budget.None == "" && !(total.Budget.Total <= 1) {
		total.Budget.Room, err = p.room(l)
	}
	return &planned, total, err
}

// Limits of a rehearsal: enough records that a step is as long as in the run, few enough that nobody waits.
const (
	rehearsedBatch = 2048
	rehearsedTests = 512
	rehearsedSteps = 3 // and one before, in which everything warms up
)

var errInterrupted = errors.New("train: the rehearsal gave way to a request")

// rehearse times a few steps of a run on synthetic records, whose content is nobody's: how long real records take would
// tell about them. It gives way to any request.
func (t *Trainer) rehearse(ctx context.Context, c protocol.Config) (r protocol.Rehearsal, err error) {
	if t.dataset == nil || t.running {
		return r, errors.New("train: a rehearsal needs an open dataset and no run")
	}
	if err := Validate(&c, &t.dataset.Manifest); err != nil {
		return r, err
	}
	s, larger, err := t.stage(ctx, c)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var start time.Time
	for i := range rehearsedSteps + 1 {
		if i == 1 {
			start = time.Now()
		}
		if err := t.giveWay(); err != nil {
			return r, err
		}
		if err := s.Step(ctx); err != nil {
			return r, err
		}
	}
	r.StepSeconds = time.Since(start).Seconds() / rehearsedSteps * larger
	if n := s.dataset.TestRecords; n > 0 {
		start = time.Now()
		if _, err := s.Evaluate(ctx); err != nil {
			return r, err
		}
		r.EvaluationSeconds = time.Since(start).Seconds() * float64(t.dataset.TestRecords) / float64(n)
	}
	return r, t.giveWay()
}

// giveWay is an error while a request waits.
func (t *Trainer) giveWay() error {
	if len(t.inbox) > 0 {
		return errInterrupted
	}
	return nil
}

// stage begins a short run on synthetic records. The run's steps are larger than its own by a factor.
func (t *Trainer) stage(ctx context.Context, c protocol.Config) (s *Session, larger float64, err error) {
	whole := c.Batch(units(&t.dataset.Manifest, data.TrainSplit))
	batch := min(whole, rehearsedBatch)
	larger = float64(whole) / float64(batch)
	c.BatchSize, c.FullBatch, c.Epochs, c.Audit = batch, false, (rehearsedSteps+1)/2.0, false
	for _, mechanism := range []protocol.Mechanism{c.Mechanism, {Name: "fixed"}} { // some need a longer run; gradients take the time
		c.Mechanism = mechanism
		if s, err = t.rehearsal(ctx, c); err == nil {
			break
		}
	}
	return s, larger, err
}

func (t *Trainer) rehearsal(ctx context.Context, c protocol.Config) (*Session, error) {
	d, err := synthetic(t.host, &t.dataset.Manifest, 2*c.BatchSize)
	if err != nil {
		return nil, err
	}
	p, err := propose(c, d, nil)
	if err != nil {
		return nil, err
	}
	env := t.environment()
	env.Dataset, env.Notice = d, func(string) {}
	if env.Ledger, err = ledger.Open(&ledger.MemoryStore{}, d.Key); err != nil {
		return nil, err
	}
	return p.begin(ctx, env)
}

// synthetic is a dataset of a manifest's shape, with noise for values.
func synthetic(host Host, m *data.Manifest, train int) (*Dataset, error) {
	shape := *m
	shape.TrainRecords, shape.TestRecords, shape.TestPublic = train, min(m.TestRecords, rehearsedTests), true
	shape.Unit, shape.TrainPersons, shape.TestPersons = data.UnitRecord, 0, 0 // which of a person's records comes takes no time
	d := newDataset(host, &shape)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, split := range []string{data.TrainSplit, data.TestSplit} {
		n := shape.TrainRecords
		if split == data.TestSplit {
			n = shape.TestRecords
		}
		s := data.Split{Values: make([]byte, n*m.RecordBytes()), Labels: make([]byte, n)}
		for i := range s.Values {
			s.Values[i] = byte(rng.Uint32())
		}
		for i := 3; m.Float() && i < len(s.Values); i += 4 {
			s.Values[i] = s.Values[i]&0x80 | 0x3f // little-endian: between a quarter and two, neither denormal nor infinite
		}
		for i := range s.Labels {
			s.Labels[i] = byte(rng.IntN(len(m.Classes)))
		}
		if err := d.add(split, s); err != nil {
			return nil, fmt.Errorf("train: rehearsal: %w", err)
		}
	}
	return d, nil
}
