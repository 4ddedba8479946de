package mechanism

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"cloister/clip"
	"cloister/dp"
)

// Setting is what a mechanism may know of a run before it begins. All of it is public.
type Setting struct {
	N             int     // records
	BatchSize     float64 // q N
	Steps         int     // T
	StepsPerEpoch int
	ClipNorm      float64 // C
	Tensors       []int   // sizes of the parameter tensors
	Appended      []int   // coordinates that gradients have behind each tensor beside the model's, such as an audit's; nil: none
	Epsilon       float64 // target
	Delta         float64
	Momentum      float64   // of the optimiser that follows the gradients: banded noise is shaped for it
	Rates         []float64 // its learning rate at every step, up to a factor; nil: constant
	NonPrivate    bool      // see Spec.NonPrivate

	ScaleFree []bool // tensors of layers whose scale is without effect, as a normalisation follows; nil: none

	Whitener *Whitener // of the network; nil: there is none, as in an audit on its own
	Author   Author    // of the mechanism [Written]; nil: nobody is
}

// Whitener makes the factors that per-sample gradients of a network are multiplied by, see [dp.Ask]. It sees public values alone.
type Whitener struct {
	Len int // of the factors

	// Make estimates them at released parameters from so many probes, drawn from a source that anyone can repeat.
	Make func(params []float32, images int, damping float64, source uint64) ([]float32, error)
}

// Params is the number of parameters.
func (s *Setting) Params() int {
	n := 0
	for _, t := range s.Tensors {
		n += t
	}
	return n
}

// Coordinates is the number of a gradient's coordinates: the parameters and what is appended to them.
func (s *Setting) Coordinates() int {
	n := s.Params()
	for _, t := range s.Appended {
		n += t
	}
	return n
}

func (s *Setting) check() error {
	switch {
	case s.N < 1:
		return fmt.Errorf("mechanism: setting has %d records", s.N)
	case !(s.BatchSize > 0 && s.BatchSize <= float64(s.N)):
		return fmt.Errorf("mechanism: batch size %v, want above 0 and at most N = %d", s.BatchSize, s.N)
	case s.Steps < 1 || s.Steps > dp.MaxSteps:
		return fmt.Errorf("mechanism: %d steps, want 1 to %d", s.Steps, dp.MaxSteps)
	case s.StepsPerEpoch < 1:
		return fmt.Errorf("mechanism: %d steps per epoch, want at least 1", s.StepsPerEpoch)
	case !(s.Momentum >= 0 && s.Momentum < 1):
		return fmt.Errorf("mechanism: momentum %v, want 0 to 1", s.Momentum)
	case s.Rates != nil && len(s.Rates) != s.Steps:
		return fmt.Errorf("mechanism: learning rates of %d steps in a run of %d", len(s.Rates), s.Steps)
	case len(s.Tensors) < 1 || len(s.Tensors) > dp.MaxGroups:
		return fmt.Errorf("mechanism: %d parameter tensors, want 1 to %d", len(s.Tensors), dp.MaxGroups)
	case s.ScaleFree != nil && len(s.ScaleFree) != len(s.Tensors):
		return fmt.Errorf("mechanism: %d tensors are said to have a scale or none, of %d", len(s.ScaleFree), len(s.Tensors))
	case s.Appended != nil && len(s.Appended) != len(s.Tensors):
		return fmt.Errorf("mechanism: coordinates are appended to %d tensors of %d", len(s.Appended), len(s.Tensors))
	}
	for t, n := range s.Tensors {
		if n < 1 || n > 1<<28 {
			return fmt.Errorf("mechanism: tensor %d has %d parameters", t, n)
		}
	}
	for t, rate := range s.Rates {
		if !(rate >= 0 && rate <= math.MaxFloat32) {
			return fmt.Errorf("mechanism: learning rate %v at step %d", rate, t)
		}
	}
	for t, n := range s.Appended {
		if n < 0 || n > 1<<28 {
			return fmt.Errorf("mechanism: %d coordinates are appended to tensor %d", n, t)
		}
	}
	return clip.CheckBounds([]float64{s.ClipNorm}, 1)
}

