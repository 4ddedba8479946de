//go:build !js

package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"cloister/data"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// people is a table whose label is age + 20 [town is Bern] > 70: float32 records of a number and two categories. Its persons
// have two rows each, where they are asked for.
func people(train, test int, persons bool) *data.Dataset {
	ds := &data.Dataset{Manifest: data.Manifest{
		Name: "people", Title: "People", Kind: data.Table, Type: data.Float32, Channels: 3, Height: 1, Width: 1, Unit: data.UnitRecord,
		Classes: []string{"no", "yes"}, TrainRecords: train, TestRecords: test, TestPublic: true,
		Mean: []float32{60, 0, 0}, Std: []float32{60, 1, 1},
		Columns: []data.Column{{Name: "age", High: 120, Origin: data.Stated}, {Name: "town", Categories: []string{"Basel", "Bern"}, Origin: data.Stated}},
	}}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range train + test {
		s := &ds.Train
		if i >= train {
			s = &ds.Test
		}
		age, bern := float32(120*rng.Float64()), float32(rng.IntN(2))
		label := byte(0)
		if age+20*bern > 70 {
			label = 1
		}
		if persons { // two records each, but for the last of an odd number
			s.Persons = append(s.Persons, uint32(s.Len()/2))
		}
		for _, v := range []float32{age, 1 - bern, bern} {
			s.Values = data.AppendFloat32(s.Values, v)
		}
		s.Labels = append(s.Labels, label)
	}
	if persons {
		ds.Unit, ds.TrainPersons, ds.TestPersons = data.UnitPerson, (train+1)/2, (test+1)/2
	}
	return ds
}

// openPeople packs a table and opens it as a page does.
func openPeople(t *testing.T, ds *data.Dataset) *bench {
	t.Helper()
	folder := t.TempDir()
	if err := data.Write(folder, ds); err != nil {
		t.Fatal(err)
	}
	b := &bench{host: &MemoryHost{Open: data.FromDir, New: func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
		return backend.NewNative(w, train, test)
	}}}
	var err error
	if b.dataset, err = OpenDataset(t.Context(), b.host, protocol.Source{Kind: "url", URL: folder}, func(protocol.Loading) {}); err != nil {
		t.Fatal(err)
	}
	return b
}

// A table trains by the preset that the page would offer first, at epsilon 3. The classes are 54 % and 46 %.
func TestTrainsTable(t *testing.T) {
	b := openPeople(t, people(4000, 1000, false))
	info := b.dataset.Info()
	if got := fmt.Sprint(info.Models); got != "[logistic small-mlp small-mlp-tanh mlp mlp-tanh]" {
		t.Errorf("models of a vector: %s", got)
	}
	if len(info.Samples) != 0 || info.Replay != nil || len(info.Presets) < 2 {
		t.Errorf("samples %v, replay %v, presets %v", info.Samples, info.Replay, info.Presets)
	}
	s := b.session(t, seeded(info.Presets[0].Config), nil)
	defer s.Close()
	steps(t, s, s.Planned().Steps)
	e, err := s.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: accuracy %.3f at epsilon %v", info.Presets[0].Title, e.Accuracy, s.Planned().EpsilonUpper)
	if e.Accuracy < 0.93 {
		t.Errorf("accuracy %.3f", e.Accuracy)
	}
}

// What is offered first suits the number of records: few get the smallest model, in few large steps; many, what was recommended on them.
func TestPresetsSuitTheRecords(t *testing.T) {
	for _, c := range []struct {
		records, batch int
		model          string
		epochs         float64
	}{{3, 1, "logistic", 10}, {1000, 250, "logistic", 10}, {4000, 1000, "mnist-cnn-tanh", 20}, {20_000, 1000, "mnist-cnn-tanh", 20}, {60_000, 256, "mnist-cnn", 5}} {
		d := &Dataset{Manifest: data.Digits(1, 0, 1).Manifest}
		d.TrainRecords = c.records
		first := presets(d)[0].Config
		if first.Model != c.model || first.BatchSize != c.batch || first.Epochs != c.epochs {
			t.Errorf("%d records: %s, batches of %d, %v epochs; want %s, %d, %v", c.records, first.Model, first.BatchSize, first.Epochs, c.model, c.batch, c.epochs)
		}
	}
}
