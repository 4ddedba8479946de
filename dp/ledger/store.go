package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Store keeps ledgers: append-only byte strings, one per data key. It outlives runs.
type Store interface {
	// Load returns all of a ledger, nil when there is none.
	Load(key string) ([]byte, error)

	// Append cuts a ledger of `size` bytes to its first `at`, dropping what a torn write left, writes p behind them, and
	// returns when that is durable: it must survive the end of the process and the loss of power. It answers ErrConflict,
	// changing nothing, when the ledger is not `size` bytes long; no other writer comes between the look and the change.
	Append(key string, size, at int64, p []byte) error

	// Keys are those that ledgers are kept under, in any order.
	Keys() ([]string, error)
}

// checkCut refuses to cut a ledger behind its end.
func checkCut(size, at int64) error {
	if at < 0 || at > size {
		return fmt.Errorf("ledger: one of %d bytes cannot be cut at %d", size, at)
	}
	return nil
}

// ErrConflict says that somebody else appended to a ledger first.
var ErrConflict = errors.New("ledger: changed by another run")

// MemoryStore keeps ledgers for as long as the process lives: for tests, and for runs that are not private.
type MemoryStore struct {
	mu      sync.Mutex
	ledgers map[string][]byte
}

func (m *MemoryStore) Load(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.ledgers[key]), nil
}

func (m *MemoryStore) Append(key string, size, at int64, p []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if int64(len(m.ledgers[key])) != size {
		return ErrConflict
	}
	if err := checkCut(size, at); err != nil {
		return err
	}
	if m.ledgers == nil {
		m.ledgers = map[string][]byte{}
	}
	m.ledgers[key] = append(m.ledgers[key][:at:at], p...)
	return nil
}

func (m *MemoryStore) Keys() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.ledgers)), nil
}

// checkKey keeps a data key harmless as a file name.
func checkKey(key string) error {
	if len(key) < 1 || len(key) > 128 {
		return fmt.Errorf("ledger: key of %d characters, want 1 to 128", len(key))
	}
	for _, c := range []byte(key) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return fmt.Errorf("ledger: key %q: want a-z, 0-9 and '-' only", key)
		}
	}
	return nil
}

// DataKey names a collection of records in the ledger: the hash of a public name, the same for neighbouring sets.
func DataKey(name []byte) string {
	h := sha256.Sum256(name)
	const hex = "0123456789abcdef"
	b := make([]byte, 0, 2*len(h))
	for _, x := range h {
		b = append(b, hex[x>>4], hex[x&15])
	}
	return string(b)
}
