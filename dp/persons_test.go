package dp

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"cloister/clip"
	"cloister/dp/ledger"
)

// crowd are persons with 1, 2, 5 and 30 records in turn, which lie scattered over the data set, and whose each record is.
func crowd(t testing.TB, persons int) (*Persons, []uint32) {
	t.Helper()
	var owner []uint32
	for round := range 30 {
		for p := range persons {
			if round < []int{1, 2, 5, 30}[p%4] {
				owner = append(owner, uint32(p))
			}
		}
	}
	all, err := NewPersons(owner, persons)
	if err != nil {
		t.Fatal(err)
	}
	return all, owner
}

func TestNewPersonsRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		owner   []uint32
		persons int
	}{
		"person 1 has no record": {[]uint32{0, 2, 0}, 3},
		"record 1 is of person":  {[]uint32{0, 7}, 2},
		"3 persons with 2":       {[]uint32{0, 1}, 3},
		"0 persons with 0":       {nil, 0},
	} {
		if _, err := NewPersons(c.owner, c.persons); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v of %d: %v, want %q", c.owner, c.persons, err, want)
		}
	}
}

// Persons are in with probability q each, however many records they have; whoever is in brings one record, each of theirs as
// often as any other. Both by the sum of squared scores, at |z| > 4.9: false alarms 1e-6 each.
func TestPersonsAreSampled(t *testing.T) {
	const persons, draws, q = 400, 20_000, 0.05
	all, owner := crowd(t, persons)
	s := newSampler(&Plan{spec: Spec{N: persons, Rate: q, Steps: draws, Unit: UnitPerson}}, all, testStream(11))
	r := testStream(12)
	came, brought := make([]float64, persons), make([]float64, len(owner))
	for step := range draws {
		in, last := map[uint32]bool{}, int32(-1)
		for _, i := range s.draw(r, step) {
			if i <= last || in[owner[i]] {
				t.Fatalf("step %d: record %d after %d, of person %d who is in: %v", step, i, last, owner[i], in[owner[i]])
			}
			in[owner[i]], last = true, i
			came[owner[i]]++
			brought[i]++
		}
	}
	chi := 0.0
	for _, c := range came {
		chi += (c - draws*q) * (c - draws*q) / (draws * q * (1 - q))
	}
	if z := (chi - persons) / math.Sqrt(2*persons); math.Abs(z) > 4.9 {
		t.Errorf("persons' inclusion: z = %.2f", z)
	}
	chi, free := 0.0, 0.0
	for p := range persons {
		own := all.records[all.starts[p]:all.starts[p+1]]
		for _, i := range own {
			want := came[p] / float64(len(own))
			chi += (brought[i] - want) * (brought[i] - want) / want
		}
		free += float64(len(own) - 1)
	}
	if z := (chi - free) / math.Sqrt(2*free); math.Abs(z) > 4.9 {
		t.Errorf("which record a person brings: z = %.2f", z)
	}
}

// With bands persons are assigned to groups, so that all records of one are in one group; a full batch has one record of everybody.
func TestPersonsInGroupsAndFullBatches(t *testing.T) {
	all, owner := crowd(t, 200)
	r := testStream(13)
	s := newSampler(&Plan{spec: Spec{N: 200, Rate: 0.1, Steps: 100, Strategy: []float64{0.8, 0.4, 0.3}, Unit: UnitPerson}}, all, r)
	group := map[uint32]int{}
	for step := range 100 {
		for _, i := range s.draw(r, step) {
			if g, known := group[owner[i]]; known && g != step%3 {
				t.Fatalf("person %d is in groups %d and %d", owner[i], g, step%3)
			}
			group[owner[i]] = step % 3
		}
	}
	if len(group) < 150 { // all 200 but for chance: a person is missing after 33 draws at 0.3 with probability 8e-6
		t.Errorf("%d persons took part", len(group))
	}
	full := newSampler(&Plan{spec: Spec{N: 200, Rate: 1, Steps: 1, Unit: UnitPerson}}, all, r)
	var who []uint32
	for _, i := range full.draw(r, 0) {
		who = append(who, owner[i])
	}
	slices.Sort(who)
	if who = slices.Compact(who); len(who) != 200 {
		t.Errorf("a full batch has records of %d persons of 200", len(who))
	}
}

// Persons, with 1 to 30 records each, all with gradients at the bound: the sum that a step clips holds one of each person's at most,
// and is divided by q times the persons. The ledger says that persons were protected.
func TestEngineSamplesPersons(t *testing.T) {
	const persons = 120
	all, owner := crowd(t, persons)
	plan := plain(t, Spec{N: persons, Rate: 0.25, Steps: 40, NoiseMultiplier: 1, Unit: UnitPerson})
	if plan.Relation() != PersonRelation || !strings.Contains(plan.Sampler(), "persons") || plan.BatchSize() != 30 {
		t.Errorf("%q, %q, batches of %v", plan.Relation(), plan.Sampler(), plan.BatchSize())
	}
	l := memoryLedger(t)
	policy := fixedPolicy(clip.Rule{}, 1)
	o := Options{Plan: plan, Policy: policy, Tensors: []int{persons}, Ledger: l}
	if _, err := NewEngine(o); err == nil {
		t.Error("an engine that does not know the persons takes a plan for them")
	}
	o.Persons = all
	e := newTestEngine(t, o)
	for range 40 {
		if _, err := e.Next(context.Background(), make([]float32, persons), func(_ context.Context, q Query) (Sums, error) {
			s := Sums{Gradient: make([]float64, persons), Records: len(q.Records)}
			for _, i := range q.Records {
				s.Gradient[owner[i]]++
			}
			if slices.Max(s.Gradient) > 1 {
				t.Fatal("a person brought two records")
			}
			return s, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if entry, _ := l.Run(e.Run()); entry.Unit != UnitPerson {
		t.Errorf("the ledger says that %q is protected", entry.Unit)
	}
	o.Resume, o.Plan = e.Run(), plain(t, Spec{N: all.Records(), Rate: 0.25, Steps: 40, NoiseMultiplier: 1})
	o.Persons = nil
	if _, err := NewEngine(o); err == nil {
		t.Error("a run that protects persons goes on as one that protects records")
	}
	reopened, err := ledger.Open(&ledger.MemoryStore{}, "other")
	if err != nil {
		t.Fatal(err)
	}
	o.Ledger, o.Resume, o.Persons = reopened, ledger.RunID{}, all
	if _, err := NewEngine(o); err == nil {
		t.Error("a plan for records samples persons")
	}
}

func TestPersonsWithCanaries(t *testing.T) {
	all, owner := crowd(t, 20)
	more := all.With(3)
	if more.Len() != 23 || more.Records() != len(owner)+3 || all.Len() != 20 {
		t.Fatalf("%d persons with %d records", more.Len(), more.Records())
	}
	sample := []int32{20, 21, 22}
	more.bring(testStream(1), sample)
	if want := int32(len(owner)); !slices.Equal(sample, []int32{want, want + 1, want + 2}) {
		t.Errorf("canaries bring %v", sample)
	}
}
