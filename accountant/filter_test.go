package accountant

import (
	"errors"
	"math"
	"testing"
)

func TestRenyiFilter(t *testing.T) {
	const epsilon, delta = 3.0, 1e-5
	typical := Segment{1, 0.01, 1}
	f, err := NewRenyiFilter(epsilon, delta, typical)
	if err != nil {
		t.Fatal(err)
	}
	n, err := f.StepsLeft(1, 0.01)
	if err != nil || n < 1000 {
		t.Fatalf("%d steps; %v", n, err)
	}
	// Used up by the typical step, the filter is nearly as good as Renyi accounting of that many steps.
	if v, _, err := EpsilonRDP([]Segment{{1, 0.01, n}}, delta); err != nil || v > epsilon || v < 0.94*epsilon {
		t.Errorf("%d steps spend %v; %v", n, v, err)
	}
	// Spent adaptively, whatever is admitted stays within the budget even when known beforehand.
	var ran []Segment
	for i := 0; ; i++ {
		s := Segment{1 + 0.1*float64(i%9), 0.005 * float64(1+i%4), 100 + 10*i}
		used := f.Used()
		if would, err := f.UsedWith([]Segment{s}); err != nil || !(would > used) {
			t.Errorf("used %v, with %v %v; %v", used, s, would, err)
		}
		if err := f.Admit([]Segment{s}); err != nil {
			if f.Used() != used || !errors.Is(err, ErrBudget) {
				t.Errorf("a refusal was charged, or is another's: %v", err)
			}
			break
		}
		ran = append(ran, s)
	}
	if b, err := Epsilon(ran, delta); err != nil || len(ran) < 5 || b.RDP > epsilon || b.Upper > epsilon {
		t.Errorf("%d runs admitted, together %+v; %v", len(ran), b, err)
	}
	if err := f.Admit([]Segment{{-1, 0.1, 1}}); err == nil {
		t.Error("a bad segment is admitted")
	}
	if err := f.Admit([]Segment{{0, 0.1, 1}}); err == nil {
		t.Error("a step without noise is admitted")
	}
	if err := f.Spend([]Segment{{0, 0.1, 1}}); err != nil || !math.IsInf(f.Used(), 1) || f.Left() != 0 {
		t.Errorf("after a step without noise %v is used; %v", f.Used(), err)
	}
	if err := f.Admit([]Segment{{1e9, 1e-9, 1}}); !errors.Is(err, ErrBudget) {
		t.Errorf("beside a step without noise another is admitted: %v", err)
	}
	for _, bad := range [][2]float64{{0, 1e-5}, {1, 0}, {1e-9, 1e-9}, {math.NaN(), 0.1}} {
		if _, err := NewRenyiFilter(bad[0], bad[1], Segment{}); err == nil {
			t.Errorf("a filter for %v", bad)
		}
	}
	for _, order := range []float64{1, 0, math.NaN(), math.Inf(1)} {
		if _, err := RenyiFilterAt(3, 1e-5, order); err == nil {
			t.Errorf("a filter that favours order %v", order)
		}
	}
}

// What a plan of PLD epsilon 3 takes of a budget of 3: little more where the filter favours its kind of step, and not many
// times as much where it does not.
func TestRenyiFilterIsTight(t *testing.T) {
	const epsilon, delta = 3.0, 1e-5
	batch := []Segment{{1, 1, 1}}
	benchmark := []Segment{{1, 1024.0 / 60000, 928}}
	for _, c := range []struct {
		name          string
		shape         []Segment
		favours       Segment
		factor, least float64 // most and least of the budget that it takes
	}{
		{"full batches", batch, Segment{}, 1.25, 1.05},
		{"full batches, other steps favoured", batch, benchmark[0], 1.55, 1.05},
		{"the benchmark, favoured", benchmark, benchmark[0], 1.5, 1.05},
		{"the benchmark, full batches favoured", benchmark, Segment{}, 2.2, 1.05},
	} {
		plan, err := CalibrateSigma(c.shape, epsilon, delta)
		if err != nil {
			t.Fatal(err)
		}
		f, err := NewRenyiFilter(epsilon, delta, c.favours)
		if err != nil {
			t.Fatal(err)
		}
		used, err := f.UsedWith(plan.Segments)
		if err != nil || !(used >= c.least && used <= c.factor) {
			t.Errorf("%s: %v of the budget; %v", c.name, used, err)
		}
		factor, err := f.NoiseLeft(plan.Segments)
		if err != nil {
			t.Fatal(err)
		}
		fits, err := f.Admits(scaled(plan.Segments, factor))
		less, _ := f.Admits(scaled(plan.Segments, factor*0.998))
		if err != nil || !fits || less || factor < 1 {
			t.Errorf("%s: noise times %v fits: %v, a little less: %v; %v", c.name, factor, fits, less, err)
		}
		t.Logf("%s: %.3f of the budget; it fits with %.3f times the noise", c.name, used, factor)
	}
}

// spender plays against a filter as well as anybody can: before each step it knows the privacy loss so far, and takes, of a
// few kinds of step that the filter still admits, the one that is best for it, or none. It is what a person who chooses runs
// by results may do at worst. Its value is delta at epsilon, worked out by dynamic programming over (loss, steps taken),
// without Renyi divergences.
type spender struct {
	epsilon float64
	kinds   []Segment
	filter  func() *RenyiFilter
	values  map[[2]int][]float64 // of the loss on the grid
}

