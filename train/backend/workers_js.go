package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"
	"unsafe"

	"cloister/dp"
	"cloister/internal/browser"
	"cloister/nn/compile"
)

// Workers computes with the compiled module in the browser's compute workers. Each holds a fixed, contiguous slice of
// the records, which its replacement reads again if it is lost.
type Workers struct {
	work     Work
	rounding float64
	layout   compile.Layout
	width    int
	records  *Blobs
	pool     *pool
	place    compile.Placement // of the largest slices, by split
	shards   []shard
	ends     []int // of the shards' shares in the sample of a step
	sums     dp.Sums
}

// WorkerOptions say how compute workers are run.
type WorkerOptions struct {
	Script string       // text of the compute workers' script
	Count  int          // 0: one per processor
	Notice func(string) // told, in a sentence for the person at the page, when a worker is replaced; may be nil
}

// NewWorkers compiles the work and starts the workers.
func NewWorkers(work Work, records *Blobs, o WorkerOptions) (*Workers, error) {
	if err := work.Check(); err != nil {
		return nil, err
	}
	scale, shift := work.Normalisation().ScaleShift()
	compiled, err := compile.Compile(work.Model, compile.Options{
		Rule: work.Rule, Scale: scale, Shift: shift, Float: work.Float, NonPrivate: work.NonPrivate, Whiten: work.Whiten, Points: work.Points, FMA: valid(compile.FMAProbe),
	})
	if err != nil {
		return nil, err
	}
	if !valid(compiled.Wasm) {
		return nil, errors.New("backend: this browser lacks WebAssembly SIMD; use a current Chrome, Edge, Firefox or Safari (16.4 or later)")
	}
	module, err := browser.Await(js.Global().Get("WebAssembly").Call("compile", toJS(compiled.Wasm)))
	if err != nil {
		return nil, fmt.Errorf("backend: compiling the step: %w", err)
	}
	w := &Workers{work: work, rounding: compile.Rounding(records.Len(Train)), layout: compiled.Layout, records: records}
	if o.Count <= 0 {
		o.Count = Processors()
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	if err := w.share(min(o.Count, records.Len(Train))); err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	w.pool, err = newPool(o.Script, module, w.place.Pages(), len(w.shards), w.slices, o.Notice)
	return w, err
}

// Processors is how many compute workers suit this machine.
func Processors() int {
	n := js.Global().Get("navigator").Get("hardwareConcurrency")
	if n.Type() != js.TypeNumber {
		return 1
	}
	return max(1, n.Int())
}

func valid(module []byte) bool {
	return js.Global().Get("WebAssembly").Call("validate", toJS(module)).Bool()
}

// share divides the records among workers and places the largest slices in memory.
func (w *Workers) share(workers int) (err error) {
	records, groups := w.records.Len(Train), w.layout.Groups
	if records > compile.MaxRecords {
		return fmt.Errorf("%d records, the compiled step takes at most %d", records, compile.MaxRecords)
	}
	const stretches = 4 // at least so many for each worker, or small batches could not be divided
	w.width = max(1, min(compile.Width(w.work.Rate), records/max(1, workers)/stretches))
	w.shards = divide(records, workers, w.width, w.work.Rate)
	most, mostTest := 0, (w.records.Len(Test)+max(1, workers)-1)/max(1, workers)
	for i := range w.shards {
		s := &w.shards[i]
		s.sum, s.counts = make([]float64, w.layout.NumParams), make([]float64, groups)
		most = max(most, s.end-s.first)
	}
	w.place, err = w.layout.Place(most, mostTest)
	return err
}

// slices lists what a worker reads before it can work.
func (w *Workers) slices(worker int) js.Value {
	s, p := &w.shards[worker], &w.place
	pixels, labels := w.records.slice(Train, s.first, s.end-s.first)
	first, end := part(w.records.Len(Test), worker, len(w.shards))
	testPixels, testLabels := w.records.slice(Test, first, end-first)
	piece := func(blob js.Value, at int) any { return map[string]any{"blob": blob, "at": at} }
	return js.ValueOf([]any{
		piece(pixels, p.Pixels[Train]), piece(labels, p.Labels[Train]),
		piece(testPixels, p.Pixels[Test]), piece(testLabels, p.Labels[Test]),
	})
}

// Step sums the clipped per-sample gradients. The result's slices are valid until the next call.
func (w *Workers) Step(ctx context.Context, r Request) (dp.Sums, error) {
	jobs, err := w.prepare(&r, func(s *shard, j *job) {
		j.call = "step"
		j.args = []any{w.place.Pixels[Train], w.place.Labels[Train], w.place.Indices, len(s.indices), w.width}
	})
	if err == nil {
		err = w.pool.run(ctx, jobs)
	}
	if err != nil {
		return dp.Sums{}, err
	}
	return w.gather(jobs, len(r.Records)), nil
}

// Norms is the first of two passes.
func (w *Workers) Norms(ctx context.Context, r Request) ([]float32, error) {
	norms := make([]float32, len(r.Records)*w.layout.Groups)
	from := 0
	jobs, err := w.prepare(&r, func(s *shard, j *job) {
		j.call = "norms"
		j.args = []any{w.place.Pixels[Train], w.place.Labels[Train], w.place.Indices, len(s.indices), w.place.Out}
		to := from + len(s.indices)*w.layout.Groups
		j.read = []span{{w.place.Out, bytesOf(norms[from:to])}}
		from = to
	})
	if err == nil {
		err = w.pool.run(ctx, jobs)
	}
	return norms, err
}

// Accumulate is the second pass.
func (w *Workers) Accumulate(ctx context.Context, r Request, factors []float32) (dp.Sums, error) {
	if len(factors) != len(r.Records)*w.layout.Groups {
		return dp.Sums{}, fmt.Errorf("backend: %d factors for %d records of %d groups", len(factors), len(r.Records), w.layout.Groups)
	}
	from := 0
	jobs, err := w.prepare(&r, func(s *shard, j *job) {
		j.call = "accumulate"
		j.args = []any{w.place.Pixels[Train], w.place.Labels[Train], w.place.Indices, len(s.indices), w.width, w.place.Out}
		to := from + len(s.indices)*w.layout.Groups
		j.write = append(j.write, span{w.place.Out, bytesOf(factors[from:to])})
		from = to
	})
	if err == nil {
		err = w.pool.run(ctx, jobs)
	}
	if err != nil {
		return dp.Sums{}, err
	}
	sums := w.gather(jobs, len(r.Records))
	sums.Counts = nil
	return sums, nil
}

// prepare makes each worker's job of a request: its share of the sample, parameters and bounds in, sums out. Workers
// without a share get none.
func (w *Workers) prepare(r *Request, complete func(*shard, *job)) ([]*job, error) {
	if err := w.work.CheckRequest(r, w.records.Len(Train)); err != nil {
		return nil, err
	}
	inputs := w.inputs(r)
	jobs := make([]*job, len(w.shards))
	w.ends = cut(w.shards, r.Records, w.width, w.ends)
	from := 0
	for i, end := range w.ends {
		s := &w.shards[i]
		s.indices = s.indices[:0]
		for _, record := range r.Records[from:end] {
			s.indices = append(s.indices, record-int32(s.first))
		}
		from = end
		if len(s.indices) == 0 {
			continue
		}
		jobs[i] = &job{
			records: len(s.indices),
			write:   append(slices.Clone(inputs), span{w.place.Indices, bytesOf(s.indices)}),
			read:    []span{{w.layout.Sum, bytesOf(s.sum)}, {w.layout.Counts, bytesOf(s.counts)}, {w.layout.Loss, bytesOf(s.loss[:])}},
		}
		complete(s, jobs[i])
	}
	return jobs, nil
}

// inputs are what every worker gets. Points that the module has and the request lacks count zero.
func (w *Workers) inputs(r *Request) []span {
	coefficients := make([]float64, w.layout.Points)
	copy(coefficients, r.Coefficients)
	if r.Coefficients == nil {
		coefficients[0] = 1
	}
	all := []span{{w.layout.Coefficients, bytesOf(coefficients)}}
	if !w.work.NonPrivate {
		all = append(all, span{w.layout.Bounds, bytesOf(r.Bounds)}, span{w.layout.Thresholds, bytesOf(r.thresholds())})
	}
	if w.work.Whiten {
		all = append(all, span{w.layout.Whitening, bytesOf(r.Whitening)})
	}
	for k, p := range r.Points {
		all = append(all, span{w.layout.Params + 4*k*w.layout.NumParams, bytesOf(p)})
	}
	return all
}

// gather adds up the workers' results.
func (w *Workers) gather(jobs []*job, records int) dp.Sums {
	if w.sums.Gradient == nil {
		w.sums.Gradient, w.sums.Counts = make([]float64, w.layout.NumParams), make([]float64, w.layout.Groups)
	}
	total := dp.Sums{Gradient: w.sums.Gradient, Counts: w.sums.Counts, Records: records}
	clear(total.Gradient)
	clear(total.Counts)
	for i := range w.shards {
		if jobs[i] == nil {
			continue
		}
		s := &w.shards[i]
		for k, x := range s.sum {
			total.Gradient[k] += x
		}
		for g, x := range s.counts {
			total.Counts[g] += x
		}
		total.Loss += s.loss[0]
	}
	return total
}

// Evaluate predicts every record of a split.
func (w *Workers) Evaluate(ctx context.Context, params []float32, split Split) (Evaluation, error) {
	if len(params) != w.layout.NumParams {
		return Evaluation{}, fmt.Errorf("backend: %d parameters, the model has %d", len(params), w.layout.NumParams)
	}
	predictions := make([]uint8, w.records.Len(split))
	jobs := make([]*job, len(w.shards))
	for i := range w.shards {
		s := &w.shards[i]
		first, end := part(len(predictions), i, len(w.shards))
		held, pixels, labels := s.first, w.place.Pixels[Train], w.place.Labels[Train]
		if split == Test {
			held, pixels, labels = first, w.place.Pixels[Test], w.place.Labels[Test]
		}
		if first == end {
			continue
		}
		jobs[i] = &job{
			call: "evaluate", records: end - first, args: []any{pixels, labels, first - held, end - first, w.place.Out},
			write: []span{{w.layout.Params, bytesOf(params)}},
			read:  []span{{w.place.Out, predictions[first:end]}, {w.layout.Loss, bytesOf(s.loss[:])}},
		}
	}
	if err := w.pool.run(ctx, jobs); err != nil {
		return Evaluation{}, err
	}
	e := Evaluation{Predictions: predictions}
	for i := range w.shards {
		if jobs[i] != nil {
			e.Loss += w.shards[i].loss[0] / float64(len(predictions))
		}
	}
	return e, nil
}

// Rounding is the compiled module's.
func (w *Workers) Rounding() float64 { return w.rounding }

// Count is the number of workers.
func (w *Workers) Count() int { return len(w.shards) }

// Busy is how long all workers together have computed.
func (w *Workers) Busy() time.Duration { return w.pool.busy }

// Close ends the workers.
func (w *Workers) Close() error {
	w.pool.close()
	return nil
}

// bytesOf is a slice's memory; WebAssembly is little-endian on both sides.
func bytesOf[T int32 | float32 | float64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

func toJS(p []byte) js.Value {
	bytes := uint8Array.New(len(p))
	js.CopyBytesToJS(bytes, p)
	return bytes
}
