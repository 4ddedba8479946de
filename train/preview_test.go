//go:build !js

package train

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/train/protocol"
)

// What is proposed is what is planned, and costs nothing: the ledger's total after a run is told before it, from the
// ledger as it is then.
func TestProposesWhatIsPlanned(t *testing.T) {
	p := newTalk(t)
	p.trainer.host.(*MemoryHost).Store = &ledger.MemoryStore{}
	p.open()
	c := quick()
	p.trainer.Send(protocol.Request{Type: "propose", Config: &c, ID: 7})
	proposed := p.hear("proposal")
	if proposed.ID != 7 || proposed.Proposal == nil {
		t.Fatalf("proposal %+v", proposed)
	}
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	planned := p.hear("planned").Planned
	a, b := *proposed.Proposal, *planned
	if a.NoiseMultiplier != b.NoiseMultiplier || a.Steps != b.Steps || a.Segments != b.Segments || proposed.Ledger.Others != 0 || proposed.Ledger.Total != a.EpsilonUpper {
		t.Errorf("proposed %+v, planned %+v", a, b)
	}
	p.hear("done")
	p.trainer.Send(protocol.Request{Type: "propose", ID: 1, Config: &c})
	if l := p.hear("proposal").Ledger; !(l.Others == a.EpsilonUpper && l.Total > l.Others) {
		t.Errorf("after a run the ledger holds %v, with another %v", l.Others, l.Total)
	}
	c.BatchSize = 1 << 20
	p.trainer.Send(protocol.Request{Type: "propose", ID: 1, Config: &c})
	if e := p.hear("proposal"); e.Proposal != nil || !strings.Contains(e.Message, "Batch size") {
		t.Errorf("a batch above all records is proposed: %+v", e)
	}
}

// The courses of a proposal are what its steps then tell.
func TestProposesCourses(t *testing.T) {
	p := newTalk(t)
	p.open()
	c := quick()
	c.Mechanism.Name, c.Schedule, c.Epochs = "per-layer+sigma-linear+clip-step", "cosine", 4
	p.trainer.Send(protocol.Request{Type: "propose", Config: &c, ID: 1})
	plan := p.hear("proposal").Proposal
	courses := plan.Courses
	if n := len(courses.NoiseMultiplier); n != plan.Steps || len(courses.ClipNorm) != n || len(courses.LearningRate) != n {
		t.Fatalf("a run of %d steps has courses %+v", plan.Steps, courses)
	}
	if courses.NoiseMultiplier[0] != plan.NoiseMultiplier || !(courses.NoiseMultiplier[plan.Steps-1] < plan.NoiseMultiplier) {
		t.Errorf("noise multipliers from %v: %v", plan.NoiseMultiplier, courses.NoiseMultiplier)
	}
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	for step := 0; step < plan.Steps; {
		told := p.hear("step").Step
		step = told.Step
		if norm, rate := courses.ClipNorm[step-1], courses.LearningRate[step-1]; math.Abs(told.ClipNorm-norm) > 1e-9 || told.LearningRate != rate {
			t.Errorf("step %d has clip norm %v and learning rate %v, planned were %v and %v", step, told.ClipNorm, told.LearningRate, norm, rate)
		}
	}
}

func TestCourseKeepsItsEnds(t *testing.T) {
	if got := course(1000, func(int) float64 { return 2 }); got != nil {
		t.Errorf("what never changes has the course %v", got)
	}
	got := course(100_000, func(step int) float64 { return float64(step) })
	if len(got) != 97 || got[0] != 0 || got[96] != 99_999 {
		t.Errorf("%d values from %v to %v", len(got), got[0], got[len(got)-1])
	}
}

