// Package data holds labelled image datasets: the type that a run trains on, the MessagePack blobs it travels in,
// importers for published formats, and a generator of handwriting-like digits that needs no download.
//
// A packed dataset is a folder: one manifest and shards of at most 4 MiB, so that a fetch shows progress and a broken
// shard can be fetched again or refused. Pixels stay uint8 throughout; whoever computes on them normalises with the
// manifest's constants, which are stated by the publisher (or the user) and never computed from private records.
package data

import (
	"errors"
	"fmt"
)

//go:generate go run github.com/tinylib/msgp -file manifest.go -o manifest_gen.go -tests=false -io=false

// Bounds on everything that is read, checked before it is allocated.
const (
	MaxManifestBytes = 1 << 20   // a manifest file
	MaxShardBytes    = 4 << 20   // a shard file, header included
	MaxDatasetBytes  = 512 << 20 // pixels and labels of both splits
	MaxRecordBytes   = 1 << 20   // pixels of one record
	MaxClasses       = 256       // a label is one byte
	maxShards        = 4096
	maxChannels      = 64
	maxText          = 4096 // bytes of any text in a manifest
)

// ManifestFile is the name of the manifest inside a packed dataset's folder.
const ManifestFile = "manifest.blob"

// The names of a dataset's splits, as shards state them.
const (
	TrainSplit = "train"
	TestSplit  = "test"
)

// Manifest describes a dataset. Everything in it is public: stated by its publisher or by the user, and never computed
// from private records.
type Manifest struct {
	Name  string `msg:"name"`  // short, for folders and URLs: "mnist"
	Title string `msg:"title"` // for people: "MNIST"

	Channels int `msg:"channels"` // a record is Channels x Height x Width uint8 pixels
	Height   int `msg:"height"`
	Width    int `msg:"width"`

	Classes      []string `msg:"classes,limit=256"` // label k is Classes[k]
	TrainRecords int      `msg:"train"`
	TestRecords  int      `msg:"test"`

	// Mean and Std, one per channel, are in units of pixel/255: a network sees (pixel/255 - Mean)/Std.
	Mean []float32 `msg:"mean,limit=64"`
	Std  []float32 `msg:"std,limit=64"`

	TestPublic bool    `msg:"testPublic"` // whether raw figures computed on the test split may be shown
	Provenance string  `msg:"provenance"` // where the records come from and under which licence
	Shards     []Shard `msg:"shards,limit=4096"`
}

// Shard names one file of a packed dataset. A split's records are its shards' records in the manifest's order.
type Shard struct {
	Split   string   `msg:"split"` // TrainSplit or TestSplit
	File    string   `msg:"file"`  // a plain file name, beside the manifest
	Records int      `msg:"records"`
	Bytes   int      `msg:"bytes"`  // size of the file
	SHA256  [32]byte `msg:"sha256"` // of the file
}

// Split is a list of records: Pixels is [record][channel][row][column], Labels is [record]. A shard file holds one.
type Split struct {
	Pixels []byte `msg:"pixels,zerocopy,limit=4194304"`
	Labels []byte `msg:"labels,zerocopy,limit=4194304"`
}

// RecordBytes is the number of pixels of one record: Channels x Height x Width.
func (m *Manifest) RecordBytes() int { return m.Channels * m.Height * m.Width }

// PackedBytes is the size of all shard files.
func (m *Manifest) PackedBytes() int64 {
	var total int64
	for _, s := range m.Shards {
		total += int64(s.Bytes)
	}
	return total
}

// EncodeManifest is the manifest's file.
func EncodeManifest(m *Manifest) ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	payload, err := m.MarshalMsg(nil)
	if err != nil {
		return nil, fmt.Errorf("data: manifest: %w", err)
	}
	file := seal(kindManifest, payload)
	if len(file) > MaxManifestBytes {
		return nil, fmt.Errorf("data: manifest: %d bytes, more than the %d allowed", len(file), MaxManifestBytes)
	}
	return file, nil
}

// DecodeManifest reads a manifest's file and validates it.
func DecodeManifest(file []byte) (*Manifest, error) {
	if len(file) > MaxManifestBytes {
		return nil, fmt.Errorf("data: manifest: %d bytes, more than the %d allowed", len(file), MaxManifestBytes)
	}
	payload, err := unseal(kindManifest, file)
	if err != nil {
		return nil, fmt.Errorf("data: manifest: %w", err)
	}
	m := new(Manifest)
	rest, err := m.UnmarshalMsg(payload)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes after the end")
	}
	if err != nil {
		return nil, fmt.Errorf("data: manifest: %w", err)
	}
	return m, m.Validate()
}
