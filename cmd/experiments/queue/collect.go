package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Want makes the queue hold these tasks and no others, in this order behind those that it holds already. What runs goes on; what is no longer
// wanted is forgotten, its result too. One process at a time wants and collects.
func (q *Queue) Want(ctx context.Context, all []Task) error {
	wanted := map[string]bool{}
	for _, t := range all {
		wanted[q.subject(tasks, t.Key)] = true
	}
	held, err := q.held(ctx, tasks)
	if err != nil {
		return err
	}
	done, err := q.held(ctx, results) // acknowledged tasks whose results wait to be collected
	if err != nil {
		return err
	}
	for subject := range held {
		if !wanted[subject] {
			if err := q.purge(ctx, tasks, subject); err != nil {
				return err
			}
		}
	}
	for _, t := range all {
		if held[q.subject(tasks, t.Key)] > 0 || done[q.subject(results, t.Key)] > 0 {
			continue
		}
		if err := q.put(ctx, tasks, t.Key, t); err != nil {
			return err
		}
	}
	return nil
}

// Collect hands over each result, until take says that it wants no more or ctx ends. When take returns, the result is gone from the queue: take
// has made it durable, or has no use for it. It may see a result again after a break, or one that it never wanted.
func (q *Queue) Collect(ctx context.Context, take func(Result) (more bool, err error)) error {
	for ctx.Err() == nil {
		m, err := q.next(ctx, results)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		more, err := q.collect(ctx, m, take)
		if err != nil || !more {
			return err
		}
	}
	return ctx.Err()
}

func (q *Queue) collect(ctx context.Context, m jetstream.Msg, take func(Result) (bool, error)) (more bool, err error) {
	var r Result
	if err := json.Unmarshal(m.Data(), &r); err != nil || r.Key == "" {
		return false, fmt.Errorf("queue: a result that is none: %v, %w", err, m.Term())
	}
	if more, err = take(r); err != nil {
		return false, err
	}
	// The task first: it may still be there, where its worker died before it said that it was done.
	if err := q.purge(ctx, tasks, q.subject(tasks, r.Key)); err != nil {
		return false, quietly(ctx, err)
	}
	return more, q.settle(ctx, m, nil)
}

// Progress is how far a queue is.
type Progress struct {
	Waiting, Running int // tasks
	Results          int // not collected yet
}

// Progress asks the server.
func (q *Queue) Progress(ctx context.Context) (p Progress, err error) {
	err = q.insist(ctx, func(ctx context.Context) error {
		c, err := q.stream.Consumer(ctx, q.nameOf(tasks), tasks)
		if err != nil {
			return err
		}
		about, err := c.Info(ctx)
		if err != nil {
			return err
		}
		s, err := q.stream.Stream(ctx, q.nameOf(results))
		if err != nil {
			return err
		}
		p = Progress{Waiting: int(about.NumPending), Running: about.NumAckPending, Results: int(s.CachedInfo().State.Msgs)}
		return nil
	})
	return p, err
}

// held are the subjects of a work queue that have a message.
func (q *Queue) held(ctx context.Context, kind string) (subjects map[string]uint64, err error) {
	err = q.insist(ctx, func(ctx context.Context) error {
		s, err := q.stream.Stream(ctx, q.nameOf(kind))
		if err != nil {
			return err
		}
		about, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
		if err != nil {
			return err
		}
		subjects = about.State.Subjects
		return nil
	})
	return subjects, err
}

func (q *Queue) purge(ctx context.Context, kind, subject string) error {
	return q.insist(ctx, func(ctx context.Context) error {
		s, err := q.stream.Stream(ctx, q.nameOf(kind))
		if err != nil {
			return err
		}
		return s.Purge(ctx, jetstream.WithPurgeSubject(subject))
	})
}

// Watch tells progress from time to time, until ctx ends.
func (q *Queue) Watch(ctx context.Context, every time.Duration, tell func(Progress)) error {
	for {
		p, err := q.Progress(ctx)
		if err != nil {
			return quietly(ctx, err)
		}
		tell(p)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}
