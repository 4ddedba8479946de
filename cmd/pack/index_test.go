package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// The page offers what the index lists: every packed folder, and nothing that would not open.
func TestIndexListsPackedFolders(t *testing.T) {
	elsewhere := t.TempDir()
	folder := filepath.Join(elsewhere, "data")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{filepath.Join(folder, "b"), filepath.Join(folder, "a") + "/", filepath.Join(elsewhere, "c")} {
		args := []string{"-digits", "30", "-test-digits", "10", "-out", out}
		if err := run(t.Context(), args, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, indexFile))
	if err != nil {
		t.Fatal(err)
	}
	var index []indexEntry
	if err := json.Unmarshal(text, &index); err != nil {
		t.Fatal(err)
	}
	if len(index) != 2 || index[0].Name != "a" || index[1].Name != "b" || index[0].Title == "" {
		t.Errorf("index is %s", text)
	}
	if _, err := os.Stat(filepath.Join(elsewhere, indexFile)); err == nil {
		t.Error("an index was written around a dataset that the page cannot see")
	}
}
