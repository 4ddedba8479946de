package mechanism

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/dp"
)

// writer is an author in the same process: a written mechanism as functions, whose state is numbers.
type writer struct {
	shape    [shapeLen]float64
	counts   bool
	curve    []float64
	strategy []float64
	ask      func(w *writer, step int, counts []float64) []byte // fields of the answer; nil: the bounds are the state
	filter   func(g []float32) []float32
	state    []float64
	clipNorm float64
	steps    int
	calls    []string
	break_   func(call message, answer []byte) ([]byte, error) // of every answer; nil: none
}

func (w *writer) Answer(call []byte) ([]byte, error) {
	m, err := decode(call)
	if err != nil {
		return nil, err
	}
	answer := w.answer(&m)
	if w.break_ != nil {
		return w.break_(m, answer)
	}
	return answer, nil
}

func (w *writer) answer(m *message) []byte {
	what := string(m.fields[tagCall])
	w.calls = append(w.calls, what)
	step := 0
	if s := m.floats(tagStep); s != nil {
		step = int(s[0])
	}
	switch what {
	case "plan":
		s := m.floats(tagSetting)
		w.steps, w.clipNorm = int(s[2]), s[4]
		groups := 1
		if w.shape[0] == 1 {
			groups = len(m.floats(tagTensors))
		}
		if w.state == nil {
			w.state = equalBounds(w.clipNorm, groups)
		}
		b := appendFloats(appendFloats(nil, tagHandle, 7), tagShape, w.shape[:]...)
		if w.counts {
			b = appendFloats(b, tagCountNoise, 0)
		}
		if w.curve != nil {
			b = appendFloats(b, tagCurve, w.curve...)
		}
		if w.strategy != nil {
			b = appendFloats(b, tagStrategy, w.strategy...)
		}
		return b
	case "ask":
		return w.said(step, nil)
	case "step":
		var b []byte
		if step+1 < w.steps {
			b = w.said(step+1, m.floats(tagCounts))
		}
		if w.filter != nil {
			g := make([]float32, len(m.fields[tagGradient])/4)
			if err := float32s(g, m.fields[tagGradient]); err != nil {
				return appendBytes(nil, tagProblem, []byte(err.Error()))
			}
			b = appendFloat32s(b, tagGradient, w.filter(g))
		}
		return b
	case "save":
		return appendBytes(nil, tagState, appendFloats(nil, tagBounds, w.state...))
	}
	saved, err := decode(m.fields[tagState])
	if err != nil || len(saved.floats(tagBounds)) != len(w.state) {
		return appendBytes(nil, tagProblem, []byte("no state of mine"))
	}
	w.state = saved.floats(tagBounds)
	return nil
}

func (w *writer) said(step int, counts []float64) []byte {
	b := appendFloats(nil, tagStep, float64(step))
	if w.ask != nil {
		return append(b, w.ask(w, step, counts)...)
	}
	return appendFloats(b, tagBounds, w.state...)
}

// alds is the catalogue's ALDS once more, from its definition in the benchmark.
func alds(s *Setting) *writer {
	w := &writer{shape: [shapeLen]float64{1, 0, 0, 0, 1}, counts: true, curve: eachStep(s.Steps, func(t int) float64 { return math.Pow(0.85, float64(t/s.StepsPerEpoch)) })}
	w.ask = func(w *writer, step int, counts []float64) []byte {
		for l, within := range counts {
			w.state[l] = min(10, max(0.01, w.state[l]*math.Exp(0.1*((1-within)-0.5))))
		}
		if limit := w.clipNorm * math.Pow(0.9, float64(step/s.StepsPerEpoch)); clip.Sensitivity(w.state) > limit {
			by := limit / clip.Sensitivity(w.state)
			for l := range w.state {
				w.state[l] *= by
			}
		}
		return appendFloats(nil, tagBounds, w.state...)
	}
	return w
}

func designWritten(a Author) (*Design, error) {
	s := contractSetting
	s.Author = a
	return New(Written, nil, s)
}

