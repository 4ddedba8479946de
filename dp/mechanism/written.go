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

// Written is the name of a mechanism that somebody wrote. It stands alone, and is no entry of the catalogue.
const Written = "written"

// Author runs the code of a written mechanism, somewhere where it sees nothing but what it is called with, and is given no clock.
// One call at a time.
//
// That the code is sound need not be known, nor can it be otherwise: its plan is stated before the first step from public facts, then
// calibrated and frozen; its answers are bounds, points and factors, which noise follows, and a filter of what was released. What it
// answers is checked here and by the engine, and a wrong answer is an error, never a smaller noise.
type Author interface {
	// Answer hands a call over and waits for the answer. The author may keep either. An error is final: the mechanism is gone.
	Answer(call []byte) ([]byte, error)
}

// mostLevels is how many noise multipliers a written curve may take: each is accounted for on its own.
const mostLevels = 32

// A shape is the plan in numbers: grouping, clip kind, gamma, r, the most points, and whether it sees the parameters, whitens, filters.
const shapeLen = 8

// written is the policy of a written mechanism. A release and what the next step asks for are one call.
type written struct {
	author Author
	handle float64
	steps  int
	dim    int // of gradients

	rule                    clip.Rule
	groups, points          int
	looks, whitens, filters bool
	whitener                *Whitener
	factors                 []float32 // of the last whitening; nil: none yet

	coming chan reply // the answer to a call that is on its way; nil: there is none
	said   message    // what step `at` asks for
	at     int        // -1: none
	state  []byte     // the last that the mechanism told
	failed error
}

type reply struct {
	answer []byte
	err    error
}

func newWritten(s *Setting) (*Design, error) {
	if s.Author == nil {
		return nil, errors.New("mechanism: nobody answers for a written mechanism: hand its code over first")
	}
	w := &written{author: s.Author, steps: s.Steps, dim: s.Coordinates(), at: -1}
	m, err := w.ask(appendSetting(begin("plan"), s))
	if err != nil {
		return nil, err
	}
	d := &Design{Policy: w, Spec: dp.Spec{N: s.N, Rate: s.BatchSize / float64(s.N), Steps: s.Steps, Epsilon: s.Epsilon, Delta: s.Delta, NonPrivate: s.NonPrivate}}
	if err := w.plan(s, d, &m); err != nil {
		return nil, fmt.Errorf("mechanism: plan: %w", err)
	}
	return d, nil
}

// plan reads what the mechanism planned.
func (w *written) plan(s *Setting, d *Design, m *message) error {
	handle, shape := m.floats(tagHandle), m.floats(tagShape)
	if len(handle) != 1 || len(shape) != shapeLen {
		return errors.New("it is none")
	}
	for _, x := range shape {
		if !(x >= 0 && x <= math.MaxFloat32) {
			return fmt.Errorf("it holds the number %v", x)
		}
	}
	w.handle, w.points = handle[0], int(min(shape[4], math.MaxInt16))
	w.looks, w.whitens, w.filters = shape[5] != 0, shape[6] != 0, shape[7] != 0
	w.rule = clip.Rule{Grouping: clip.Grouping(min(shape[0], 255)), Kind: clip.Kind(min(shape[1], 255)), Gamma: shape[2], R: shape[3]}
	if err := w.rule.Validate(); err != nil {
		return err
	}
	w.groups = w.rule.Groups(len(s.Tensors))
	switch {
	case w.points < 1 || w.points > 16:
		return fmt.Errorf("points: %d, want 1 to 16", w.points)
	case w.whitens && (w.points > 1 || s.Whitener == nil || s.NonPrivate):
		return errors.New("whitening: it is for private runs of networks that have factors (setting.factors), at one point")
	}
	if w.whitens {
		w.whitener = s.Whitener
	}
	d.Points, d.Whitened, d.Filtered, d.Uneven = w.points, w.whitens, w.filters, w.groups > 1
	return w.noise(s, &d.Spec, m)
}

// noise reads what a plan says of the noise; what a plan can be of it is dp's to check.
func (w *written) noise(s *Setting, spec *dp.Spec, m *message) error {
	spec.Schedule = m.floats(tagCurve)
	if n := levelsOf(spec.Schedule); n > mostLevels {
		return fmt.Errorf("noise: a curve of %d different values, at most %d can be accounted for in good time: make it a staircase", n, mostLevels)
	}
	if c := m.floats(tagStrategy); len(c) > 1 && !s.NonPrivate {
		if most := max(1, maxHistory/8/max(1, w.dim)+1); len(c) > min(dp.MaxBands, most) {
			return fmt.Errorf("strategy: %d bands, at most %d: 128 MB of past noise", len(c), min(dp.MaxBands, most))
		}
		spec.Strategy = unitNorm(c)
	}
	if c := m.floats(tagCountNoise); len(c) == 1 {
		spec.Counts = dp.CountQueries{Groups: w.groups, Sigma: c[0]}
	}
	return nil
}

