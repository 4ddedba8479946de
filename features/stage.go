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

// Job is a dataset whose features are wanted.
type Job struct {
	Manifest *data.Manifest
	Map      Patches
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

// Key names a job's features: equal keys are of equal records, for a manifest holds the sums of its shards, and an equal map.
func (j *Job) Key() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s", j.Map.Fingerprint(), j.Manifest.Name)
	for _, s := range j.Manifest.Shards {
		sum.Write(s.SHA256[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Run computes and packs a job's features.
func (s *Stage) Run(ctx context.Context, j *Job) (*data.Manifest, error) {
	fixed, err := Build(ctx, j.Map, s.Engine.Pool, s.Options, func(done float64) { s.Tell(Progress{Making: true, Done: done}) })
	if err != nil {
		return nil, err
	}
	module, err := fixed.Compile(s.Options)
	if err != nil {
		return nil, err
	}
	packer, err := data.NewPacker(j.Map.Describe(j.Manifest), s.Put)
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
			if part.Values, err = s.Engine.Features(ctx, module, part.Values); err != nil {
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
		packer.Rename(b.Name, b.Title+data.VectorTitle)
	}
	return packer.Close()
}

// piece is how many records are computed at once: enough for all processors, few enough for progress to be seen.
const piece = 256

func slice(s *data.Split, first, end, recordBytes int) data.Split {
	part := data.Split{Values: s.Values[first*recordBytes : end*recordBytes], Labels: s.Labels[first:end]}
	if s.Persons != nil {
		part.Persons = s.Persons[first:end]
	}
	return part
}
