package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// Fetch opens a file of a packed dataset by its plain name. The reader is closed by whoever asked for it.
type Fetch func(ctx context.Context, name string) (io.ReadCloser, error)

// FromDir fetches from a folder on disk.
func FromDir(dir string) Fetch {
	return func(_ context.Context, name string) (io.ReadCloser, error) { return os.OpenInRoot(dir, name) }
}

// Progress is told how much of the total is done: bytes when fetching, records when generating.
type Progress func(done, total int64)

type retryKey struct{}

// Retrying tells a Fetch that the file it is asked for was broken the first time, so that it can go around a cache.
func Retrying(ctx context.Context) bool { return ctx.Value(retryKey{}) != nil }

// Open fetches a whole packed dataset: the manifest, then every shard, each checked against its SHA-256 and against the
// manifest. A shard that cannot be read or is broken is fetched once more, then refused. progress may be nil.
func Open(ctx context.Context, fetch Fetch, progress Progress) (*Dataset, error) {
	m, err := OpenManifest(ctx, fetch)
	if err != nil {
		return nil, err
	}
	ds := &Dataset{Manifest: *m}
	ds.Train = emptySplit(m.TrainRecords, m.RecordBytes())
	ds.Test = emptySplit(m.TestRecords, m.RecordBytes())
	var done int64
	total := m.PackedBytes()
	for i, shard := range m.Shards {
		records, err := m.FetchShard(ctx, fetch, i)
		if err != nil {
			return nil, err
		}
		if shard.Split == TrainSplit {
			ds.Train.Append(records)
		} else {
			ds.Test.Append(records)
		}
		done += int64(shard.Bytes)
		if progress != nil {
			progress(done, total)
		}
	}
	return ds, nil
}

func emptySplit(records, recordBytes int) Split {
	return Split{Values: make([]byte, 0, records*recordBytes), Labels: make([]byte, 0, records)}
}

// OpenManifest fetches and validates the manifest alone.
func OpenManifest(ctx context.Context, fetch Fetch) (*Manifest, error) {
	file, err := fetchBounded(ctx, fetch, ManifestFile, MaxManifestBytes)
	if err != nil {
		return nil, fmt.Errorf("data: manifest: %w", err)
	}
	return DecodeManifest(file)
}

// EachShard fetches all shards and has them used in order. The next one is on its way meanwhile, so that fetch must bear to be asked
// while it fetches. at is where in the shard's file the values begin. Of files that were kept where they were packed, the CRC-32 tells damage, and their SHA-256 is not asked.
func (m *Manifest) EachShard(ctx context.Context, fetch Fetch, kept bool, use func(shard *Shard, records Split, at int) error) error {
	type arrival struct {
		file []byte
		err  error
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	send := func(index int) chan arrival {
		next := make(chan arrival, 1)
		if index < len(m.Shards) {
			go func() {
				file, err := m.fetchFile(ctx, fetch, index)
				next <- arrival{file, err}
			}()
		}
		return next
	}
	coming := send(0)
	for i := range m.Shards {
		here := <-coming
		coming = send(i + 1)
		records, at, err := m.shard(ctx, fetch, i, kept, here.file, here.err)
		if err == nil {
			err = use(&m.Shards[i], records, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// FetchShard fetches one shard's records, a second time if the first try fails.
func (m *Manifest) FetchShard(ctx context.Context, fetch Fetch, index int) (Split, error) {
	file, err := m.fetchFile(ctx, fetch, index)
	records, _, err := m.shard(ctx, fetch, index, false, file, err)
	return records, err
}

func (m *Manifest) fetchFile(ctx context.Context, fetch Fetch, index int) ([]byte, error) {
	return fetchBounded(ctx, fetch, m.Shards[index].File, m.Shards[index].Bytes)
}

// shard reads a file as it arrived, or failed to; where it is broken, it is fetched once more.
func (m *Manifest) shard(ctx context.Context, fetch Fetch, index int, kept bool, file []byte, err error) (records Split, at int, _ error) {
	if err == nil {
		records, at, err = m.readShard(index, kept, file)
	}
	if err != nil && ctx.Err() == nil {
		if file, err = m.fetchFile(context.WithValue(ctx, retryKey{}, true), fetch, index); err == nil {
			records, at, err = m.readShard(index, kept, file)
		}
	}
	if err != nil {
		return Split{}, 0, fmt.Errorf("data: shard %d (%s): %w", index, m.Shards[index].File, err)
	}
	return records, at, nil
}

// readShard decodes a shard's file and checks it against the manifest.
func (m *Manifest) readShard(index int, kept bool, file []byte) (records Split, at int, err error) {
	shard := &m.Shards[index]
	if len(file) != shard.Bytes {
		return Split{}, 0, fmt.Errorf("truncated: %d bytes, the manifest states %d", len(file), shard.Bytes)
	}
	if !kept {
		if got := sha256.Sum256(file); got != shard.SHA256 {
			return Split{}, 0, fmt.Errorf("checksum mismatch: SHA-256 is %x, the manifest states %x", got, shard.SHA256)
		}
	}
	records, err = decodeShard(file)
	if err != nil {
		return Split{}, 0, err
	}
	if records.Len() != shard.Records {
		return Split{}, 0, fmt.Errorf("%d records, the manifest states %d", records.Len(), shard.Records)
	}
	at = cap(file) - cap(records.Values) // they alias it
	return records, at, m.Check(shard.Split, &records)
}

// decodeShard returns records that alias the file.
func decodeShard(file []byte) (Split, error) {
	if len(file) > MaxShardBytes {
		return Split{}, fmt.Errorf("%d bytes, more than the %d allowed", len(file), MaxShardBytes)
	}
	payload, version, err := unseal(kindShard, file)
	if err != nil {
		return Split{}, err
	}
	var records Split
	var rest []byte
	if version == 1 {
		var old splitV1
		rest, err = old.UnmarshalMsg(payload)
		records.Values, records.Labels = old.Pixels, old.Labels
	} else {
		rest, err = records.UnmarshalMsg(payload)
	}
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes after the end")
	}
	if len(records.Persons) == 0 {
		records.Persons = nil
	}
	return records, err
}

// fetchBounded reads a file that must not be longer than limit, allocating no more than has arrived.
func fetchBounded(ctx context.Context, fetch Fetch, name string, limit int) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := fetch(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var file bytes.Buffer
	if _, err := io.Copy(&file, io.LimitReader(r, int64(limit)+1)); err != nil {
		return nil, err
	}
	if file.Len() > limit {
		return nil, fmt.Errorf("oversized: more than %d bytes", limit)
	}
	return file.Bytes(), nil
}