func levelsOf(curve []float64) int {
	different := map[float64]bool{}
	for _, x := range curve {
		if different[x] = true; len(different) > mostLevels {
			break
		}
	}
	return len(different)
}

// unitNorm scales a column to norm 1, rounded down: what is above is more than a participation may add.
func unitNorm(c []float64) []float64 {
	norm := 0.0
	for _, x := range c {
		norm = math.Hypot(norm, x)
	}
	for i := range c {
		c[i] *= (1 - 1e-12) / norm
	}
	return c
}

// appendSetting is what a written mechanism is told of a run, all of it public.
func appendSetting(b []byte, s *Setting) []byte {
	factors := 0
	if s.Whitener != nil && !s.NonPrivate {
		factors = s.Whitener.Len
	}
	b = appendFloats(b, tagSetting, float64(s.N), s.BatchSize, float64(s.Steps), float64(s.StepsPerEpoch), s.ClipNorm, s.Epsilon, s.Delta, s.Momentum,
		float64(s.Coordinates()), float64(s.Params()), float64(factors))
	sizes := make([]float64, len(s.Tensors))
	for t, n := range s.Tensors {
		sizes[t] = float64(n)
		if s.Appended != nil {
			sizes[t] += float64(s.Appended[t])
		}
	}
	return appendFloats(appendFloats(b, tagTensors, sizes...), tagRates, s.Rates...)
}

func (w *written) Rule() clip.Rule { return w.rule }

// Ask answers the same again for the same step: the mechanism is called once.
func (w *written) Ask(v dp.View, a *dp.Ask) {
	err := w.prepare(v)
	if err == nil {
		if err = w.fill(v, a); err != nil {
			err = fmt.Errorf("mechanism: ask: step %d: %w", v.Step+1, err)
		}
	}
	a.Refusal = err
}

// prepare sees to it that what the step asks for is said.
func (w *written) prepare(v dp.View) error {
	if err := w.settle(); err != nil || w.at == v.Step {
		return err
	}
	call := w.call("ask", v.Step)
	if w.looks {
		call = appendFloat32s(call, tagParams, v.Params)
	}
	m, err := w.ask(call)
	if err == nil {
		w.said, w.at = m, v.Step
	}
	return err
}

// fill checks what the step asks for and states it.
func (w *written) fill(v dp.View, a *dp.Ask) error {
	m := &w.said
	for _, list := range []struct {
		what string
		tag  tag
		to   *[]float64
	}{{"bounds", tagBounds, &a.Bounds}, {"thresholds", tagThresholds, &a.Thresholds}, {"allocation", tagAllocation, &a.Allocation}} {
		x := m.floats(list.tag)
		if x == nil && list.tag != tagBounds {
			continue
		}
		if err := clip.CheckBounds(x, w.groups); err != nil {
			return fmt.Errorf("%s: %w", list.what, err)
		}
		*list.to = append((*list.to)[:0], x...)
	}
	if err := w.fillPoints(len(v.Params), a); err != nil {
		return fmt.Errorf("points: %w", err)
	}
	if w.whitens {
		if err := w.whiten(v); err != nil {
			return fmt.Errorf("whitening: %w", err)
		}
		a.Whitening = w.factors
	}
	return nil
}

func (w *written) fillPoints(params int, a *dp.Ask) error {
	if w.said.points == nil {
		return nil
	}
	if n := len(w.said.points); n > w.points {
		return fmt.Errorf("%d, the plan says at most %d", n, w.points)
	}
	if a.Coefficients = w.said.floats(tagCoefficients); a.Coefficients == nil && len(w.said.points) == 1 {
		a.Coefficients = []float64{1}
	}
	for k, b := range w.said.points {
		p := make([]float32, params)
		if err := float32s(p, b); err != nil {
			return fmt.Errorf("point %d: %w", k, err)
		}
		a.Points = append(a.Points, p)
	}
	return nil
}

// whiten takes the factors that the mechanism states, or estimates them from noise images as it asks; where it says nothing, the last stay.
func (w *written) whiten(v dp.View) error {
	stated, wish := w.said.fields[tagWhitening], w.said.floats(tagEstimate)
	if stated == nil && wish == nil && w.factors == nil {
		return errors.New("the plan promises it, and the first step states none")
	}
	if stated != nil {
		u := make([]float32, w.whitener.Len)
		if err := float32s(u, stated); err != nil {
			return err
		}
		w.factors = u
		return nil
	}
	if wish == nil {
		return nil
	}
	if len(wish) != 2 || !(wish[0] >= 16 && wish[0] <= 1<<14) || !(wish[1] > 0 && wish[1] <= 1e3) {
		return errors.New("want 16 to 16384 images and a damping above 0, at most 1000")
	}
	u, err := w.whitener.Make(v.Params, int(wish[0]), wish[1], uint64(v.Step))
	if err == nil {
		w.factors = u
	} else if w.factors != nil {
		err = nil // parameters have grown beyond what float32 holds: the last ones stay
	}
	return err
}

