package data

import (
	"crypto/sha256"
	"fmt"
)

// shardOverhead is room for a shard's frame and MessagePack headers; personBytes is what a person's index takes at most.
const (
	shardOverhead = 256
	personBytes   = 5
)

// Packer writes a dataset's files one by one while its records arrive, so that they need not be in memory together: shards as
// they fill, the manifest last. A shard's name holds the beginning of its SHA-256, so that a server may let a browser
// keep the file for ever.
type Packer struct {
	manifest Manifest
	put      func(name string, file []byte) error
	perShard int
	open     [2]Split // the shard that is being filled
	records  [2]int   // packed so far
	persons  [2]int   // seen so far
	bytes    int64
}

// NewPacker begins a dataset. The manifest's counts and shards are left to [Packer.Close].
func NewPacker(m Manifest, put func(name string, file []byte) error) (*Packer, error) {
	m.Shards, m.TrainRecords, m.TestRecords, m.TrainPersons, m.TestPersons = nil, 1, 0, 0, 0
	if m.Unit == UnitPerson {
		m.TrainPersons = 1
	}
	if err := m.validateDescription(); err != nil {
		return nil, fmt.Errorf("data: dataset %q: %w", m.Name, err)
	}
	p := &Packer{manifest: m, put: put}
	p.perShard = (MaxShardBytes - shardOverhead) / (m.RecordBytes() + 1)
	if m.Unit == UnitPerson {
		p.perShard = (MaxShardBytes - shardOverhead) / (m.RecordBytes() + 1 + personBytes)
	}
	return p, nil
}

// splitIndex is where a split's part is kept.
func splitIndex(split string) int {
	if split == TrainSplit {
		return 0
	}
	return 1
}

// Append adds records to a split, TrainSplit or TestSplit.
func (p *Packer) Append(split string, records Split) error {
	for _, person := range records.Persons {
		p.persons[splitIndex(split)] = max(p.persons[splitIndex(split)], int(person)+1)
	}
	p.manifest.TrainPersons, p.manifest.TestPersons = p.persons[0], p.persons[1]
	if err := p.manifest.Check(split, &records); err != nil {
		return fmt.Errorf("data: %s split, records after the first %d: %w", split, p.records[splitIndex(split)], err)
	}
	if p.bytes += int64(records.Len()) * int64(p.manifest.RecordBytes()+1); p.bytes > MaxDatasetBytes {
		return fmt.Errorf("data: more records than the %d bytes that fit", MaxDatasetBytes)
	}
	k, size := splitIndex(split), p.manifest.RecordBytes()
	p.records[k] += records.Len()
	for first := 0; first < records.Len(); {
		end := min(first+p.perShard-p.open[k].Len(), records.Len())
		p.open[k].Append(records.slice(first, end, size))
		first = end
		if p.open[k].Len() == p.perShard {
			if err := p.flush(split); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Packer) flush(split string) error {
	records := &p.open[splitIndex(split)]
	if records.Len() == 0 {
		return nil
	}
	file, err := encodeShard(*records)
	if err != nil {
		return fmt.Errorf("data: %s split: %w", split, err)
	}
	index := 0
	for _, s := range p.manifest.Shards {
		if s.Split == split {
			index++
		}
	}
	sum := sha256.Sum256(file)
	name := fmt.Sprintf("%s-%03d.%x.blob", split, index, sum[:4])
	if err := p.put(name, file); err != nil {
		return err
	}
	p.manifest.Shards = append(p.manifest.Shards, Shard{Split: split, File: name, Records: records.Len(), Bytes: len(file), SHA256: sum})
	*records = Split{Values: records.Values[:0], Labels: records.Labels[:0], Persons: records.Persons[:0]}
	return nil
}

// Rename gives the dataset another name and title before it is closed: those that its records turned out to have.
func (p *Packer) Rename(name, title string) { p.manifest.Name, p.manifest.Title = name, title }

// Close writes what is left and the manifest, which it returns.
func (p *Packer) Close() (*Manifest, error) {
	for _, split := range []string{TrainSplit, TestSplit} {
		if err := p.flush(split); err != nil {
			return nil, err
		}
	}
	p.manifest.TrainRecords, p.manifest.TestRecords = p.records[0], p.records[1]
	file, err := EncodeManifest(&p.manifest)
	if err != nil {
		return nil, err
	}
	return &p.manifest, p.put(ManifestFile, file)
}

// Pack hands over the files of a dataset that is in memory.
func Pack(ds *Dataset, put func(name string, file []byte) error) error {
	if err := ds.Validate(); err != nil {
		return err
	}
	p, err := NewPacker(ds.Manifest, put)
	if err == nil {
		err = p.Append(TrainSplit, ds.Train)
	}
	if err == nil {
		err = p.Append(TestSplit, ds.Test)
	}
	if err == nil {
		_, err = p.Close()
	}
	return err
}

func encodeShard(records Split) ([]byte, error) {
	payload, err := records.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	return seal(kindShard, payload), nil
}
