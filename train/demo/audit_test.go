package demo

import (
	"math"
	"strings"
	"testing"

	"cloister/train/protocol"
)

// The benchmark's setting on MNIST.
func question(mechanism string, published bool) protocol.AuditQuestion {
	return protocol.AuditQuestion{
		Mechanism: mechanism, Published: published, Records: 60000, BatchSize: 256, Epochs: 5, ClipNorm: 1, Epsilon: 3, Delta: 1e-5,
	}
}

func ask(t *testing.T, q protocol.AuditQuestion) protocol.AuditAnswer {
	t.Helper()
	last := 0
	a := Audit(t.Context(), q, func(a protocol.AuditAnswer) {
		if a.Step <= last || a.Step > a.Steps {
			t.Errorf("step %d of %d after step %d", a.Step, a.Steps, last)
		}
		last = a.Step
	})
	return a
}

// The claim of epsilon 3 is refuted for what was published and not for the sound version. A sound mechanism is refuted
// with probability at most 5 % at its true epsilon; at this one's, the best attacker is far from that (advantage 0.165).
func TestAuditTellsSoundFromPublished(t *testing.T) {
	if a := ask(t, question("standard", true)); a.Error != "" || a.Lower <= 3 || math.Abs(a.Privacy.Proven-86.225) > 0.1 || a.Step != 1170 {
		t.Errorf("standard as published: %+v", a)
	}
	if a := ask(t, question("amc-ns", true)); a.Error != "" || a.Lower <= 3 || !math.IsInf(a.Privacy.Proven, 1) || !strings.Contains(a.Privacy.Why, "raw") {
		t.Errorf("AMC-NS as published: %+v", a)
	}
	if a := ask(t, question("fixed", false)); a.Error != "" || a.Lower > 3 || a.Privacy.Proven > 3 || a.Privacy.Proven < 2.99 {
		t.Errorf("fixed clip: %+v", a)
	}
}

func TestAuditRefuses(t *testing.T) {
	for want, change := range map[string]func(*protocol.AuditQuestion){
		"unknown mechanism": func(q *protocol.AuditQuestion) { q.Mechanism = "wishful" },
		"batch":             func(q *protocol.AuditQuestion) { q.BatchSize = 0 },
		"epochs":            func(q *protocol.AuditQuestion) { q.Epochs = math.MaxInt },
		"0 records":         func(q *protocol.AuditQuestion) { q.Records = 0 },
	} {
		for _, published := range []bool{true, false} {
			q := question("fixed", published)
			change(&q)
			if a := ask(t, q); !strings.Contains(a.Error, want) {
				t.Errorf("published %v: error %q, want it to say %q", published, a.Error, want)
			}
		}
	}
}

// Who asks again is judged more strictly.
func TestAuditCorrectsRepetitions(t *testing.T) {
	q := question("fixed", false)
	q.Epochs = 1
	once := ask(t, q)
	q.Asked = 3
	again := ask(t, q)
	if once.Error != "" || again.Error != "" || once.Confidence != 1-0.05/2 || again.Confidence != 1-0.05/12 || again.Most >= once.Most {
		t.Errorf("%+v, then %+v", once, again)
	}
}
