package data

import (
	"crypto/sha256"
	"fmt"
)

// shardOverhead is room for a shard's frame and MessagePack headers.
const shardOverhead = 256

// Pack hands over a dataset's files one by one: its shards first, the manifest last. A shard's name holds the beginning
// of its SHA-256, so that a server may let a browser keep the file for ever.
func Pack(ds *Dataset, put func(name string, file []byte) error) error {
	if err := ds.Validate(); err != nil {
		return err
	}
	m := ds.Manifest
	m.Shards = nil
	for _, split := range []string{TrainSplit, TestSplit} {
		records := ds.Train
		if split == TestSplit {
			records = ds.Test
		}
		shards, err := packSplit(split, records, m.RecordBytes(), put)
		if err != nil {
			return fmt.Errorf("data: %s split: %w", split, err)
		}
		m.Shards = append(m.Shards, shards...)
	}
	file, err := EncodeManifest(&m)
	if err != nil {
		return err
	}
	return put(ManifestFile, file)
}

func packSplit(split string, records Split, recordBytes int, put func(string, []byte) error) ([]Shard, error) {
	var shards []Shard
	perShard := (MaxShardBytes - shardOverhead) / (recordBytes + 1)
	for first := 0; first < records.Len(); first += perShard {
		last := min(first+perShard, records.Len())
		file, err := encodeShard(Split{
			Pixels: records.Pixels[first*recordBytes : last*recordBytes],
			Labels: records.Labels[first:last],
		})
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(file)
		name := fmt.Sprintf("%s-%03d.%x.blob", split, len(shards), sum[:4])
		if err := put(name, file); err != nil {
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
