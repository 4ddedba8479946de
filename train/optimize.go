package train

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"cloister/dp"
	"cloister/dp/mechanism"
	"cloister/nn"
	"cloister/train/protocol"

	cryptorand "crypto/rand"
)

// optimization is an optimiser with its learning-rate schedule.
type optimization struct {
	optimiser nn.Optimiser
	schedule  nn.Schedule
}

// newOptimization follows the configuration, or the optimiser that the mechanism is defined with.
func newOptimization(c *protocol.Config, design *mechanism.Design, params, steps, perEpoch int) (*optimization, error) {
	name := c.Optimizer
	if design.Optimizer != "" {
		name = design.Optimizer
	}
	if err := design.CheckOptimizer(name); err != nil {
		return nil, fmt.Errorf("train: Optimiser is %s: %w", name, err)
	}
	optimiser, err := nn.NewOptimiser(name, params, c.Momentum)
	if err != nil {
		return nil, err
	}
	schedule := scheduled(c, steps, perEpoch)
	return &optimization{optimiser, schedule}, schedule.Validate()
}

func scheduled(c *protocol.Config, steps, perEpoch int) nn.Schedule {
	return nn.Schedule{Name: c.Schedule, Rate: c.LearningRate, Steps: steps, StepsPerEpoch: perEpoch}
}

// rates are those of all steps, which noise is shaped for.
func rates(c *protocol.Config, steps, perEpoch int) []float64 {
	schedule, all := scheduled(c, steps, perEpoch), make([]float64, steps)
	for t := range all {
		all[t] = schedule.At(t)
	}
	return all
}

// step moves the parameters along a released gradient and returns the learning rate that it used.
func (o *optimization) step(params []float32, r *dp.Released) float64 {
	rate := o.schedule.At(r.Step)
	o.optimiser.Step(params, r.Gradient, rate, r.NoiseStd)
	return rate
}

func (o *optimization) state() OptimizerState {
	s := o.optimiser.State()
	return OptimizerState{Steps: s.Steps, Vectors: nn.Bytes(slices.Concat(s.Vectors...))}
}

func (o *optimization) setState(saved OptimizerState) error {
	values, err := decodeFloats(saved.Vectors)
	if err != nil {
		return fmt.Errorf("optimiser: %w", err)
	}
	s := o.optimiser.State()
	s.Steps = saved.Steps
	for i, v := range s.Vectors {
		n := min(len(v), len(values))
		s.Vectors[i], values = values[:n], values[n:]
	}
	if len(values) > 0 {
		return fmt.Errorf("optimiser: %d values too many", len(values))
	}
	return o.optimiser.SetState(s)
}

// Initial draws the network's first parameters. They are public: no budget depends on them.
func Initial(m *nn.Model, seed *uint64) []float32 {
	var key [32]byte
	if seed == nil {
		cryptorand.Read(key[:])
	} else {
		copy(key[:], "cloister/init")
		for i := range 8 {
			key[24+i] = byte(*seed >> (8 * i))
		}
	}
	params := make([]float32, m.NumParams())
	m.Init(params, rand.New(rand.NewChaCha8(key)))
	return params
}
