package mechanism

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cloister/accountant"
	"cloister/clip"
	"cloister/dp"
	"cloister/dp/ledger"
)

// skipShort skips what takes long in short runs: as WebAssembly, where the same code was tested natively.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: takes long, and -short is set")
	}
}

// compositions are every mechanism of the catalogue on its own, every other part behind a mechanism, and some of both.
// In short runs they are few.
func compositions() []string {
	names := []string{
		"quantile+sigma-linear+momentum+average-tail",
		"quantile-layer+clip-step+sigma-cosine+doppler+average-ema",
		"disk+sigma-step+momentum-corrected",
		"bandmf+clip-exponential+momentum",
		"alds+clip-linear+doppler",
	}
	if testing.Short() {
		return names
	}
	for _, m := range Catalogue() {
		if m.Kind == Clipping {
			names = append(names, m.Name)
		} else {
			names = append(names, "fixed+"+m.Name)
		}
	}
	return names
}

var contractSetting = Setting{
	N: 4000, BatchSize: 80, Steps: 24, StepsPerEpoch: 5, ClipNorm: 1.3, Tensors: []int{900, 1200, 500, 1100}, Epsilon: 3, Delta: 1e-5,
}

func newContractMechanism(t *testing.T, name string) (*dp.Plan, *Design) {
	t.Helper()
	d, err := New(name, nil, contractSetting)
	if err != nil {
		t.Fatal(err)
	}
	// Calibrating takes longest, and what is asked of it depends on schedule and strategy alone.
	key := fmt.Sprint(d.Spec.Schedule, d.Spec.Strategy)
	d.Spec.NoiseMultiplier = calibrated[key]
	p, err := dp.NewPlan(d.Spec)
	if err != nil {
		t.Fatal(err)
	}
	calibrated[key] = p.Spec().NoiseMultiplier
	return p, d
}

var calibrated = map[string]float64{}

// adversary is a compute side of explicit per-sample gradients, some of them hostile: huge, tiny, infinite, not a number,
// all in one group. It clips in float32, as a compiled step does, and remembers by how much a record can move the sum.
type adversary struct {
	t       *testing.T
	tensors []int
	largest float64 // of a record's share, over the declared sensitivity
}

func (a *adversary) gradient(record int32, out []float32) {
	r := rand.New(rand.NewPCG(uint64(record), 17))
	scale := math.Pow(10, float64(r.IntN(9)-4))
	for i := range out {
		out[i] = float32(r.NormFloat64() * scale)
	}
	switch record % 16 {
	case 3:
		out[r.IntN(len(out))] = float32(math.NaN())
	case 5:
		out[r.IntN(len(out))] = float32(math.Inf(1))
	case 7:
		clear(out)
		out[r.IntN(len(out))] = math.MaxFloat32
	case 9:
		for i := range out {
			out[i] *= 1e-36
		}
	case 11:
		clear(out)
	}
}

func (a *adversary) compute(_ context.Context, q dp.Query) (dp.Sums, error) {
	dim := 0
	for _, n := range a.tensors {
		dim += n
	}
	s := dp.Sums{Gradient: make([]float64, dim), Counts: make([]float64, len(q.Bounds)), Records: len(q.Records)}
	g, squares := make([]float32, dim), make([]float64, len(q.Bounds))
	for _, record := range q.Records {
		a.gradient(record, g)
		clear(squares)
		from := 0
		for t, n := range a.tensors {
			for _, x := range g[from : from+n] {
				squares[q.Rule.Group(t)] += float64(x) * float64(x)
			}
			from += n
		}
		share := 0.0
		from = 0
		for t, n := range a.tensors {
			group := q.Rule.Group(t)
			// The factor is rounded towards zero to float32, as the margin of a compiled step does.
			f := math.Nextafter32(float32(q.Rule.Factor(math.Sqrt(squares[group]), q.Bounds[group])*(1-1e-6)), 0)
			for i, x := range g[from : from+n] {
				if f == 0 {
					break
				}
				y := float64(x * f)
				s.Gradient[from+i] += y
				share += y * y
			}
			from += n
		}
		for group, sq := range squares {
			if math.Sqrt(sq) <= q.Thresholds[group] {
				s.Counts[group] += 0.5
			} else {
				s.Counts[group] -= 0.5
			}
		}
		a.largest = max(a.largest, math.Sqrt(share)/clip.Sensitivity(q.Bounds))
	}
	return s, nil
}

