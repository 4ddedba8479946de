//go:build !js

package train

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cloister/data"
	"cloister/train/backend"
)

// mnistFolder holds MNIST as published, from the repository's root.
const mnistFolder = "../../shared/datasets/mnist"

// openMNIST reads the training records and the first 2,000 test records.
func openMNIST(t *testing.T, host Host) *Dataset {
	t.Helper()
	if _, err := os.Stat(mnistFolder); err != nil {
		t.Skipf("%s is missing: this test trains on the real MNIST", mnistFolder)
	}
	m, _ := data.Known("mnist")
	train, test := importIDX(t, "train"), importIDX(t, "t10k")
	test.Values, test.Labels = test.Values[:2000*784], test.Labels[:2000]
	m.TrainRecords, m.TestRecords = train.Len(), test.Len()
	d := newDataset(host, &m)
	for split, records := range map[string]data.Split{data.TrainSplit: train, data.TestSplit: test} {
		if err := d.add(split, records); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func importIDX(t *testing.T, prefix string) data.Split {
	t.Helper()
	open := func(name string) io.Reader {
		f, err := os.Open(filepath.Join(mnistFolder, prefix+name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	records, _, _, err := data.ImportIDX(open("-images-idx3-ubyte.gz"), open("-labels-idx1-ubyte.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// One epoch of the benchmark's fixed setting, through the compiled step under wazero: 234 steps at epsilon 3.
func TestTrainsMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: trains for seconds, and -short is set")
	}
	b := &bench{host: &MemoryHost{New: func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
		return backend.NewNative(w, train, test)
	}}}
	b.dataset = openMNIST(t, b.host)
	c := seeded(benchmark("mnist-cnn", b.dataset.TrainRecords))
	c.Epochs = 1
	s := b.session(t, c, nil)
	defer s.Close()
	// With this seed on amd64 0.7295 after 50 steps and 0.9115 after all. Rounding differs elsewhere, and one epoch is noisy.
	n, least := 50, 0.6
	if os.Getenv("CLOISTER_LONG") != "" {
		n, least = s.Planned().Steps, 0.88
	}
	steps(t, s, n)
	e, err := s.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := s.Planned()
	t.Logf("accuracy %.4f after %d steps at noise multiplier %v, epsilon %v to %v", e.Accuracy, e.Step, p.NoiseMultiplier, p.EpsilonLower, p.EpsilonUpper)
	if e.Accuracy < least || p.Steps != 234 || p.EpsilonUpper > 3 {
		t.Errorf("accuracy %v after %d steps", e.Accuracy, p.Steps)
	}
}
