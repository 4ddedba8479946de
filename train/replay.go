package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloister/train/protocol"
)

// replay trains with a mechanism as published. Nothing of it is private, so it has no part in a session: no ledger, no
// plan, no checkpoint, and its events are of a kind of their own. Until it ends, a page may stop it or ask the accountant.
func (t *Trainer) replay(ctx context.Context, c protocol.Config, id int) error {
	switch {
	case t.Replay == nil:
		return errors.New("train: replay: nobody can do it here")
	case t.dataset == nil:
		return errors.New("train: replay: there is no dataset; open one first")
	case t.session != nil && !t.over:
		return errors.New("train: replay: there is a run; stop it first")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	env := t.environment()
	told := make(chan protocol.ReplayAnswer)
	go func() {
		defer close(told)
		told <- t.Replay(ctx, c, env, func(a protocol.ReplayAnswer) { told <- a })
	}()
	for {
		select {
		case a, more := <-told:
			if !more {
				return nil
			}
			t.emit(protocol.Event{Type: "replay", ID: id, Replay: &a})
		case r := <-t.inbox:
			switch r.Type {
			case "stop":
				cancel()
			case "account":
				t.handle(ctx, r)
			default:
				t.fail(fmt.Errorf("train: %s: a replay goes on; stop it first", r.Type))
			}
		}
	}
}

// replay is the benchmark's setting for this dataset; nil where a replay is refused: records that are not public are for
// private training only.
func (d *Dataset) replay() *protocol.Config {
	if !d.Published() || d.TestRecords == 0 {
		return nil
	}
	fit := d.models()
	for _, model := range benchmarkModels {
		if c := benchmark(model, d.TrainRecords); slices.Contains(fit, model) && Validate(&c, &d.Manifest) == nil {
			return &c
		}
	}
	return nil
}
