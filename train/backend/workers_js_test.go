package backend

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"cloister/clip"
	"cloister/internal/browser"
	"cloister/nn"
)

// testScript is the compute workers' real script. wasmbrowsertest lets a test read files; plain Node does
// not have workers, and the tests say so.
func testScript(t testing.TB) string {
	t.Helper()
	if js.Global().Get("Worker").IsUndefined() {
		t.Skip("no Worker here: run in a browser (make test-wasm)")
	}
	source, err := os.ReadFile("../../static/src/workers/compute-worker.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

func newTestWorkers(t testing.TB, work Work, train, test Records, notice func(string)) *Workers {
	t.Helper()
	records := NewBlobs(work.RecordBytes())
	// In two pieces, as shards arrive.
	half := train.Len() / 2
	size := work.RecordBytes()
	for _, piece := range []Records{{Values: train.Values[:half*size], Labels: train.Labels[:half]}, {Values: train.Values[half*size:], Labels: train.Labels[half:]}} {
		if err := records.Append(Train, piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := records.Append(Test, test); err != nil {
		t.Fatal(err)
	}
	w, err := NewWorkers(work, records, WorkerOptions{Script: testScript(t), Count: 3, Notice: notice})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWorkersKeepTheContract(t *testing.T) {
	contract(t, func(t *testing.T, work Work, train, test Records) Backend {
		return newTestWorkers(t, work, train, test, nil)
	})
}

// A lost worker is replaced and its share repeated: the sum is the one that would have come, to the bit.
func TestLostWorkerIsReplaced(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := contractModels()[1]
	work, train := workOf(m, clip.Rule{}), randomRecords(m, 40, rng)
	var notices []string
	w := newTestWorkers(t, work, train, Records{}, func(s string) { notices = append(notices, s) })
	defer w.Close()
	w.pool.patience = 3 * time.Second // a busy machine delays healthy workers, too
	r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(40), Bounds: []float64{0.5}}
	step := func() []float64 {
		t.Helper()
		s, err := w.Step(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(s.Gradient)
	}
	for range 5 {
		step() // so that it is known how long a job takes
	}
	want := step()
	for name, c := range map[string]struct {
		lose func()
		told string
	}{
		"silent":   {func() { w.pool.workers[1].self.Call("terminate") }, "no answer in time"},
		"throwing": {func() { w.pool.workers[2].post(map[string]any{"call": "nothing of that name"}) }, "TypeError"},
	} {
		notices = nil
		c.lose()
		if got := step(); !slices.Equal(got, want) {
			t.Errorf("%s worker: another sum", name)
		}
		if len(notices) != 1 || !strings.Contains(notices[0], c.told) {
			t.Errorf("%s worker: the person was told %q", name, notices)
		}
		if got := step(); !slices.Equal(got, want) {
			t.Errorf("%s worker: another sum on the step after", name)
		}
	}
}

// A worker that fails every time ends the step with an error, and the next step starts afresh.
func TestWorkerThatAlwaysFails(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	m := contractModels()[0]
	work, train := workOf(m, clip.Rule{}), randomRecords(m, 12, rng)
	w := newTestWorkers(t, work, train, Records{}, nil)
	defer w.Close()
	jobs := make([]*job, 3)
	jobs[1] = &job{call: "nothing of that name"}
	if err := w.pool.run(context.Background(), jobs); err == nil || !strings.Contains(err.Error(), "worker 1 failed 3 times") {
		t.Errorf("error %v", err)
	}
	r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(12), Bounds: []float64{0.5}}
	if _, err := w.Step(context.Background(), r); err != nil {
		t.Error(err)
	}
}

// Values that lie in a Blob already are read from there.
func TestBlobsReferToWhatIsThere(t *testing.T) {
	if blob.IsUndefined() {
		t.Skip("no Blob outside of a browser")
	}
	b := NewBlobs(2)
	for _, r := range []Records{
		{Values: []byte{1, 2, 3, 4}, Labels: []byte{0, 1}},
		{Values: make([]byte, 6), Labels: []byte{2, 3, 4}, Blob: blobOf([]byte{9, 9, 9, 5, 6, 7, 8, 9, 10, 9}), At: 3},
	} {
		if err := b.Append(Train, r); err != nil {
			t.Fatal(err)
		}
	}
	values, labels := b.slice(Train, 1, 3)
	for what, c := range map[string]struct {
		blob js.Value
		want []byte
	}{"values": {values, []byte{3, 4, 5, 6, 7, 8}}, "labels": {labels, []byte{1, 2, 3}}} {
		buffer, err := browser.Await(c.blob.Call("arrayBuffer"))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(c.want))
		js.CopyBytesToGo(got, uint8Array.New(buffer))
		if !slices.Equal(got, c.want) || c.blob.Get("size").Int() != len(c.want) {
			t.Errorf("%s are %v, want %v", what, got, c.want)
		}
	}
}

// A script that does not run is an error, not a hang.
func TestBrokenScript(t *testing.T) {
	testScript(t) // skips outside a browser
	m := contractModels()[0]
	rng := rand.New(rand.NewPCG(3, 3))
	records := NewBlobs(m.Input.Size())
	if err := records.Append(Train, randomRecords(m, 4, rng)); err != nil {
		t.Fatal(err)
	}
	if w, err := NewWorkers(workOf(m, clip.Rule{}), records, WorkerOptions{Script: "this is no script", Count: 1}); err == nil {
		w.Close()
		t.Error("no error")
	}
}

// Nothing grows: a run is hundreds of thousands of steps long.
func TestStepsLeaveNothingBehind(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	m, err := nn.ByName("logistic", nn.Shape{C: 1, H: 4, W: 4}, 3)
	if err != nil {
		t.Fatal(err)
	}
	work, train := workOf(m, clip.Rule{}), randomRecords(m, 60, rng)
	w := newTestWorkers(t, work, train, Records{}, nil)
	defer w.Close()
	r := Request{Points: [][]float32{randomParams(m, rng)}, Records: everyOther(60), Bounds: []float64{0.5}}
	heap := func(steps int) uint64 {
		for range steps {
			if _, err := w.Step(context.Background(), r); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // JavaScript values are freed by finalizers, which run after a collection
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap(300)
	if after := heap(1000); after > before+32<<10 {
		t.Errorf("the Go heap grew from %d to %d bytes in 1000 steps", before, after)
	}
}
