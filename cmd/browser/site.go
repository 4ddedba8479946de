// Package browser serves pages on loopback, the built site and the bench's own, and uses the training page as a person
// would.
package browser

import (
	"context"
	"fmt"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Site serves folders and in-memory files on a loopback address of its own.
type Site struct {
	URL string // "http://127.0.0.1:port", without a slash at the end

	mux    *http.ServeMux
	server *http.Server
	mu     sync.Mutex
	files  map[string][]byte
}

// Serve starts a site with nothing on it.
func Serve() (*Site, error) {
	for ext, kind := range map[string]string{".wasm": "application/wasm", ".js": "text/javascript", ".mjs": "text/javascript"} {
		if err := mime.AddExtensionType(ext, kind); err != nil {
			return nil, fmt.Errorf("browser: %w", err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	s := &Site{URL: "http://" + listener.Addr().String(), mux: http.NewServeMux(), files: map[string][]byte{}}
	s.mux.HandleFunc("/file/", s.serveFile)
	s.server = &http.Server{Handler: s.mux, ReadHeaderTimeout: 10 * time.Second}
	go s.server.Serve(listener)
	return s, nil
}

// Close stops the site; requests under way are cut off.
func (s *Site) Close() error { return s.server.Close() }

// Mount serves a folder under a path that starts and ends with a slash.
func (s *Site) Mount(path, dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("browser: nothing to serve under %s: %w", path, err)
	}
	files := http.FileServer(http.Dir(dir))
	s.mux.Handle(path, http.StripPrefix(strings.TrimSuffix(path, "/"), unstored(files)))
	return nil
}

// Replace serves content in place of a mounted file.
func (s *Site) Replace(path string, content []byte) {
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { write(w, path, content) })
}

// File serves bytes and returns their path. A name gives the extension, and so the content type.
func (s *Site) File(name string, content []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := fmt.Sprintf("/file/%d/%s", len(s.files), name)
	s.files[path] = content
	return path
}

func (s *Site) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	content, ok := s.files[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	write(w, r.URL.Path, content)
}

func write(w http.ResponseWriter, path string, content []byte) {
	kind := mime.TypeByExtension(filepath.Ext(path))
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(content)
}

// unstored keeps one run from seeing files of an earlier one.
func unstored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// sleep waits unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
