package main

import (
	"context"
	"errors"
	"time"

	"cloister/cmd/experiments/experiment"
	"cloister/data"
	"cloister/train"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// natively runs a trainer as a page would, with the compiled step outside of a browser, on one processor. It waits for the
// run that configure makes of the dataset; nil ends it.
func natively(ctx context.Context, open data.Fetch, configure func(*protocol.DatasetInfo) *protocol.Config) (planned *protocol.Planned, last *protocol.EpochEvent, err error) {
	host := &train.MemoryHost{
		New: func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
			return backend.NewNative(w, train, test)
		},
		Open: func(string) data.Fetch { return open },
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	events := make(chan protocol.Event, 1<<16)
	t := train.NewTrainer(host, func(e protocol.Event) { events <- e })
	go t.Run(ctx)
	t.Send(protocol.Request{Type: "open", Source: &protocol.Source{Kind: "url", URL: "native"}})
	for {
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case e := <-events:
			switch {
			case e.Type == "error":
				return nil, nil, errors.New(e.Message)
			case e.Dataset != nil:
				c := configure(e.Dataset)
				if c == nil {
					return nil, nil, nil
				}
				t.Send(protocol.Request{Type: "start", Config: c})
			case e.Epoch != nil:
				last = e.Epoch
			case e.Type == "done":
				return e.Planned, last, nil
			}
		}
	}
}

// native carries out a run of the laboratory so.
func native(ctx context.Context, folder string, r experiment.Run) (experiment.Row, error) {
	start := time.Now()
	planned, last, err := natively(ctx, data.FromDir(folder), func(*protocol.DatasetInfo) *protocol.Config { return &r.Config })
	if err != nil {
		return experiment.Row{}, err
	}
	row := r.Of()
	if row.Note == "" {
		row.Note = "run outside of a browser"
	}
	row.EpsilonUpper, row.EpsilonLower, row.Delta, row.Sampling = planned.EpsilonUpper, planned.EpsilonLower, planned.Delta, planned.Sampler
	row.Sigma, row.Steps, row.Accuracy, row.Wall = planned.NoiseMultiplier, planned.Steps, last.Accuracy, time.Since(start).Seconds()
	return row, nil
}
