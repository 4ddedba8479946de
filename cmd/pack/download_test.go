package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloister/data"
)

// home is a server of files that can be told to misbehave.
type home struct {
	files    map[string][]byte
	noRanges bool
	sizeless bool // send everything at once, without a length
	cutAfter int  // cut the next answers after so many bytes of body, once each
	cuts     int
	requests []string // "path range"
	status   []int    // answered before anything else, one by one
}

func (h *home) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests = append(h.requests, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	if len(h.status) > 0 {
		w.WriteHeader(h.status[0])
		h.status = h.status[1:]
		return
	}
	content, ok := h.files[strings.TrimPrefix(r.URL.Path, "/sets/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if h.sizeless {
		w.(http.Flusher).Flush()
		w.Write(content)
		return
	}
	if h.noRanges {
		r.Header.Del("Range")
	}
	if h.cuts > 0 {
		h.cuts--
		w = &cutter{w, h.cutAfter}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// cutter drops the connection after some bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if len(b) >= c.left {
		c.ResponseWriter.Write(b[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	r.Read(b)
	return b
}

// try downloads one file of the given content from the home, into a folder that may hold a part already.
func try(t *testing.T, h *home, content, part []byte) (got []byte, err error) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	dir := t.TempDir()
	if part != nil {
		if err := os.WriteFile(filepath.Join(dir, "set.gz.part"), part, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set := &published{name: "x", remote: []remote{{"set.gz", int64(len(content)), sum(content)}}}
	err = patient(t).download(t.Context(), set, []string{server.URL + "/sets/"}, dir)
	got, _ = os.ReadFile(filepath.Join(dir, "set.gz"))
	if err == nil {
		if _, left := os.Stat(filepath.Join(dir, "set.gz.part")); left == nil {
			t.Error("the part is still there")
		}
	}
	return got, err
}

// patient is a downloader that does not pause.
func patient(t *testing.T) *downloader {
	d := newDownloader(t.Logf)
	d.pause = 0
	return d
}

func TestDownload(t *testing.T) {
	content := noise(200_000)
	other := noise(200_001)[:200_000]
	for _, c := range []struct {
		name     string
		home     home
		part     []byte
		requests []string
	}{
		{"at once", home{}, nil, []string{"/sets/set.gz"}},
		{"cut once", home{cuts: 1, cutAfter: 70_000}, nil, []string{"/sets/set.gz", "/sets/set.gz bytes=70000-"}},
		{"cut often", home{cuts: 7, cutAfter: 20_000}, nil, slices.Concat([]string{"/sets/set.gz"}, ranges(20_000, 140_000))},
		{"an earlier run's part", home{}, content[:123], []string{"/sets/set.gz bytes=123-"}},
		{"an earlier run's part is whole", home{}, content, nil},
		{"a server without ranges, cut", home{noRanges: true, cuts: 1, cutAfter: 70_000}, nil, []string{"/sets/set.gz", "/sets/set.gz bytes=70000-"}},
		{"a part of another file", home{}, other[:5000], []string{"/sets/set.gz bytes=5000-", "/sets/set.gz"}},
		{"a part that is too long", home{}, append(content[:len(content):len(content)], 1), []string{"/sets/set.gz"}},
		{"another file of the same length", home{}, other, []string{"/sets/set.gz"}},
		{"a busy server", home{status: []int{503, 429}}, nil, []string{"/sets/set.gz", "/sets/set.gz", "/sets/set.gz"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.home.files = map[string][]byte{"set.gz": content}
			got, err := try(t, &c.home, content, c.part)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, error %v", len(got), err)
			}
			if !slices.Equal(c.home.requests, c.requests) {
				t.Errorf("requests %q, want %q", c.home.requests, c.requests)
			}
		})
	}
}

// ranges lists the requests of a download that is cut every step bytes.
func ranges(step, last int) (requests []string) {
	for at := step; at <= last; at += step {
		requests = append(requests, fmt.Sprintf("/sets/set.gz bytes=%d-", at))
	}
	return requests
}

func TestDownloadRefuses(t *testing.T) {
	content := noise(50_000)
	for _, c := range []struct {
		name, want string
		home       home
		requests   int
	}{
		{"wrong checksum", "checksum mismatch: SHA-256 is " + sum(noise(50_001)[:50_000]), home{files: map[string][]byte{"set.gz": noise(50_001)[:50_000]}}, 1},
		{"too long", "has 60000 bytes, the published one 50000", home{files: map[string][]byte{"set.gz": noise(60_000)}}, 1},
		{"too short", "has 40000 bytes, the published one 50000", home{files: map[string][]byte{"set.gz": content[:40_000]}}, 1},
		{"endless", "more than the 50000 bytes expected", home{files: map[string][]byte{"set.gz": noise(60_000)}, sizeless: true}, 1},
		{"cut for ever, size unstated", "cut after 40000 of 50000 bytes", home{files: map[string][]byte{"set.gz": content[:40_000]}, sizeless: true}, 5},
		{"cut for ever, without ranges", "cut after 40000 bytes", home{files: map[string][]byte{"set.gz": content}, noRanges: true, cuts: 99, cutAfter: 40_000}, 5},
		{"not there", "404 Not Found", home{}, 1},
		{"always busy", "503", home{status: []int{503, 503, 503, 503, 503}}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := try(t, &c.home, content, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "pack: set.gz: ") {
				t.Errorf("error %v, want one of set.gz that says %q", err, c.want)
			}
			if got != nil {
				t.Error("the file is there all the same")
			}
			if len(c.home.requests) != c.requests {
				t.Errorf("%d requests, want %d", len(c.home.requests), c.requests)
			}
		})
	}
}

func TestDownloadTriesTheNextHome(t *testing.T) {
	content := noise(1000)
	broken, good := &home{}, &home{files: map[string][]byte{"set.gz": content}}
	first, second := httptest.NewServer(broken), httptest.NewServer(good)
	defer first.Close()
	defer second.Close()
	dir := t.TempDir()
	set := &published{remote: []remote{{"set.gz", 1000, sum(content)}}}
	d := patient(t)
	for range 2 { // the second time, the file is there
		if err := d.download(t.Context(), set, []string{first.URL + "/sets", second.URL + "/sets"}, dir); err != nil {
			t.Fatal(err)
		}
	}
	if len(broken.requests) != 1 || len(good.requests) != 1 {
		t.Errorf("%d and %d requests, want one each", len(broken.requests), len(good.requests))
	}
}

func TestDownloadGivesUpOnSilence(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 10))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer silent.Close()
	d := patient(t)
	d.stall, d.tries = 20*time.Millisecond, 1
	set := &published{remote: []remote{{"set.gz", 1000, sum(noise(1000))}}}
	if err := d.download(t.Context(), set, []string{silent.URL}, t.TempDir()); err == nil || !strings.Contains(err.Error(), "cut after") {
		t.Errorf("error %v, want one that says where it was cut", err)
	}
}

func TestDownloadCanBeStopped(t *testing.T) {
	content := noise(100_000)
	h := &home{files: map[string][]byte{"set.gz": content}, cuts: 1, cutAfter: 30_000}
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	d := newDownloader(func(format string, args ...any) {
		if strings.Contains(format, "trying again") {
			cancel()
		}
	})
	d.pause = time.Hour
	dir := t.TempDir()
	set := &published{remote: []remote{{"set.gz", 100_000, sum(content)}}}
	if err := d.download(ctx, set, []string{server.URL + "/sets"}, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if got := sizeOf(filepath.Join(dir, "set.gz.part")); got != 30_000 {
		t.Errorf("%d bytes are kept for the next run, want 30000", got)
	}
}

// archive is a .tar.gz; names and contents alternate.
func archive(t *testing.T, entries ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	zip := gzip.NewWriter(&file)
	w := tar.NewWriter(zip)
	for i := 0; i < len(entries); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: entries[i], Mode: 0o644, Size: int64(len(entries[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestArchive(t *testing.T) {
	one, two := string(noise(3000)), string(noise(4000))
	set := &published{
		remote:  []remote{{file: "set.tar.gz", bytes: 1 << 20}},
		members: []data.Raw{{File: "one.bin", SHA256: sum([]byte(one))}, {File: "two.bin", SHA256: sum([]byte(two))}},
	}
	good := archive(t, "x/readme.html", "hello", "x/one.bin", one, "../../evil.bin", "evil", "x/../../two.bin", two)
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"good", "", good},
		{"a member is wrong", "one.bin: checksum mismatch", archive(t, "x/one.bin", two, "x/two.bin", two)},
		{"a member is missing", "1 of its files are missing", archive(t, "x/one.bin", one)},
		{"not an archive", "gzip", []byte("<html>not found</html>")},
		{"damaged", "", append(good[:2000:2000], good[2100:]...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &home{files: map[string][]byte{"set.tar.gz": c.file}}
			server := httptest.NewServer(h)
			defer server.Close()
			dir := filepath.Join(t.TempDir(), "a", "b")
			d := patient(t)
			err := d.download(t.Context(), set, []string{server.URL + "/sets"}, dir)
			if (err == nil) != (c.name == "good") || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pack: set.tar.gz: ")) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if sizeOf(filepath.Join(dir, "set.tar.gz")) != 0 {
				t.Error("the archive is still there")
			}
			if err != nil {
				return
			}
			if got, _ := os.ReadFile(filepath.Join(dir, "two.bin")); string(got) != two {
				t.Error("a member is not what it should be")
			}
			if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 2 {
				t.Errorf("%q, want the two members alone", files)
			}
			if err := d.download(t.Context(), set, []string{server.URL + "/sets"}, dir); err != nil || len(h.requests) != 1 {
				t.Errorf("again: error %v after %d requests, want none more than the first", err, len(h.requests))
			}
		})
	}
}

// TestArchiveResumes: an archive states no size, so that a part may be whole already; the server then answers 416.
func TestArchiveResumes(t *testing.T) {
	content := string(noise(3000))
	set := &published{remote: []remote{{file: "set.tar.gz", bytes: 1 << 20}}, members: []data.Raw{{File: "one.bin", SHA256: sum([]byte(content))}}}
	file := archive(t, "one.bin", content)
	for _, part := range [][]byte{file[:100], file} {
		h := &home{files: map[string][]byte{"set.tar.gz": file}}
		server := httptest.NewServer(h)
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "set.tar.gz.part"), part, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := patient(t).download(t.Context(), set, []string{server.URL + "/sets"}, dir); err != nil {
			t.Error(err)
		}
		if want := fmt.Sprintf("/sets/set.tar.gz bytes=%d-", len(part)); !slices.Equal(h.requests, []string{want}) {
			t.Errorf("requests %q, want %q", h.requests, want)
		}
		server.Close()
	}
}
