//go:build !js

package train

import (
	"context"
	"strings"
	"testing"

	"cloister/train/protocol"
)

// A run that is broken off again and again, at any step, without a word, and goes on from its last safepoint: it ends at
// the epsilon of its plan, the ledger holds one run, charged for every step that was released, and no step was released twice. A correlated
// one is broken off as often as it has rounds.
func TestRunSurvivesBreaks(t *testing.T) {
	for _, c := range []struct {
		mechanism string
		bands     float64
		breaks    int
	}{{"fixed", 1, 20}, {"bandmf", 8, 15}, {"cloister+momentum", 4, 20}} {
		t.Run(c.mechanism, func(t *testing.T) {
			b := newBench(t, 1000, 50)
			config := quick()
			config.Epochs, config.BatchSize = 12, 100
			config.Mechanism = protocol.Mechanism{Name: c.mechanism}
			if c.bands > 1 {
				config.Mechanism.Params = map[string]float64{"bands": c.bands}
			}
			s := b.session(t, config, nil)
			plan := s.Planned()
			if float64(plan.Bands) != c.bands || plan.Steps != 120 {
				t.Fatalf("%d steps in rounds of %d", plan.Steps, plan.Bands)
			}
			released, resumed := map[int]bool{}, 0
			file, err := s.Checkpoint()
			for !s.Done() {
				for range 1 + resumed*7%5 { // the break comes anywhere between two safepoints, or at one
					if s.Done() {
						break
					}
					at := s.engine.Step()
					if released[at] {
						t.Fatalf("step %d was released twice", at)
					}
					steps(t, s, 1)
					released[at] = true
					if s.AtSafepoint() {
						file, err = s.Checkpoint()
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				if s.Done() || resumed == c.breaks {
					continue
				}
				saved, err := DecodeCheckpoint(file)
				if err != nil {
					t.Fatal(err)
				}
				resumed++ // no Close, no Settle: killed
				s = b.session(t, saved.Config, saved)
				if at := s.engine.Step(); at%plan.Bands != 0 && at != plan.Steps {
					t.Fatalf("it goes on at step %d, amid a round of %d", at, plan.Bands)
				}
			}
			defer s.Close()
			if plan.Bands == 1 && resumed != c.breaks || resumed < plan.Steps/plan.Bands/2 && plan.Bands > 1 {
				t.Errorf("broken off %d times of %d", resumed, c.breaks)
			}
			if got := s.Last().Epsilon; !(got <= plan.EpsilonUpper) || !(plan.EpsilonUpper <= config.Epsilon) {
				t.Errorf("epsilon %v after %d breaks, planned %v", got, resumed, plan.EpsilonUpper)
			}
			runs := b.ledger(t).Runs()
			if len(runs) != 1 || runs[0].Charged <= plan.Steps-plan.Bands { // the rest of the last round may be lost
				t.Errorf("the ledger holds %+v", runs)
			}
			if total, err := b.ledger(t).Epsilon(config.Delta); err != nil || !(total.Upper <= plan.EpsilonUpper+1e-9) {
				t.Errorf("the ledger's epsilon is %v of a plan of %v: %v", total.Upper, plan.EpsilonUpper, err)
			}
		})
	}
}

// Where safepoints lie is decided by the plan: one before the first step, one at the end of each block that is reserved
// together, one at each pause.
func TestSafepointsFollowThePlan(t *testing.T) {
	p := newTalk(t)
	p.open()
	c := quick()
	c.Epochs, c.BatchSize = 20, 10 // 3000 steps in blocks of 30
	p.trainer.Send(protocol.Request{Type: "start", Config: &c, Held: true})
	plan := p.hear("planned").Planned
	at := func(e protocol.Event) int {
		t.Helper()
		saved, err := DecodeCheckpoint(e.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		if saved.Engine.Random != nil || saved.Seconds != 0 {
			t.Errorf("a private run's safepoint holds random state or a clock: %+v", saved)
		}
		return saved.Engine.Step
	}
	block := (plan.Steps + 99) / 100
	for i := range 4 {
		if i == 1 { // until then it waits
			p.hearState("paused")
			p.trainer.Send(protocol.Request{Type: "resume"})
		}
		if step := at(p.hear("safepoint")); step != i*block {
			t.Fatalf("safepoint %d at step %d, blocks are of %d", i, step, block)
		}
	}
	p.trainer.Send(protocol.Request{Type: "pause"})
	p.hearState("paused")
	paused := at(p.hear("safepoint"))
	p.trainer.Send(protocol.Request{Type: "save"})
	if step := at(p.hear("checkpoint")); step != paused {
		t.Errorf("paused at step %d, the safepoint is of step %d", step, paused)
	}
}

// Two tabs that go on from one safepoint: whichever charges first goes on, the other is told, whatever page locks do.
func TestOneOfTwoGoesOn(t *testing.T) {
	b := newBench(t, 1000, 50)
	first := b.session(t, quick(), nil)
	steps(t, first, 3)
	file, err := first.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	var tabs [2]*Session
	for i := range tabs {
		saved, err := DecodeCheckpoint(file)
		if err != nil {
			t.Fatal(err)
		}
		tabs[i] = b.session(t, saved.Config, saved)
		defer tabs[i].Close()
	}
	steps(t, tabs[0], 1)
	if err := tabs[1].Step(context.Background()); err == nil || !strings.Contains(err.Error(), "goes on elsewhere") {
		t.Errorf("the second tab's step: %v", err)
	}
}
