package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall/js"
	"time"
)

// Patience with a compute worker. A job that takes longer than all of these is taken to be lost: a fixed time, a multiple
// of what its kind usually takes for as many records, and, where nothing is known yet, a slow machine's time.
const (
	patienceJob     = 10 * time.Second
	patienceMedians = 20
	patienceRecord  = 50 * time.Millisecond
	patienceSetup   = 60 * time.Second
	attempts        = 3 // workers that may be lost in a row on one shard before the job is given up
)

// pool is a fixed number of compute workers. It runs one job on each at a time; a worker that fails or is silent is
// replaced and its job repeated, with the same input.
type pool struct {
	script   js.Value                  // address of a blob that holds the compute workers' script
	module   js.Value                  // WebAssembly.Module, compiled once
	pages    int                       // of 64 KiB, for every worker's memory
	slices   func(worker int) js.Value // the worker's Setup.slices
	notice   func(string)              // tells the person at the page
	patience time.Duration

	workers []*worker
	pace    map[string]*durations // per record, of each kind of job
	busy    time.Duration         // time that workers spent in jobs
	closed  bool
}

// job is a call into a worker's module: spans written to its memory, an export's arguments, spans read back.
type job struct {
	call    string
	args    []any
	write   []span
	read    []span
	records int // that the job is about, for how long it may take
}

// span is a piece of a worker's memory and its content.
type span struct {
	at    int
	bytes []byte
}

// newPool starts workers that run a script.
func newPool(script string, module js.Value, pages, workers int, slices func(int) js.Value, notice func(string)) (*pool, error) {
	if js.Global().Get("Worker").IsUndefined() {
		return nil, errors.New("backend: this browser does not let a worker start workers of its own; use a current Chrome, Edge, Firefox or Safari (16.4 or later)")
	}
	p := &pool{script: addressOf(script), module: module, pages: pages, slices: slices, notice: notice, patience: patienceJob, pace: map[string]*durations{}}
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
	if p.closed {
		return
	}
	p.closed = true
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
	if p.closed {
		return errors.New("backend: closed")
	}
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
	return nil
}

// finish waits for a job that was sent, and repeats it on a fresh worker as often as is sensible.
func (p *pool) finish(ctx context.Context, i int, j *job, start time.Time) error {
	limit := p.limit(j)
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
				p.pace[j.call].add(busy / time.Duration(max(1, j.records)))
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

func (p *pool) limit(j *job) time.Duration {
	if p.pace[j.call] == nil {
		p.pace[j.call] = &durations{}
	}
	each := patienceRecord
	if pace := p.pace[j.call]; pace.n > 0 {
		each = patienceMedians * pace.median()
	}
	return max(p.patience, time.Duration(j.records)*each)
}

// abandon ends the workers whose answers nobody waits for.
func (p *pool) abandon(jobs []*job, first int) {
	for i, j := range jobs {
		if j != nil {
			p.drop(first + i)
		}
	}
}

// durations are the latest of a kind.
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
