package main

import (
	"context"
	"fmt"
	"path/filepath"

	"cloister/data"
	"cloister/features"
)

// packFeatures packs fixed features of a packed dataset: vectors under the same name, which share its ledger.
func (o *order) packFeatures(ctx context.Context, to *staging, tell func(string, ...any)) (*report, error) {
	job, err := features.Open(ctx, data.FromDir(o.features), o.mirrored)
	if err != nil {
		return nil, err
	}
	engine := features.NewNative()
	defer engine.Close()
	tell("making the map %.12s of synthetic records", job.Map.Fingerprint())
	told := 0
	stage := &features.Stage{Engine: engine, Put: to.put, Tell: func(p features.Progress) {
		if tenth := int(10 * p.Done); !p.Making && tenth > told {
			told = tenth
			tell("%d of %d records", p.Records, p.Total)
		}
	}}
	made, err := stage.Run(ctx, job)
	if err != nil {
		return nil, err
	}
	return &report{
		Kind: made.Kind, Records: made.TrainRecords + made.TestRecords, Train: made.TrainRecords, Test: made.TestRecords,
		Shape: []int{made.Channels, made.Height, made.Width}, Classes: made.Classes,
	}, nil
}

// checkFeatures refuses to write over what is read.
func (o *order) checkFeatures() error {
	if o.features != "" && filepath.Clean(o.features) == filepath.Clean(o.out) {
		return fmt.Errorf("pack: -features %s: -out names the same folder", o.features)
	}
	return nil
}
