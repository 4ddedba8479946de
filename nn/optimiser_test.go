package nn

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// By hand: v1 = 1, p1 = 1 - 0.1; v2 = 0.9 + 2 = 2.9, p2 = 0.9 - 0.29.
func TestSGDWithMomentumByHand(t *testing.T) {
	o, err := NewOptimiser("sgd", 1, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	p := []float32{1}
	o.Step(p, []float32{1}, 0.1, 0)
	near(t, "the first step", float64(p[0]), 0.9)
	o.Step(p, []float32{2}, 0.1, 0)
	near(t, "the second step", float64(p[0]), 0.61)
}

// By hand: v1 = 1, p1 = 1 - 0.1 (1 + 0.9); v2 = 0.9 + 2 = 2.9, p2 = 0.81 - 0.1 (2 + 0.9 2.9).
func TestNesterovByHand(t *testing.T) {
	o, err := NewOptimiser("nesterov", 1, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	p := []float32{1}
	o.Step(p, []float32{1}, 0.1, 0)
	near(t, "the first step", float64(p[0]), 0.81)
	o.Step(p, []float32{2}, 0.1, 0)
	near(t, "the second step", float64(p[0]), 0.349)
}

// By hand: m = .1, v = .001, unbiased 1 and 1: p = 1 - 0.1. Then m = .29, v = .004999, unbiased .29/.19 and .004999/.001999.
func TestAdamByHand(t *testing.T) {
	o, _ := NewOptimiser("adam", 1, 0)
	p := []float32{1}
	o.Step(p, []float32{1}, 0.1, 0)
	near(t, "the first step", float64(p[0]), 0.9)
	o.Step(p, []float32{2}, 0.1, 0)
	near(t, "the second step", float64(p[0]), 0.9-0.1*(.29/.19)/math.Sqrt(.004999/.001999))
}

// A gradient that is all signal keeps its second moment; one that is all noise falls to the floor.
func TestAdamBCTakesTheNoiseOut(t *testing.T) {
	o, _ := NewOptimiser("adambc", 2, 0)
	p := []float32{0, 0}
	o.Step(p, []float32{1, 0.3}, 1, 0.5)
	near(t, "signal", float64(p[0]), -1/math.Sqrt(1-0.25))
	near(t, "noise", float64(p[1]), -0.3/math.Sqrt(0.01*0.25))
}

// The second moment is an average over steps whose noise may differ, and so must be what is taken out: after noise of
// 0.5 and then 0.1, with gradients 1 and 2, (b2(1-b2)(1 - .25) + (1-b2)(4 - .01))/(1-b2^2) is left.
func TestAdamBCFollowsANoiseSchedule(t *testing.T) {
	o, _ := NewOptimiser("adambc", 1, 0)
	p := []float32{0}
	o.Step(p, []float32{1}, 0, 0.5)
	o.Step(p, []float32{2}, 1, 0.1)
	left := (0.999*0.001*(1-0.25) + 0.001*(4-0.01)) / (1 - 0.999*0.999)
	near(t, "the second step", float64(p[0]), -(.29/.19)/math.Sqrt(left))
}

func TestAdamBCWithoutNoiseIsAdam(t *testing.T) {
	a, _ := NewOptimiser("adam", 3, 0)
	b, _ := NewOptimiser("adambc", 3, 0)
	p, q := make([]float32, 3), make([]float32, 3)
	for i := range 20 {
		g := []float32{1, float32(math.Sin(float64(i))), 0}
		a.Step(p, g, 0.1, 0.7) // Adam itself takes no notice of noise
		b.Step(q, g, 0.1, 0)
	}
	for i := range p {
		if p[i] != q[i] || p[i] == 0 && i < 2 {
			t.Errorf("parameter %d: %v with Adam, %v with DP-AdamBC", i, p[i], q[i])
		}
	}
}

func TestOptimiserStateSurvives(t *testing.T) {
	for _, name := range OptimiserNames() {
		a, _ := NewOptimiser(name, 3, 0.5)
		b, _ := NewOptimiser(name, 3, 0.5)
		p := []float32{1, 2, 3}
		a.Step(p, []float32{1, -1, 2}, 0.1, 0.1)
		q := append([]float32{}, p...)
		if err := b.SetState(a.State()); err != nil {
			t.Fatal(err)
		}
		a.Step(p, []float32{0, 1, 1}, 0.1, 0.1)
		b.Step(q, []float32{0, 1, 1}, 0.1, 0.1)
		for i := range p {
			if p[i] != q[i] {
				t.Errorf("%s: parameter %d is %v after restoring, %v without", name, i, q[i], p[i])
			}
		}
		before := b.State()
		if err := b.SetState(OptimiserState{Vectors: [][]float32{{1}}}); err == nil {
			t.Errorf("%s took a state of another size", name)
		}
		broken := a.State()
		broken.Vectors[0][1] = float32(math.NaN())
		if err := b.SetState(broken); err == nil {
			t.Errorf("%s took a state that holds NaN", name)
		}
		broken = a.State()
		broken.Steps = -1
		if err := b.SetState(broken); err == nil {
			t.Errorf("%s took a state after -1 steps", name)
		}
		if after := b.State(); after.Steps != before.Steps || after.Vectors[0][0] != before.Vectors[0][0] {
			t.Errorf("%s changed although it refused the state", name)
		}
		if n := testing.AllocsPerRun(5, func() { a.Step(p, q, 0.1, 0.1) }); n != 0 {
			t.Errorf("%s: %v allocations a step", name, n)
		}
	}
	if _, err := NewOptimiser("sgd", 1, 1); err == nil {
		t.Error("momentum 1 was accepted")
	}
	if _, err := NewOptimiser("lion", 1, 0); err == nil {
		t.Error("an unknown optimiser was accepted")
	}
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		step int
		want float64
	}{
		{"constant", 99, 0.1}, {"cosine", 0, 0.1}, {"cosine", 19, 0.1}, {"cosine", 40, 0.1 * (1 + math.Cos(math.Pi*2/5)) / 2},
		{"cosine", 99, 0.1 * (1 + math.Cos(math.Pi*4/5)) / 2}, {"step", 49, 0.1}, {"step", 50, 0.01}, {"step", 75, 0.001},
	} {
		s := Schedule{Name: c.name, Rate: 0.1, Steps: 100, StepsPerEpoch: 20}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		near(t, c.name, s.At(c.step), c.want)
	}
	for _, s := range []Schedule{{"cosine", 0, 1, 1}, {"cosine", math.NaN(), 1, 1}, {"warm", 1, 1, 1}, {"step", 1, 0, 1}, {"step", math.Inf(1), 1, 1}} {
		if s.Validate() == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
}

func TestNormalisation(t *testing.T) {
	n := Normalisation{Mean: []float32{0.5, 0}, Std: []float32{0.25, 1}}
	if err := n.Check(2); err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 4)
	n.Apply(x, []byte{255, 0, 255, 51})
	for i, want := range []float64{2, -2, 1, 0.2} {
		near(t, "pixel", float64(x[i]), want)
	}
	floats := Normalisation{Mean: []float32{60}, Std: []float32{60}, Float: true}
	floats.Apply(x[:2], []byte{0, 0, 0x70, 0x42, 0, 0, 0xf0, 0xc2}) // 60, -120
	if x[0] != 0 || x[1] != -3 {
		t.Errorf("60 and -120 became %v, want 0 and -3", x[:2])
	}
	for _, bad := range []Normalisation{{Mean: []float32{0}}, {Mean: []float32{0}, Std: []float32{0}}, {Mean: []float32{float32(math.NaN())}, Std: []float32{1}}} {
		if bad.Check(1) == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}
