package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"
)

// Patience with a compute worker: a job that takes longer than both, a fixed time and a multiple of the median of
// recent jobs, is taken to be lost.
const (
	patienceJob     = 10 * time.Second
	patienceMedians = 20
	patienceSetup   = 60 * time.Second
	attempts        = 3 // workers that may be lost in a row on one shard before the job is given up
)

// pool is a fixed number of compute workers. It runs one job on each at a time; a worker that fails or is silent is
// replaced and its job repeated, with the same input.
type pool struct {
	script   js.Value                  // address of a blob that imports the compute workers' script
	module   js.Value                  // WebAssembly.Module, compiled once
	pages    int                       // of 64 KiB, for every worker's memory
	slices   func(worker int) js.Value // the worker's Setup.slices
	notice   func(string)              // tells the person at the page
	patience time.Duration

	workers []*worker
	recent  durations
	busy    time.Duration // time that workers spent in jobs
}

// job is a call into a worker's module: spans written to its memory, an export's arguments, spans read back.
type job struct {
	call  string
	args  []any
	write []span
	read  []span
	value float64 // set to what the export returned
}

// span is a piece of a worker's memory and its content.
type span struct {
	at    int
	bytes []byte
}

func newPool(script string, module js.Value, pages, workers int, slices func(int) js.Value, notice func(string)) (*pool, error) {
	if js.Global().Get("Worker").IsUndefined() {
		return nil, errors.New("backend: this browser does not let a worker start workers of its own; use a current Chrome, Edge, Firefox or Safari (16.4 or later)")
	}
	p := &pool{script: importing(script), module: module, pages: pages, slices: slices, notice: notice, patience: patienceJob}
	p.workers = make([]*worker, workers)
	for i := range p.workers {
		p.workers[i] = p.spawn(i)
	}
	for _, w := range p.workers {
		if err := w.ready(context.Background()); err != nil {
			p.close()
			return nil, fmt.Errorf("backend: a compute worker did not start: %w", err)
		}
	}
	return p, nil
}

func (p *pool) close() {
	js.Global().Get("URL").Call("revokeObjectURL", p.script)
	for i := range p.workers {
		p.drop(i)
	}
}

// drop ends a worker. Its place is filled when there is work for it again.
func (p *pool) drop(i int) {
	if p.workers[i] != nil {
		p.workers[i].end()
		p.workers[i] = nil
	}
}

// spawn starts a worker and sends it its module and data; ready waits for it.
func (p *pool) spawn(i int) *worker {
	w := startWorker(p.script)
	w.post(map[string]any{"module": p.module, "pages": p.pages, "slices": p.slices(i)})
	return w
}

// run does jobs[i] on worker i, all at once; a nil job leaves its worker alone. When it returns an error, the jobs'
// results are not to be used.
func (p *pool) run(ctx context.Context, jobs []*job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	start := time.Now()
	for i, j := range jobs {
		if j != nil && p.workers[i] != nil {
			p.workers[i].send(j)
		}
	}
	for i, j := range jobs {
		if j == nil {
			continue
		}
		if err := p.finish(ctx, i, j, start); err != nil {
			p.abandon(jobs[i+1:], i+1)
			return err
		}
	}
	p.recent.add(time.Since(start))
	return nil
}

// finish waits for a job that was sent, and repeats it on a fresh worker as often as is sensible.
func (p *pool) finish(ctx context.Context, i int, j *job, start time.Time) error {
	limit := max(p.patience, patienceMedians*p.recent.median())
	for attempt := 1; ; attempt++ {
		var err error
		if p.workers[i] == nil {
			p.workers[i] = p.spawn(i)
			if err = p.workers[i].ready(ctx); err == nil {
				p.workers[i].send(j)
				start = time.Now()
			}
		}
		if err == nil {
			var busy time.Duration
			if busy, err = p.workers[i].receive(ctx, j, limit-time.Since(start)); err == nil {
				p.busy += busy
				return nil
			}
		}
		p.drop(i)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == attempts {
			return fmt.Errorf("backend: compute worker %d failed %d times in a row: %w", i, attempts, err)
		}
		p.notice(fmt.Sprintf("Compute worker %d was replaced (%v). Its share of the step is repeated with the same sample; privacy is not affected.", i, err))
	}
}

// abandon ends the workers whose answers nobody waits for.
func (p *pool) abandon(jobs []*job, first int) {
	for i, j := range jobs {
		if j != nil {
			p.drop(first + i)
		}
	}
}

// durations are the times of recent jobs.
type durations struct {
	ring [32]time.Duration
	n    int
}

func (d *durations) add(t time.Duration) {
	d.ring[d.n%len(d.ring)] = t
	d.n++
}

func (d *durations) median() time.Duration {
	n := min(d.n, len(d.ring))
	if n == 0 {
		return 0
	}
	sorted := slices.Clone(d.ring[:n])
	slices.Sort(sorted)
	return sorted[n/2]
}