// spy looks at releases before the policy filters them.
type spy struct {
	dp.Policy
	observe func(*dp.Released)
}

func (s spy) Observe(r *dp.Released) error {
	s.observe(r)
	return s.Policy.Observe(r)
}

// The computed sum never exceeds the sensitivity that noise is scaled to, under any mechanism, even for hostile
// gradients, and nothing that is released is not finite.
func TestContractSensitivity(t *testing.T) {
	for _, name := range compositions() {
		t.Run(name, func(t *testing.T) {
			p, d := newContractMechanism(t, name)
			a := &adversary{t: t, tensors: contractSetting.Tensors}
			e := newTestEngine(t, dp.Options{Plan: p, Policy: d.Policy, Tensors: a.tensors, Rounding: 1e-6})
			params := make([]float32, contractSetting.Params())
			for range 12 {
				r, err := e.Next(context.Background(), params, a.compute)
				if err != nil {
					t.Fatal(err)
				}
				for i, x := range r.Gradient {
					if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
						t.Fatalf("step %d released %v", r.Step, x)
					}
					params[i] -= 0.1 * x
				}
			}
			if !(a.largest <= 1) {
				t.Errorf("a record moved the sum by %.9f of its declared sensitivity", a.largest)
			}
			if a.largest < 0.5 && d.Policy.Rule().Kind == clip.Clip {
				t.Errorf("the largest record reached only %.3f of the sensitivity: the test is blind", a.largest)
			}
		})
	}
}

// What the ledger says is what happened: the noise measured at every step, gradient and counts together, has the noise
// multiplier that the run's events charge for that step; and epsilon met the target before the first step.
func TestContractEventsAreNoise(t *testing.T) {
	for i, name := range compositions() {
		t.Run(name, func(t *testing.T) {
			p, d := newContractMechanism(t, name)
			if got := p.Epsilon().Upper; !(got <= 3 && got > 2.9) {
				t.Errorf("epsilon %v for a target of 3", got)
			}
			groups := d.Policy.Rule().Groups(len(contractSetting.Tensors))
			l := memoryLedger(t)
			m := &meter{groups: groups, strategy: d.Spec.Strategy, batch: p.BatchSize()}
			for tensor, n := range contractSetting.Tensors {
				m.extend(d.Policy.Rule().Group(tensor), n)
			}
			e := newTestEngine(t, dp.Options{Plan: p, Policy: spy{d.Policy, m.observe}, Tensors: contractSetting.Tensors, Ledger: l, Seed: seed(uint64(i))})
			params := make([]float32, contractSetting.Params())
			for range p.Steps() {
				if _, err := e.Next(context.Background(), params, nothingFound(contractSetting.Params(), groups)); err != nil {
					t.Fatal(err)
				}
			}
			entry, _ := l.Run(e.Run())
			if accountant.TotalSteps(entry.Events)*max(1, len(d.Spec.Strategy)) < p.Steps() {
				t.Errorf("events %v cover fewer than %d steps", entry.Events, p.Steps())
			}
			m.check(t, p, expand(entry.Events, p))
		})
	}
}

// expand lists the charged noise multiplier of every step.
func expand(events []accountant.Segment, p *dp.Plan) (z []float64) {
	for _, s := range events {
		for range s.Steps * p.Bands() {
			z = append(z, s.Sigma)
		}
	}
	return z[:p.Steps()]
}

// meter measures executed noise from releases of zero sums.
type meter struct {
	groups   int
	strategy []float64
	batch    float64
	ends     []int
	group    []int
	past     [][]float64 // releases in units of the clip norm, for correlated noise
	steps    []measured
}

