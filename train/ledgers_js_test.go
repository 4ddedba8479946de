package train

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"cloister/accountant"
	"cloister/dp/ledger"
)

func newTestStore(t *testing.T) *browserStore {
	t.Helper()
	if js.Global().Get("indexedDB").IsUndefined() {
		t.Skip("no IndexedDB here: run in a browser (make test-wasm)")
	}
	name := fmt.Sprintf("test-%s-%d", t.Name(), time.Now().UnixNano())
	store, err := openBrowserStore(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		store.db.Call("close")
		js.Global().Get("indexedDB").Call("deleteDatabase", name)
	})
	return store
}

// A database that is closed under a run is opened anew; storage that a browser denies is an error, not the trainer's death.
func TestBrowserStoreClosedAndDenied(t *testing.T) {
	s := newTestStore(t)
	if err := s.Append("a", 0, 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.db.Call("close")
	if got, err := s.Load("a"); err != nil || string(got) != "x" {
		t.Errorf("after the database was closed: %q, %v", got, err)
	}
	s.db.Call("close")
	factory := js.Global().Get("IDBFactory").Get("prototype")
	usual := factory.Get("open")
	defer factory.Set("open", usual)
	factory.Set("open", js.Global().Get("Function").New("throw new DOMException('denied', 'SecurityError')"))
	if err := s.Append("a", 1, 1, []byte("y")); err == nil {
		t.Error("appended to a database that is closed and denied")
	}
	if _, err := openBrowserStore("denied"); err == nil || !strings.Contains(err.Error(), "denied") {
		t.Errorf("where storage is denied: %v", err)
	}
}

func TestBrowserStore(t *testing.T) {
	s := newTestStore(t)
	load := func(key, want string) {
		t.Helper()
		if got, err := s.Load(key); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", key, got, err, want)
		}
	}
	write := func(key string, at int64, p string) {
		t.Helper()
		if err := s.Append(key, at, at, []byte(p)); err != nil {
			t.Errorf("append at %d: %v", at, err)
		}
	}
	load("a", "")
	write("a", 0, "one,")
	write("a", 4, "two,")
	write("ab", 0, "other")
	write("a", 8, "three")
	load("a", "one,two,three")
	load("ab", "other")
	for _, at := range []int64{0, 8, 12, 14} {
		if err := s.Append("a", at, at, []byte("x")); !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("append at %d of 13: %v, want a conflict", at, err)
		}
	}
	load("a", "one,two,three")
	for _, c := range []struct {
		size, at int64
		want     string
	}{{13, 13, "one,two,three!"}, {14, 10, "one,two,th!"}, {11, 4, "one,!"}, {5, 0, "!"}} {
		if err := s.Append("a", c.size, c.at, []byte("!")); err != nil {
			t.Fatal(err)
		}
		load("a", c.want)
	}
	load("ab", "other")
	if keys, err := s.Keys(); err != nil || strings.Join(keys, " ") != "a ab" {
		t.Errorf("keys %q, %v", keys, err)
	}
}

// Two tabs write one ledger: none overwrites the other.
func TestBrowserStoreUnderTwoWriters(t *testing.T) {
	s := newTestStore(t)
	done := make(chan int)
	for range 2 {
		go func() {
			won := 0
			for at := int64(0); at < 20; {
				err := s.Append("k", at, at, []byte("x"))
				if err == nil {
					won++
				} else if !errors.Is(err, ledger.ErrConflict) {
					t.Error(err)
				}
				at++
			}
			done <- won
		}()
	}
	if sum := <-done + <-done; sum != 20 {
		t.Errorf("%d appends succeeded for 20 places", sum)
	}
	if got, err := s.Load("k"); err != nil || !bytes.Equal(got, bytes.Repeat([]byte("x"), 20)) {
		t.Errorf("ledger %q, %v", got, err)
	}
}

// A ledger over the browser's store survives being opened again.
func TestLedgerInTheBrowser(t *testing.T) {
	s := newTestStore(t)
	l, err := ledger.Open(s, "key")
	if err != nil {
		t.Fatal(err)
	}
	id, err := l.BeginCount("a count", 5, 10)
	if err == nil {
		err = l.Charge(id, 7)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := ledger.Open(s, "key")
	if err != nil {
		t.Fatal(err)
	}
	want := accountant.Segment{Sigma: 5, Rate: 1, Steps: 10}
	if e, ok := again.Run(id); !ok || e.Charged != 7 || len(e.Events) != 1 || e.Events[0] != want {
		t.Errorf("read back %+v", e)
	}
}
