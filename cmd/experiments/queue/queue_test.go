package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patience is short, so that what a dead worker had is soon another's.
const patience = 2 * time.Second

func serve(t *testing.T, folder, listen string) *Server {
	t.Helper()
	s, err := Serve(folder, listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// listen starts a server as somebody else would set it up.
func listen(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(startUp) {
		t.Fatal("no server")
	}
	return s
}

func open(t *testing.T, o Options) *Queue {
	t.Helper()
	o.Name, o.Patience = "test", patience
	q, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

func numbered(from, to int) (all []Task) {
	for i := from; i < to; i++ {
		all = append(all, Task{Key: fmt.Sprintf("run %d, of > * and .", i), Body: json.RawMessage(fmt.Sprint(i))})
	}
	return all
}

func always() bool { return true }

// times is a more that says yes so often.
func times(n int) func() bool { return func() bool { n--; return n >= 0 } }

func square(_ context.Context, t Task) (json.RawMessage, error) {
	var i int
	if err := json.Unmarshal(t.Body, &i); err != nil {
		return nil, err
	}
	if i == 3 {
		return nil, errors.New("three is not for me")
	}
	return json.RawMessage(fmt.Sprint(i * i)), nil
}

// gather collects until it has n results.
func gather(t *testing.T, q *Queue, n int) (got []string) {
	t.Helper()
	err := q.Collect(t.Context(), func(r Result) (bool, error) {
		got = append(got, fmt.Sprintf("%s: %s%s", r.Key, r.Body, r.Error))
		return len(got) < n, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

func want(t *testing.T, q *Queue, all []Task) {
	t.Helper()
	if err := q.Want(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, q *Queue, p Progress) {
	t.Helper()
	if got, err := q.Progress(t.Context()); err != nil || got != p {
		t.Errorf("progress %+v, %v; want %+v", got, err, p)
	}
}

// A server that ends and starts again on its folder, while its clients live on, has lost neither tasks nor results; what is wanted twice is
// there once, and what is wanted no more is gone.
func TestRestartLosesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := serve(t, folder, "127.0.0.1:0")
	address := first.ClientURL()
	q := open(t, Options{URL: address})
	want(t, q, numbered(0, 7))
	want(t, q, numbered(1, 6))
	expect(t, q, Progress{Waiting: 5})
	if err := q.Work(t.Context(), "w", times(2), square); err != nil {
		t.Fatal(err)
	}
	expect(t, q, Progress{Waiting: 3, Results: 2})
	want(t, q, numbered(1, 6)) // two are done: they are not asked again
	expect(t, q, Progress{Waiting: 3, Results: 2})

	first.Close()
	serve(t, folder, strings.TrimPrefix(address, "nats://"))
	go q.Work(t.Context(), "w", always, square)
	got := gather(t, q, 5)
	wanted := []string{"run 1, of > * and .: 1", "run 2, of > * and .: 4", "run 3, of > * and .: three is not for me", "run 4, of > * and .: 16", "run 5, of > * and .: 25"}
	if !slices.Equal(got, wanted) {
		t.Errorf("collected %q", got)
	}
	expect(t, q, Progress{})
}

// A result that was not made durable is delivered again, and so is a task that a worker leaves.
func TestNothingIsTakenTwiceOrLost(t *testing.T) {
	t.Parallel()
	q := open(t, Options{Server: serve(t, t.TempDir(), "")})
	want(t, q, numbered(1, 3))
	left, leave := context.WithCancel(t.Context())
	if err := q.Work(left, "left", always, func(context.Context, Task) (json.RawMessage, error) { leave(); return nil, errors.New("no matter") }); err != nil {
		t.Fatal(err)
	}
	var runs atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	for range 3 { // longer than patience: heartbeats keep each with who has it
		go func() {
			ended <- q.Work(ctx, "w", always, func(ctx context.Context, task Task) (json.RawMessage, error) {
				runs.Add(1)
				time.Sleep(3 * patience / 2)
				return square(ctx, task)
			})
		}()
	}
	full := errors.New("the disk is full")
	if err := q.Collect(t.Context(), func(Result) (bool, error) { return false, full }); !errors.Is(err, full) {
		t.Errorf("collecting ended with %v", err)
	}
	if got := gather(t, q, 2); !slices.Equal(got, []string{"run 1, of > * and .: 1", "run 2, of > * and .: 4"}) {
		t.Errorf("collected %q", got)
	}
	stop()
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if n := runs.Load(); n != 2 {
		t.Errorf("two tasks were run %d times", n)
	}
}

// Who asks without leave is told so at once, and so is who names a server that is not there or files that are not.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := listen(t, server.Options{Username: "u", Password: "p"})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	nowhere := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		o    Options
		says string
	}{
		{Options{URL: s.ClientURL()}, "Authorization"},
		{Options{URL: "nats://u:p@" + s.Addr().String()}, "JetStream"},
		{Options{URL: "nats://" + free.Addr().String()}, "no servers available"},
		{Options{URL: s.ClientURL(), Credentials: nowhere}, nowhere},
		{Options{URL: s.ClientURL(), CA: nowhere}, nowhere},
		{Options{URL: s.ClientURL(), Cert: nowhere, Key: nowhere}, nowhere},
		{Options{URL: "tls://u:p@" + s.Addr().String()}, "secure connection not available"},
	} {
		c.o.Name, c.o.Patience = "test", patience
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if _, err := Open(ctx, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v, want one about %q", c.o, err, c.says)
		}
		cancel()
	}
	for _, address := range []string{"0.0.0.0:4222", "192.168.0.1:1", "localhost", ":4222", "127.0.0.1:x"} {
		if s, err := Serve(t.TempDir(), address); err == nil {
			s.Close()
			t.Errorf("a server listens at %s", address)
		}
	}
}
