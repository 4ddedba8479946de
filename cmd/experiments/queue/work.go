package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Work takes tasks, one at a time, until ctx or more() ends it; more is asked before each. A task whose result is there already is not run
// again. An error of do is the task's result; where ctx has ended meanwhile, the task goes back to be run elsewhere.
func (q *Queue) Work(ctx context.Context, name string, more func() bool, do func(context.Context, Task) (json.RawMessage, error)) error {
	for ctx.Err() == nil && more() {
		m, err := q.next(ctx, tasks)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if err := q.work(ctx, name, m, do); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) work(ctx context.Context, name string, m jetstream.Msg, do func(context.Context, Task) (json.RawMessage, error)) error {
	var t Task
	if err := json.Unmarshal(m.Data(), &t); err != nil || t.Key == "" {
		return errors.Join(fmt.Errorf("queue: a task that is none: %w", err), m.Term())
	}
	done, err := q.has(ctx, results, t.Key)
	if err != nil || done {
		return q.settle(ctx, m, err)
	}
	r := Result{Key: t.Key, Worker: name}
	if about, err := m.Metadata(); err == nil && about.NumDelivered > uint64(q.options.Deliveries) {
		r.Error = fmt.Sprintf("given up: %d workers began it and none came back", q.options.Deliveries)
	} else {
		quiet := q.heartbeat(ctx, m)
		r.Body, err = do(ctx, t)
		quiet()
		if ctx.Err() != nil {
			m.Nak() // at best effort: without it another worker gets the task when patience ends
			return nil
		}
		if err != nil {
			r.Body, r.Error = nil, err.Error()
		}
	}
	return q.settle(ctx, m, q.put(ctx, results, t.Key, r))
}

// settle acknowledges a message that needs nothing more. An acknowledgement that is lost has it delivered again, which does no harm.
func (q *Queue) settle(ctx context.Context, m jetstream.Msg, err error) error {
	if err != nil {
		return quietly(ctx, err)
	}
	once, cancel := context.WithTimeout(ctx, q.options.Patience)
	defer cancel()
	_ = m.DoubleAck(once)
	return nil
}

// quietly is nil for what went wrong because ctx ended.
func quietly(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// heartbeat says that a task is being worked on, until it is told to stop.
func (q *Queue) heartbeat(ctx context.Context, m jetstream.Msg) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		beat := time.NewTicker(q.options.Patience / 4)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				_ = m.InProgress() // one that is lost is followed by others
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// next is the next message of a work queue; nil when there was none for a while, or ctx has ended.
func (q *Queue) next(ctx context.Context, kind string) (m jetstream.Msg, err error) {
	c, err := q.consumer(ctx, kind)
	if err != nil {
		return nil, quietly(ctx, err)
	}
	batch, err := c.Fetch(1, jetstream.FetchMaxWait(min(2*time.Second, q.options.Patience)))
	if err != nil {
		return nil, q.breathe(ctx)
	}
	select {
	case m = <-batch.Messages():
	case <-ctx.Done():
		return nil, nil
	}
	if m == nil && batch.Error() != nil {
		return nil, q.breathe(ctx)
	}
	return m, nil
}

// breathe waits a little before a server that is away is asked again.
func (q *Queue) breathe(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-time.After(min(500*time.Millisecond, q.options.Patience/4)):
	}
	return nil
}

// consumer finds one of the two; a server whose folder was lost gets its queues again.
func (q *Queue) consumer(ctx context.Context, kind string) (c jetstream.Consumer, err error) {
	err = q.insist(ctx, func(ctx context.Context) error {
		c, err = q.stream.Consumer(ctx, q.nameOf(kind), kind)
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			if err = q.make(ctx); err == nil {
				c, err = q.stream.Consumer(ctx, q.nameOf(kind), kind)
			}
		}
		return err
	})
	return c, err
}

// has says whether a key's place in a work queue is taken.
func (q *Queue) has(ctx context.Context, kind, key string) (found bool, err error) {
	err = q.insist(ctx, func(ctx context.Context) error {
		s, err := q.stream.Stream(ctx, q.nameOf(kind))
		if err != nil {
			return err
		}
		_, err = s.GetLastMsgForSubject(ctx, q.subject(kind, key))
		found = err == nil
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		return err
	})
	return found, err
}
