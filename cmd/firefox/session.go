package firefox

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// session is a connection that speaks WebDriver BiDi (W3C working draft, section 3): commands with numbers, each answered once, and events.
type session struct {
	conn    net.Conn
	from    io.ReadWriter
	hear    func(method string, params json.RawMessage)
	mu      sync.Mutex
	last    int
	waiting map[int]chan<- answer
	over    error // why nothing is answered any more
}

type answer struct {
	result json.RawMessage
	err    error
}

// message is what comes in: an answer or, without a number, an event.
type message struct {
	ID      *int
	Type    string
	Result  json.RawMessage
	Error   string
	Message string
	Method  string
	Params  json.RawMessage
}

func dial(ctx context.Context, url string, hear func(method string, params json.RawMessage)) (*session, error) {
	conn, early, _, err := ws.Dial(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("firefox: %s: %w", url, err)
	}
	s := &session{conn: conn, from: conn, hear: hear, waiting: map[int]chan<- answer{}}
	if early != nil { // what came with the answer to the handshake
		s.from = struct {
			*bufio.Reader
			io.Writer
		}{early, conn}
	}
	go s.read()
	return s, nil
}

func (s *session) read() {
	for {
		text, err := wsutil.ReadServerText(s.from)
		var m message
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil {
			s.end(fmt.Errorf("firefox: the connection is over: %w", err))
			return
		}
		if m.ID == nil {
			s.hear(m.Method, m.Params)
			continue
		}
		a := answer{result: m.Result}
		if m.Type != "success" {
			a.err = fmt.Errorf("firefox: %s: %s", m.Error, m.Message)
		}
		s.mu.Lock()
		to := s.waiting[*m.ID]
		delete(s.waiting, *m.ID)
		s.mu.Unlock()
		if to != nil {
			to <- a
		}
	}
}

func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = err
	for id, to := range s.waiting {
		to <- answer{err: err}
		delete(s.waiting, id)
	}
}

// do gives a command and stores its result in out (nil: ignored).
func (s *session) do(ctx context.Context, method string, params, out any) error {
	got := make(chan answer, 1)
	s.mu.Lock()
	if s.over != nil {
		s.mu.Unlock()
		return s.over
	}
	s.last++
	id := s.last
	s.waiting[id] = got
	text, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err == nil {
		err = wsutil.WriteClientText(s.conn, text)
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("firefox: %s: %w", method, err)
	}
	select {
	case a := <-got:
		if a.err != nil {
			return fmt.Errorf("%s: %w", method, a.err)
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(a.result, out); err != nil {
			return fmt.Errorf("firefox: %s answered %s: %w", method, a.result, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("firefox: %s: %w", method, ctx.Err())
	}
}