// A rehearsal trains on no record of the dataset, charges nothing and leaves no session.
func TestRehearsesOnSyntheticRecords(t *testing.T) {
	p := newTalk(t)
	p.trainer.host.(*MemoryHost).Store = &ledger.MemoryStore{}
	p.open()
	c := quick()
	p.trainer.Send(protocol.Request{Type: "rehearse", Config: &c, ID: 3})
	e := p.hear("rehearsal")
	if e.ID != 3 || e.Rehearsal == nil || !(e.Rehearsal.StepSeconds > 0) || !(e.Rehearsal.EvaluationSeconds > 0) {
		t.Fatalf("rehearsal %+v", e)
	}
	p.trainer.Send(protocol.Request{Type: "propose", ID: 1, Config: &c})
	if before := p.hear("proposal").Ledger.Others; before != 0 {
		t.Errorf("a rehearsal cost epsilon %v", before)
	}
	p.trainer.Send(protocol.Request{Type: "save"})
	if e := p.hear("error"); !strings.Contains(e.Message, "no run") {
		t.Errorf("after a rehearsal there is something to save: %q", e.Message)
	}
}

func TestRehearsalGivesWay(t *testing.T) {
	tr := NewTrainer(&MemoryHost{New: PlainBackend}, func(protocol.Event) {})
	d, err := generateDigits(context.Background(), tr.host, 600, 100, func(protocol.Loading) {})
	if err != nil {
		t.Fatal(err)
	}
	tr.dataset = d
	tr.Send(protocol.Request{Type: "pause"})
	if _, err := tr.rehearse(context.Background(), quick()); !errors.Is(err, errInterrupted) {
		t.Errorf("with a request waiting, the rehearsal ends with %v", err)
	}
}

// Synthetic records have the dataset's shape; a mechanism that needs a longer run is rehearsed all the same.
func TestSyntheticRecordsFitTheShape(t *testing.T) {
	m := data.Digits(1, 0, 1).Manifest
	m.TrainRecords, m.TestRecords = 5000, 900
	d, err := synthetic(&MemoryHost{}, &m, 64)
	if err != nil {
		t.Fatal(err)
	}
	if d.TrainRecords != 64 || d.TestRecords != rehearsedTests || len(d.TestLabels) != rehearsedTests || m.TrainRecords != 5000 {
		t.Errorf("%d records to train on, %d to test", d.TrainRecords, d.TestRecords)
	}
	tr := NewTrainer(&MemoryHost{New: PlainBackend}, func(protocol.Event) {})
	tr.dataset = &Dataset{Manifest: m}
	c := quick()
	c.Mechanism = protocol.Mechanism{Name: "bandmf", Params: map[string]float64{"bands": 40}}
	if r, err := tr.rehearse(context.Background(), c); err != nil || !(r.StepSeconds > 0) {
		t.Errorf("correlated noise over 40 steps: %v, %v", r, err)
	}
}

// One record asked about by itself is taken for what the evaluation took it for.
func TestPredictsAsEvaluated(t *testing.T) {
	p := newTalk(t)
	p.trainer.Send(protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: p.folder}})
	info := p.hear("dataset").Dataset
	p.trainer.Send(protocol.Request{Type: "predict", ID: 1, Record: info.Samples[0].Pixels})
	if e := p.hear("prediction"); e.Prediction != nil || !strings.Contains(e.Message, "no model") {
		t.Errorf("without a model: %+v", e)
	}
	c := quick()
	c.Mechanism = protocol.Mechanism{Name: "fixed+average-ema", Params: map[string]float64{"average-ema.decay": 0.5}}
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	var last *protocol.EpochEvent
	for _, e := range p.until(func(e protocol.Event) bool { return e.Type == "done" || e.Type == "error" }) {
		if e.Epoch != nil {
			last = e.Epoch
		}
	}
	for i, sample := range info.Samples {
		p.trainer.Send(protocol.Request{Type: "predict", ID: 1, Record: sample.Pixels})
		probabilities := p.hear("prediction").Prediction
		best, total := 0, 0.0
		for class, q := range probabilities {
			total += q
			if q > probabilities[best] {
				best = class
			}
		}
		if best != last.Predictions[i] || math.Abs(total-1) > 1e-9 {
			t.Errorf("sample %d is taken for %d (probabilities add up to %v), the evaluation took it for %d", i, best, total, last.Predictions[i])
		}
	}
	p.trainer.Send(protocol.Request{Type: "predict", ID: 1, Record: make([]byte, 5)})
	if e := p.hear("prediction"); !strings.Contains(e.Message, "5 bytes") {
		t.Errorf("half a record: %+v", e)
	}
}
