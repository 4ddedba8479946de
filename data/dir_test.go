//go:build !js

package data

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestWriteReplacesAnEarlierDataset(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "digits")
	if err := Write(dir, Digits(6000, 10, 1)); err != nil {
		t.Fatal(err)
	}
	bystander := filepath.Join(dir, "notes.blob")
	if err := os.WriteFile(bystander, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want := Digits(20, 10, 2)
	if err := Write(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := Open(t.Context(), FromDir(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Shards = nil
	if !reflect.DeepEqual(got, want) {
		t.Error("the dataset that opens is not the one that was written last")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("%d files (%v), want the manifest, two shards and the file that is not ours: %v", len(entries), err, entries)
	}
}

func TestFromDirStaysInside(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "set"), 0o755); err != nil {
		t.Fatal(err)
	}
	if r, err := FromDir(filepath.Join(dir, "set"))(t.Context(), "../secret"); err == nil {
		r.Close()
		t.Error("a file outside the folder was opened")
	}
}
