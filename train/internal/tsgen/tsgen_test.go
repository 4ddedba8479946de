package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const room = "../../protocol"

// A stale protocol.ts would let page and trainer disagree without a type error.
func TestCommittedTypesAreFresh(t *testing.T) {
	want, err := Generate(room)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(room, target))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("static/src/protocol.ts is stale: run go generate ./train/protocol")
	}
}

func TestWordListsBecomeUnions(t *testing.T) {
	if got := choices("open | start"); got != `"open" | "start"` {
		t.Errorf("got %s", got)
	}
	for _, prose := range []string{"", "open", "a sentence | with words", "epsilon spent so far, an upper bound"} {
		if got := choices(prose); got != "" {
			t.Errorf("%q became %s", prose, got)
		}
	}
}
