package desk

import (
	"context"
	"errors"
	"maps"
	"slices"

	"cloister/data"
	"cloister/data/image"
	"cloister/data/intake"
)

// raw is a dataset among the files that is in a format of its own; nil where there is none.
func (d *Desk) raw() (*intake.Raw, error) {
	if d.bundle == nil {
		return nil, errors.New("nothing was dropped")
	}
	return intake.FindRaw(d.bundle.Files, "")
}

// lookRaw says what such a dataset is, which its names tell.
func lookRaw(raw *intake.Raw) *Look {
	names := map[string]string{intake.Packed: "packed dataset", intake.IDX: "IDX (MNIST's format)", intake.CIFAR: "CIFAR-10, binary"}
	return &Look{Kind: "raw", Format: names[raw.Format]}
}

// readRaw reads a dataset that is in a format of its own. Where its publisher is not known by its records, classes are as stated and
// values are centred.
func (d *Desk) readRaw(ctx context.Context, r Request, raw *intake.Raw) (*Result, error) {
	ds, err := raw.Read(ctx, func() (data.Manifest, error) {
		s := r.Settings
		if len(s.Classes) == 0 {
			return data.Manifest{}, errors.New("these records are not a published set's: name the classes, in the order of the labels")
		}
		m := data.Manifest{Name: s.Name, Title: s.Title, Provenance: "Your own files, read in this tab", Classes: s.Classes, TestPublic: s.TestPublic, Mean: []float32{0.5}, Std: []float32{0.5}}
		if raw.Format == intake.CIFAR {
			m.Mean, m.Std = []float32{0.5, 0.5, 0.5}, []float32{0.5, 0.5, 0.5}
		}
		m.Origins = []data.Origin{{What: "classes", From: data.Stated}, {What: "normalisation", From: data.Fixed}}
		return m, nil
	})
	if err != nil {
		return nil, err
	}
	to := &packing{put: d.Put}
	if err := to.Begin(ds.Manifest); err != nil {
		return nil, err
	}
	if err := to.Append(data.TrainSplit, ds.Train); err != nil {
		return nil, err
	}
	if err := to.Append(data.TestSplit, ds.Test); err != nil {
		return nil, err
	}
	m, err := to.packer.Close()
	if err != nil {
		return nil, err
	}
	if err := d.putMarks(rawMarks(r.Settings.Key, ds)); err != nil {
		return nil, err
	}
	result := resultOf(m, to.samples)
	result.Shape, result.PerClass, result.Skipped = []int{m.Channels, m.Height, m.Width}, make([]int, len(m.Classes)), d.bundle.Problems
	for _, split := range []data.Split{ds.Train, ds.Test} {
		for _, label := range split.Labels {
			result.PerClass[label]++
		}
	}
	if m.Kind == data.Image && !m.Float() {
		result.Recipe = Recipe{Kind: data.Image, Image: image.Settings{Channels: m.Channels, Height: m.Height, Width: m.Width, Fit: image.Crop}}
	}
	return result, nil
}

// rawMarks are marks of records that are their own source.
func rawMarks(secret []byte, ds *data.Dataset) []uint64 {
	var key [32]byte
	copy(key[:], secret)
	size := ds.RecordBytes()
	seen := map[uint64]bool{}
	for _, split := range []data.Split{ds.Train, ds.Test} {
		for i := range split.Len() {
			seen[intake.Mark(key, split.Values[i*size:(i+1)*size])] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