// A mechanism that answers as the catalogue's ALDS does is, in the same run, the same mechanism: plan, bounds, noise and releases.
func TestWrittenIsWhatItSays(t *testing.T) {
	var releases [2][][]float32
	var bounds [2][][]float64
	for i, name := range []string{"alds", Written} {
		s := contractSetting
		s.Author = alds(&s)
		d, err := New(name, nil, s)
		if err != nil {
			t.Fatal(err)
		}
		e := newTestEngine(t, dp.Options{Plan: plan(t, d.Spec), Policy: d.Policy, Tensors: s.Tensors, Seed: seed(5)})
		a := &adversary{t: t, tensors: s.Tensors}
		for range s.Steps {
			r, err := e.Next(context.Background(), make([]float32, s.Params()), a.compute)
			if err != nil {
				t.Fatal(err)
			}
			releases[i] = append(releases[i], slices.Clone(r.Gradient))
			bounds[i] = append(bounds[i], slices.Clone(r.Bounds))
		}
	}
	for step := range bounds[0] {
		for g, b := range bounds[0][step] {
			if math.Abs(b-bounds[1][step][g]) > 1e-12*b {
				t.Fatalf("step %d: bounds %v, the catalogue's are %v", step, bounds[1][step], bounds[0][step])
			}
		}
		for j, x := range releases[0][step] {
			if math.Abs(float64(x-releases[1][step][j])) > 1e-5 {
				t.Fatalf("step %d: coordinate %d is released as %v, the catalogue's as %v", step, j, releases[1][step][j], x)
			}
		}
	}
}

// One call a step: what the next step asks for comes with the answer to a release. Asked again, a mechanism is not called again.
func TestWrittenIsCalledOnceAStep(t *testing.T) {
	w := &writer{shape: [shapeLen]float64{0, 0, 0, 0, 1}}
	d, err := designWritten(w)
	if err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, dp.Options{Plan: plan(t, d.Spec), Policy: d.Policy, Tensors: contractSetting.Tensors})
	params := make([]float32, contractSetting.Params())
	fails := errors.New("the computation failed")
	for step := range contractSetting.Steps {
		if _, err := e.Next(context.Background(), params, func(context.Context, dp.Query) (dp.Sums, error) { return dp.Sums{}, fails }); !errors.Is(err, fails) {
			t.Fatalf("step %d: %v", step, err)
		}
		if _, err := e.Next(context.Background(), params, nothingFound(len(params), 1)); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
	}
	d.Policy.AppendState(nil)
	want := append([]string{"plan", "ask"}, slices.Repeat([]string{"step"}, contractSetting.Steps)...)
	if want = append(want, "save"); !slices.Equal(w.calls, want) {
		t.Errorf("called for %v, want %v", w.calls, want)
	}
}

// What a written mechanism remembers survives a checkpoint, as does what it asked for already; a damaged state is refused.
func TestWrittenStateSurvives(t *testing.T) {
	s := contractSetting
	var policies [2]dp.Policy
	for i := range policies {
		d, err := designWritten(alds(&s))
		if err != nil {
			t.Fatal(err)
		}
		policies[i] = d.Policy
	}
	r := rand.New(rand.NewPCG(1, 2))
	drive := func(step int, policies ...dp.Policy) (asked [][]float64) {
		counts := make([]float64, len(s.Tensors))
		for g := range counts {
			counts[g] = 1.4*r.Float64() - 0.2
		}
		for _, p := range policies {
			a := dp.Ask{Bounds: make([]float64, len(counts))}
			p.Ask(dp.View{Step: step, Params: make([]float32, s.Params())}, &a)
			if a.Refusal != nil {
				t.Fatal(a.Refusal)
			}
			asked = append(asked, slices.Clone(a.Bounds))
			if err := p.Observe(&dp.Released{Step: step, Gradient: make([]float32, s.Params()), NoiseStds: counts, Bounds: a.Bounds, Counts: counts}); err != nil {
				t.Fatal(err)
			}
		}
		return asked
	}
	for step := range 11 {
		drive(step, policies[0])
	}
	state := policies[0].AppendState(nil)
	before := policies[1].AppendState(nil)
	for _, bad := range [][]byte{nil, {0xc0}, state[:len(state)-1], append(slices.Clone(state), 0), state[:20]} {
		if err := policies[1].SetState(bad); err == nil || !strings.HasPrefix(err.Error(), "mechanism: policy state") {
			t.Errorf("a state of %d bytes: %v", len(bad), err)
		}
	}
	if !slices.Equal(before, policies[1].AppendState(nil)) {
		t.Error("a refused state changed the policy")
	}
	if err := policies[1].SetState(state); err != nil {
		t.Fatal(err)
	}
	for step := 11; step < s.Steps; step++ {
		if a := drive(step, policies[:]...); !slices.Equal(a[0], a[1]) {
			t.Fatalf("step %d: bounds %v, after a checkpoint %v", step, a[0], a[1])
		}
	}
}

