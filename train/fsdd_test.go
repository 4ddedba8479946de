//go:build !js

package train

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"testing"

	"cloister/data"
	"cloister/data/audio"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// fsddFile holds the Free Spoken Digit Dataset as MP3, from this folder.
const fsddFile = "../../shared/datasets/fsdd/fsdd-mp3.tar"

// openFSDD reads the recordings, named digit_speaker_index.mp3, and their official split: index 0 to 4 is for testing.
func openFSDD(t *testing.T, host Host) *Dataset {
	t.Helper()
	file, err := os.Open(fsddFile)
	if err != nil {
		t.Skipf("%s is missing: this test trains on the real FSDD", fsddFile)
	}
	defer file.Close()
	front, err := audio.NewFrontend(audio.Defaults)
	if err != nil {
		t.Fatal(err)
	}
	m := data.Manifest{
		Name: "fsdd", Title: "FSDD", Classes: strings.Split("0123456789", ""), Unit: data.UnitRecord, TestPublic: true,
		Provenance: "github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0",
	}
	front.Describe(&m)
	splits := map[string]*data.Split{data.TrainSplit: {}, data.TestSplit: {}}
	for archive := tar.NewReader(file); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name, isRecording := strings.CutSuffix(path.Base(h.Name), ".mp3")
		if !isRecording {
			continue
		}
		recording, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		values, _, err := front.Record(h.Name, recording)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(name, "_")
		split := splits[data.TrainSplit]
		if len(parts[2]) == 1 && parts[2] < "5" {
			split = splits[data.TestSplit]
		}
		split.Append(data.Split{Values: values, Labels: []byte{parts[0][0] - '0'}})
	}
	m.TrainRecords, m.TestRecords = splits[data.TrainSplit].Len(), splits[data.TestSplit].Len()
	if m.TrainRecords != 2700 || m.TestRecords != 300 {
		t.Fatalf("%d and %d recordings", m.TrainRecords, m.TestRecords)
	}
	d := newDataset(host, &m)
	for split, records := range splits {
		if err := d.add(split, *records); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// What networks for spectrograms reach on FSDD's official split. CLOISTER_LONG=1 trains: some minutes on an idle core.
func TestTrainsSpokenDigits(t *testing.T) {
	if os.Getenv("CLOISTER_LONG") == "" {
		t.Skip("trains for minutes: set CLOISTER_LONG=1")
	}
	b := &bench{host: &MemoryHost{New: func(w backend.Work, train, test backend.Records) (backend.Backend, error) {
		return backend.NewNative(w, train, test)
	}}}
	b.dataset = openFSDD(t, b.host)
	for _, c := range []struct {
		name    string
		change  func(*protocol.Config)
		atLeast float64 // 300 test records: one standard deviation is 1.7 to 2.5 %
	}{
		{"not private", func(c *protocol.Config) {
			c.Model, c.NonPrivate, c.BatchSize, c.Epochs, c.LearningRate = "spectrogram-cnn", true, 128, 20, 0.1
		}, 0.90},
		{"epsilon 3", func(c *protocol.Config) { c.Epsilon = 3 }, 0.65},
		{"epsilon 8", func(c *protocol.Config) { c.Epsilon = 8 }, 0.70},
		{"epsilon 3, perceptron", func(c *protocol.Config) { c.Model, c.BatchSize, c.Epochs = "mlp-tanh", 1024, 60 }, 0.70},
		{"epsilon 8, perceptron", func(c *protocol.Config) { c.Model, c.BatchSize, c.Epochs, c.Epsilon = "mlp-tanh", 1024, 60, 8 }, 0.74},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := protocol.Config{
				Model: "spectrogram-cnn-tanh", Epsilon: 3, Delta: 1e-5, Epochs: 40, BatchSize: 900,
				Mechanism: protocol.Mechanism{Name: "fixed"}, ClipNorm: 1, Optimizer: "sgd", LearningRate: 1, Momentum: 0.9, Schedule: "cosine",
			}
			c.change(&config)
			s := b.session(t, seeded(config), nil)
			defer s.Close()
			steps(t, s, s.Planned().Steps)
			e, err := s.Evaluate(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: accuracy %.4f after %d steps at noise multiplier %v", config.Model, e.Accuracy, e.Step, s.Planned().NoiseMultiplier)
			if e.Accuracy < c.atLeast {
				t.Errorf("accuracy %.4f, want %.2f", e.Accuracy, c.atLeast)
			}
		})
	}
}
