package features

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"cloister/data"
	"cloister/nn/compile/extract"
)

// Engine runs compiled maps on many records at once.
type Engine interface {
	// Pool is float32 [record][cell][channel], roots of pooled responses.
	Pool(ctx context.Context, m *extract.Module, records []byte) ([]float32, error)
	// Features are uint8 [record][cell][channel].
	Features(ctx context.Context, m *extract.Module, records []byte) ([]byte, error)
}

// Progress is how far a stage is: first the map is made of synthetic records, then the records' features.
type Progress struct {
	Making  bool    `json:"making"`
	Done    float64 `json:"done"` // share of what goes on
	Records int     `json:"records"`
	Total   int     `json:"total"`
}

// Stage computes the features of a packed dataset and packs them.
type Stage struct {
	Engine  Engine
	Options extract.Options
	Tell    func(Progress)
	Put     func(name string, file []byte) error
}

// Job is a dataset whose features are wanted: by a map of ours, or by an encoder that somebody brought.
type Job struct {
	Manifest *data.Manifest
	Map      Patches
	Encoder  *Encoder // in its place
	fetch    data.Fetch
}

// Open reads a packed dataset's manifest, and says by which map its features are made.
func Open(ctx context.Context, fetch data.Fetch, mirrored bool) (*Job, error) {
	m, err := data.OpenManifest(ctx, fetch)
	if err != nil {
		return nil, err
	}
	p, err := Recipe(m, mirrored)
	return &Job{Manifest: m, Map: p, fetch: fetch}, err
}

// OpenEncoded reads a packed dataset's manifest. Its features are an encoder's vectors.
func OpenEncoded(ctx context.Context, fetch data.Fetch, e *Encoder) (*Job, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	m, err := data.OpenManifest(ctx, fetch)
	if err == nil && (m.Kind != data.Image || m.Float()) {
		err = fmt.Errorf("features: records of kind %s and type %s: encoders are given uint8 pictures alone", m.Kind, m.Type)
	}
	return &Job{Manifest: m, Encoder: e, fetch: fetch}, err
}

// made is what makes a job's features.
func (j *Job) made() interface {
	Fingerprint() string
	suffix() string
} {
	if j.Encoder != nil {
		return j.Encoder
	}
	return &j.Map
}

// Fingerprint is that of the job's map, or encoder.
func (j *Job) Fingerprint() string { return j.made().Fingerprint() }

// Key names a job's features: equal keys are of equal records, for a manifest holds the sums of its shards, and an equal map.
func (j *Job) Key() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s", j.Fingerprint(), j.Manifest.Name)
	for _, s := range j.Manifest.Shards {
		sum.Write(s.SHA256[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Run computes and packs a job's features by its map.
func (s *Stage) Run(ctx context.Context, j *Job) (*data.Manifest, error) {
	fixed, err := Build(ctx, j.Map, s.Engine.Pool, s.Options, func(done float64) { s.Tell(Progress{Making: true, Done: done}) })
	if err != nil {
		return nil, err
	}
	module, err := fixed.Compile(s.Options)
	if err != nil {
		return nil, err
	}
	return s.pack(ctx, j, j.Map.Describe(j.Manifest), piece, func(records []byte) ([]byte, error) { return s.Engine.Features(ctx, module, records) })
}

// Encode computes and packs a job's vectors, of so many values, by its encoder: run gives float32 [record][value].
func (s *Stage) Encode(ctx context.Context, j *Job, values int, run func(records []byte) ([]float32, error)) (*data.Manifest, error) {
	total := int64(j.Manifest.TrainRecords + j.Manifest.TestRecords)
	switch {
	case values < 1 || values > maxFeatures:
		return nil, fmt.Errorf("features: %s gives %d values a record: want 1 to %d; let it give the mean of places, or take an earlier or later output", j.Encoder.File, values, maxFeatures)
	case total*int64(values+1) > data.MaxDatasetBytes:
		return nil, fmt.Errorf("features: %s gives %d values for each of %d records, more than the %d bytes that fit: let it give the mean of places, or bring fewer records", j.Encoder.File, values, total, data.MaxDatasetBytes)
	}
	seen := 0
	return s.pack(ctx, j, j.Encoder.describe(j.Manifest, values), encoderPiece, func(records []byte) ([]byte, error) {
		vectors, err := run(records)
		if err != nil {
			return nil, err
		}
		n := len(records) / j.Manifest.RecordBytes()
		if len(vectors) != n*values {
			return nil, fmt.Errorf("features: %s gave %d values for %d records, and %d for each before", j.Encoder.File, len(vectors), n, values)
		}
		out := make([]byte, len(vectors))
		for first := 0; first < len(vectors); first += values {
			if err := j.Encoder.quantise(vectors[first:first+values], out[first:first+values]); err != nil {
				return nil, fmt.Errorf("features: %s, record %d: %w", j.Encoder.File, seen, err)
			}
			seen++
		}
		return out, nil
	})
}

// pack computes the vectors of all records, so many at once, and packs them as a manifest describes them.
func (s *Stage) pack(ctx context.Context, j *Job, m data.Manifest, piece int, compute func(records []byte) ([]byte, error)) (*data.Manifest, error) {
	packer, err := data.NewPacker(m, s.Put)
	if err != nil {
		return nil, err
	}
	publicity := data.NewPublicity(j.Manifest)
	done, total := 0, j.Manifest.TrainRecords+j.Manifest.TestRecords
	for i, shard := range j.Manifest.Shards {
		records, err := j.Manifest.FetchShard(ctx, j.fetch, i)
		if err != nil {
			return nil, err
		}
		publicity.Add(shard.Split, records)
		for first := 0; first < records.Len(); first += piece {
			part := slice(&records, first, min(first+piece, records.Len()), j.Manifest.RecordBytes())
			if part.Values, err = compute(part.Values); err != nil {
				return nil, err
			}
			if err := packer.Append(shard.Split, part); err != nil {
				return nil, err
			}
			done += part.Len()
			s.Tell(Progress{Done: float64(done) / float64(total), Records: done, Total: total})
		}
	}
	if b, ok := publicity.Benchmark(); ok { // whatever it was packed as: one ledger
		packer.Rename(b.Name, b.Title+j.made().suffix())
	}
	return packer.Close()
}

// How many records are computed at once: enough for all processors, few enough for progress to be seen. An encoder may take a second for each.
const (
	piece        = 256
	encoderPiece = 32
)

func slice(s *data.Split, first, end, recordBytes int) data.Split {
	part := data.Split{Values: s.Values[first*recordBytes : end*recordBytes], Labels: s.Labels[first:end]}
	if s.Persons != nil {
		part.Persons = s.Persons[first:end]
	}
	return part
}
