package data

import (
	"bytes"
	"context"
	"embed"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
)

//go:embed testdata/v1
var version1 embed.FS

// Version 1 of the format, as its last program wrote it, says of Digits(3, 2, 7) what version 2 says.
func TestVersion1IsRead(t *testing.T) {
	fetch := func(_ context.Context, name string) (io.ReadCloser, error) {
		return version1.Open("testdata/v1/" + name)
	}
	got, err := Open(t.Context(), fetch, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Digits(3, 2, 7)
	got.Shards, want.Origins = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("version 1 reads as %+v, want %+v", got, want)
	}
}

// patients is a table of float32 records that belong to persons.
func patients() *Dataset {
	ds := &Dataset{Manifest: Manifest{
		Name: "patients", Title: "Patients", Kind: Table, Type: Float32, Channels: 4, Height: 1, Width: 1,
		Classes: []string{"ill", "well"}, TrainRecords: 3, TestRecords: 1, Unit: UnitPerson, TrainPersons: 2, TestPersons: 1,
		Mean: []float32{60, 0, 0, 0}, Std: []float32{60, 1, 1, 1},
		Columns: []Column{
			{Name: "age", High: 120, Optional: true, Missing: 60, Origin: Stated},
			{Name: "town", Categories: []string{"Bern", "Basel"}, Origin: Confirmed},
		},
		Origins: []Origin{{"classes", Confirmed}},
	}}
	for _, v := range []float32{12.5, 0, 1, 0, 60, 1, 0, 0, 120, 0, 0, 1} {
		ds.Train.Values = AppendFloat32(ds.Train.Values, v)
	}
	ds.Train.Labels, ds.Train.Persons = []byte{0, 1, 1}, []uint32{0, 1, 0}
	ds.Test = Split{Values: bytes.Clone(ds.Train.Values[:16]), Labels: []byte{1}, Persons: []uint32{0}}
	return ds
}

func TestTableOfPersonsTravels(t *testing.T) {
	want := patients()
	got, err := Open(t.Context(), packed(t, want).fetch, nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Shards = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("packed %+v, opened %+v", want, got)
	}
}

// A packer that gets its records one by one writes what Pack writes of all.
func TestPackerStreams(t *testing.T) {
	ds := Digits(6000, 70, 3)
	whole, pieces := packed(t, ds), folder{}
	p, err := NewPacker(ds.Manifest, func(name string, file []byte) error { pieces[name] = bytes.Clone(file); return nil })
	if err != nil {
		t.Fatal(err)
	}
	for first := 0; first < 6000; first += 7 {
		if err := p.Append(TrainSplit, ds.Train.slice(first, min(first+7, 6000), 784)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Append(TestSplit, ds.Test); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(whole, pieces) {
		t.Error("records that arrive in pieces are packed otherwise")
	}
}

func TestBadRecordsAreRefused(t *testing.T) {
	set := func(v float32) func(*Dataset) {
		return func(d *Dataset) { copy(d.Train.Values[20:], AppendFloat32(nil, v)) }
	}
	for _, c := range []struct {
		want   string
		change func(*Dataset)
	}{
		{"record 1: value NaN", set(float32(math.NaN()))},
		{"record 1: value +Inf", set(float32(math.Inf(1)))},
		{"record 1: value -1e+31", set(-1e31)},
		{"record 1: value 1e-45", func(d *Dataset) { copy(d.Train.Values[20:], []byte{1, 0, 0, 0}) }},
		{"record 2: person 2, but there are 2", func(d *Dataset) { d.Train.Persons[2] = 2 }},
		{"2 persons for 3 records", func(d *Dataset) { d.Train.Persons = d.Train.Persons[:2] }},
		{"3 persons for 3 records whose unit of privacy is the record", func(d *Dataset) { d.Unit, d.TrainPersons, d.TestPersons = UnitRecord, 0, 0 }},
		{"2 columns with 4 float32 values, but a record has 3", func(d *Dataset) { d.Channels = 3 }},
	} {
		ds := patients()
		c.change(ds)
		if err := ds.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
}

func TestFloat32(t *testing.T) {
	values := AppendFloat32(AppendFloat32(nil, -2.5), 1e-40)
	if Float32At(values, 0) != -2.5 || Float32At(values, 1) != 0 {
		t.Errorf("%v, %v, want -2.5 and no denormal number", Float32At(values, 0), Float32At(values, 1))
	}
}