type measured struct {
	bounds  []float64
	squares []float64 // per group: sum of squares of the sum's noise
	counts  []float64 // noise of each count
}

func (m *meter) extend(group, n int) {
	from := 0
	if len(m.ends) > 0 {
		from = m.ends[len(m.ends)-1]
	}
	m.ends, m.group = append(m.ends, from+n), append(m.group, group)
}

func (m *meter) observe(r *dp.Released) {
	s := measured{bounds: slices.Clone(r.Bounds), squares: make([]float64, m.groups)}
	noise := make([]float64, len(r.Gradient))
	for i, x := range r.Gradient {
		noise[i] = float64(x) * m.batch / clip.Sensitivity(r.Bounds)
	}
	m.past = append(m.past, noise)
	if m.strategy != nil { // undo the correlation: C w = z
		white := make([]float64, len(noise))
		for j := 0; j < len(m.strategy) && j < len(m.past); j++ {
			for i, w := range m.past[len(m.past)-1-j] {
				white[i] += m.strategy[j] * w
			}
		}
		noise = white
	} else {
		m.past = nil
	}
	from := 0
	for t, end := range m.ends {
		for _, x := range noise[from:end] {
			x *= clip.Sensitivity(r.Bounds)
			s.squares[m.group[t]] += x * x
		}
		from = end
	}
	for _, c := range r.Counts {
		s.counts = append(s.counts, (c-0.5)*m.batch)
	}
	m.steps = append(m.steps, s)
}

// check compares, over windows of steps, the joint noise multiplier that was measured with what was charged. A group of
// d coordinates over w steps tells its deviation to a relative 1/sqrt(2 d w).
func (m *meter) check(t *testing.T, p *dp.Plan, charged []float64) {
	sizes := make([]float64, m.groups)
	from := 0
	for i, end := range m.ends {
		sizes[m.group[i]] += float64(end - from)
		from = end
	}
	countSquares, countN := 0.0, 0.0
	for _, s := range m.steps {
		for _, c := range s.counts {
			countSquares, countN = countSquares+c*c, countN+1
		}
	}
	countCost := 0.0 // of all counts of a step, in 1/z^2
	if countN > 0 {
		sigma := p.Spec().Counts.Sigma
		if score := (countSquares/sigma/sigma - countN) / math.Sqrt(2*countN); math.Abs(score) > 4.9 {
			t.Errorf("counts have noise %.3f, the plan says %.3f", math.Sqrt(countSquares/countN), sigma)
		}
		countCost = float64(m.groups) / (4 * sigma * sigma)
	}
	total, weight := 0.0, 0.0
	for step, s := range m.steps {
		cost := countCost
		for g, c := range s.bounds {
			cost += c * c / (s.squares[g] / (sizes[g] - 2)) // the mean of 1/chi-square with d degrees is 1/(d-2)
		}
		ratio := cost * charged[step] * charged[step]
		// The smallest group, 500 coordinates, bounds the relative deviation of the cost by sqrt(2/500).
		if math.Abs(ratio-1) > 5.5*math.Sqrt(2.0/500) {
			t.Errorf("step %d cost %.3f of what was charged", step, ratio)
		}
		total, weight = total+ratio, weight+1
	}
	if mean := total / weight; math.Abs(mean-1) > 5*math.Sqrt(2.0/500/weight) {
		t.Errorf("steps cost %.4f of what was charged on average", mean)
	}
}

