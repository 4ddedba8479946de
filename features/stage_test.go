package features

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"cloister/data"
	"cloister/nn"
	"cloister/nn/compile/extract"
)

// counting is an engine that computes nothing and says which record a vector is of.
type counting struct{ calls int }

func (c *counting) Pool(_ context.Context, m *extract.Module, records []byte) ([]float32, error) {
	out := make([]float32, len(records)/m.RecordBytes*m.Features)
	for i := range out {
		out[i] = float32((i*7919)%101) / 101
	}
	return out, nil
}

func (c *counting) Features(_ context.Context, m *extract.Module, records []byte) ([]byte, error) {
	c.calls++
	var out []byte
	for at := 0; at < len(records); at += m.RecordBytes {
		out = append(out, bytes.Repeat(records[at:at+1], m.Features)...)
	}
	return out, nil
}

func memory(files map[string][]byte) data.Fetch {
	return func(_ context.Context, name string) (io.ReadCloser, error) {
		if files[name] == nil {
			return nil, fmt.Errorf("no file %s", name)
		}
		return io.NopCloser(bytes.NewReader(files[name])), nil
	}
}

// Records keep their order, split, label and person; what is packed can be read; a cancelled stage ends.
func TestStageKeepsRecordsApart(t *testing.T) {
	const train, test = 700, 30
	ds := &data.Dataset{Manifest: data.Digits(1, 0, 1).Manifest}
	ds.Height, ds.Width, ds.TrainRecords, ds.TestRecords = 9, 8, train, test
	ds.Unit, ds.TrainPersons, ds.TestPersons = data.UnitPerson, train/2, test/2
	for i := range train + test {
		s, at := &ds.Train, i
		if i >= train {
			s, at = &ds.Test, i-train
		}
		s.Values = append(s.Values, bytes.Repeat([]byte{byte(i % 251)}, 72)...)
		s.Labels = append(s.Labels, byte(i%10))
		s.Persons = append(s.Persons, uint32(at/2))
	}
	files := map[string][]byte{}
	put := func(name string, file []byte) error {
		files[name] = bytes.Clone(file)
		return nil
	}
	if err := data.Pack(ds, put); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	job, err := Open(ctx, memory(files), false)
	if err != nil {
		t.Fatal(err)
	}
	key := job.Key()
	job.Map = small(1)
	job.Map.Input.H, job.Map.Input.W = 9, 8
	if job.Key() == key {
		t.Error("another map has the same key")
	}
	records := job.fetch
	files = map[string][]byte{}
	var last Progress
	stage := &Stage{Engine: &counting{}, Put: put, Tell: func(p Progress) { last = p }}
	if _, err := stage.Run(ctx, job); err != nil {
		t.Fatal(err)
	}
	if last.Records != train+test || last.Done != 1 {
		t.Errorf("told last: %+v", last)
	}
	m, err := data.OpenManifest(ctx, memory(files))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]data.Split{}
	for i, s := range m.Shards {
		records, err := m.FetchShard(ctx, memory(files), i)
		if err != nil {
			t.Fatal(err)
		}
		all := got[s.Split]
		all.Append(records)
		got[s.Split] = all
	}
	for split, want := range map[string]data.Split{data.TrainSplit: ds.Train, data.TestSplit: ds.Test} {
		g := got[split]
		if !bytes.Equal(g.Labels, want.Labels) || fmt.Sprint(g.Persons) != fmt.Sprint(want.Persons) {
			t.Fatalf("%s: labels or persons differ", split)
		}
		for i := range want.Labels {
			if v := g.Values[i*m.RecordBytes()]; v != want.Values[72*i] {
				t.Fatalf("%s: record %d has the features of another: %d, want %d", split, i, v, want.Values[72*i])
			}
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := stage.Run(cancelled, &Job{Manifest: job.Manifest, Map: job.Map, fetch: records}); err == nil {
		t.Error("a cancelled stage ran to its end")
	}
}

// A benchmark is known by its records, whatever it was packed as: its features take its name, and with it its ledger.
func TestBenchmarkKeepsItsLedger(t *testing.T) {
	open := func(name string) io.Reader {
		file, err := os.ReadFile("../../shared/datasets/mnist/" + name + ".gz")
		if err != nil {
			t.Skipf("SKIPPED: MNIST is not on this machine: %v", err)
		}
		r, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	known, _ := data.Known("mnist")
	ds := &data.Dataset{Manifest: known}
	ds.Name, ds.Title = "mine", "Mine"
	for split, names := range map[*data.Split][2]string{
		&ds.Train: {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}, &ds.Test: {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
	} {
		var err error
		if *split, _, _, err = data.ImportIDX(open(names[0]), open(names[1])); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string][]byte{}
	put := func(name string, file []byte) error {
		files[name] = file
		return nil
	}
	if err := data.Pack(ds, put); err != nil {
		t.Fatal(err)
	}
	job, err := Open(t.Context(), memory(files), false)
	if err != nil {
		t.Fatal(err)
	}
	job.Map = small(1)
	job.Map.Input, job.Map.Atoms, job.Map.Grid = nn.Shape{C: 1, H: 28, W: 28}, 8, 1
	ignore := func(string, []byte) error { return nil }
	stage := &Stage{Engine: &counting{}, Put: ignore, Tell: func(Progress) {}}
	m, err := stage.Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "mnist" || m.Title != known.Title+data.VectorTitle {
		t.Errorf("features of MNIST, packed as %q, are called %q, %q", ds.Name, m.Name, m.Title)
	}
}
