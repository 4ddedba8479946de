package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloister/accountant"
	"cloister/clip"
	"cloister/dp"
	"cloister/dp/audit"
	"cloister/dp/ledger"
	"cloister/dp/mechanism"
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

// Session is one run: a frozen plan, the parameters it trains and everything that changes them. It owns its backend.
// It is not safe for concurrent use.
type Session struct {
	config   protocol.Config
	env      Environment
	model    *nn.Model
	designed dp.Spec // what the configuration asks for, before calibration
	plan     *dp.Plan
	policy   dp.Policy
	points   int                 // that it evaluates a step at, at most
	average  mechanism.Averaging // nil: parameters are evaluated as they are
	audit    *audit.Audit        // nil: nobody watches
	engine   *dp.Engine
	backend  backend.Backend
	optim    *optimization
	odometer *accountant.Odometer // nil: a plan without noise
	perEpoch int
	planned  protocol.Planned

	params    []float32
	history   []Evaluated
	averaged  []float32
	reference *nn.Reference // for single predictions; nil until one is asked for
	before    float64       // seconds of training before a checkpoint
	trained   time.Duration // in steps since
	busy      time.Duration // that compute workers were, in these steps
	last      protocol.StepEvent
	raw       dp.Raw // diagnostics only
}

// planSession does what can be refused without touching anything: it validates the configuration, and freezes and
// calibrates the plan. It needs no ledger.
func planSession(c protocol.Config, env Environment, saved *Checkpoint) (*Session, error) {
	if c.Mechanism.Name == "" {
		c.Mechanism.Name = "fixed"
	}
	if err := Validate(&c, &env.Dataset.Manifest); err != nil {
		return nil, err
	}
	s := &Session{config: c, env: env}
	return s, s.design(saved)
}

// begin starts the backend of a run that was planned, and enters it in the ledger. With a checkpoint, the run
// goes on where that was made, or behind what the ledger has charged it for.
func (s *Session) begin(ctx context.Context, saved *Checkpoint) error {
	s.describe()
	if err := s.compute(ctx); err != nil {
		return err
	}
	if err := s.enter(saved); err != nil {
		return errors.Join(err, s.backend.Close())
	}
	return nil
}

// design builds the network, the mechanism with its plan, and the optimiser; restored where there is a checkpoint.
func (s *Session) design(saved *Checkpoint) (err error) {
	d, c := s.env.Dataset, &s.config
	if s.model, err = network(c, &d.Manifest); err != nil {
		return err
	}
	steps, perEpoch := c.Steps(d.TrainRecords)
	s.perEpoch = perEpoch
	setting := mechanism.Setting{
		N: d.TrainRecords, BatchSize: float64(c.BatchSize), Steps: steps, StepsPerEpoch: perEpoch, ClipNorm: c.ClipNorm,
		Tensors: tensorSizes(s.model), Epsilon: c.Epsilon, Delta: c.Delta, Momentum: c.Momentum, NoNoise: c.NonPrivate,
	}
	design, err := s.mechanism(setting, saved)
	if err != nil {
		return err
	}
	s.policy, s.average, s.points = design.Policy, design.Averaging, design.Points
	if s.optim, err = newOptimization(c, design, s.model.NumParams(), steps, perEpoch); err != nil {
		return err
	}
	s.designed = design.Spec
	if saved == nil {
		s.params = Initial(s.model, c.Seed)
		s.plan, err = dp.NewPlan(design.Spec)
	} else {
		err = s.restore(saved)
	}
	if err == nil && s.audit != nil {
		err = s.audit.Begin(s.plan)
	}
	return err
}

// compute starts the backend.
func (s *Session) compute(ctx context.Context) (err error) {
	c, d := &s.config, s.env.Dataset
	work := backend.Work{
		Model: s.model, Rule: s.policy.Rule(), Private: !c.NonPrivate, Points: s.points, Rate: c.SamplingRate(d.TrainRecords),
		Mean: d.Mean, Std: d.Std, Float: d.Float(),
	}
	workers := c.Workers
	if workers == 0 {
		workers = s.env.Workers
	}
	s.backend, err = s.env.Compute(ctx, work, d.Records, workers, s.env.Notice)
	return err
}

// enter begins the run in the ledger, or goes on with it.
func (s *Session) enter(saved *Checkpoint) (err error) {
	o := dp.Options{
		Plan: s.plan, Policy: s.policy, Tensors: s.tensors(), Rounding: s.backend.Rounding(),
		Ledger: s.env.Ledger, Title: s.title(), Seed: s.config.Seed, NotPrivate: s.config.NotPrivate(),
	}
	if s.config.Diagnostics {
		o.Diagnose = func(r dp.Raw) { s.raw = r }
	}
	if saved != nil {
		if o.Resume, err = s.reenter(saved); err != nil {
			return err
		}
	}
	if s.engine, err = dp.NewEngine(o); err != nil {
		return err
	}
	if saved != nil {
		if err := s.engine.Restore(saved.Engine); err != nil {
			return err
		}
	}
	s.planned.Private = s.engine.NotPrivate() == ""
	s.planned.NotPrivate = s.config.NotPrivate()
	s.planned.Workers = 1
	if w, ok := s.backend.(workers); ok {
		s.planned.Workers = w.Count()
	}
	if s.plan.Private() {
		if s.odometer, err = accountant.NewOdometer(s.plan.EventAfter, s.plan.Steps(), s.plan.Delta()); err != nil {
			return err
		}
	}
	s.last.Step = s.engine.Step()
	s.warn()
	s.last.Epsilon = s.spent(s.last.Step)
	return nil
}

func (s *Session) title() string {
	return fmt.Sprintf("%s on %s, %s, %d steps", s.config.Model, s.env.Dataset.Title, s.config.Mechanism.Name, s.plan.Steps())
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

// Done says that every step of the plan is done.
func (s *Session) Done() bool { return s.engine.Step() >= s.plan.Steps() }

// EpochEnd says that the last step ended an epoch or the run.
func (s *Session) EpochEnd() bool { return s.engine.Step()%s.perEpoch == 0 || s.Done() }

// Step does one step. After an error the run may go on: the step is repeated with the same sample, at no second cost.
func (s *Session) Step(ctx context.Context) error {
	start, busy := time.Now(), s.work()
	step := s.engine.Step()
	released, err := s.next(ctx, func(ctx context.Context, q dp.Query) (dp.Sums, error) {
		return s.backend.Step(ctx, backend.Request{Points: q.Points, Coefficients: q.Coefficients, Records: q.Records, Bounds: q.Bounds, Thresholds: q.Thresholds})
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
