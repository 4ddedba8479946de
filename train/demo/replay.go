package demo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"cloister/clip"
	"cloister/dp/audit"
	"cloister/dp/replay"
	"cloister/nn"
	"cloister/train"
	"cloister/train/backend"
	"cloister/train/protocol"
)

const notPrivate = "a mechanism exactly as published, on public records: whatever epsilon was claimed, nothing here protects anybody"

// Replay trains with a mechanism of the benchmark exactly as published: its noise, its shuffled batches, its bookkeeping.
// The configuration is that of a run, but for the mechanism's name. Records that are not public are refused.
func Replay(ctx context.Context, c protocol.Config, env train.Environment, progress func(protocol.ReplayAnswer)) protocol.ReplayAnswer {
	a := protocol.ReplayAnswer{NotPrivate: notPrivate, Mechanism: c.Mechanism.Name}
	r, err := newRerun(ctx, &c, &env)
	if err == nil {
		a.Steps = r.setting.Steps()
		err = errors.Join(r.train(ctx, &a, progress), r.backend.Close())
	}
	switch {
	case ctx.Err() != nil:
		a.Error = fmt.Sprintf("demo: the replay was stopped after %d of %d steps", a.Step, a.Steps)
	case err != nil:
		a.Error = err.Error()
	default:
		a.Privacy = privacy(r.mechanism, r.setting)
		a.Audit, err = r.audited(a.Privacy)
		if err != nil {
			a.Error = err.Error()
		}
	}
	a.Done = true
	return a
}

// audited is what the auditor found; nil where none watched.
func (r *rerun) audited(p protocol.Privacy) (*protocol.AuditAnswer, error) {
	if r.auditor == nil {
		return nil, nil
	}
	found, err := r.auditor.Result()
	a := &protocol.AuditAnswer{Step: r.setting.Steps(), Steps: r.setting.Steps(), Privacy: p}
	train.Found(a, &found)
	return a, err
}

// rerun is a published training, once more.
type rerun struct {
	setting   replay.Setting
	mechanism replay.Mechanism
	auditor   *replay.Auditor // nil: nobody watches
	dataset   *train.Dataset
	backend   backend.Backend
	optimiser nn.Optimiser
	schedule  nn.Schedule
	batches   *batches
	params    []float32
	gradient  []float32
	bounds    []float64 // what a backend wants to see, though factors are computed here
}

func newRerun(ctx context.Context, c *protocol.Config, env *train.Environment) (*rerun, error) {
	if err := check(c, env.Dataset); err != nil {
		return nil, err
	}
	d := env.Dataset
	model, err := nn.ByName(c.Model, nn.Shape{C: d.Channels, H: d.Height, W: d.Width}, len(d.Classes))
	if err != nil {
		return nil, err
	}
	r := &rerun{
		setting: settingOf(c, d, model), dataset: d, batches: newBatches(d.TrainRecords, c.BatchSize, c.Seed),
		params: train.Initial(model, c.Seed), gradient: make([]float32, model.NumParams()),
	}
	r.bounds = slices.Repeat([]float64{1}, len(r.setting.Tensors))
	if err := r.make(c); err != nil {
		return nil, err
	}
	if r.optimiser, err = nn.NewOptimiser(c.Optimizer, model.NumParams(), c.Momentum); err != nil {
		return nil, err
	}
	r.schedule = nn.Schedule{Name: c.Schedule, Rate: c.LearningRate, Steps: r.setting.Steps(), StepsPerEpoch: r.setting.StepsPerEpoch()}
	work := backend.Work{
		Model: model, Rule: clip.Rule{Grouping: clip.PerLayer}, Rate: r.setting.Rate(), Mean: d.Mean, Std: d.Std, Float: d.Float(),
	}
	workers := c.Workers
	if workers == 0 {
		workers = env.Workers
	}
	r.backend, err = env.Compute(ctx, work, d.Records, workers, env.Notice)
	return r, err
}

// make makes the mechanism, with an auditor beside it where the configuration asks for one.
func (r *rerun) make(c *protocol.Config) (err error) {
	if c.Audit {
		r.auditor, r.mechanism, err = replay.NewAuditor(c.Mechanism.Name, r.setting, audit.Options{Seed: c.Seed})
		return err
	}
	r.mechanism, err = replay.New(c.Mechanism.Name, r.setting, rand.New(audit.Source(c.Seed, "replay")))
	return err
}

// settingOf is what the benchmark would tell a mechanism.
func settingOf(c *protocol.Config, d *train.Dataset, m *nn.Model) replay.Setting {
	s := replay.Setting{
		MaxGradNorm: c.ClipNorm, DatasetSize: d.TrainRecords, BatchSize: c.BatchSize, Epochs: int(c.Epochs),
		TargetEpsilon: c.Epsilon, TargetDelta: c.Delta,
	}
	for _, t := range m.Tensors() {
		s.Tensors = append(s.Tensors, t.Len)
	}
	return withNoise(s)
}

// check refuses, before anything happens, what no replay may do.
func check(c *protocol.Config, d *train.Dataset) error {
	if !d.Published() || !d.TestPublic || d.TestRecords == 0 {
		return fmt.Errorf("demo: a replay is not private, and %q is not known to be public: open the built-in digits or a benchmark's set", d.Name)
	}
	if err := train.Validate(c, &d.Manifest); err != nil {
		return err
	}
	steps, _ := c.Steps(d.TrainRecords)
	switch {
	case c.Epochs != math.Trunc(c.Epochs) || steps > maxSteps:
		return fmt.Errorf("demo: %v epochs, %d steps: a replay wants whole epochs, and at most %d steps", c.Epochs, steps, maxSteps)
	case len(c.Mechanism.Params) > 0:
		return errors.New("demo: a mechanism as published takes no parameters")
	case c.NonPrivate || c.Diagnostics:
		return errors.New("demo: a replay adds the noise that was published and shows no raw figures")
	}
	return nil
}

// train does all steps, tries the network after every epoch on the public test split, and tells of it.
func (r *rerun) train(ctx context.Context, a *protocol.ReplayAnswer, progress func(protocol.ReplayAnswer)) error {
	var shown time.Time
	for a.Step < a.Steps {
		if err := r.step(ctx, a.Step); err != nil {
			return fmt.Errorf("demo: step %d: %w", a.Step+1, err)
		}
		a.Step++
		ended := a.Step%r.setting.StepsPerEpoch() == 0
		if ended {
			e, err := r.dataset.Evaluate(ctx, r.backend, r.params)
			if err != nil {
				return err
			}
			a.Epoch, a.Accuracy = a.Epoch+1, e.Accuracy
		}
		if now := time.Now(); ended || now.Sub(shown) > 100*time.Millisecond {
			shown = now
			progress(*a)
		}
	}
	return nil
}

func (r *rerun) step(ctx context.Context, step int) error {
	perEpoch := r.setting.StepsPerEpoch()
	request := backend.Request{Points: [][]float32{r.params}, Records: r.batches.at(step), Bounds: r.bounds}
	var g replay.Gradients = &gradients{ctx: ctx, backend: r.backend, request: request, tensors: len(r.setting.Tensors)}
	if r.auditor != nil {
		g = r.auditor.Beside(g)
	}
	mean, err := r.mechanism.ClipAndNoise(g, step, step/perEpoch)
	if err != nil {
		return err
	}
	if r.auditor != nil {
		mean = r.auditor.Model(mean)
	}
	for i, x := range mean {
		r.gradient[i] = float32(x)
	}
	r.optimiser.Step(r.params, r.gradient, r.schedule.At(step), 0)
	return ctx.Err()
}