// Whatever a mechanism answers, what is wrong is an error that says where, nothing is released that breaks a rule, and a mechanism that failed
// is not asked again. The step after whose release a filter failed is over, and charged.
func TestWrittenIsChecked(t *testing.T) {
	groups := len(contractSetting.Tensors)
	ask := func(fields ...[]byte) func(*writer, int, []float64) []byte {
		return func(_ *writer, step int, _ []float64) []byte {
			b := appendFloats(nil, tagBounds, 1)
			if step == 2 {
				b = slices.Concat(fields...)
			}
			return b
		}
	}
	floats := func(t tag, x ...float64) []byte { return appendFloats(nil, t, x...) }
	good := floats(tagBounds, 1)
	params := contractSetting.Params()
	one := [shapeLen]float64{0, 0, 0, 0, 1}
	cases := map[string]struct {
		w    *writer
		want string // "": it is no plan
	}{
		"no bounds":  {&writer{shape: one, ask: ask()}, "ask: step 3: bounds"},
		"NaN":        {&writer{shape: one, ask: ask(floats(tagBounds, math.NaN()))}, "ask: step 3: bounds: clip: bound 0 is NaN"},
		"negative":   {&writer{shape: one, ask: ask(floats(tagBounds, -1))}, "bound 0 is -1"},
		"infinite":   {&writer{shape: one, ask: ask(floats(tagBounds, math.Inf(1)))}, "bound 0 is +Inf"},
		"two bounds": {&writer{shape: one, ask: ask(floats(tagBounds, 1, 1))}, "2 bounds for 1 groups"},
		"one bound of layers": {&writer{shape: [shapeLen]float64{1, 0, 0, 0, 1}, ask: func(w *writer, step int, _ []float64) []byte {
			return appendFloats(nil, tagBounds, w.state[:len(w.state)-step/2*3]...)
		}}, fmt.Sprintf("1 bounds for %d groups", groups)},
		"thresholds":          {&writer{shape: one, ask: ask(good, floats(tagThresholds))}, "thresholds"},
		"allocation":          {&writer{shape: one, ask: ask(good, floats(tagAllocation, 0))}, "allocation"},
		"point too short":     {&writer{shape: one, ask: ask(good, appendFloat32s(nil, tagPoint, make([]float32, 3)))}, "point 0: 3 values"},
		"point of NaN":        {&writer{shape: one, ask: ask(good, appendFloat32s(nil, tagPoint, slices.Repeat([]float32{float32(math.NaN())}, params)))}, "point 0: value 0 is NaN"},
		"points unplanned":    {&writer{shape: one, ask: ask(good, appendFloat32s(nil, tagPoint, nil), appendFloat32s(nil, tagPoint, nil))}, "2, the plan says at most 1"},
		"no coefficients":     {&writer{shape: [shapeLen]float64{0, 0, 0, 0, 2}, ask: ask(good, appendFloat32s(nil, tagPoint, make([]float32, params)), appendFloat32s(nil, tagPoint, make([]float32, params)))}, "2 evaluation points, 0 coefficients"},
		"coefficient":         {&writer{shape: one, ask: ask(good, appendFloat32s(nil, tagPoint, make([]float32, params)), floats(tagCoefficients, math.Inf(1)))}, "coefficient +Inf"},
		"short filter":        {&writer{shape: [shapeLen]float64{0, 0, 0, 0, 1, 0, 0, 1}, filter: func(g []float32) []float32 { return g[1:] }}, fmt.Sprintf("filter: step 1: %d values", params-1)},
		"filter of NaN":       {&writer{shape: [shapeLen]float64{0, 0, 0, 0, 1, 0, 0, 1}, filter: func(g []float32) []float32 { g[5] = float32(math.NaN()); return g }}, "filter: step 1: value 5 is NaN"},
		"not a message":       {&writer{shape: one, break_: func(m message, b []byte) ([]byte, error) { return append(b, 1), nil }}, ""},
		"a problem":           {&writer{shape: one, ask: ask(appendBytes(nil, tagProblem, []byte("x is not a function")), floats(tagLine, 12))}, "line 12: x is not a function"},
		"no shape":            {&writer{break_: func(message, []byte) ([]byte, error) { return nil, nil }}, ""},
		"shape of NaN":        {&writer{shape: [shapeLen]float64{math.NaN()}}, ""},
		"no such rule":        {&writer{shape: [shapeLen]float64{0, 9, 0, 0, 1}}, ""},
		"no such groups":      {&writer{shape: [shapeLen]float64{2, 0, 0, 0, 1}}, ""},
		"no points":           {&writer{shape: [shapeLen]float64{}}, ""},
		"many points":         {&writer{shape: [shapeLen]float64{0, 0, 0, 0, 1e9}}, ""},
		"whitening, none":     {&writer{shape: [shapeLen]float64{0, 0, 0, 0, 1, 0, 1}}, ""},
		"a ramp":              {&writer{shape: one, curve: slices.Repeat([]float64{1}, 1)}, ""},
		"negative noise":      {&writer{shape: one, curve: slices.Repeat([]float64{-1}, contractSetting.Steps)}, ""},
		"strategy of nothing": {&writer{shape: one, strategy: []float64{0, 0}}, ""},
		"strategy of NaN":     {&writer{shape: one, strategy: []float64{1, math.NaN()}}, ""},
		"unstable strategy":   {&writer{shape: one, strategy: []float64{0.1, 1, 1, 1}}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, err := designWritten(c.w)
			if err == nil && c.want == "" {
				_, err = dp.NewPlan(d.Spec)
			}
			if c.want == "" {
				if err == nil {
					t.Error("it was planned")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			l := memoryLedger(t)
			e := newTestEngine(t, dp.Options{Plan: plan(t, d.Spec), Policy: d.Policy, Tensors: contractSetting.Tensors, Ledger: l})
			for err == nil && e.Step() < contractSetting.Steps {
				_, err = e.Next(context.Background(), make([]float32, params), nothingFound(params, groups))
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the run ended with %v, want %q", err, c.want)
			}
			at := 2
			if c.w.filter != nil {
				at = 1
			}
			if e.Step() != at {
				t.Errorf("%d steps were done, want %d", e.Step(), at)
			}
			if err := e.Settle(); err != nil {
				t.Fatal(err)
			}
			if run, ok := l.Run(e.Run()); !ok || run.Charged != at {
				t.Errorf("%d steps are charged, want %d", run.Charged, at)
			}
			calls := len(c.w.calls)
			if _, again := e.Next(context.Background(), make([]float32, params), nothingFound(params, groups)); again == nil || c.w.filter != nil && len(c.w.calls) != calls {
				t.Errorf("asked again, it answers %v", again)
			}
			if state := d.Policy.AppendState(nil); len(state) == 0 {
				t.Error("it left no state")
			}
		})
	}
	if _, err := New(Written, nil, contractSetting); err == nil {
		t.Error("a mechanism that nobody answers for was made")
	}
	if _, err := New(Written+"+momentum", nil, contractSetting); err == nil {
		t.Error("a written mechanism was composed")
	}
}

// Whatever an author answers: no panic, and what is asked for is what a step may ask for.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(nil), false)
	f.Add(appendFloats(appendFloats(nil, tagStep, 0), tagBounds, 1), false)
	f.Add(appendFloats(appendFloats(nil, tagHandle, 1), tagShape, 0, 0, 0, 0, 1, 0, 0, 0), true)
	f.Add(appendBytes(appendFloats(nil, tagLine, 3), tagProblem, []byte("no")), false)
	f.Add(appendFloat32s(appendFloats(nil, tagBounds, 1), tagGradient, make([]float32, 5)), false)
	f.Add([]byte{0, 2, 0, 0, 255, 255, 255, 255}, true)
	s := Setting{N: 100, BatchSize: 10, Steps: 4, StepsPerEpoch: 2, ClipNorm: 1, Tensors: []int{3, 2}, Epsilon: 3, Delta: 1e-5}
	f.Fuzz(func(t *testing.T, answer []byte, planned bool) {
		w := &writer{shape: [shapeLen]float64{0, 0, 0, 0, 1, 0, 0, 1}}
		w.break_ = func(call message, usual []byte) ([]byte, error) {
			if planned == (string(call.fields[tagCall]) == "plan") {
				return answer, nil
			}
			return usual, nil
		}
		s := s
		s.Author = w
		d, err := New(Written, nil, s)
		if err != nil {
			return
		}
		groups := d.Policy.Rule().Groups(len(s.Tensors))
		a := dp.Ask{Bounds: make([]float64, groups)}
		d.Policy.Ask(dp.View{Params: make([]float32, s.Params())}, &a)
		if a.Refusal == nil && clip.CheckBounds(a.Bounds, groups) != nil {
			t.Errorf("asks for bounds %v", a.Bounds)
		}
		r := dp.Released{Gradient: make([]float32, s.Params()), NoiseStds: make([]float64, groups), Bounds: a.Bounds}
		if err := d.Policy.Observe(&r); err == nil {
			for _, x := range r.Gradient {
				if x-x != 0 {
					t.Errorf("filters to %v", r.Gradient)
				}
			}
		}
		d.Policy.SetState(d.Policy.AppendState(nil))
		d.Policy.SetState(answer)
	})
}
