package train

import (
	"context"
	"errors"
	"fmt"

	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// Trainer answers a page's requests: it opens a dataset and runs one session on it. Everything happens in the one
// goroutine of [Trainer.Run]; requests that arrive while a session runs are handled between two steps.
type Trainer struct {
	// Audit attacks a mechanism, see package train/demo. It is kept apart, for it knows mechanisms that no run may use.
	Audit func(ctx context.Context, q protocol.AuditQuestion, progress func(protocol.AuditAnswer)) protocol.AuditAnswer
	// Replay trains with a mechanism as published, sound or not, on public records. It is kept apart likewise, and is given
	// an environment without a ledger.
	Replay func(ctx context.Context, c protocol.Config, env Environment, progress func(protocol.ReplayAnswer)) protocol.ReplayAnswer
	// Published lists the mechanisms that Audit and Replay know, beside those of the catalogue.
	Published []protocol.PublishedMechanism

	host    Host
	emit    func(protocol.Event)
	inbox   chan protocol.Request
	dataset *Dataset
	author  *author // of a written mechanism, the last that was handed over; nil: none was
	session *Session
	running bool
	over    bool             // the session is done or was stopped
	curve   []protocol.Spend // not told yet
}

// NewTrainer makes a trainer that tells events to emit, which must not block.
func NewTrainer(host Host, emit func(protocol.Event)) *Trainer {
	return &Trainer{host: host, emit: emit, inbox: make(chan protocol.Request, 256)}
}

// Send hands over a request without waiting.
func (t *Trainer) Send(r protocol.Request) {
	select {
	case t.inbox <- r:
	default:
		t.fail(errors.New("train: too many requests at once"))
	}
}

// Run handles requests until the context ends.
func (t *Trainer) Run(ctx context.Context) {
	t.emit(protocol.Event{Type: "ready", Mechanisms: catalogue(), Published: t.Published})
	t.state()
	defer t.leave()
	for ctx.Err() == nil {
		if t.running {
			select {
			case r := <-t.inbox:
				t.handle(ctx, r)
			default:
				t.advance(ctx)
			}
			continue
		}
		select {
		case r := <-t.inbox:
			t.handle(ctx, r)
		case <-ctx.Done():
		}
	}
}

func (t *Trainer) handle(ctx context.Context, r protocol.Request) {
	if err := t.answer(ctx, r); err != nil {
		t.emit(protocol.Event{Type: "error", ID: r.ID, Message: Words(err)})
	}
}

func (t *Trainer) answer(ctx context.Context, r protocol.Request) error {
	if err := r.Check(); err != nil {
		return err
	}
	switch r.Type {
	case "account":
		a := Account(*r.Question)
		t.emit(protocol.Event{Type: "account", ID: r.ID, Answer: &a})
		return nil
	case "ledger":
		return t.tellLedger(r.Delta, r.ID)
	case "propose", "rehearse", "predict":
		t.preview(ctx, r)
		return nil
	case "keep":
		t.note(r)
		return nil
	case "budget", "spending", "export", "import":
		t.books(r)
		return nil
	case "bounds":
		a, err := t.bounds(*r.Bounds)
		if err != nil {
			return err
		}
		t.emit(protocol.Event{Type: "bounds", ID: r.ID, Bounds: a})
		return nil
	case "audit":
		if t.Audit == nil {
			return errors.New("train: audit: there is nobody to answer it")
		}
		a := t.Audit(ctx, *r.Audit, func(a protocol.AuditAnswer) { t.emit(protocol.Event{Type: "audit", ID: r.ID, Audit: &a}) })
		t.emit(protocol.Event{Type: "audit", ID: r.ID, Audit: &a})
		return nil
	case "replay":
		return t.replay(ctx, *r.Config, r.ID)
	case "author":
		return t.meet(r)
	case "open":
		return t.open(ctx, *r.Source)
	case "start":
		return t.start(ctx, *r.Config, r.Held)
	case "restore":
		return t.restore(ctx, r.Checkpoint)
	}
	if t.session == nil {
		return fmt.Errorf("train: %s: there is no run; start one first", r.Type)
	}
	switch {
	case !t.over || r.Type == "save" || r.Type == "take":
	case r.Type == "pause" || r.Type == "stop":
		return nil
	default:
		return fmt.Errorf("train: %s: the run is over; start another one, or restore a checkpoint", r.Type)
	}
	switch r.Type {
	case "pause":
		return t.pause()
	case "resume":
		t.run(true)
	case "step":
		t.run(false)
		t.advance(ctx)
	case "stop":
		return t.stop()
	case "save":
		file, err := t.session.Checkpoint()
		if err != nil {
			return err
		}
		t.emit(protocol.Event{Type: "checkpoint", Checkpoint: file})
	case "take":
		taken, err := t.session.Taken()
		if err != nil {
			return err
		}
		t.emit(protocol.Event{Type: "taken", ID: r.ID, Taken: taken})
	default:
		return fmt.Errorf("train: unknown request %q", r.Type)
	}
	return nil
}

func (t *Trainer) open(ctx context.Context, src protocol.Source) error {
	if err := t.leave(); err != nil {
		return err
	}
	t.dataset = nil
	t.emit(protocol.Event{Type: "state", State: "loading"})
	defer t.state()
	d, err := OpenDataset(ctx, t.host, src, func(l protocol.Loading) { t.emit(protocol.Event{Type: "loading", Loading: &l}) })
	if err != nil {
		return err
	}
	t.dataset = d
	t.emit(protocol.Event{Type: "dataset", Dataset: d.Info()})
	return nil
}

func (t *Trainer) start(ctx context.Context, c protocol.Config, held bool) error {
	if _, err := t.begin(ctx, c, nil); err != nil {
		return err
	}
	t.tellPlan()
	if err := t.evaluate(ctx); err != nil {
		return err
	}
	if err := t.safepoint(); err != nil { // a run that began can go on
		return err
	}
	t.run(!held)
	return nil
}

func (t *Trainer) restore(ctx context.Context, file []byte) error {
	saved, err := DecodeCheckpoint(file)
	if err != nil {
		return err
	}
	s, err := t.begin(ctx, saved.Config, saved)
	if errors.Is(err, errUnauthored) {
		t.emit(protocol.Event{Type: "unauthored", Code: saved.Config.Mechanism.Source, Message: Words(err)})
	}
	if err != nil {
		return err
	}
	t.tellPlan()
	t.tellHistory()
	if err := t.evaluate(ctx); err != nil {
		return err
	}
	if s.Done() {
		return t.stop()
	}
	t.run(false)
	return nil
}

// begin makes a session, new or restored, in place of the one there is. A session that is refused leaves that one alone.
func (t *Trainer) begin(ctx context.Context, c protocol.Config, saved *Checkpoint) (*Session, error) {
	if t.dataset == nil {
		return nil, errors.New("train: there is no dataset; open one first")
	}
	p, err := t.author.propose(c, t.dataset, saved)
	if err != nil {
		return nil, err
	}
	if t.session != nil { // what it has spent is in the ledger before that is read
		if err := t.session.Settle(); err != nil {
			return nil, err
		}
	}
	store, forgets, err := t.host.Ledgers()
	if err != nil {
		return nil, err
	}
	env := t.environment()
	env.LedgerForgets = forgets
	if env.Ledger, err = ledger.Open(store, t.dataset.Key); err != nil {
		return nil, err
	}
	if t.session != nil { // one at a time has its records in memory
		if err := t.leave(); err != nil {
			return nil, err
		}
		t.state()
	}
	if err := t.author.use(&c); err != nil {
		return nil, err
	}
	s, err := p.begin(ctx, env)
	if err != nil {
		return nil, withRoom(err, p, env.Ledger)
	}
	t.session = s
	return s, nil
}

// environment is the open dataset's and the host's, without a ledger.
func (t *Trainer) environment() Environment {
	return Environment{Dataset: t.dataset, Compute: t.host.Compute, Workers: t.host.Workers(), Notice: t.notice}
}

// tellPlan tells the frozen plan, and what it adds to what the ledger holds.
func (t *Trainer) tellPlan() {
	t.emit(protocol.Event{Type: "planned", Planned: t.session.Planned()})
	if err := t.tellLedger(0, 0); err != nil {
		t.fail(err)
	}
}

// tellHistory gives the curves of a restored run back.
func (t *Trainer) tellHistory() {
	evaluated, spending := t.session.History()
	t.emit(protocol.Event{Type: "history", History: evaluated})
	t.curve = spending
	t.tellStep()
}

// tellLedger tells what the ledger of the open records says now.
func (t *Trainer) tellLedger(delta float64, id int) error {
	total, err := t.readLedger(delta)
	if err == nil {
		t.emit(protocol.Event{Type: "ledger", Ledger: total, ID: id})
	}
	return err
}

func (t *Trainer) readLedger(delta float64) (*protocol.LedgerTotal, error) {
	switch {
	case t.session != nil:
		return t.session.LedgerTotal()
	case t.dataset == nil:
		return nil, errors.New("there is no dataset, and so no ledger; open one first")
	case !(delta > 0 && delta < 1):
		return nil, fmt.Errorf("the ledger's epsilon is asked for at delta %v, want a number between 0 and 1", delta)
	}
	l, forgets, err := t.openLedger()
	if err != nil {
		return nil, err
	}
	return ledgerTotal(l, delta, ledger.RunID{}, nil, "", forgets)
}

// advance does one step and what follows from it.
func (t *Trainer) advance(ctx context.Context) {
	s := t.session
	if !s.Done() {
		switch err := s.Step(ctx); {
		case errors.Is(err, dp.ErrDiverged): // going on would repeat it
			t.fail(errors.Join(err, t.stop()))
			return
		case err != nil:
			t.halt(err)
			return
		}
		if s.OnCurve() {
			t.curve = append(t.curve, s.Spend())
		}
		if s.OnCurve() || !t.running {
			t.tellStep()
		}
	}
	if s.TryNow() {
		if err := t.evaluate(ctx); err != nil {
			t.halt(err)
			return
		}
	}
	if s.Done() {
		if err := t.stop(); err != nil {
			t.fail(err)
		}
	} else if s.AtSafepoint() {
		if err := t.safepoint(); err != nil {
			t.halt(err)
		}
	}
}

// safepoint hands out a checkpoint that nobody asked for, to go on from after a break.
func (t *Trainer) safepoint() error {
	file, err := t.session.Checkpoint()
	if err == nil {
		t.emit(protocol.Event{Type: "safepoint", Checkpoint: file})
	}
	return err
}

// tellStep tells of the last step. Steps are told at points that the plan decides, and when a person pauses.
func (t *Trainer) tellStep() { t.emit(protocol.Event{Type: "step", Step: t.lastStep()}) }

// lastStep is what there is to tell of the last step, and of the curve up to it.
func (t *Trainer) lastStep() *protocol.StepEvent {
	e := t.session.Last()
	e.Curve, t.curve = t.curve, nil
	return e
}

func (t *Trainer) evaluate(ctx context.Context) error {
	e, err := t.session.Evaluate(ctx)
	if err == nil && e != nil {
		t.emit(protocol.Event{Type: "epoch", Epoch: e})
	}
	return err
}

func (t *Trainer) run(on bool) {
	t.running = on
	t.state()
}

func (t *Trainer) pause() error {
	t.tellStep() // the page may not have heard of the last one
	t.run(false)
	if err := t.session.Settle(); err != nil {
		return err
	}
	return t.safepoint()
}

// stop ends the run where it is. It is certified at its planned epsilon, however early.
func (t *Trainer) stop() error {
	err := errors.Join(t.session.Settle(), t.tellLedger(0, 0))
	found, failed := t.session.Audited()
	t.running, t.over = false, true
	t.emit(protocol.Event{Type: "done", Step: t.lastStep(), Seconds: t.session.Seconds(), Planned: t.session.Planned(), Audit: found})
	t.state()
	return errors.Join(err, failed)
}

// halt pauses a run that cannot go on for now.
func (t *Trainer) halt(err error) {
	if t.running {
		t.run(false)
	}
	t.fail(errors.Join(err, t.session.Settle(), t.safepoint()))
}

// leave ends the session there is, if any.
func (t *Trainer) leave() error {
	if t.session == nil {
		return nil
	}
	err := t.session.Close()
	t.session, t.running, t.over, t.curve = nil, false, false, nil
	return err
}

func (t *Trainer) state() {
	name := "idle"
	switch {
	case t.running:
		name = "running"
	case t.over:
		name = "done"
	case t.session != nil:
		name = "paused"
	}
	t.emit(protocol.Event{Type: "state", State: name})
}

func (t *Trainer) notice(message string) { t.emit(protocol.Event{Type: "notice", Message: message}) }
func (t *Trainer) fail(err error)        { t.emit(protocol.Event{Type: "error", Message: Words(err)}) }
