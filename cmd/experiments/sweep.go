package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cloister/cmd/experiments/experiment"
	"cloister/cmd/experiments/queue"
)

// queueName is the experiments' on a server that others use too.
const queueName = "cloister-experiments"

// openQueue connects to the server that was named, or to one within this process whose folder outlives it.
func (l *laboratory) openQueue(ctx context.Context) (*queue.Queue, func(), error) {
	o := l.queue
	o.Name = queueName
	end := func() {}
	if o.URL == "" {
		var err error
		if o.Server, err = queue.Serve(filepath.Join(l.root, "build/queue"), ""); err != nil {
			return nil, nil, err
		}
		end = o.Server.Close
	}
	q, err := queue.Open(ctx, o)
	if err != nil {
		end()
		return nil, nil, err
	}
	return q, func() { q.Close(); end() }, nil
}

// runAll goes on until nothing is missing: trials that are done make further runs known. A run that fails does not keep the others from
// running. Workers of this process take from the queue as all others do; where they stop because it is late, what waits stays in the queue.
func (l *laboratory) runAll(ctx context.Context) error {
	q, end, err := l.openQueue(ctx)
	if err != nil {
		return err
	}
	defer end()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	workers.Go(func() {
		if err := l.work(ctx, q); err != nil {
			stop(err)
		} else if l.late() {
			stop(l.collected(ctx, q))
		}
	})
	err = l.collect(ctx, q)
	cause := context.Cause(ctx)
	stop(nil)
	workers.Wait()
	switch {
	case errors.Is(cause, errLate):
		err = nil
	case cause != nil:
		err = cause
	}
	if err == nil && len(l.failed) > 0 {
		err = fmt.Errorf("experiments: %d runs failed: %s", len(l.failed), strings.Join(slices.Sorted(maps.Keys(l.failed)), ", "))
	}
	return errors.Join(err, l.tables())
}

// errLate ends a sweep whose time is over.
var errLate = errors.New("experiments: no run begins any more")

func (l *laboratory) late() bool { return !l.until.IsZero() && time.Now().After(l.until) }

// collected waits until no result is left in the queue.
func (l *laboratory) collected(ctx context.Context, q *queue.Queue) error {
	watched, enough := context.WithCancel(ctx)
	defer enough()
	err := q.Watch(watched, 200*time.Millisecond, func(p queue.Progress) {
		if p.Results == 0 {
			enough()
		}
	})
	return errors.Join(err, errLate)
}

// work carries out what the queue has, so many runs at once, until ctx ends or it is late.
func (l *laboratory) work(ctx context.Context, q *queue.Queue) error {
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	name := fmt.Sprintf("%s, process %d", host, os.Getpid())
	ended := make(chan error)
	for range l.atOnce {
		go func() { ended <- q.Work(ctx, name, func() bool { return !l.late() }, l.task) }()
	}
	var all error
	for range l.atOnce {
		all = errors.Join(all, <-ended)
	}
	return all
}

// task is a run as the queue has it.
func (l *laboratory) task(ctx context.Context, t queue.Task) (json.RawMessage, error) {
	var r experiment.Run
	if err := json.Unmarshal(t.Body, &r); err != nil {
		return nil, fmt.Errorf("experiments: %s: %w", t.Key, err)
	}
	if f := r.Folder(); !filepath.IsLocal(f) || f != filepath.Base(f) || f == "." { // whoever may write to the queue names no folders of this machine
		return nil, fmt.Errorf("experiments: %s: dataset %q is not a name", t.Key, f)
	}
	row, err := l.carryOut(ctx, r)
	if err != nil {
		return nil, err
	}
	return json.Marshal(row)
}

// collect puts what is missing into the queue and notes what comes back, until nothing is missing.
func (l *laboratory) collect(ctx context.Context, q *queue.Queue) error {
	l.failed = map[string]bool{}
	wanted, err := l.want(ctx, q, nil)
	if err != nil || len(wanted) == 0 {
		return err
	}
	return q.Collect(ctx, func(result queue.Result) (more bool, err error) {
		if r, ok := wanted[result.Key]; ok {
			if err := l.end(r, result, len(wanted)-1); err != nil {
				return false, err
			}
			delete(wanted, result.Key)
			if r.Trial() {
				if wanted, err = l.want(ctx, q, wanted); err != nil {
					return false, err
				}
			}
		}
		return len(wanted) > 0, nil
	})
}

// want is what is missing and has not failed, by identity. The queue is told of it where it does not know of all.
func (l *laboratory) want(ctx context.Context, q *queue.Queue, known map[string]experiment.Run) (map[string]experiment.Run, error) {
	missing, _, err := experiment.Missing(l.plans, l.rows)
	if err != nil {
		return nil, err
	}
	wanted := map[string]experiment.Run{}
	var all []queue.Task
	news := known == nil
	for _, r := range experiment.Select(missing, l.only) {
		if l.failed[r.Key()] {
			continue
		}
		id, err := r.Identity()
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		if _, ok := known[id]; !ok {
			news = true
		}
		wanted[id], all = r, append(all, queue.Task{Key: id, Body: body})
	}
	if !news {
		return wanted, nil
	}
	return wanted, q.Want(ctx, all)
}

// end notes what a run came to. A result that no run can have is a failure of that run.
func (l *laboratory) end(r experiment.Run, result queue.Result, left int) error {
	var row experiment.Row
	var err error
	if result.Error != "" {
		err = errors.New(result.Error)
	} else if err = json.Unmarshal(result.Body, &row); err == nil {
		err = r.Check(row)
	}
	if err != nil {
		fmt.Fprintf(l.log, "%s: %v (%s)\n", r.Key(), err, result.Worker)
		l.failed[r.Key()] = true
		return nil
	}
	l.rows = experiment.Add(l.rows, row)
	fmt.Fprintf(l.log, "%s: accuracy %.2f %%, epsilon %.4f, %.0f s (%s); %d left\n", r.Key(), 100*row.Accuracy, row.EpsilonUpper, row.Wall, result.Worker, left)
	if err := experiment.WriteRows(l.results(), l.rows); err != nil || time.Since(l.tabled) < tablesEvery {
		return err
	}
	return l.tables()
}

// tablesEvery is how often the tables are written while results come in.
const tablesEvery = 10 * time.Second

// onlyWork serves a queue that another process fills, until it is interrupted or late.
func (l *laboratory) onlyWork(ctx context.Context) error {
	q, end, err := l.openQueue(ctx)
	if err != nil {
		return err
	}
	defer end()
	return l.work(ctx, q)
}

// watch tells how far a queue is, until it is interrupted.
func (l *laboratory) watch(ctx context.Context) error {
	q, end, err := l.openQueue(ctx)
	if err != nil {
		return err
	}
	defer end()
	last := ""
	return q.Watch(ctx, time.Second, func(p queue.Progress) {
		if now := fmt.Sprintf("%d runs wait, %d go on, %d results are to be collected\n", p.Waiting, p.Running, p.Results); now != last {
			fmt.Fprint(l.log, now)
			last = now
		}
	})
}
