//go:build !js

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Stale types would let page and workers disagree without a type error.
func TestCommittedTypesAreFresh(t *testing.T) {
	root, err := rootAbove()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rooms {
		want, err := r.Generate(root)
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(filepath.Join(root, r.target))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s is stale: run go generate ./%s", r.target, r.folder)
		}
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
