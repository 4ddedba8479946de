package pagetest

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloister/nn"
	"cloister/nn/export"
	"cloister/nn/export/exporttest"
)

// onnxJob is a model that another runtime is to run.
type onnxJob struct {
	Model         string `json:"model"` // these are files
	Records       string `json:"records"`
	Logits        string `json:"logits"`
	Probabilities string `json:"probabilities"`
	Float         bool   `json:"float"`
	Dims          []int  `json:"dims"`
}

// Every model of the catalogue, exported as ONNX, gives in another runtime the logits that it gives here, on 1,000 records; on
// shapes that a model was not made for, on 50.
func TestONNXRuntimeAgrees(t *testing.T) {
	folder := t.TempDir()
	models := exporttest.Models(t)
	var jobs []onnxJob
	var records [][][]byte
	for i, m := range models {
		job, drawn := onnxJobFor(t, filepath.Join(folder, exporttest.FileName(m)), m, i)
		jobs, records = append(jobs, job), append(records, drawn)
	}
	list, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "jobs.json"), list)
	said, err := exec.Command("node", "onnx.mjs", filepath.Join(folder, "jobs.json")).Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var answers []struct{ Inputs, Outputs []string }
	if err := json.Unmarshal(said, &answers); err != nil || len(answers) != len(models) {
		t.Fatalf("%v in %q", err, said)
	}
	for i, m := range models {
		if a := answers[i]; !slices.Equal(a.Inputs, []string{"input"}) || !slices.Equal(a.Outputs, []string{"logits", "probabilities"}) {
			t.Errorf("%s: inputs %q, outputs %q", m.Net.Name, a.Inputs, a.Outputs)
		}
		compareLogits(t, m, records[i], jobs[i])
	}
}

func onnxJobFor(t *testing.T, path string, m *export.Model, seed int) (onnxJob, [][]byte) {
	file, err := m.ONNX("test")
	if err != nil {
		t.Fatal(err)
	}
	n, in := 50, m.Net.Input
	if natural := map[string]string{"mnist-cnn": "1x28x28", "cifar-cnn": "3x32x32", "spectrogram-cnn": "1x25x20", "logistic": "1x28x28", "mlp": "14x1x1"}; natural[strings.TrimSuffix(m.Net.Name, "-tanh")] == in.String() {
		n = 1000
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	var all []byte
	var records [][]byte
	for range n {
		r := exporttest.Record(m, rng)
		all, records = append(all, r...), append(records, r)
	}
	job := onnxJob{Model: path + ".onnx", Records: path + ".records", Logits: path + ".logits", Probabilities: path + ".probabilities", Float: m.Input.Float, Dims: []int{n, in.C, in.H, in.W}}
	if in.H == 1 && in.W == 1 {
		job.Dims = job.Dims[:2]
	}
	write(t, job.Model, file)
	write(t, job.Records, all)
	return job, records
}

func write(t *testing.T, path string, file []byte) {
	t.Helper()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func compareLogits(t *testing.T, m *export.Model, records [][]byte, job onnxJob) {
	logits, probabilities := readFloats(t, job.Logits), readFloats(t, job.Probabilities)
	p, err := export.NewPredictor(m)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, r := range records {
		want, err := p.Logits(r)
		if err != nil {
			t.Fatal(err)
		}
		shares := nn.Probabilities(want)
		for k := range want {
			at := i*len(want) + k
			worst = max(worst, math.Abs(float64(logits[at]-want[k])), math.Abs(float64(probabilities[at])-shares[k]))
		}
	}
	t.Logf("%s on %v: %d records, at most %.2g apart", m.Net.Name, m.Net.Input, len(records), worst)
	if !(worst <= 1e-4) {
		t.Errorf("%s on %v: logits or probabilities are %v apart, want at most 1e-4", m.Net.Name, m.Net.Input, worst)
	}
}

func readFloats(t *testing.T, path string) []float32 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}
