package nn

import (
	"fmt"
	"math"
	"slices"
)

// Optimiser moves parameters along a released gradient. It sees noised values only, so that nothing it does costs budget.
type Optimiser interface {
	// Step updates params in place. noiseStd is the standard deviation of the noise in each coordinate of gradient;
	// only optimisers that correct for it use it. Nothing is allocated. It panics, before it changes anything, when a
	// length is not the one that the optimiser was made for.
	Step(params, gradient []float32, learningRate, noiseStd float64)
	// State is a copy of what a checkpoint must hold; SetState restores it, or reports a state of another shape and
	// changes nothing.
	State() OptimiserState
	SetState(OptimiserState) error
}

// OptimiserState is an optimiser's memory: vectors, most of them as long as the parameters, and the number of steps done.
type OptimiserState struct {
	Vectors [][]float32 `msg:"vectors"`
	Steps   int         `msg:"steps"`
}

// OptimiserNames lists what NewOptimiser knows.
func OptimiserNames() []string { return []string{"sgd", "nesterov", "adam", "adambc"} }

// NewOptimiser makes an optimiser for n parameters; momentum is SGD's.
func NewOptimiser(name string, n int, momentum float64) (Optimiser, error) {
	switch name {
	case "sgd", "nesterov":
		if !(momentum >= 0 && momentum < 1) {
			return nil, fmt.Errorf("nn: momentum %v, want at least 0 and below 1", momentum)
		}
		return &SGD{Momentum: momentum, Nesterov: name == "nesterov", memory: newMemory(n, 1)}, nil
	case "adam":
		return &Adam{memory: newMemory(n, 2)}, nil
	case "adambc":
		o := &Adam{Corrected: true, memory: newMemory(n, 2)}
		o.Vectors = append(o.Vectors, make([]float32, 1))
		return o, nil
	}
	return nil, fmt.Errorf("nn: unknown optimiser %q, want one of %v", name, OptimiserNames())
}

// memory is the part that all optimisers share.
type memory struct{ OptimiserState }

func newMemory(n, vectors int) memory {
	m := memory{}
	for range vectors {
		m.Vectors = append(m.Vectors, make([]float32, n))
	}
	return m
}

func (m *memory) State() OptimiserState {
	s := OptimiserState{Steps: m.Steps}
	for _, v := range m.Vectors {
		s.Vectors = append(s.Vectors, slices.Clone(v))
	}
	return s
}

// check guards Step: a wrong length is a mistake of the program, never of its input.
func (m *memory) check(params, gradient []float32) {
	if n := len(m.Vectors[0]); len(params) != n || len(gradient) != n {
		panic(fmt.Sprintf("nn: optimiser of %d parameters got %d, with a gradient of %d", n, len(params), len(gradient)))
	}
}

func (m *memory) SetState(s OptimiserState) error {
	if len(s.Vectors) != len(m.Vectors) || s.Steps < 0 {
		return fmt.Errorf("nn: optimiser state has %d vectors after %d steps, want %d", len(s.Vectors), s.Steps, len(m.Vectors))
	}
	for i, v := range s.Vectors {
		if len(v) != len(m.Vectors[i]) {
			return fmt.Errorf("nn: optimiser state %d has length %d, want %d", i, len(v), len(m.Vectors[i]))
		}
		for j, x := range v {
			if x-x != 0 {
				return fmt.Errorf("nn: optimiser state %d holds %v at %d", i, x, j)
			}
		}
	}
	for i, v := range s.Vectors {
		copy(m.Vectors[i], v)
	}
	m.Steps = s.Steps
	return nil
}

// SGD is stochastic gradient descent with PyTorch's momentum: v = momentum v + g, p = p - rate v. Nesterov looks one
// step of the momentum ahead: p = p - rate (g + momentum v) (Sutskever et al. 2013, "On the Importance of Initialization and
// Momentum in Deep Learning", Section 2, in PyTorch's form).
type SGD struct {
	Momentum float64
	Nesterov bool
	memory
}

func (o *SGD) Step(params, gradient []float32, learningRate, _ float64) {
	o.check(params, gradient)
	o.Steps++
	momentum, rate := float32(o.Momentum), float32(learningRate)
	v := o.Vectors[0]
	v, params = v[:len(gradient)], params[:len(gradient)]
	if o.Nesterov {
		for i, g := range gradient {
			v[i] = momentum*v[i] + g
			params[i] -= rate * (g + momentum*v[i])
		}
		return
	}
	for i, g := range gradient {
		v[i] = momentum*v[i] + g
		params[i] -= rate * v[i]
	}
}

// Adam is Kingma and Ba 2015, Algorithm 1, with beta1 0.9, beta2 0.999 and epsilon 1e-8. Corrected subtracts the known
// variance of the noise from the second moment, which noise would otherwise dominate: DP-AdamBC (Tang, Shpilevskiy and
// Lécuyer 2024, "DP-AdamBC: Your DP-Adam Is Actually DP-SGD", Section 3). The variance is averaged as the second moment is,
// so that the correction stays exact when the noise changes from step to step.
type Adam struct {
	Corrected bool
	memory    // first moments, second moments and, when Corrected, the average of the noise's variance
}

const (
	beta1, beta2 = 0.9, 0.999
	adamEpsilon  = 1e-8
	// bcFloor keeps DP-AdamBC's corrected second moment away from zero, as a share of the noise's variance: what is
	// below it cannot be told from noise.
	bcFloor = 1e-2
)

func (o *Adam) Step(params, gradient []float32, learningRate, noiseStd float64) {
	o.check(params, gradient)
	o.Steps++
	unbias1 := 1 / (1 - math.Pow(beta1, float64(o.Steps)))
	unbias2 := 1 / (1 - math.Pow(beta2, float64(o.Steps)))
	variance := 0.0
	if o.Corrected {
		average := &o.Vectors[2][0]
		*average = float32(beta2*float64(*average) + (1-beta2)*noiseStd*noiseStd)
		variance = float64(*average) * unbias2
	}
	floor := bcFloor * variance
	m, v := o.Vectors[0][:len(gradient)], o.Vectors[1][:len(gradient)]
	params = params[:len(gradient)]
	for i, g := range gradient {
		m[i] = beta1*m[i] + (1-beta1)*g
		v[i] = beta2*v[i] + (1-beta2)*g*g
		second := float64(v[i])*unbias2 - variance
		if second < floor {
			second = floor
		}
		params[i] -= float32(learningRate * float64(m[i]) * unbias1 / (math.Sqrt(second) + adamEpsilon))
	}
}
