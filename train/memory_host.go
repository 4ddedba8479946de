package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"cloister/data"
	"cloister/dp/ledger"
	"cloister/dp/mechanism"
	"cloister/train/backend"
	"cloister/train/protocol"
)

// MemoryHost runs a trainer outside a browser: records are in memory.
type MemoryHost struct {
	// New makes the backend.
	New func(work backend.Work, train, test backend.Records) (backend.Backend, error)
	// Open fetches from a packed dataset's folder, as data.FromDir does; nil: there are no folders.
	Open func(folder string) data.Fetch
	// Store keeps ledgers; nil: in memory, for as long as the host lives.
	Store ledger.Store

	memory ledger.MemoryStore
}

// PlainBackend is the plain-Go backend for MemoryHost.New.
func PlainBackend(work backend.Work, train, test backend.Records) (backend.Backend, error) {
	return backend.NewPlain(work, train, test)
}

type memoryRecords struct{ splits [2]backend.Records }

func (m *memoryRecords) Append(s backend.Split, r backend.Records) error {
	m.splits[s].Values = append(m.splits[s].Values, r.Values...)
	m.splits[s].Labels = append(m.splits[s].Labels, r.Labels...)
	return nil
}

func (h *MemoryHost) Fetch(folder string) data.Fetch {
	if h.Open != nil {
		return h.Open(folder)
	}
	return func(context.Context, string) (io.ReadCloser, error) {
		return nil, errors.New("train: this host opens no folders")
	}
}

func (h *MemoryHost) Own(files []protocol.File) data.Fetch {
	return func(_ context.Context, name string) (io.ReadCloser, error) {
		for _, f := range files {
			if b, ok := f.Blob.Handle.([]byte); ok && f.Name == name {
				return io.NopCloser(bytes.NewReader(b)), nil
			}
		}
		return nil, fmt.Errorf("train: no file %.80q was handed over", name)
	}
}

func (h *MemoryHost) NewRecords(int) Records { return &memoryRecords{} }

func (h *MemoryHost) Compute(_ context.Context, work backend.Work, records Records, _ int, _ func(string)) (backend.Backend, error) {
	m, ok := records.(*memoryRecords)
	if !ok {
		return nil, errors.New("train: these records are not in memory")
	}
	return h.New(work, m.splits[backend.Train], m.splits[backend.Test])
}

// Author takes the author itself for a port.
func (h *MemoryHost) Author(port any, _ func(error)) (mechanism.Author, error) {
	if a, ok := port.(mechanism.Author); ok {
		return a, nil
	}
	return nil, errors.New("train: no author was handed over")
}

func (h *MemoryHost) Workers() int { return 1 }

func (h *MemoryHost) Ledgers() (store ledger.Store, forgets bool, err error) {
	if h.Store != nil {
		return h.Store, false, nil
	}
	return &h.memory, true, nil
}
