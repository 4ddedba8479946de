package data

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// Bounds on numbers that a person states: of a column, of what normalises.
const (
	maxBound  = 1e12
	maxOffset = 1e4 // times the distance of two bounds, for what float32 can tell apart between them
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
		if err := validateText(text); err != nil {
			return err
		}
	}
	if err := m.validateRecords(); err != nil {
		return err
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
	if err := m.validateNormalisation(); err != nil {
		return err
	}
	return m.validateOrigins()
}

func validateText(text string) error {
	if len(text) > maxText || !utf8.ValidString(text) {
		return fmt.Errorf("text %.40q...: want valid UTF-8 of at most %d bytes", text, maxText)
	}
	return nil
}

// validateRecords checks what a record is.
func (m *Manifest) validateRecords() error {
	switch {
	case m.Kind != Image && m.Kind != Table && m.Kind != Audio && m.Kind != Vector:
		return fmt.Errorf("kind %.40q: want %q, %q, %q or %q", m.Kind, Image, Table, Audio, Vector)
	case m.Type != Uint8 && m.Type != Float32:
		return fmt.Errorf("type %.40q: want %q or %q", m.Type, Uint8, Float32)
	case m.Channels < 1 || m.Channels > MaxChannels || m.Height < 1 || m.Height > MaxRecordBytes || m.Width < 1 || m.Width > MaxRecordBytes ||
		int64(m.Channels)*int64(m.Height)*int64(m.Width)*int64(m.valueBytes()) > MaxRecordBytes:
		return fmt.Errorf("shape %dx%dx%d: want positive, at most %d channels and %d bytes a record", m.Channels, m.Height, m.Width, MaxChannels, MaxRecordBytes)
	}
	return m.validateColumns()
}

// validateColumns checks that a table's columns are what its records consist of.
func (m *Manifest) validateColumns() error {
	if len(m.Columns) == 0 {
		return nil
	}
	values := 0
	for i := range m.Columns {
		if err := m.Columns[i].validate(); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
		values += m.Columns[i].Values()
	}
	if m.Type != Float32 || values != m.RecordSize() {
		return fmt.Errorf("%d columns with %d float32 values, but a record has %d of %s", len(m.Columns), values, m.RecordSize(), m.Type)
	}
	return nil
}

func (c *Column) validate() error {
	for _, text := range append([]string{c.Name, c.Origin}, c.Categories...) {
		if err := validateText(text); err != nil {
			return err
		}
	}
	if len(c.Categories) > 0 {
		return nil
	}
	if !(c.Low < c.High && math.Abs(c.Low) <= maxBound && math.Abs(c.High) <= maxBound) {
		return fmt.Errorf("%.80q: bounds %g to %g: want two ascending numbers within ±%g", c.Name, c.Low, c.High, maxBound)
	}
	if max(math.Abs(c.Low), math.Abs(c.High)) > maxOffset*(c.High-c.Low) {
		return fmt.Errorf("%.80q: bounds %g to %g lie too close together for their size (float32 has seven digits): subtract a constant first", c.Name, c.Low, c.High)
	}
	if c.Optional && !(c.Missing >= c.Low && c.Missing <= c.High) {
		return fmt.Errorf("%.80q: %g for what is missing lies outside the bounds %g to %g", c.Name, c.Missing, c.Low, c.High)
	}
	return nil
}

// Values is how many values of a record the column gives.
func (c *Column) Values() int {
	n := max(1, len(c.Categories))
	if c.Optional {
		n++
	}
	return n
}

func (m *Manifest) validateOrigins() error {
	for _, o := range m.Origins {
		for _, text := range []string{o.What, o.From} {
			if err := validateText(text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Manifest) validateCounts() error {
	if m.TrainRecords < 1 || m.TestRecords < 0 || m.TrainRecords > MaxDatasetBytes || m.TestRecords > MaxDatasetBytes {
		return fmt.Errorf("%d training and %d test records: want at least 1 to train on and none negative", m.TrainRecords, m.TestRecords)
	}
	switch m.Unit {
	case UnitRecord:
		if m.TrainPersons != 0 || m.TestPersons != 0 {
			return fmt.Errorf("%d and %d persons, but the unit of privacy is the record", m.TrainPersons, m.TestPersons)
		}
	case UnitPerson:
		if m.TrainPersons < 1 || m.TrainPersons > m.TrainRecords || m.TestPersons < 0 || m.TestPersons > m.TestRecords {
			return fmt.Errorf("%d and %d persons for %d and %d records: want at least one, and a record of everybody", m.TrainPersons, m.TestPersons, m.TrainRecords, m.TestRecords)
		}
	default:
		return fmt.Errorf("unit of privacy %.40q: want %q or %q", m.Unit, UnitRecord, UnitPerson)
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
		if !(math.Abs(mean) <= maxBound) || !(std >= 1/maxBound && std <= maxBound) {
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
