package accountant

import (
	"fmt"
	"math"
	"slices"
)

// Odometer tells, after every step of a planned run, an epsilon that the run so far has not exceeded. It is a proven
// upper bound within 5 % of the tight figure, or within 0.05 where that is below 1; it never falls, and after the last
// step it is what the run as a whole promises, [EpsilonOf] its event. All of it is computed beforehand: reading it takes
// no time. It is safe for concurrent use.
//
// How few looks suffice. Who sees the first j steps alone sees a part of what who sees k > j steps sees, and no
// post-processing raises a divergence (Dwork and Roth 2014, "The Algorithmic Foundations of Differential Privacy",
// Proposition 2.1). So epsilon at a delta never falls from step to step, and what the accountant says of step k holds for
// all steps before it. It looks at the last step and then, again and again, at one before, so chosen that epsilon has
// risen by a little less than 5 % in between.
type Odometer struct {
	marks  []int     // steps looked at, rising
	bounds []float64 // what was found there
}

const (
	odometerRatio     = 1.045 // of neighbouring looks
	odometerDistance  = 0.045 // or between them
	odometerPrecision = 4e-3  // of the looks themselves
	odometerLooks     = 300   // at most; some 40 are usual
	odometerAim       = 0.039 // how far down, as a ratio, the next look tries to be
)

// NewOdometer looks ahead along a run of so many steps, of which prefix tells the first ones as an event. A longer prefix
// must be a shorter one with more steps done after it.
func NewOdometer(prefix func(steps int) Event, steps int, delta float64) (*Odometer, error) {
	if steps < 0 || steps > maxSteps {
		return nil, fmt.Errorf("accountant: an odometer of %d steps", steps)
	}
	planned, err := EpsilonOf(prefix(steps), delta)
	if err != nil {
		return nil, err
	}
	l := lookout{prefix: prefix, delta: delta, seen: map[int]float64{0: 0, steps: planned.Upper}}
	if err := l.descend(steps); err != nil {
		return nil, err
	}
	o := &Odometer{}
	for k := range l.seen {
		o.marks = append(o.marks, k)
	}
	slices.Sort(o.marks)
	for _, k := range o.marks {
		o.bounds = append(o.bounds, l.seen[k])
	}
	for i := len(o.bounds) - 2; i >= 0; i-- { // looks waver a little
		o.bounds[i] = min(o.bounds[i], o.bounds[i+1])
	}
	return o, nil
}

// Steps is the length of the planned run.
func (o *Odometer) Steps() int { return o.marks[len(o.marks)-1] }

// Promised is the upper bound for the whole run.
func (o *Odometer) Promised() float64 { return o.bounds[len(o.bounds)-1] }

// After is an upper bound on epsilon spent by the first steps of the run; infinite beyond its last.
func (o *Odometer) After(steps int) float64 {
	i, _ := slices.BinarySearch(o.marks, max(steps, 0))
	if i == len(o.marks) {
		return math.Inf(1)
	}
	return o.bounds[i]
}

// Prefix is a schedule's first steps, in the order given.
func Prefix(schedule []Segment, steps int) []Segment {
	var out []Segment
	for _, s := range schedule {
		if steps <= 0 {
			break
		}
		s.Steps = min(s.Steps, steps)
		steps -= s.Steps
		out = append(out, s)
	}
	return out
}

// lookout finds where to look.
type lookout struct {
	prefix func(steps int) Event
	delta  float64
	seen   map[int]float64
}

// descend looks from a step that was looked at down to 0.
func (l *lookout) descend(top int) error {
	slope := 0.5 // of log epsilon over log steps
	for top > 0 && len(l.seen) < odometerLooks {
		least := 0 // no look between here and top is too low
		next, tries := l.guess(top, slope), 0
		for !l.near(least, top) {
			bound, err := l.look(next)
			if err != nil {
				return err
			}
			if rise := math.Log(l.seen[top]/bound) / math.Log(float64(top)/float64(next)); rise > 1e-3 && rise < 1e3 {
				slope = rise
			}
			if l.near(next, top) {
				least = next
				break
			}
			// Too far down: the same once more with what was learnt, or half way up.
			if tries++; tries < 3 {
				next = max(l.guess(top, slope), next+1)
			} else {
				next += (top - next + 1) / 2
			}
			if len(l.seen) >= odometerLooks {
				return nil
			}
		}
		top = least
	}
	return nil
}

// near tells whether the bound at high serves all steps after low.
func (l *lookout) near(low, high int) bool {
	at, from := l.seen[high], l.seen[low]
	return high-low <= 1 || at <= from*odometerRatio || at-from <= odometerDistance && at <= 1 || math.IsInf(from, 1)
}

// guess is a step at which epsilon might be a little lower than at top.
func (l *lookout) guess(top int, slope float64) int {
	at := l.seen[top]
	wanted := max(odometerAim, odometerAim/max(min(at, 1), odometerAim)) // a share of epsilon, or as much
	if wanted >= 1 || math.IsInf(at, 1) {
		return top / 2
	}
	return min(max(int(float64(top)*math.Pow(1-wanted, 1/slope)), 1), top-1)
}

// look is a quick upper bound.
func (l *lookout) look(steps int) (float64, error) {
	if v, seen := l.seen[steps]; seen {
		return v, nil
	}
	r, err := reduced(l.prefix(steps))
	if err != nil {
		return 0, err
	}
	v, err := r.roughUpper(l.delta, odometerPrecision)
	l.seen[steps] = v
	return v, err
}

// roughUpper is an upper bound on epsilon that is off by so much of it, and found the sooner for it.
func (r *run) roughUpper(delta, precision float64) (float64, error) {
	merged, err := Merge(r.plain())
	if err != nil {
		return 0, err
	}
	b, answered := trivialEpsilon(merged, delta)
	if !answered {
		b, answered = closedForm(merged, func(sigma, q float64) float64 { return oneStepEpsilon(sigma, q, delta) })
	}
	if answered || len(r.others) > 0 || r.coupling > 0 {
		exact, err := r.epsilon(delta)
		return exact.Upper, err
	}
	rdp, order := epsilonRDP(merged, delta)
	a := newAnalysis(merged)
	a.precision = max(a.precision, precision)
	b = a.epsilon(delta, rdp, order)
	if !(b.Upper >= 0) {
		return rdp, nil
	}
	return min(b.Upper, rdp), nil
}
