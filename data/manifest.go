// Package data holds labelled datasets: the type that a run trains on, the MessagePack blobs it travels in, importers for
// published formats, and a generator of handwriting-like digits that needs no download. The packages below it bring in what a
// person has: images, tables, folders and archives of them.
//
// A packed dataset is a folder: one manifest and shards of at most 4 MiB, so that a fetch shows progress and a broken
// shard can be fetched again or refused. Values stay as they were recorded, uint8 or float32; whoever computes on them normalises
// with the manifest's constants, which are stated by the publisher (or the user) and never computed from private records.
package data

import (
	"errors"
	"fmt"
)

//go:generate go run github.com/tinylib/msgp -file manifest.go -o manifest_gen.go -tests=false -io=false -unexported

// Bounds on everything that is read, checked before it is allocated.
const (
	MaxManifestBytes = 1 << 20   // a manifest file
	MaxShardBytes    = 4 << 20   // a shard file, header included
	MaxDatasetBytes  = 512 << 20 // values and labels of both splits
	MaxRecordBytes   = 1 << 20   // values of one record
	MaxClasses       = 256       // a label is one byte
	MaxChannels      = 4096      // also the most values of a vector
	MaxColumns       = 1024
	maxShards        = 4096
	maxText          = 4096 // bytes of any text in a manifest
)

// ManifestFile is the name of the manifest inside a packed dataset's folder.
const ManifestFile = "manifest.blob"

// The names of a dataset's splits, as shards state them.
const (
	TrainSplit = "train"
	TestSplit  = "test"
)

// What records are of.
const (
	Image = "image"
	Table = "table"
	Audio = "audio"

	Vector = "vector" // made of records of another kind, by package features
)

// VectorTitle follows the records' title in that of vectors made of them. Where somebody brought what made them, its name follows.
const VectorTitle = ", fixed features"

// The types that a record's values have.
const (
	Uint8   = "uint8"
	Float32 = "float32"
)

// Whose privacy a run protects: that of each record, or of each person together with all of their records.
const (
	UnitRecord = "record"
	UnitPerson = "person"
)

// Where a constant of the manifest came from. None was computed from private records without noise.
const (
	Stated    = "stated"    // by the person whose data it is
	Fixed     = "fixed"     // by this program, the same for all data
	Publisher = "publisher" // of a public dataset
	Confirmed = "confirmed" // proposed from the records, and said by the person to be public
	Released  = "released"  // by a query that was noised and charged

	Pretrained = "pretrained" // by a network that was trained before, on what no guarantee covers; said to be public
)

// Manifest describes a dataset. Everything in it is public: stated by its publisher or by the user, and never computed
// from private records.
type Manifest struct {
	Name  string `msg:"name"`  // short, for folders and URLs: "mnist"
	Title string `msg:"title"` // for people: "MNIST"

	Kind string `msg:"kind"` // Image, Table, Audio or Vector
	Type string `msg:"type"` // of the values: Uint8 or Float32

	Channels int `msg:"channels"` // a record is Channels x Height x Width values; a vector has height and width 1
	Height   int `msg:"height"`
	Width    int `msg:"width"`

	Classes      []string `msg:"classes,limit=256"` // label k is Classes[k]
	TrainRecords int      `msg:"train"`
	TestRecords  int      `msg:"test"`

	Unit         string `msg:"unit"`         // UnitRecord or UnitPerson
	TrainPersons int    `msg:"trainPersons"` // N of a run whose unit is the person; otherwise 0
	TestPersons  int    `msg:"testPersons"`

	// Mean and Std, one per channel. A network sees (value/255 - Mean)/Std of uint8, (value - Mean)/Std of float32.
	Mean []float32 `msg:"mean,limit=4096"`
	Std  []float32 `msg:"std,limit=4096"`

	Columns []Column `msg:"columns,limit=1024"` // of a table, in the order of a record's values
	Origins []Origin `msg:"origins,limit=64"`   // of the constants above; a column states its own

	TestPublic bool    `msg:"testPublic"` // whether raw figures computed on the test split may be shown
	Provenance string  `msg:"provenance"` // where the records come from and under which licence
	Shards     []Shard `msg:"shards,limit=4096"`
}

// Column is what is public of a table's column. A column of numbers has one value, in its own units and clipped to its bounds; one of
// categories has a value per category, 1 for the row's own and 0 for the others, all 0 for one that is not listed. Where rows may
// lack it, one more value follows: 1 where it is missing, and then the number is Missing, or all categories 0.
type Column struct {
	Name       string   `msg:"name"`
	Low        float64  `msg:"low"`
	High       float64  `msg:"high"`
	Categories []string `msg:"categories,limit=4096"` // none: a column of numbers
	Optional   bool     `msg:"optional"`
	Missing    float64  `msg:"missing"` // between Low and High
	Origin     string   `msg:"origin"`  // of bounds or categories: Stated, Confirmed ...
}

// Origin says where a constant came from.
type Origin struct {
	What string `msg:"what"` // "classes", "normalisation", "shape" ...
	From string `msg:"from"` // Stated, Fixed, Publisher, Confirmed or Released
}

// Shard names one file of a packed dataset. A split's records are its shards' records in the manifest's order.
type Shard struct {
	Split   string   `msg:"split"` // TrainSplit or TestSplit
	File    string   `msg:"file"`  // a plain file name, beside the manifest
	Records int      `msg:"records"`
	Bytes   int      `msg:"bytes"`  // size of the file
	SHA256  [32]byte `msg:"sha256"` // of the file
}

// Split is a list of records. A shard file holds one.
type Split struct {
	Values  []byte   `msg:"values,zerocopy,limit=4194304"` // [record][channel][row][column], uint8 or little-endian float32
	Labels  []byte   `msg:"labels,zerocopy,limit=4194304"` // [record]
	Persons []uint32 `msg:"persons,limit=1048576"`         // [record], whose it is: 0 ... N-1 of the split; nil where the unit is the record
}

// splitV1 is a shard of version 1 of the format: uint8 images.
type splitV1 struct {
	Pixels []byte `msg:"pixels,zerocopy,limit=4194304"`
	Labels []byte `msg:"labels,zerocopy,limit=4194304"`
}

// RecordSize is the number of values of one record: Channels x Height x Width.
func (m *Manifest) RecordSize() int { return m.Channels * m.Height * m.Width }

// RecordBytes is the size of one record's values.
func (m *Manifest) RecordBytes() int { return m.RecordSize() * m.valueBytes() }

// Encoder is which network, trained before, made vectors of the records; "" where none did.
func (m *Manifest) Encoder() string {
	for _, o := range m.Origins {
		if o.From == Pretrained {
			return o.What
		}
	}
	return ""
}

// Float says whether values are float32.
func (m *Manifest) Float() bool { return m.Type == Float32 }

func (m *Manifest) valueBytes() int {
	if m.Float() {
		return 4
	}
	return 1
}

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

// DecodeManifest reads a manifest's file, of this version or the one before, and validates it.
func DecodeManifest(file []byte) (*Manifest, error) {
	if len(file) > MaxManifestBytes {
		return nil, fmt.Errorf("data: manifest: %d bytes, more than the %d allowed", len(file), MaxManifestBytes)
	}
	payload, version, err := unseal(kindManifest, file)
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
	if version == 1 { // which knew nothing but images
		m.Kind, m.Type, m.Unit = Image, Uint8, UnitRecord
		m.TrainPersons, m.TestPersons, m.Columns, m.Origins = 0, 0, nil, nil
	}
	return m, m.Validate()
}
