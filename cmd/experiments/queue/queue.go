// Package queue hands out tasks to any number of processes, on any number of machines, through NATS JetStream, and brings back their results.
//
// There are two work queues. A task stays in the first until it is acknowledged, which a worker does when its result is in the second, and a
// result stays there until whoever collects has made it durable. While a worker runs a task it says so again and again; a task of which nothing
// is heard for Options.Patience goes to another. So a process that dies at any moment, the server's included, loses nothing. What may happen
// instead is that a task is run twice: a task has one place for its result, and collecting is idempotent by the task's key.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where a queue is.
type Options struct {
	Name   string  // of the queue among others on one server: letters, digits and dashes
	URL    string  // of a server, as "nats://host:4222" or "tls://host:4222"; several with commas
	Server *Server // within this process, instead of URL

	Credentials string // file of a user's JWT and key; "": none
	CA          string // file of the authority that signed the server's certificate; "": the system's
	Cert, Key   string // files of a client certificate and its key; "": none

	// Patience is how long nothing may be heard of a running task before another worker gets it. All processes of a queue state the same.
	// 0: a minute.
	Patience time.Duration

	// Deliveries is how often a task is handed out before it counts as failed: it may be what kills its workers. 0: 10.
	Deliveries int
}

// Task is what is to be done. Tasks with one key are one.
type Task struct {
	Key  string          `json:"key"`
	Body json.RawMessage `json:"body"`
}

// Result is what came of a task: a body, or why there is none.
type Result struct {
	Key    string          `json:"key"`
	Body   json.RawMessage `json:"body,omitempty"`
	Error  string          `json:"error,omitempty"`
	Worker string          `json:"worker"`
}

// Queue is a connection to a queue. It is safe for concurrent use.
type Queue struct {
	options    Options
	connection *nats.Conn
	stream     jetstream.JetStream
}

// maxTasks bounds both work queues.
const maxTasks = 1 << 20

// Open connects, and makes the queue where there is none yet. A server that cannot be reached is an error at once; one that goes away later is waited
// for.
func Open(ctx context.Context, o Options) (*Queue, error) {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Deliveries == 0 {
		o.Deliveries = 10
	}
	c, err := nats.Connect(o.URL, o.connect()...)
	if err != nil {
		return nil, fmt.Errorf("queue: %s: %w", o.URL, err)
	}
	q := &Queue{options: o, connection: c}
	if q.stream, err = jetstream.New(c); err != nil {
		c.Close()
		return nil, fmt.Errorf("queue: %w", err)
	}
	if _, err := q.stream.AccountInfo(ctx); errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		c.Close()
		return nil, fmt.Errorf("queue: %s has no JetStream: start it as nats-server -js: %w", c.ConnectedUrlRedacted(), err)
	}
	if err := q.insist(ctx, q.make); err != nil {
		c.Close()
		return nil, err
	}
	return q, nil
}

func (o *Options) connect() []nats.Option {
	options := []nats.Option{nats.Name("cloister experiments"), nats.MaxReconnects(-1), nats.ReconnectWait(min(2*time.Second, o.Patience/4)), nats.PingInterval(min(20*time.Second, o.Patience))}
	if o.Server != nil {
		options = append(options, nats.InProcessServer(o.Server))
	}
	if o.Credentials != "" {
		options = append(options, nats.UserCredentials(o.Credentials))
	}
	if o.CA != "" {
		options = append(options, nats.RootCAs(o.CA))
	}
	if o.Cert != "" {
		options = append(options, nats.ClientCert(o.Cert, o.Key))
	}
	return options
}

// make sets up the two work queues and who takes from them. To do so again changes nothing.
func (q *Queue) make(ctx context.Context) error {
	for _, kind := range []string{tasks, results} {
		_, err := q.stream.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: q.nameOf(kind), Subjects: []string{q.options.Name + "." + kind + ".*"}, Storage: jetstream.FileStorage, Retention: jetstream.WorkQueuePolicy,
			MaxMsgs: maxTasks, MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, // one place for each key
		})
		if err != nil {
			return err
		}
		_, err = q.stream.CreateOrUpdateConsumer(ctx, q.nameOf(kind), jetstream.ConsumerConfig{
			Durable: kind, AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.options.Patience, MaxDeliver: -1, MaxAckPending: maxTasks,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Close leaves the queue; what is in it stays.
func (q *Queue) Close() { q.connection.Close() }

const (
	tasks   = "task"
	results = "result"
)

func (q *Queue) nameOf(kind string) string { return q.options.Name + "-" + kind }

// subject is the place of a key in one of the work queues. Keys hold what subjects may not.
func (q *Queue) subject(kind, key string) string {
	sum := sha256.Sum256([]byte(key))
	return q.options.Name + "." + kind + "." + hex.EncodeToString(sum[:16])
}

// put publishes to a key's place; what is there already stays, and counts as put.
func (q *Queue) put(ctx context.Context, kind, key string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("queue: %s: %w", key, err)
	}
	return q.insist(ctx, func(ctx context.Context) error {
		_, err := q.stream.Publish(ctx, q.subject(kind, key), text)
		if taken(err) {
			return nil
		}
		return err
	})
}

// taken says that a message was refused because its subject has one.
func taken(err error) bool {
	const storeFailed = 10077 // what the server says of all limits of a subject
	var refused *jetstream.APIError
	return errors.As(err, &refused) && refused.ErrorCode == storeFailed && refused.Description == "maximum messages per subject exceeded"
}

// insist tries until it works or ctx ends: a server that restarts is no reason to lose an hour's work. An answer that will not change is given at once.
func (q *Queue) insist(ctx context.Context, try func(context.Context) error) error {
	wait := 10 * time.Millisecond
	for {
		once, cancel := context.WithTimeout(ctx, min(10*time.Second, 2*q.options.Patience))
		err := try(once)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case final(err):
			return fmt.Errorf("queue: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, time.Second)
	}
}

// final errors are the server's considered answers, and its refusal of who asks.
func final(err error) bool {
	var refused *jetstream.APIError
	if errors.As(err, &refused) {
		return refused.Code >= 400 && refused.Code < 500 && refused.Code != 408
	}
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrMaxPayload)
}

// loopback takes an address apart that must be this machine's own.
func loopback(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, fmt.Errorf("queue: address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", 0, fmt.Errorf("queue: %q is not this machine's loopback: for others to reach, run nats-server", address)
	}
	return host, port, nil
}
