package train

import (
	"errors"
	"fmt"
	"math"
	"syscall/js"

	"cloister/dp/ledger"
	"cloister/internal/browser"
)

// browserStore keeps ledgers in IndexedDB, in transactions of strict durability: when one is complete, it is on the
// disk. A ledger is a sequence of pieces under the keys [ledger, offset], so that appending writes only what is new.
type browserStore struct {
	name string
	db   js.Value
}

const pieces = "pieces"

// openBrowserStore opens the database, creating it the first time.
func openBrowserStore(name string) (*browserStore, error) {
	factory := js.Global().Get("indexedDB")
	if factory.IsUndefined() || factory.IsNull() {
		return nil, errors.New("train: this browser has no IndexedDB, where the privacy ledger would be kept")
	}
	request, err := browser.Try(func() js.Value { return factory.Call("open", name, 1) }) // throws where storage is denied
	if err != nil {
		return nil, fmt.Errorf("train: this browser denies the storage where the privacy ledger would be kept: %w", err)
	}
	create := js.FuncOf(func(js.Value, []js.Value) any {
		request.Get("result").Call("createObjectStore", pieces)
		return nil
	})
	defer create.Release()
	request.Call("addEventListener", "upgradeneeded", create)
	if err := settle(request, "success", "error", "blocked"); err != nil {
		return nil, fmt.Errorf("train: opening the privacy ledger (a private window may forbid it): %w", err)
	}
	return &browserStore{name, request.Get("result")}, nil
}

func (s *browserStore) Load(key string) ([]byte, error) {
	all, _, err := s.transact("readonly", func(store js.Value) (js.Value, error) {
		return result(store.Call("getAll", keysFrom(key, 0)))
	})
	if err != nil {
		return nil, err
	}
	var ledger []byte
	for i := range all.Length() {
		piece := all.Index(i)
		from := len(ledger)
		ledger = append(ledger, make([]byte, piece.Get("length").Int())...)
		js.CopyBytesToGo(ledger[from:], piece)
	}
	return ledger, nil
}

func (s *browserStore) Append(key string, size, at int64, p []byte) error {
	_, _, err := s.transact("readwrite", func(store js.Value) (js.Value, error) {
		end, _, err := last(store, key)
		if err == nil && end != size {
			err = ledger.ErrConflict
		}
		if err == nil {
			err = cut(store, key, at)
		}
		if err != nil {
			return js.Null(), err
		}
		return js.Null(), put(store, key, at, p)
	})
	return err
}

func (s *browserStore) Keys() ([]string, error) {
	all, _, err := s.transact("readonly", func(store js.Value) (js.Value, error) { return result(store.Call("getAllKeys")) })
	if err != nil {
		return nil, err
	}
	var keys []string
	for i := range all.Length() { // in order, so that a ledger's pieces are side by side
		if key := all.Index(i).Index(0).String(); len(keys) == 0 || keys[len(keys)-1] != key {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// cut drops what a ledger holds behind its first `at` bytes.
func cut(store js.Value, key string, at int64) error {
	for {
		end, piece, err := last(store, key)
		if err != nil || end <= at {
			return err
		}
		from := end - int64(piece.Get("length").Int())
		if _, err := result(store.Call("delete", pieceKey(key, from))); err != nil {
			return err
		}
		if from < at {
			kept := make([]byte, at-from)
			js.CopyBytesToGo(kept, piece)
			return put(store, key, from, kept)
		}
	}
}

// transact runs f inside one transaction and returns when it is durable; an error of f undoes it. Between its requests f
// must not wait for anything else, or the browser takes the transaction to be over.
func (s *browserStore) transact(mode string, f func(store js.Value) (js.Value, error)) (v js.Value, done bool, err error) {
	t, err := s.begin(mode)
	if err != nil {
		return js.Null(), false, fmt.Errorf("train: the privacy ledger: %w", err)
	}
	complete := make(chan error, 1)
	go func() { complete <- settle(t, "complete", "abort") }()
	if _, thrown := browser.Try(func() js.Value {
		v, err = f(t.Call("objectStore", pieces))
		return v
	}); thrown != nil {
		err = thrown
	}
	if err != nil {
		browser.Try(func() js.Value { return t.Call("abort") }) // throws where the browser has aborted it already
		<-complete
		return v, false, err
	}
	return v, true, <-complete
}

// begin begins a transaction. The browser closes a database whose site's data a person clears: then it is opened anew.
func (s *browserStore) begin(mode string) (js.Value, error) {
	transaction := func() js.Value {
		return s.db.Call("transaction", pieces, mode, map[string]any{"durability": "strict"})
	}
	if t, err := browser.Try(transaction); err == nil {
		return t, nil
	}
	anew, err := openBrowserStore(s.name)
	if err != nil {
		return js.Null(), err
	}
	s.db = anew.db
	return browser.Try(transaction)
}

// last is where a ledger ends, and its last piece.
func last(store js.Value, key string) (end int64, piece js.Value, err error) {
	cursor, err := result(store.Call("openCursor", keysFrom(key, 0), "prev"))
	if err != nil || cursor.IsNull() {
		return 0, js.Null(), err
	}
	piece = cursor.Get("value")
	return int64(cursor.Get("key").Index(1).Float()) + int64(piece.Get("length").Int()), piece, nil
}

func put(store js.Value, key string, at int64, p []byte) error {
	piece := js.Global().Get("Uint8Array").New(len(p))
	js.CopyBytesToJS(piece, p)
	_, err := result(store.Call("put", piece, pieceKey(key, at)))
	return err
}

func pieceKey(key string, at int64) []any { return []any{key, float64(at)} }

func keysFrom(key string, at int64) js.Value {
	return js.Global().Get("IDBKeyRange").Call("bound", pieceKey(key, at), []any{key, math.Inf(1)})
}

// result waits for a request and returns its result.
func result(request js.Value) (js.Value, error) {
	if err := settle(request, "success", "error"); err != nil {
		return js.Null(), err
	}
	return request.Get("result"), nil
}

// settle waits for the event that says an IndexedDB object succeeded, or for one that says it failed.
func settle(object js.Value, success string, failures ...string) error {
	outcome := make(chan error, 1)
	on := func(event string, say func() error) js.Func {
		f := js.FuncOf(func(js.Value, []js.Value) any {
			select {
			case outcome <- say():
			default:
			}
			return nil
		})
		object.Call("addEventListener", event, f)
		return f
	}
	f := on(success, func() error { return nil })
	defer f.Release()
	for _, event := range failures {
		f := on(event, func() error {
			if e := object.Get("error"); e.Truthy() {
				return browser.Error(e)
			}
			return errors.New(event)
		})
		defer f.Release()
	}
	return <-outcome
}
