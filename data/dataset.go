package data

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Len is the number of records.
func (s *Split) Len() int { return len(s.Labels) }

// Append adds the records of another split of the same shape.
func (s *Split) Append(more Split) {
	s.Values = append(s.Values, more.Values...)
	s.Labels = append(s.Labels, more.Labels...)
	s.Persons = append(s.Persons, more.Persons...)
}

// slice is records first to end-1, which share memory with s.
func (s *Split) slice(first, end, recordBytes int) Split {
	part := Split{Values: s.Values[first*recordBytes : end*recordBytes], Labels: s.Labels[first:end]}
	if s.Persons != nil {
		part.Persons = s.Persons[first:end]
	}
	return part
}

// Magnitudes that float32 values may have besides 0. Smaller ones could make a step's arithmetic slow (denormal numbers), and
// how long a step takes is seen by others; larger ones overflow.
const (
	minMagnitude = 1e-30
	maxMagnitude = 1e30
)

// Float32At is value i of float32 values.
func Float32At(values []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(values[4*i:]))
}

// AppendFloat32 appends a value of a record. One too close to 0 to be allowed becomes 0.
func AppendFloat32(values []byte, v float32) []byte {
	if math.Abs(float64(v)) < minMagnitude {
		v = 0
	}
	return binary.LittleEndian.AppendUint32(values, math.Float32bits(v))
}

// Check reports the first record of a split that cannot belong to the dataset.
func (m *Manifest) Check(split string, s *Split) error {
	if len(s.Values) != len(s.Labels)*m.RecordBytes() {
		return fmt.Errorf("%d bytes of values for %d labels, want %d a record", len(s.Values), len(s.Labels), m.RecordBytes())
	}
	for i, label := range s.Labels {
		if int(label) >= len(m.Classes) {
			return fmt.Errorf("record %d: label %d, but there are %d classes", i, label, len(m.Classes))
		}
	}
	if err := m.checkPersons(split, s); err != nil {
		return err
	}
	return m.checkFloats(s)
}

func (m *Manifest) checkPersons(split string, s *Split) error {
	persons := 0
	if m.Unit == UnitPerson {
		persons = s.Len()
	}
	if len(s.Persons) != persons {
		return fmt.Errorf("%d persons for %d records whose unit of privacy is the %s", len(s.Persons), s.Len(), m.Unit)
	}
	for i, person := range s.Persons {
		if int64(person) >= int64(m.Persons(split)) {
			return fmt.Errorf("record %d: person %d, but there are %d", i, person, m.Persons(split))
		}
	}
	return nil
}

func (m *Manifest) checkFloats(s *Split) error {
	if !m.Float() {
		return nil
	}
	for i := range len(s.Values) / 4 {
		v := math.Abs(float64(Float32At(s.Values, i)))
		if !(v == 0 || v >= minMagnitude && v <= maxMagnitude) {
			return fmt.Errorf("record %d: value %g, want 0 or a magnitude from %g to %g", i/m.RecordSize(), Float32At(s.Values, i), minMagnitude, maxMagnitude)
		}
	}
	return nil
}

// Persons is how many persons a split's records belong to; 0 where the unit is the record.
func (m *Manifest) Persons(split string) int {
	if split == TrainSplit {
		return m.TrainPersons
	}
	return m.TestPersons
}

// Dataset is a manifest and its records.
type Dataset struct {
	Manifest
	Train, Test Split
}

// Validate reports the first thing that is wrong with a dataset: its description, or a record that does not fit it.
func (d *Dataset) Validate() error {
	if err := d.validateDescription(); err != nil {
		return fmt.Errorf("data: dataset %q: %w", d.Name, err)
	}
	for _, s := range []struct {
		name    string
		records *Split
		stated  int
	}{{TrainSplit, &d.Train, d.TrainRecords}, {TestSplit, &d.Test, d.TestRecords}} {
		if err := d.Check(s.name, s.records); err != nil {
			return fmt.Errorf("data: dataset %q: %s split: %w", d.Name, s.name, err)
		}
		if s.records.Len() != s.stated {
			return fmt.Errorf("data: dataset %q: %s split has %d records, its manifest states %d", d.Name, s.name, s.records.Len(), s.stated)
		}
	}
	return nil
}