// A policy's state survives a checkpoint: from then on it asks, filters and averages exactly alike; damaged states are
// refused and change nothing.
func TestContractState(t *testing.T) {
	for _, name := range compositions() {
		t.Run(name, func(t *testing.T) {
			_, a := newContractMechanism(t, name)
			_, b := newContractMechanism(t, name)
			dim := contractSetting.Params()
			groups := a.Policy.Rule().Groups(len(contractSetting.Tensors))
			params := make([]float32, dim)
			r := rand.New(rand.NewPCG(1, 2))
			ask := func(p dp.Policy, step int) dp.Ask {
				x := dp.Ask{Bounds: make([]float64, groups)}
				p.Ask(dp.View{Step: step, Params: params}, &x)
				return x
			}
			drive := func(step int, designs ...*Design) (filtered [][]float32) {
				released := dp.Released{Step: step, Counts: make([]float64, groups), Gradient: make([]float32, dim)}
				for i := range released.Gradient {
					released.Gradient[i] = float32(r.NormFloat64())
				}
				for g := range released.Counts {
					released.Counts[g] = r.Float64()*1.4 - 0.2
				}
				for i := range params {
					params[i] += float32(r.NormFloat64())
				}
				var asks []dp.Ask
				for _, d := range designs {
					asks = append(asks, ask(d.Policy, step))
					if n := max(1, len(asks[0].Points)); n != d.Points {
						t.Fatalf("step %d: asks for %d points, the design says %d", step, n, d.Points)
					}
					if again := ask(d.Policy, step); !slices.Equal(again.Bounds, asks[len(asks)-1].Bounds) || !samePoints(again, asks[len(asks)-1]) {
						t.Fatalf("step %d: asked again, another answer", step)
					}
				}
				for i, d := range designs {
					if !slices.Equal(asks[i].Bounds, asks[0].Bounds) || !slices.Equal(asks[i].Allocation, asks[0].Allocation) || !samePoints(asks[i], asks[0]) {
						t.Fatalf("step %d: the restored policy asks for something else", step)
					}
					mine := released
					mine.Gradient = slices.Clone(released.Gradient)
					mine.Bounds = asks[i].Bounds
					d.Policy.Observe(&mine)
					filtered = append(filtered, mine.Gradient)
					if d.Averaging != nil {
						d.Averaging.Add(step, params)
						average := make([]float32, dim)
						d.Averaging.Average(average)
						filtered[i] = append(filtered[i], average...)
					}
				}
				return filtered
			}
			for step := range 17 {
				drive(step, a)
			}
			state := a.Policy.AppendState(nil)
			for _, bad := range [][]byte{nil, {0xc0}, state[:len(state)-1], append(slices.Clone(state), 0), nanIn(state)} {
				if bad == nil && len(state) == 1 {
					continue
				}
				before := b.Policy.AppendState(nil)
				if len(bad) == len(state) && slices.Equal(bad, state) {
					continue
				}
				if err := b.Policy.SetState(bad); err == nil || !strings.HasPrefix(err.Error(), "mechanism: policy state") {
					t.Errorf("a damaged state of %d bytes: %v", len(bad), err)
				}
				if !slices.Equal(before, b.Policy.AppendState(nil)) {
					t.Error("a refused state changed the policy")
				}
			}
			if err := b.Policy.SetState(state); err != nil {
				t.Fatal(err)
			}
			if a.Averaging != nil {
				if err := b.Averaging.SetState(a.Averaging.AppendState(nil)); err != nil {
					t.Fatal(err)
				}
			}
			for step := 17; step < 24; step++ {
				if f := drive(step, a, b); !slices.Equal(f[0], f[1]) {
					t.Fatalf("step %d: the restored policy filters otherwise", step)
				}
			}
		})
	}
}

func samePoints(a, b dp.Ask) bool {
	return slices.Equal(a.Coefficients, b.Coefficients) && slices.EqualFunc(a.Points, b.Points, slices.Equal[[]float32])
}

// nanIn replaces the last float of a state by NaN, where there is one.
func nanIn(state []byte) []byte {
	bad := slices.Clone(state)
	if len(bad) > 9 && bad[len(bad)-9] == 0xcb {
		binary.BigEndian.PutUint64(bad[len(bad)-8:], math.Float64bits(math.NaN()))
	}
	return bad
}

