package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
)

func TestChooseCoding(t *testing.T) {
	both := func(string) bool { return true }
	gzipOnly := func(suffix string) bool { return suffix == ".gz" }
	none := func(string) bool { return false }
	for _, c := range []struct {
		header string
		atHand func(string) bool
		want   string
	}{
		{"gzip, deflate, br", both, "br"},
		{"gzip, deflate, br", gzipOnly, "gzip"},
		{"gzip, deflate, br", none, ""},
		{"", both, ""},
		{"deflate", both, ""},
		{"br;q=0.5, gzip;q=0.8", both, "gzip"},
		{"br;q=0, gzip", both, "gzip"},
		{"br;q=0, gzip;q=0", both, ""},
		{"br; q=0.001", both, "br"},
		{"BR", both, "br"},
		{"x-gzip", both, "gzip"},
		{"*", both, "br"},
		{"*;q=0", both, ""},
		{"br;q=0, *", both, "gzip"},
		{"identity, br;q=0.9", both, ""},
		{"identity;q=0.5, br;q=0.9", both, "br"},
		{"identity;q=0", none, ""},
		{"br;q=2, gzip;q=abc", both, ""},
		{"br;q=NaN", both, ""},
		{"brotli, gzipped", both, ""},
		{",,;;=,br", both, "br"},
	} {
		if got, _ := choose(c.header, c.atHand); got != c.want {
			t.Errorf("Accept-Encoding %q: %q, want %q", c.header, got, c.want)
		}
	}
}

func FuzzChooseCoding(f *testing.F) {
	f.Add("gzip;q=0.5, br, *;q=0")
	f.Fuzz(func(t *testing.T, header string) {
		if got, suffix := choose(header, func(string) bool { return true }); (got == "") != (suffix == "") {
			t.Errorf("%q: coding %q with suffix %q", header, got, suffix)
		}
	})
}

func decode(t *testing.T, coding, content string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(content)
	switch coding {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		var err error
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestCompressedFilesAreServed(t *testing.T) {
	script := strings.Repeat("export const answer = 42;\n", 200)
	noise := make([]byte, 4096)
	rand.Read(noise)
	dir := build(t, map[string]string{
		"app.0123abcd.js": script, "small.js": "tiny", "data/train-000.0123abcd.blob": strings.Repeat("\x00\x01", 4096),
		"noise.blob": string(noise), "photo.png": script,
	})
	if err := compressFolder(t.Context(), dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"app.0123abcd.js.br": true, "app.0123abcd.js.gz": true, "data/train-000.0123abcd.blob.br": true,
		"small.js.br": false, "small.js.gz": false, "noise.blob.br": false, "photo.png.gz": false, "app.0123abcd.js.br.gz": false,
	} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := open(t, dir)
	etags := map[string]bool{}
	for _, coding := range []string{"br", "gzip", ""} {
		r := ask(s, "GET", "/app.0123abcd.js", "Accept-Encoding", coding)
		content := body(t, r)
		if got := r.Header.Get("Content-Encoding"); got != coding || decode(t, coding, content) != script {
			t.Errorf("Accept-Encoding %q: coding %q, %d bytes", coding, got, len(content))
		}
		if coding != "" && (len(content) >= len(script) || r.ContentLength != int64(len(content))) {
			t.Errorf("%s: %d bytes, Content-Length %d, of %d", coding, len(content), r.ContentLength, len(script))
		}
		if r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
			!strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%q: headers %v", coding, r.Header)
		}
		etag := r.Header.Get("ETag")
		etags[etag] = true
		if r := ask(s, "GET", "/app.0123abcd.js", "Accept-Encoding", coding, "If-None-Match", etag); r.StatusCode != 304 {
			t.Errorf("%q: %d on its own ETag, want 304", coding, r.StatusCode)
		}
	}
	if len(etags) != 3 {
		t.Errorf("%d ETags for three codings", len(etags))
	}
	r := ask(s, "GET", "/app.0123abcd.js", "Accept-Encoding", "br", "Range", "bytes=0-9")
	if r.StatusCode != 206 || len(body(t, r)) != 10 {
		t.Errorf("a range of a compressed file: %d", r.StatusCode)
	}
}

// TestStaleCompressedFileIsIgnored: a page that was edited after it was compressed is served as it is now.
func TestStaleCompressedFileIsIgnored(t *testing.T) {
	dir := build(t, map[string]string{"page.html": "new", "page.html.br": "old"})
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "page.html.br"), before, before); err != nil {
		t.Fatal(err)
	}
	r := ask(open(t, dir), "GET", "/page.html", "Accept-Encoding", "br")
	if got := body(t, r); got != "new" || r.Header.Get("Content-Encoding") != "" {
		t.Errorf("%q in coding %q, want the file as it is", got, r.Header.Get("Content-Encoding"))
	}
}

func TestCompressionIsCached(t *testing.T) {
	script := strings.Repeat("export const answer = 42;\n", 200)
	dir, cache := build(t, map[string]string{"app.js": script}), t.TempDir()
	if err := compressFolder(t.Context(), dir, cache); err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(cache, "*.11.br"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("nothing in the cache (%v)", err)
	}
	mark := []byte("taken from the cache")
	for _, entry := range entries {
		if err := os.WriteFile(entry, mark, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old := filepath.Join(cache, "old.br")
	if err := os.WriteFile(old, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * cacheAge)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	if err := compressFolder(t.Context(), dir, cache); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "app.js.br")); err != nil || !bytes.Equal(got, mark) {
		t.Errorf("compressed again (%v): %q", err, got)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Error("what no build has used for two months is still in the cache")
	}
	if err := compressFolder(t.Context(), filepath.Join(dir, "nothing"), cache); err == nil {
		t.Error("a folder that is not there is compressed without an error")
	}
}
