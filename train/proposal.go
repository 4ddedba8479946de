package train

import (
	"context"

	"cloister/data"
	"cloister/dp"
	"cloister/dp/audit"
	"cloister/dp/mechanism"
	"cloister/nn"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// Proposal is a run as its configuration asks for it, with its plan calibrated and frozen. All of it that can be refused
// was checked; nothing has been charged, started or told. Its plan does not change any more: a [Session] carries it out.
type Proposal struct {
	config   protocol.Config
	dataset  *Dataset
	author   *author     // of a written mechanism
	saved    *Checkpoint // that the run goes on from; nil: it begins
	model    *nn.Model
	designed dp.Spec // what the configuration asks for, before calibration
	plan     *dp.Plan
	perEpoch int
	initial  []float32   // parameters to begin with
	earlier  []Evaluated // evaluations before the checkpoint
	before   float64     // seconds of training before it

	policy    dp.Policy
	clipNorms []float64           // of all steps, where the plan alone changes them
	points    int                 // that it evaluates a step at, at most
	whitened  bool                // its steps carry a whitening
	average   mechanism.Averaging // nil: parameters are evaluated as they are
	audit     *audit.Audit        // nil: nobody watches
	optim     *optimization

	noAccuracy string // why there will be none
}

// propose is [author.propose] of what nobody wrote.
func propose(c protocol.Config, d *Dataset, saved *Checkpoint) (*Proposal, error) {
	return (*author)(nil).propose(c, d, saved)
}

// propose validates a configuration, and freezes and calibrates its plan. It needs no ledger.
func (a *author) propose(c protocol.Config, d *Dataset, saved *Checkpoint) (*Proposal, error) {
	if c.Mechanism.Name == "" {
		c.Mechanism.Name = "fixed"
	}
	if err := Validate(&c, &d.Manifest); err != nil {
		return nil, err
	}
	p := &Proposal{config: c, dataset: d, author: a, saved: saved}
	if err := p.design(); err != nil {
		return nil, err
	}
	return p, nil
}

// design builds the network, the mechanism with its plan, and the optimiser; restored where there is a checkpoint.
func (p *Proposal) design() (err error) {
	d, c := p.dataset, &p.config
	if p.model, err = network(c, &d.Manifest); err != nil {
		return err
	}
	n := units(&d.Manifest, data.TrainSplit)
	steps, perEpoch := c.Steps(n)
	p.perEpoch = perEpoch
	setting := mechanism.Setting{
		N: n, BatchSize: float64(c.Batch(n)), Steps: steps, StepsPerEpoch: perEpoch, ClipNorm: c.ClipNorm,
		Tensors: tensorSizes(p.model), Epsilon: c.Epsilon, Delta: c.Delta, Momentum: c.Momentum, NonPrivate: c.NonPrivate,
		Rates: rates(c, steps, perEpoch), Whitener: whitener(p.model), ScaleFree: p.model.ScaleFree(),
	}
	if setting.Author, err = p.author.of(c); err != nil {
		return err
	}
	design, err := p.mechanism(setting)
	if err != nil {
		return err
	}
	p.policy, p.average, p.points, p.whitened, p.clipNorms = design.Policy, design.Averaging, design.Points, design.Whitened, design.ClipNorms
	if p.optim, err = newOptimization(c, design, p.model.NumParams(), steps, perEpoch); err != nil {
		return err
	}
	if err := p.protect(&design.Spec); err != nil {
		return err
	}
	p.designed = design.Spec
	if p.saved == nil {
		p.initial = Initial(p.model, c.Seed)
		p.plan, err = dp.NewPlan(design.Spec)
	} else {
		err = p.restore(p.saved)
	}
	if err == nil && p.audit != nil {
		err = p.audit.Begin(p.plan)
	}
	return err
}

// compute starts the backend.
func (p *Proposal) compute(ctx context.Context, env Environment) (backend.Backend, error) {
	c, d := &p.config, p.dataset
	work := backend.Work{
		Model: p.model, Rule: p.policy.Rule(), NonPrivate: c.NonPrivate, Points: p.points, Whiten: p.whitened, Rate: c.SamplingRate(units(&d.Manifest, data.TrainSplit)),
		Mean: d.Mean, Std: d.Std, Float: d.Float(),
	}
	workers := c.Workers
	if workers == 0 {
		workers = env.Workers
	}
	return env.Compute(ctx, work, d.Records, workers, env.Notice)
}
