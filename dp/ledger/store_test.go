//go:build !js

package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFileStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledgers")
	s := FileStore{Dir: dir}
	if b, err := s.Load("k"); b != nil || err != nil {
		t.Fatalf("an absent ledger: %v, %v", b, err)
	}
	if err := s.Append("k", 0, 0, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	if err := s.Append("k", 2, 2, []byte("x")); !errors.Is(err, ErrConflict) {
		t.Errorf("append at the wrong place: %v", err)
	}
	if err := s.Append("k", 3, 3, []byte("def")); err != nil {
		t.Fatal(err)
	}
	if err := s.Append("k", 6, 7, []byte("x")); err == nil {
		t.Error("cut behind the end")
	}
	if err := s.Append("k", 6, 4, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Load("k"); string(b) != "abcdx" || err != nil {
		t.Errorf("holds %q, %v", b, err)
	}
	absent := FileStore{Dir: filepath.Join(dir, "absent")}
	for store, want := range map[Store]int{s: 1, absent: 0} {
		if keys, err := store.Keys(); err != nil || len(keys) != want {
			t.Errorf("keys %q, %v", keys, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "k.ledger")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file mode %v, %v", info.Mode(), err)
	}
	for _, key := range []string{"", "../k", "K", "a/b", "a\x00"} {
		if _, err := s.Load(key); err == nil {
			t.Errorf("key %q accepted", key)
		}
		if _, err := Open(s, key); err == nil {
			t.Errorf("ledger of key %q opened", key)
		}
	}
}