const (
	lossLeast, lossStep = -8.0, 0.02
	lossPoints          = 1400
)

// delta is E (1 - e^(epsilon - L))+ of the best strategy.
func (s *spender) delta() float64 {
	s.values = map[[2]int][]float64{}
	return interpolate(s.value([2]int{}), 0)
}

// value is what the best strategy gets from here, for each loss so far.
func (s *spender) value(taken [2]int) []float64 {
	if v, known := s.values[taken]; known {
		return v
	}
	best := make([]float64, lossPoints)
	for i := range best {
		best[i] = max(0, -math.Expm1(s.epsilon-(lossLeast+float64(i)*lossStep)))
	}
	for k, kind := range s.kinds {
		next := taken
		next[k]++
		var all []Segment
		for j, n := range next {
			all = append(all, Segment{s.kinds[j].Sigma, s.kinds[j].Rate, n})
		}
		if s.filter().Admit(all) != nil {
			continue
		}
		after := s.value(next)
		losses, weights := lossesOf(kind)
		for i := range best {
			sum, at := 0.0, lossLeast+float64(i)*lossStep
			for m, l := range losses {
				sum += weights[m] * interpolate(after, at+l)
			}
			best[i] = max(best[i], sum)
		}
	}
	s.values[taken] = best
	return best
}

// lossesOf is the distribution of one step's privacy loss where the record is there.
func lossesOf(s Segment) (losses, weights []float64) {
	const h = 0.15
	density := func(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
	for z := -9.0; z <= 9+1/s.Sigma; z += h { // x = z sigma
		p := (1-s.Rate)*density(z) + s.Rate*density(z-1/s.Sigma)
		losses = append(losses, math.Log1p(s.Rate*math.Expm1(z/s.Sigma-1/(2*s.Sigma*s.Sigma))))
		weights = append(weights, p*h)
	}
	return losses, weights
}

// interpolate rounds up a little: values are convex in the loss below their end.
func interpolate(values []float64, loss float64) float64 {
	at := (loss - lossLeast) / lossStep
	i := int(at)
	switch {
	case at < 0:
		return values[0]
	case i >= lossPoints-1:
		return 1
	}
	return values[i] + (at-float64(i))*(values[i+1]-values[i])
}

// Whoever chooses each step by what the earlier ones released gets no more than delta out of a filter. One that were too
// generous by a half would be found out.
func TestNobodyOutwitsTheFilter(t *testing.T) {
	skipShort(t)
	const epsilon, delta = 2.0, 1e-3
	for _, c := range []struct {
		name    string
		kinds   []Segment
		favours Segment
	}{
		{"full batches, much noise or little", []Segment{{2.5, 1, 1}, {5, 1, 1}}, Segment{}},
		{"a few records or all", []Segment{{1, 0.2, 1}, {3, 1, 1}}, Segment{1, 0.2, 1}},
		{"few records or half of them", []Segment{{0.9, 0.1, 1}, {2, 0.5, 1}}, Segment{}},
	} {
		spend := func(budget float64) float64 {
			s := &spender{epsilon: epsilon, kinds: c.kinds, filter: func() *RenyiFilter {
				f, err := NewRenyiFilter(budget, delta, c.favours)
				if err != nil {
					t.Fatal(err)
				}
				return f
			}}
			return s.delta()
		}
		got, over := spend(epsilon), spend(1.5*epsilon)
		if !(got <= delta) {
			t.Errorf("%s: the best spender reaches delta %.3g, the budget is %v", c.name, got, delta)
		}
		if !(got >= delta/40) {
			t.Errorf("%s: the best spender reaches delta %.3g only: the filter is loose, or the spender weak", c.name, got)
		}
		if !(over > delta) {
			t.Errorf("%s: a filter half as generous again lets delta %.3g pass: this test finds nothing out", c.name, over)
		}
		t.Logf("%s: delta %.3g of %v; half as generous again: %.3g", c.name, got, delta, over)
	}
}

// The parts of a run that still fit.
func TestWhatTheFilterHasLeft(t *testing.T) {
	f, err := NewRenyiFilter(2, 1e-5, Segment{1, 0.02, 1})
	if err != nil {
		t.Fatal(err)
	}
	run := func(steps int) []Segment { return []Segment{{1, 0.02, steps}, {20, 1, steps / 100}} }
	n, err := f.PrefixLeft(100_000, run)
	fits, _ := f.Admits(run(n))
	more, _ := f.Admits(run(n + 1))
	if err != nil || n < 100 || !fits || more {
		t.Errorf("%d steps are left (they fit: %v, one more: %v); %v", n, fits, more, err)
	}
	if all, err := f.PrefixLeft(n/2, run); err != nil || all != n/2 {
		t.Errorf("%d of %d steps; %v", all, n/2, err)
	}
	if err := f.Admit(run(n)); err != nil {
		t.Fatal(err)
	}
	if none, err := f.StepsLeft(0.6, 0.9); err != nil || none != 0 {
		t.Errorf("%d steps are left of a budget that is used up; %v", none, err)
	}
	again, err := RenyiFilterAt(2, 1e-5, f.Order())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Spend(run(n)); err != nil || again.Used() != f.Used() {
		t.Errorf("made again, the filter has used %v, not %v; %v", again.Used(), f.Used(), err)
	}
	if err := f.Spend(run(1000 * n)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.NoiseLeft(run(100)); !errors.Is(err, ErrBudget) {
		t.Errorf("noise was found for an overspent budget: %v", err)
	}
}
