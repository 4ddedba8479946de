//go:build unix

package main

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipeIsNotServed: opening one would block the server.
func TestPipeIsNotServed(t *testing.T) {
	dir := build(t, nil)
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := ask(open(t, dir), "GET", "/pipe.txt"); r.StatusCode != 404 {
		t.Errorf("a pipe: %d, want 404", r.StatusCode)
	}
}
