package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloister/accountant"
	"cloister/clip"
	"cloister/dp"
	"cloister/dp/ledger"
	"cloister/nn"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// Environment is what a session trains with.
type Environment struct {
	Dataset *Dataset
	Ledger  *ledger.Ledger // of the dataset's records

	LedgerForgets bool // see Host.Ledgers

	Compute func(ctx context.Context, work backend.Work, records Records, workers int, notice func(string)) (backend.Backend, error)
	Workers int          // where the configuration names none
	Notice  func(string) // told what a person should know
}

// Session is one run of a proposal: the parameters it trains and everything that changes them. It owns its backend. It is
// not safe for concurrent use.
type Session struct {
	*Proposal
	env     Environment
	backend backend.Backend
	engine  *dp.Engine
	planned protocol.Planned

	odometer  *accountant.Odometer // nil: a plan without noise
	params    []float32
	history   []Evaluated
	averaged  []float32
	reference *nn.Reference // for single predictions; nil until one is asked for
	trained   time.Duration // in steps, after a checkpoint where there was one
	busy      time.Duration // that compute workers were, in these steps
	last      protocol.StepEvent
	raw       dp.Raw // diagnostics only
}

// begin starts a proposal's run: its backend, and its entry in the ledger. With a checkpoint, the run goes on where that
// was made, or behind what the ledger has charged it for. A proposal begins once: its policy and optimiser go with the run.
func (p *Proposal) begin(ctx context.Context, env Environment) (*Session, error) {
	b, err := p.compute(ctx, env)
	if err != nil {
		return nil, err
	}
	s := &Session{Proposal: p, env: env, backend: b, params: p.initial, history: p.earlier}
	if err := s.enter(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	s.planned = s.describe()
	s.planned.Run = s.engine.Run().Name()
	s.planned.Private = s.engine.NotPrivate() == "" // the ledger may know better
	if w, ok := b.(workers); ok {
		s.planned.Workers = w.Count()
	}
	s.warn()
	return s, nil
}

// enter begins the run in the ledger, or goes on with it.
func (s *Session) enter() (err error) {
	o := dp.Options{
		Plan: s.plan, Policy: s.policy, Persons: s.persons(), Tensors: s.tensors(), Rounding: s.backend.Rounding(),
		Ledger: s.env.Ledger, Title: s.title(), On: s.dataset.Collection, Seed: s.config.Seed, NotPrivate: s.config.NotPrivate(),
	}
	if s.config.Diagnostics {
		o.Diagnose = func(r dp.Raw) { s.raw = r }
	}
	if s.saved != nil {
		if o.Resume, err = s.reenter(s.saved); err != nil {
			return err
		}
	}
	if s.engine, err = dp.NewEngine(o); err != nil {
		return err
	}
	if s.saved != nil {
		if err := s.engine.Restore(s.saved.Engine); err != nil {
			return err
		}
		s.tellLost(s.saved.Engine.Step)
	}
	if s.plan.Private() {
		if s.odometer, err = accountant.NewOdometer(s.plan.EventAfter, s.plan.Steps(), s.plan.Delta()); err != nil {
			return err
		}
	}
	s.last.Step = s.engine.Step()
	s.last.Epsilon = s.spent(s.last.Step)
	return nil
}

func (p *Proposal) title() string {
	return fmt.Sprintf("%s on %s, %s, %d steps", p.config.Model, p.dataset.Title, mechanismOf(&p.config), p.plan.Steps())
}

// Planned is the frozen plan.
func (s *Session) Planned() *protocol.Planned { p := s.planned; return &p }

// Last is what there is to tell of the last step.
func (s *Session) Last() *protocol.StepEvent { e := s.last; return &e }

// Spend is what the steps so far cost.
func (s *Session) Spend() protocol.Spend {
	return protocol.Spend{Step: s.last.Step, Epsilon: s.last.Epsilon}
}

// OnCurve says that the last step is a point of the curve of what is spent. There are at most 200, decided by the plan
// alone: see [StepEvent].
func (s *Session) OnCurve() bool { return s.onCurve(s.last.Step) }

func (s *Session) onCurve(step int) bool {
	every := (s.plan.Steps() + 199) / 200
	return step%every == 0 || step >= s.plan.Steps()
}

// AtSafepoint says that a checkpoint is due after the last step: where a block of steps that is reserved together ends,
// so that a break there costs nothing. The plan alone decides it.
func (s *Session) AtSafepoint() bool { return s.last.Step%s.plan.Block() == 0 && !s.Done() }

// Done says that every step of the plan is done.
func (s *Session) Done() bool { return s.engine.Step() >= s.plan.Steps() }

// mostTried is about how often a run is tried whose epochs are single steps: trying may take as long as a step.
const mostTried = 50

// TryNow says that the model is to be tried after the last step: it ended an epoch, or a few where every step is one, or
// the run; or a noised count is due.
func (s *Session) TryNow() bool {
	every := s.perEpoch
	if s.config.FullBatch {
		every = (s.plan.Steps() + mostTried - 1) / mostTried
	}
	return s.engine.Step()%every == 0 || s.Done() || s.engine.HeldOutDue()
}

// Step does one step. After an error the run may go on: the step is repeated with the same sample, at no second cost.
func (s *Session) Step(ctx context.Context) error {
	start, busy := time.Now(), s.work()
	step := s.engine.Step()
	released, err := s.next(ctx, func(ctx context.Context, q dp.Query) (dp.Sums, error) {
		return s.backend.Step(ctx, backend.Request{Points: q.Points, Coefficients: q.Coefficients, Records: q.Records, Bounds: q.Bounds, Thresholds: q.Thresholds, Whitening: q.Whitening})
	})
	switch {
	case errors.Is(err, dp.ErrDiverged):
		return fmt.Errorf("train: training without clipping diverged at step %d; start it again with a lower learning rate than %v: %w", step+1, s.config.LearningRate, err)
	case err != nil:
		return fmt.Errorf("train: step %d: %w", step+1, err)
	}
	rate := s.optim.step(s.params, released)
	if s.average != nil {
		s.average.Add(step, s.params)
	}
	s.trained += time.Since(start)
	s.busy += s.work() - busy
	s.last = protocol.StepEvent{
		Step: step + 1, Epsilon: s.spent(step + 1),
		ClipNorm: clip.Sensitivity(released.Bounds), LearningRate: rate,
	}
	if s.config.Diagnostics {
		s.diagnose()
	}
	return nil
}

// next is the engine's step, and the auditor's where one watches.
func (s *Session) next(ctx context.Context, compute func(context.Context, dp.Query) (dp.Sums, error)) (*dp.Released, error) {
	if s.audit != nil {
		return s.audit.Next(ctx, s.engine, s.params, compute)
	}
	return s.engine.Next(ctx, s.params, compute)
}

// Seconds is the training time of the run as a whole, told when it is over.
func (s *Session) Seconds() int { return int(s.seconds()) }

func (s *Session) seconds() float64 { return s.before + s.trained.Seconds() }

// diagnose adds raw figures of the private batch to the step's event; the run is marked.
func (s *Session) diagnose() {
	batch := s.raw.Records
	seconds := s.seconds()
	s.last.Batch, s.last.Seconds = &batch, &seconds
	if batch > 0 {
		loss := s.raw.Loss / float64(batch)
		s.last.TrainLoss = &loss
	}
	if w, ok := s.backend.(workers); ok {
		idle := 1 - s.busy.Seconds()/(s.trained.Seconds()*float64(w.Count()))
		s.last.Idle = &idle
	}
}

// workers are what a backend with compute workers tells of them.
type workers interface {
	Count() int
	Busy() time.Duration // of all together
}

// work is how long the backend's workers have computed.
func (s *Session) work() time.Duration {
	if w, ok := s.backend.(workers); ok {
		return w.Busy()
	}
	return 0
}

// Settle writes the ledger's exact spend at a pause.
func (s *Session) Settle() error { return s.engine.Settle() }

// Close settles and frees the backend.
func (s *Session) Close() error { return errors.Join(s.Settle(), s.backend.Close()) }

func tensorSizes(m *nn.Model) []int {
	var sizes []int
	for _, t := range m.Tensors() {
		sizes = append(sizes, t.Len)
	}
	return sizes
}
