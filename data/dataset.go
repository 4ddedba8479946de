package data

import "fmt"

// Len is the number of records.
func (s *Split) Len() int { return len(s.Labels) }

// Append adds the records of another split of the same shape.
func (s *Split) Append(more Split) {
	s.Pixels = append(s.Pixels, more.Pixels...)
	s.Labels = append(s.Labels, more.Labels...)
}

// Check reports the first record that cannot belong to a dataset of recordBytes pixels and the given number of classes.
func (s *Split) Check(recordBytes, classes int) error {
	if len(s.Pixels) != len(s.Labels)*recordBytes {
		return fmt.Errorf("%d pixel bytes for %d labels, want %d a record", len(s.Pixels), len(s.Labels), recordBytes)
	}
	for i, label := range s.Labels {
		if int(label) >= classes {
			return fmt.Errorf("record %d: label %d, but there are %d classes", i, label, classes)
		}
	}
	return nil
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
		records Split
		stated  int
	}{{TrainSplit, d.Train, d.TrainRecords}, {TestSplit, d.Test, d.TestRecords}} {
		if err := s.records.Check(d.RecordBytes(), len(d.Classes)); err != nil {
			return fmt.Errorf("data: dataset %q: %s split: %w", d.Name, s.name, err)
		}
		if s.records.Len() != s.stated {
			return fmt.Errorf("data: dataset %q: %s split has %d records, its manifest states %d", d.Name, s.name, s.records.Len(), s.stated)
		}
	}
	return nil
}
