package data

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// shardOverhead is room for a shard's frame and MessagePack headers.
const shardOverhead = 256

// shardFile matches the names that Write gives. The eight hexadecimal digits are the beginning of the file's SHA-256, so
// that a server may let a browser keep the file for ever.
var shardFile = regexp.MustCompile(`^(train|test)-[0-9]{3,4}\.[0-9a-f]{8}\.blob$`)

// Write packs a dataset into a folder, which is created if need be: shards first, the manifest last, then shards that an
// earlier Write left behind are removed.
func Write(dir string, ds *Dataset) error {
	m := ds.Manifest
	m.Shards = nil
	if err := (&Dataset{m, ds.Train, ds.Test}).Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for _, s := range []struct {
		name    string
		records Split
	}{{TrainSplit, ds.Train}, {TestSplit, ds.Test}} {
		shards, err := writeSplit(dir, s.name, s.records, m.RecordBytes())
		if err != nil {
			return err
		}
		m.Shards = append(m.Shards, shards...)
	}
	file, err := EncodeManifest(&m)
	if err != nil {
		return err
	}
	if err := writeFile(dir, ManifestFile, file); err != nil {
		return err
	}
	return removeStale(dir, m.Shards)
}

func writeSplit(dir, split string, records Split, recordBytes int) ([]Shard, error) {
	var shards []Shard
	perShard := (MaxShardBytes - shardOverhead) / (recordBytes + 1)
	for first := 0; first < records.Len(); first += perShard {
		last := min(first+perShard, records.Len())
		file, err := encodeShard(Split{
			Pixels: records.Pixels[first*recordBytes : last*recordBytes],
			Labels: records.Labels[first:last],
		})
		if err != nil {
			return nil, fmt.Errorf("data: %s shard %d: %w", split, len(shards), err)
		}
		sum := sha256.Sum256(file)
		name := fmt.Sprintf("%s-%03d.%x.blob", split, len(shards), sum[:4])
		if err := writeFile(dir, name, file); err != nil {
			return nil, err
		}
		shards = append(shards, Shard{Split: split, File: name, Records: last - first, Bytes: len(file), SHA256: sum})
	}
	return shards, nil
}

func encodeShard(records Split) ([]byte, error) {
	payload, err := records.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	return seal(kindShard, payload), nil
}

// writeFile replaces a file at once, so that a reader never sees half of it.
func writeFile(dir, name string, content []byte) error {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".tmp", content, 0o644); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

func removeStale(dir string, shards []Shard) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for _, entry := range entries {
		isOurs := slices.ContainsFunc(shards, func(s Shard) bool { return s.File == entry.Name() })
		if isOurs || !shardFile.MatchString(entry.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	return nil
}
