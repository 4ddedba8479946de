package main

import (
	"fmt"
	"os"
	"path/filepath"

	"cloister/data"
	"cloister/data/bundle"
)

// staging is where an output's files wait until all of them are there: a pack that fails writes nothing.
type staging struct {
	dir    string
	files  []string
	packer *data.Packer
}

func newStaging(out string) (*staging, error) {
	parent := filepath.Dir(filepath.Clean(out))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	dir, err := os.MkdirTemp(parent, ".pack-")
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return &staging{dir: dir}, nil
}

func (s *staging) put(name string, file []byte) error {
	s.files = append(s.files, name)
	mode := os.FileMode(0o644)
	if name == keyFile {
		mode = 0o600
	}
	if err := os.WriteFile(filepath.Join(s.dir, name), file, mode); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

// close ends the packed dataset.
func (s *staging) close() error {
	_, err := s.packer.Close()
	return err
}

// publish moves the files to their folder, the manifest after the shards that it names.
func (s *staging) publish(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	for _, name := range s.files {
		if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(out, name)); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
	return data.RemoveStale(out, s.files)
}

func (s *staging) discard() { os.RemoveAll(s.dir) }

// report is what -json prints.
type report struct {
	Kind    string           `json:"kind"`
	Records int              `json:"records"`
	Train   int              `json:"train"`
	Test    int              `json:"test"`
	Shape   []int            `json:"shape"`
	Classes []string         `json:"classes"`
	Skipped []bundle.Problem `json:"skipped"`
}

// packWhole packs a dataset that is in memory.
func packWhole(ds *data.Dataset, skipped []bundle.Problem, to *staging) (*report, error) {
	if err := data.Pack(ds, to.put); err != nil {
		return nil, err
	}
	r := &report{
		Kind: ds.Kind, Records: ds.TrainRecords + ds.TestRecords, Train: ds.TrainRecords, Test: ds.TestRecords,
		Shape: []int{ds.Channels, ds.Height, ds.Width}, Classes: ds.Classes, Skipped: append([]bundle.Problem{}, skipped...),
	}
	if ds.Kind == data.Table {
		r.Shape = []int{ds.RecordSize()}
	}
	return r, nil
}