// Observe hands the release over. Where there is a filter it waits for the answer, which else comes while the optimiser works.
func (w *written) Observe(r *dp.Released) error {
	call := w.call("step", r.Step)
	call = appendFloat32s(call, tagGradient, r.Gradient)
	call = appendFloats(call, tagNoiseStd, r.NoiseStd)
	call = appendFloats(call, tagNoiseStds, r.NoiseStds...)
	call = appendFloats(call, tagBounds, r.Bounds...)
	if r.Counts != nil {
		call = appendFloats(call, tagCounts, r.Counts...)
	}
	w.send(call)
	if !w.filters {
		return nil
	}
	if err := w.settle(); err != nil {
		return err
	}
	if err := float32s(r.Gradient, w.said.fields[tagGradient]); err != nil {
		w.failed = fmt.Errorf("mechanism: filter: step %d: %w", r.Step+1, err)
	}
	return w.failed
}

// call starts one about a step.
func (w *written) call(what string, step int) []byte {
	return appendFloats(appendFloats(begin(what), tagHandle, w.handle), tagStep, float64(step))
}

// send lets a call go its way. Its answer is what the next step asks for, unless the mechanism wants to see the parameters first.
func (w *written) send(call []byte) {
	w.at = -1
	coming := make(chan reply, 1)
	w.coming = coming
	go func() {
		answer, err := w.author.Answer(call)
		coming <- reply{answer, err}
	}()
}

// settle waits for the answer that is on its way.
func (w *written) settle() error {
	if w.coming == nil {
		return w.failed
	}
	r := <-w.coming
	w.coming = nil
	m, err := w.read(r)
	if err == nil {
		w.said = m
		if next := m.floats(tagStep); len(next) == 1 && !w.looks {
			w.at = int(min(max(next[0], -1), dp.MaxSteps))
		}
	}
	return err
}

// ask calls and waits.
func (w *written) ask(call []byte) (message, error) {
	if w.failed != nil {
		return message{}, w.failed
	}
	answer, err := w.author.Answer(call)
	return w.read(reply{answer, err})
}

// read decodes an answer. A mechanism that failed once is not asked again: what it remembers may be half of a step.
func (w *written) read(r reply) (m message, err error) {
	if err = r.err; err == nil {
		m, err = decode(r.answer)
	}
	if problem, ok := m.fields[tagProblem]; ok && err == nil {
		err = problemOf(&m, problem)
	}
	if err != nil {
		w.failed = fmt.Errorf("mechanism: %w", err)
		return m, w.failed
	}
	return m, nil
}

// Problem is what went wrong in a written mechanism's code.
type Problem struct {
	Words string
	Line  int // of the code, from 1; 0: not known
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.Words
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Words)
}

func problemOf(m *message, words []byte) *Problem {
	p := &Problem{Words: strings.ToValidUTF8(string(words[:min(len(words), 500)]), "")}
	if line := m.floats(tagLine); len(line) == 1 && line[0] >= 1 && line[0] < 1e6 {
		p.Line = int(line[0])
	}
	return p
}

// AppendState asks the mechanism for its state. What the next step asks for goes along: it was said already. Of a mechanism that is gone it
// is the last that it told.
func (w *written) AppendState(b []byte) []byte {
	err := w.settle()
	if err == nil {
		var m message
		if m, err = w.ask(w.call("save", max(w.at, 0))); err == nil {
			w.state = writtenState(w.at, w.said.ask, m.fields[tagState], w.factors)
		}
	}
	if w.state == nil {
		w.state = writtenState(-1, nil, nil, nil)
	}
	return append(b, w.state...)
}

func writtenState(at int, said, own []byte, factors []float32) []byte {
	b := appendFloats(nil, tagStep, float64(at))
	if at >= 0 {
		b = appendBytes(b, tagSaid, said)
	}
	return appendFloat32s(appendBytes(b, tagState, own), tagWhitening, factors)
}

// SetState restores what [written.AppendState] told: the mechanism's own part is for it to read.
func (w *written) SetState(b []byte) error {
	if err := w.setState(b); err != nil {
		return fmt.Errorf("mechanism: policy state: %w", err)
	}
	return nil
}

func (w *written) setState(b []byte) error {
	b = slices.Clone(b) // what it says is kept
	m, err := decode(b)
	if err != nil {
		return err
	}
	at := m.floats(tagStep)
	if len(at) != 1 || !(at[0] >= -1 && at[0] <= float64(w.steps)) || m.fields[tagState] == nil {
		return errors.New("it is none of a written mechanism")
	}
	said, err := decode(m.fields[tagSaid])
	if err != nil {
		return err
	}
	var factors []float32
	if u := m.fields[tagWhitening]; len(u) > 0 && w.whitens {
		factors = make([]float32, w.whitener.Len)
		if err := float32s(factors, u); err != nil {
			return err
		}
	}
	if own := m.fields[tagState]; len(own) > 0 {
		if _, err := w.ask(appendBytes(w.call("restore", 0), tagState, own)); err != nil {
			return err
		}
	}
	w.said, w.at, w.factors, w.state = said, int(at[0]), factors, b
	return nil
}

var _ dp.Policy = (*written)(nil)