// Design is a mechanism made for a setting: what to plan, what policy to run, and what else it wants.
type Design struct {
	Spec      dp.Spec
	Policy    dp.Policy
	Averaging Averaging // of the parameters; nil: none
	Optimizer string    // an optimiser of package nn that the mechanism is defined with; "" leaves the choice
	Points    int       // the most parameter vectors that the policy evaluates gradients at in a step
	Filtered  bool      // the optimiser follows filtered gradients, whose noise is not Released.NoiseStd
	Whitened  bool      // the policy asks for whitened gradients
	Uneven    bool      // groups or layers have noise of their own, of which Released.NoiseStd is only the mean
	ClipNorms []float64 // joint sensitivities of all steps, where they change and no release decides them; nil: otherwise
}

// CheckOptimizer says what to change when an optimiser cannot follow the design's gradients. DP-AdamBC subtracts
// Released.NoiseStd squared, one figure for all coordinates. Filters average most of that noise away, each by a factor of
// its own, and an uneven allocation gives some layers far less: what is left of their second moments would be nothing.
func (d *Design) CheckOptimizer(name string) error {
	switch {
	case name != "adambc":
		return nil
	case d.Filtered:
		return errors.New("mechanism: adam-bc subtracts the noise of unfiltered gradients: leave out the filter (momentum, doppler, or a mechanism with one inside), or use adam")
	case d.Uneven:
		return errors.New("mechanism: adam-bc subtracts the same noise in all layers: set allocation to 0 or longer to 1, or use adam")
	}
	return nil
}

// Kind says what a mechanism is part of a composition.
type Kind string

const (
	Clipping      Kind = "mechanism"      // complete on its own; comes first in a composition
	NoiseSchedule Kind = "noise schedule" // multiplies the noise multiplier
	ClipSchedule  Kind = "clip schedule"  // multiplies the clip bounds
	Filtering     Kind = "filter"         // changes what the optimiser follows
	Parameters    Kind = "averaging"      // changes what is evaluated and kept
)

// Mechanism describes an entry of the catalogue, for people and for forms.
type Mechanism struct {
	Name      string  `json:"name"`
	Kind      Kind    `json:"kind"`
	Title     string  `json:"title"`
	Family    string  `json:"family,omitempty"` // of those of kind Clipping
	Summary   string  `json:"summary"`          // one plain sentence
	Pays      string  `json:"pays"`             // what it costs in privacy
	Paper     string  `json:"paper"`
	Params    []Param `json:"params,omitempty"`
	Optimizer string  `json:"optimizer,omitempty"`

	build func(*builder) error
}

// Param is a number that a mechanism takes.
type Param struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Default float64  `json:"default"` // as published, where there is a publication
	Min     float64  `json:"min"`
	Max     float64  `json:"max"`
	Whole   bool     `json:"whole"`             // it counts or chooses
	Choices []string `json:"choices,omitempty"` // where it chooses: the words of 0, 1, 2 ...
}

func number(name, title string, usual, least, most float64) Param {
	return Param{Name: name, Title: title, Default: usual, Min: least, Max: most}
}

func count(name, title string, usual, least, most float64) Param {
	return Param{Name: name, Title: title, Default: usual, Min: least, Max: most, Whole: true}
}

func choice(name, title string, words ...string) Param {
	p := count(name, title, 0, 0, float64(len(words)-1))
	p.Choices = words
	return p
}

// Mechanisms lists the catalogue. Names compose with "+": a mechanism first, then any schedules, filters and averaging,
// as in "quantile+sigma-linear+momentum+average-tail".
func Catalogue() []Mechanism { return slices.Clone(catalogue) }

func find(name string) *Mechanism {
	for i := range catalogue {
		if catalogue[i].Name == name {
			return &catalogue[i]
		}
	}
	return nil
}

