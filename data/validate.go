package data

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// Validate reports the first thing that is wrong with a manifest that names shards.
func (m *Manifest) Validate() error {
	err := m.validateDescription()
	if err == nil {
		err = m.validateShards()
	}
	if err != nil {
		return fmt.Errorf("data: manifest: %w", err)
	}
	return nil
}

func (m *Manifest) validateDescription() error {
	if !plainName(m.Name) {
		return fmt.Errorf("name %.80q: want 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit", m.Name)
	}
	for _, text := range append([]string{m.Title, m.Provenance}, m.Classes...) {
		if len(text) > maxText || !utf8.ValidString(text) {
			return fmt.Errorf("text %.40q...: want valid UTF-8 of at most %d bytes", text, maxText)
		}
	}
	if m.Channels < 1 || m.Channels > maxChannels || m.Height < 1 || m.Height > MaxRecordBytes || m.Width < 1 || m.Width > MaxRecordBytes ||
		int64(m.Channels)*int64(m.Height)*int64(m.Width) > MaxRecordBytes {
		return fmt.Errorf("shape %dx%dx%d: want positive, at most %d channels and %d bytes a record", m.Channels, m.Height, m.Width, maxChannels, MaxRecordBytes)
	}
	if len(m.Classes) < 2 || len(m.Classes) > MaxClasses {
		return fmt.Errorf("%d classes: want 2 to %d", len(m.Classes), MaxClasses)
	}
	for k, class := range m.Classes {
		if class == "" {
			return fmt.Errorf("class %d has no name", k)
		}
	}
	if err := m.validateCounts(); err != nil {
		return err
	}
	return m.validateNormalisation()
}

func (m *Manifest) validateCounts() error {
	if m.TrainRecords < 1 || m.TestRecords < 0 || m.TrainRecords > MaxDatasetBytes || m.TestRecords > MaxDatasetBytes {
		return fmt.Errorf("%d training and %d test records: want at least 1 to train on and none negative", m.TrainRecords, m.TestRecords)
	}
	if total := (int64(m.TrainRecords) + int64(m.TestRecords)) * int64(m.RecordBytes()+1); total > MaxDatasetBytes {
		return fmt.Errorf("%d records of %d bytes are more than the %d bytes that fit", m.TrainRecords+m.TestRecords, m.RecordBytes()+1, MaxDatasetBytes)
	}
	return nil
}

func (m *Manifest) validateNormalisation() error {
	if len(m.Mean) != m.Channels || len(m.Std) != m.Channels {
		return fmt.Errorf("%d means and %d standard deviations for %d channels", len(m.Mean), len(m.Std), m.Channels)
	}
	for c := range m.Mean {
		mean, std := float64(m.Mean[c]), float64(m.Std[c])
		if !(math.Abs(mean) <= 1e6) || !(std >= 1e-6 && std <= 1e6) {
			return fmt.Errorf("channel %d: mean %g and standard deviation %g are not usable", c, mean, std)
		}
	}
	return nil
}

func (m *Manifest) validateShards() error {
	records := map[string]int{}
	files := map[string]bool{}
	if len(m.Shards) > maxShards {
		return fmt.Errorf("%d shards: want at most %d", len(m.Shards), maxShards)
	}
	for i, s := range m.Shards {
		if err := s.validate(m.RecordBytes()); err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		if files[s.File] {
			return fmt.Errorf("shard %d: file %q is named twice", i, s.File)
		}
		files[s.File] = true
		records[s.Split] += s.Records
	}
	if records[TrainSplit] != m.TrainRecords || records[TestSplit] != m.TestRecords {
		return fmt.Errorf("shards hold %d training and %d test records, the manifest states %d and %d",
			records[TrainSplit], records[TestSplit], m.TrainRecords, m.TestRecords)
	}
	return nil
}

func (s *Shard) validate(recordBytes int) error {
	if s.Split != TrainSplit && s.Split != TestSplit {
		return fmt.Errorf("split %.40q: want %q or %q", s.Split, TrainSplit, TestSplit)
	}
	if !plainName(s.File) {
		return fmt.Errorf("file %.80q is not a plain file name", s.File)
	}
	if s.Bytes < 1 || s.Bytes > MaxShardBytes {
		return fmt.Errorf("%d bytes: want 1 to %d", s.Bytes, MaxShardBytes)
	}
	if s.Records < 1 || s.Records > s.Bytes/(recordBytes+1) {
		return fmt.Errorf("%d records of %d bytes cannot be in a file of %d bytes", s.Records, recordBytes+1, s.Bytes)
	}
	return nil
}

// plainName accepts names that mean the same on every file system and in every URL, and cannot leave their folder.
func plainName(name string) bool {
	if name == "" || len(name) > 64 || name[0] == '.' || name[0] == '-' || name[0] == '_' {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
			return false
		}
	}
	return true
}
