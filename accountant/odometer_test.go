package accountant

import (
	"math"
	"math/rand/v2"
	"testing"
)

// scheduleOdometer follows a schedule in the order given.
func scheduleOdometer(schedule []Segment, delta float64) (*Odometer, error) {
	return NewOdometer(func(k int) Event { return FromSegments(Prefix(schedule, k)) }, TotalSteps(schedule), delta)
}

func TestOdometer(t *testing.T) {
	const q = 256. / 60000
	for name, run := range map[string]struct {
		schedule []Segment
		checks   int
	}{
		"MNIST, one epoch": {[]Segment{{0.4112, q, 234}}, 25}, // costs 8.00; read 8 of 8 from 28 % of its steps on, once
		"constant":         {[]Segment{{0.9, 0.01, 3000}}, 8},
		"schedule":         {[]Segment{{1.4, 0.01, 400}, {1, 0.01, 800}, {0.7, 0.02, 100}, {20, 1, 3}}, 12},
		"idle":             {[]Segment{{1, 0, 10}, {1, 0.02, 50}, {1, 0.02, 0}, {0.8, 0.02, 50}}, 12},
		"full":             {[]Segment{{30, 1, 100}}, 20},
		"one":              {[]Segment{{0.8, 0.1, 1}}, 1},
		"no record":        {[]Segment{{1, 0, 20}}, 5},
		"tiny":             {[]Segment{{2, 1e-4, 500}}, 6},
	} {
		t.Run(name, func(t *testing.T) { checkOdometer(t, run.schedule, 1e-5, run.checks) })
	}
}

func TestOdometerOfRandomSchedules(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range questions(20, 2, 0) {
		var schedule []Segment
		for range 1 + r.IntN(5) {
			schedule = append(schedule, Segment{0.5 + 2*r.Float64(), math.Exp(-7 * r.Float64()), 1 + r.IntN(300)})
		}
		checkOdometer(t, schedule, math.Exp(-8-10*r.Float64()), 5)
	}
}

// checkOdometer reads every step, and holds some against the tight bounds of the steps done.
func checkOdometer(t *testing.T, schedule []Segment, delta float64, checks int) {
	t.Helper()
	o, err := scheduleOdometer(schedule, delta)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Epsilon(schedule, delta)
	if err != nil || o.Promised() != whole.Upper || o.Steps() != TotalSteps(schedule) || o.After(o.Steps()) != whole.Upper {
		t.Fatalf("promises %v over %d steps, want %+v; %v", o.Promised(), o.Steps(), whole, err)
	}
	before := 0.0
	for k := range o.Steps() + 1 {
		got := o.After(k)
		if !(got >= before && got <= whole.Upper) {
			t.Fatalf("step %d: %v after %v, of %v", k, got, before, whole.Upper)
		}
		before = got
	}
	if o.After(0) != 0 || o.After(-1) != 0 || !math.IsInf(o.After(o.Steps()+1), 1) {
		t.Errorf("before the start %v, beyond the end %v", o.After(-1), o.After(o.Steps()+1))
	}
	for i := range checks { // dense at the start, where epsilon moves
		k := 1 + int(float64(o.Steps()-1)*math.Pow(float64(i)/float64(checks), 2))
		b, err := Epsilon(Prefix(schedule, k), delta)
		got := o.After(k)
		if err != nil || !(got >= b.Lower) {
			t.Errorf("%s: step %d reads %v, spent at least %v; %v", FormatSegments(schedule), k, got, b.Lower, err)
		}
		if !(got <= b.Upper*1.05 || b.Upper < 1 && got <= b.Upper+0.05) {
			t.Errorf("%s: step %d reads %v, spent at most %v", FormatSegments(schedule), k, got, b.Upper)
		}
	}
	if least := min(whole.Upper, 1)/odometerDistance + max(0, math.Log(whole.Upper)/math.Log(odometerRatio)); float64(len(o.marks)) > 10+1.4*least {
		t.Errorf("%s: %d looks, where %.0f would do", FormatSegments(schedule), len(o.marks), least)
	}
}

// A cyclic plan moves once a round.
func TestOdometerOfCyclicPlan(t *testing.T) {
	prefix := func(k int) Event { return CyclicPoisson{0.8, 0.04, 8, k} }
	o, err := NewOdometer(prefix, 2001, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{1, 8, 9, 16, 100, 801, 1500, 2000, 2001} {
		b := epsilonOf(t, prefix(k), 1e-5)
		if got := o.After(k); !(got >= b.Upper*0.995 && (got <= b.Upper*1.05 || b.Upper < 1 && got <= b.Upper+0.05)) {
			t.Errorf("step %d reads %v, spent at most %v", k, got, b.Upper)
		}
	}
}

func TestOdometerRefuses(t *testing.T) {
	if _, err := scheduleOdometer([]Segment{{-1, 0.1, 5}}, 1e-5); err == nil {
		t.Error("bad noise")
	}
	if _, err := scheduleOdometer([]Segment{{1, 0.1, 5}}, 2); err == nil {
		t.Error("delta 2")
	}
	if _, err := NewOdometer(func(int) Event { return Composition{} }, -1, 1e-5); err == nil {
		t.Error("-1 steps")
	}
}
