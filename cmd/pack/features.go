package main

import (
	"context"
	"fmt"
	"path/filepath"

	"cloister/data"
	"cloister/features"
	"cloister/nn/compile/extract"
)

// packFeatures packs fixed features of a packed dataset: vectors under the same name, which share its ledger.
func (o *order) packFeatures(ctx context.Context, to *staging, tell func(string, ...any)) (*report, error) {
	fetch := data.FromDir(o.features)
	m, err := data.OpenManifest(ctx, fetch)
	if err != nil {
		return nil, err
	}
	recipe, err := features.Recipe(m, o.mirrored)
	if err != nil {
		return nil, err
	}
	engine := features.NewNative()
	defer engine.Close()
	tell("making the map %.12s of synthetic images", recipe.Fingerprint())
	fixed, err := features.Build(ctx, recipe, engine.Pool, extract.Options{}, nil)
	if err != nil {
		return nil, err
	}
	module, err := fixed.Compile(extract.Options{})
	if err != nil {
		return nil, err
	}
	packer, err := data.NewPacker(recipe.Describe(m), to.put)
	if err != nil {
		return nil, err
	}
	for i, shard := range m.Shards {
		records, err := m.FetchShard(ctx, fetch, i)
		if err != nil {
			return nil, err
		}
		if records.Values, err = engine.Features(ctx, module, records.Values); err != nil {
			return nil, err
		}
		if err := packer.Append(shard.Split, records); err != nil {
			return nil, err
		}
		tell("%d of %d shards", i+1, len(m.Shards))
	}
	made, err := packer.Close()
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
