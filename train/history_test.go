//go:build !js

package train

import (
	"slices"
	"strings"
	"testing"

	"cloister/train/protocol"
)

// A restored run has the curves that it had: the same evaluations, and the same cost at the same steps.
func TestRestoredRunKeepsItsCurves(t *testing.T) {
	p := newTalk(t)
	p.open()
	c := quick()
	p.trainer.Send(protocol.Request{Type: "start", Config: &c})
	evaluated, spending := curves(p.until(func(e protocol.Event) bool { return e.Type == "done" }))
	if len(evaluated) != 3 || len(spending) != 30 {
		t.Fatalf("%d evaluations, %d points of the curve", len(evaluated), len(spending))
	}
	p.trainer.Send(protocol.Request{Type: "save"})
	file := p.hear("checkpoint").Checkpoint

	p.trainer.Send(protocol.Request{Type: "restore", Checkpoint: file})
	heard := p.until(func(e protocol.Event) bool { return e.Type == "step" || e.Type == "error" })
	var history []protocol.Evaluated
	for _, e := range heard {
		history = append(history, e.History...)
	}
	if !slices.Equal(history, evaluated) {
		t.Errorf("evaluations were %v, restored %v", evaluated, history)
	}
	if _, again := curves(heard); !slices.Equal(again, spending) {
		t.Errorf("the curve was %v, restored %v", spending, again)
	}
	// What it keeps does not double when it is saved again.
	p.hear("done")
	p.trainer.Send(protocol.Request{Type: "save"})
	saved, err := DecodeCheckpoint(p.hear("checkpoint").Checkpoint)
	if err != nil || len(saved.History) != 3 {
		t.Errorf("saved again: %+v, %v", saved.History, err)
	}

	for what, history := range map[string][]Evaluated{
		"beyond the run": {{Step: 31, Accuracy: 0.5}}, "backwards": {{Step: 15}, {Step: 15}}, "more than all right": {{Step: 3, Accuracy: 1.5}},
	} {
		saved.History = history
		file, err := saved.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeCheckpoint(file); err == nil || !strings.Contains(err.Error(), "evaluation") {
			t.Errorf("a history %s is read: %v", what, err)
		}
	}
	saved.History = nil // as older files
	file, err = saved.Encode()
	if err == nil {
		_, err = DecodeCheckpoint(file)
	}
	if err != nil {
		t.Errorf("without a history: %v", err)
	}
}

func curves(events []protocol.Event) (evaluated []protocol.Evaluated, spending []protocol.Spend) {
	for _, e := range events {
		if e.Epoch != nil {
			evaluated = append(evaluated, protocol.Evaluated{Epoch: e.Epoch.Epoch, Step: e.Epoch.Step, Accuracy: e.Epoch.Accuracy, StdError: e.Epoch.StdError, Noised: e.Epoch.Noised, Loss: e.Epoch.Loss, Epsilon: e.Epoch.Epsilon})
		}
		if e.Step != nil {
			spending = append(spending, e.Step.Curve...)
		}
	}
	return evaluated, spending
}
