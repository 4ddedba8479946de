package train

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"syscall/js"
	"testing"

	"cloister/data"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// browserBench trains as a tab does: Blobs, the compiled step in compute workers, the browser's own ledger.
func browserBench(t *testing.T) (*bench, *BrowserHost) {
	t.Helper()
	if js.Global().Get("Worker").IsUndefined() {
		t.Skip("no Worker here: run in a browser (make test-wasm)")
	}
	script, err := os.ReadFile("../static/src/workers/compute-worker.js")
	if err != nil {
		t.Fatal(err)
	}
	host := &BrowserHost{Script: string(script), Notice: func(s string) { t.Log(s) }, store: newTestStore(t)}
	b := &bench{host: &MemoryHost{New: PlainBackend}}
	b.dataset = small(t, host, 600, 60)
	return b, host
}

func (b *bench) browserSession(t *testing.T, host *BrowserHost, c protocol.Config, saved *Checkpoint) *Session {
	t.Helper()
	env := Environment{Dataset: b.dataset, Ledger: b.ledger(t), Compute: host.Compute, Workers: 2, Notice: host.Notice}
	s, err := newSession(c, env, saved)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The workers' run is the plain backend's, within float32 rounding: same seed, same samples, same noise.
func TestWorkersTrainAsThePlainBackendDoes(t *testing.T) {
	b, host := browserBench(t)
	c := seeded(quick())
	c.Model, c.BatchSize = "mnist-cnn", 60
	fast := b.browserSession(t, host, c, nil)
	defer fast.Close()

	b.dataset = small(t, b.host, 600, 60)
	plain := b.session(t, c, nil)
	defer plain.Close()
	steps(t, fast, 6)
	steps(t, plain, 6)
	for i, x := range fast.params {
		// The compiled step lowers its clip factors by the margin of a float32 norm; noise moves a parameter by 0.01 a step.
		if d := math.Abs(float64(x - plain.params[i])); !(d <= 1e-3) {
			t.Fatalf("parameter %d is %v in workers, %v in plain Go", i, x, plain.params[i])
		}
	}
	x, err := fast.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	y, _ := plain.Evaluate(context.Background())
	if math.Abs(x.Loss-y.Loss) > 0.02 {
		t.Errorf("losses %v and %v", x.Loss, y.Loss)
	}
}

// A reproducible run in workers continues bit for bit, too.
func TestWorkersContinueExactly(t *testing.T) {
	b, host := browserBench(t)
	c := seeded(quick())
	c.Model, c.BatchSize = "mlp", 60
	whole := b.browserSession(t, host, c, nil)
	defer whole.Close()
	steps(t, whole, 3)
	file, err := whole.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	steps(t, whole, 3)
	saved, err := DecodeCheckpoint(file)
	if err != nil {
		t.Fatal(err)
	}
	resumed := b.browserSession(t, host, saved.Config, saved)
	defer resumed.Close()
	steps(t, resumed, 3)
	if !slices.Equal(whole.params, resumed.params) {
		t.Error("parameters differ")
	}
}

var _ backend.Backend = (*backend.Workers)(nil)

// A page's Blobs become a dataset, read one by one; one that is too large for any file of a dataset is refused before it is read.
func TestBrowserOpensOwnFiles(t *testing.T) {
	var files []protocol.File
	if err := data.Pack(data.Digits(60, 20, 1), func(name string, file []byte) error {
		bytes := js.Global().Get("Uint8Array").New(len(file))
		js.CopyBytesToJS(bytes, file)
		files = append(files, protocol.File{Name: name, Blob: protocol.Blob{Handle: js.Global().Get("Blob").New([]any{bytes})}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	host := &BrowserHost{Notice: func(s string) { t.Log(s) }}
	open := func() (*Dataset, error) {
		return OpenDataset(context.Background(), host, protocol.Source{Kind: "own", Files: files}, func(protocol.Loading) {})
	}
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if d.TrainRecords != 60 || len(d.TestLabels) != 20 || d.Records.(*backend.Blobs).Len(backend.Train) != 60 || d.Published() || !d.Info().Own {
		t.Errorf("opened %d and %d records", d.TrainRecords, len(d.TestLabels))
	}
	files[0].Blob.Handle = js.Global().Get("Blob").New([]any{js.Global().Get("Uint8Array").New(data.MaxShardBytes + 1)})
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "bytes, at most") {
		t.Errorf("a file too large: %v", err)
	}
}
