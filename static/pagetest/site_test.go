package pagetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const dist = "../../dist"

// below is where the test host serves the site: never at its root, for a static host may not either.
const below = "/some/where/"

// site is a plain static host: right types, no security headers, nothing taken from a cache unasked. It remembers what was
// asked of it.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	root   string // the folder that it serves
	asked  []string
	change func(path string, body []byte) []byte // of a file that is about to be served; nil: none
	extra  map[string]string                     // further folders: prefix below the site -> folder on disk
}

func serve(t *testing.T) *site {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dist, "index.html")); err != nil {
		t.Skip("SKIPPED: the site is not built; run make build")
	}
	s := &site{root: dist, extra: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	path, inside := strings.CutPrefix(r.URL.Path, below)
	s.mu.Lock()
	s.asked = append(s.asked, path)
	change := s.change
	s.mu.Unlock()
	switch path {
	case "":
		path = "index.html"
	case "ran": // what scripts that a test has planted told of
		_, asked := s.requests(0)
		json.NewEncoder(w).Encode(asked)
		return
	}
	body, err := os.ReadFile(s.file(path))
	if !inside || err != nil || strings.Contains(path, "..") {
		http.NotFound(w, r)
		return
	}
	if change != nil {
		body = change(path, body)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", types[filepath.Ext(path)])
	w.Write(body)
}

var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
	".wasm": "application/wasm", ".json": "application/json", ".webmanifest": "application/manifest+json", ".blob": "application/octet-stream",
}

func (s *site) file(path string) string {
	for prefix, folder := range s.extra {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			return filepath.Join(folder, rest)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return filepath.Join(s.root, path)
}

// requests is how many requests there were so far, and the paths of those after the first n.
func (s *site) requests(after int) (n int, paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked), append([]string(nil), s.asked[after:]...)
}

// page is the address of a page of the site; without a name, of the training page.
func (s *site) page(name string) string {
	if name == "" || name[0] == '#' {
		name = "train.html" + name
	}
	return s.URL + below + name
}

// folder is where the site lies.
func (s *site) folder() string { return s.URL + below }
