package queue

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a NATS server with JetStream within this process. What is in its folder outlives it.
type Server struct {
	*server.Server
}

// startUp bounds how long a server may take to read what its folder holds.
const startUp = time.Minute

// Serve starts a server on a folder. It listens at an address of this machine's own loopback, as "127.0.0.1:4222", or nowhere: then
// only this process reaches it. Whoever wants a queue for others to reach runs nats-server, with its own TLS and credentials.
func Serve(folder, listen string) (*Server, error) {
	o := &server.Options{
		ServerName: "cloister-experiments", JetStream: true, StoreDir: folder, DontListen: listen == "", NoSigs: true, NoLog: true,
		SyncAlways: true, // a result that was taken is on the disk
	}
	if listen != "" {
		host, port, err := loopback(listen)
		if err != nil {
			return nil, err
		}
		o.Host, o.Port = host, port
		if port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(startUp) {
		s.Shutdown()
		return nil, errors.New("queue: the server did not start within a minute")
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, fmt.Errorf("queue: JetStream did not start: is %s in use by another server, or not writable?", folder)
	}
	return &Server{s}, nil
}

// Close ends the server and returns when its files are closed.
func (s *Server) Close() {
	s.Shutdown()
	s.WaitForShutdown()
}