// A reproducible run that resumes from a state continues bit for bit, correlated noise and failed steps included.
func TestReproducibleContinues(t *testing.T) {
	for _, name := range []string{"quantile-layer+momentum", "bandmf", "cloister", "disk"} {
		p, d := newContractMechanism(t, name)
		groups, dim := d.Policy.Rule().Groups(4), contractSetting.Params()
		store := &ledger.MemoryStore{}
		o := dp.Options{Plan: p, Policy: d.Policy, Tensors: contractSetting.Tensors, Ledger: openLedger(t, store), Seed: seed(3)}
		e := newTestEngine(t, o)
		params := make([]float32, dim)
		next := func(e *dp.Engine) []float32 {
			r, err := e.Next(context.Background(), params, nothingFound(dim, groups))
			if err != nil {
				t.Fatal(err)
			}
			return slices.Clone(r.Gradient)
		}
		for range 11 {
			next(e)
		}
		e.Next(context.Background(), params, func(context.Context, dp.Query) (dp.Sums, error) { return dp.Sums{}, errCrash })
		state, err := e.State()
		if err != nil {
			t.Fatal(err)
		}
		packed, err := state.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		var read dp.State
		if left, err := read.UnmarshalMsg(packed); err != nil || len(left) > 0 {
			t.Fatal(err)
		}
		_, d2 := newContractMechanism(t, name)
		o.Policy, o.Resume = d2.Policy, state.Run
		o.Ledger = openLedger(t, copyOf(t, store)) // one ledger lets one of two engines go on
		e2 := newTestEngine(t, o)
		if err := e2.Restore(read); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			if e.Step() != e2.Step() || !slices.Equal(next(e), next(e2)) {
				t.Fatalf("%s: step %d differs after resuming", name, e.Step())
			}
		}
	}
}

func FuzzState(f *testing.F) {
	d, _ := New("quantile+momentum", nil, Setting{N: 10, BatchSize: 2, Steps: 3, StepsPerEpoch: 1, ClipNorm: 1, Tensors: []int{2}, Epsilon: 1, Delta: 1e-5})
	f.Add(d.Policy.AppendState(nil))
	s := dp.State{Step: 3, Random: &dp.RandomState{Past: []byte{1}, Inverse: []float64{1}}}
	b, _ := s.MarshalMsg(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		d.Policy.SetState(b)
		var s dp.State
		s.UnmarshalMsg(b)
	})
}

// Every mechanism samples persons as it samples records: whoever is sampled brings one of their five records, the sensitivity holds, and
// what is charged for a person is what is charged for a record.
func TestContractPersons(t *testing.T) {
	owner := make([]uint32, 5*contractSetting.N)
	for i := range owner {
		owner[i] = uint32(i % contractSetting.N)
	}
	persons, err := dp.NewPersons(owner, contractSetting.N)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range compositions() {
		t.Run(name, func(t *testing.T) {
			records, d := newContractMechanism(t, name)
			spec := records.Spec()
			spec.Unit = dp.UnitPerson
			p := plan(t, spec)
			if p.Epsilon().Upper != records.Epsilon().Upper {
				t.Errorf("persons cost %v, records %v", p.Epsilon().Upper, records.Epsilon().Upper)
			}
			a := &adversary{t: t, tensors: contractSetting.Tensors}
			e := newTestEngine(t, dp.Options{Plan: p, Policy: d.Policy, Persons: persons, Tensors: a.tensors, Rounding: 1e-6})
			for range 3 {
				if _, err := e.Next(context.Background(), make([]float32, contractSetting.Params()), func(ctx context.Context, q dp.Query) (dp.Sums, error) {
					seen := map[uint32]bool{}
					for _, i := range q.Records {
						if seen[owner[i]] {
							t.Fatalf("person %d brings two records", owner[i])
						}
						seen[owner[i]] = true
					}
					return a.compute(ctx, q)
				}); err != nil {
					t.Fatal(err)
				}
			}
			if !(a.largest <= 1) {
				t.Errorf("a person moved the sum by %.9f of its declared sensitivity", a.largest)
			}
		})
	}
}