// New makes a mechanism, or a composition of names joined by "+", for a setting. A parameter is named "name"
// or, for one part of a composition only, "part.name"; missing ones take their defaults.
func New(name string, params map[string]float64, s Setting) (*Design, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if name == Written {
		return newWritten(&s)
	}
	parts := strings.Split(name, "+")
	if len(parts) > 8 {
		return nil, fmt.Errorf("mechanism: composition of %d parts, at most 8", len(parts))
	}
	s.Tensors, s.Appended = slices.Clone(s.Tensors), slices.Clone(s.Appended)
	b := &builder{Setting: s, policy: &composed{gain: 1}, shapers: []string{"the clip norm"}}
	b.design.Spec = dp.Spec{N: s.N, Rate: s.BatchSize / float64(s.N), Steps: s.Steps, Epsilon: s.Epsilon, Delta: s.Delta, NonPrivate: s.NonPrivate}
	used := map[string]bool{}
	for i, part := range parts {
		m := find(part)
		switch {
		case m == nil:
			return nil, fmt.Errorf("mechanism: unknown mechanism %q", part)
		case (i == 0) != (m.Kind == Clipping):
			return nil, fmt.Errorf("mechanism: %q is a %s: a composition begins with one mechanism and goes on with schedules, filters and averaging", part, m.Kind)
		}
		if err := b.take(m, params, used); err != nil {
			return nil, err
		}
		if err := m.build(b); err != nil {
			return nil, fmt.Errorf("mechanism: %s: %w", part, err)
		}
		if v := b.values[gain.Name]; v > 0 {
			b.policy.gain = v
		}
	}
	for p := range params {
		if !used[p] {
			return nil, fmt.Errorf("mechanism: %q has no parameter %q", name, p)
		}
	}
	d := &b.design
	d.Points = 1
	if b.policy.lookahead != nil {
		d.Points = b.policy.lookahead.count()
	}
	d.Whitened = b.policy.whitening != nil
	d.ClipNorms = b.policy.clipNorms()
	d.Policy, d.Filtered, d.Uneven = b.policy, len(b.policy.filters) > 0, b.policy.allocate != nil || b.policy.gains != nil
	if err := errors.Join(d.CheckOptimizer(d.Optimizer), b.checkReach()); err != nil {
		return nil, err
	}
	return d, nil
}

// builder collects what the parts of a composition ask for.
type builder struct {
	Setting
	part    string             // the name of the part being built
	values  map[string]float64 // and its parameters
	design  Design
	policy  *composed
	shapers []string // what shapes the clip bounds, for errors

	multipliers map[int]float64 // noise multipliers that were asked for, by bands
}

// take checks the part's parameters and fills in the defaults.
func (b *builder) take(m *Mechanism, params map[string]float64, used map[string]bool) error {
	b.part, b.values = m.Name, map[string]float64{}
	for _, p := range m.Params {
		b.values[p.Name] = p.Default
		for _, key := range []string{p.Name, m.Name + "." + p.Name} {
			v, ok := params[key]
			if !ok {
				continue
			}
			used[key] = true
			if !(v >= p.Min && v <= p.Max) {
				return fmt.Errorf("mechanism: %s: parameter %q is %v, want %v to %v", m.Name, key, v, p.Min, p.Max)
			}
			if p.Whole && v != math.Trunc(v) {
				return fmt.Errorf("mechanism: %s: parameter %q is %v, want a whole number", m.Name, key, v)
			}
			b.values[p.Name] = v
		}
	}
	if m.Optimizer != "" {
		b.design.Optimizer = m.Optimizer
	}
	return nil
}

func (b *builder) get(name string) float64 { return b.values[name] }

// groups is the number of bounds under the rule set so far.
func (b *builder) groups() int { return b.policy.rule.Groups(len(b.Tensors)) }

// sizes are the coordinates of each group.
func (b *builder) sizes() []int {
	sizes := make([]int, b.groups())
	for t, n := range b.Tensors {
		sizes[b.policy.rule.Group(t)] += n
	}
	return sizes
}

// noise multiplies the noise multiplier of every step by a curve.
func (b *builder) noise(curve []float64) {
	b.design.Spec.Schedule = times(b.design.Spec.Schedule, curve)
}

// decay multiplies the bounds of every step by a curve that some parameters shape.
func (b *builder) decay(curve []float64, params ...string) {
	b.policy.decay = times(b.policy.decay, curve)
	b.shapesBounds(params...)
}

func (b *builder) filter(f filter) { b.policy.filters = append(b.policy.filters, f) }

// quantile sets an adaptive clip that starts with joint sensitivity C and orders the counts it needs.
func (b *builder) quantile(rate, target, low, high float64) *quantileBounds {
	groups := b.groups()
	q := &quantileBounds{c: equalBounds(b.ClipNorm, groups), rate: rate, target: target, low: low, high: high}
	b.policy.clip = q
	b.design.Spec.Counts = dp.CountQueries{Groups: groups, Sigma: b.get("count_noise")}
	return q
}
