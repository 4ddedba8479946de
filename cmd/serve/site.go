package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// site serves the files of one folder. Every file is opened through an os.Root, which neither ".." nor a symbolic link
// can leave.
type site struct {
	root   *os.Root
	policy string

	mu   sync.Mutex
	tags map[string]tag // by file name
}

// A tag is a file's ETag, good as long as size and time are the same.
type tag struct {
	etag     string
	size     int64
	modified time.Time
}

func openSite(dir string) (*site, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve: %w: build the site first (make build)", err)
	}
	policy, err := readPolicy(root.FS())
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("serve: %s: %w", dir, err)
	}
	return &site{root: root, policy: policy, tags: map[string]tag{}}, nil
}

func (s *site) Close() error { return s.root.Close() }

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header(), s.policy)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	name, ok := fileName(r.URL.Path)
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	if name == trainingPage {
		w.Header().Set("Permissions-Policy", permissions("(self)"))
	}
	file, info, err := s.open(name)
	if err != nil {
		refuse(w, statusOf(err))
		return
	}
	defer file.Close()
	if info.IsDir() { // without its index: the address lacks a slash
		if index, err := s.root.Stat(path.Join(name, "index.html")); err != nil || !index.Mode().IsRegular() {
			refuse(w, http.StatusNotFound)
			return
		}
		redirectToFolder(w, r, name)
		return
	}
	s.serveFile(w, r, name, file, info)
}

// fileName is the file that a request's path asks for: a folder's is its index.html. Paths that are not plain, such as
// those with ".." or a hidden file, ask for nothing.
func fileName(urlPath string) (name string, ok bool) {
	name = strings.TrimPrefix(urlPath, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return "", false
	}
	hidden := strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
	return name, !hidden
}

// open refuses everything but regular files and folders: a pipe would block the server.
func (s *site) open(name string) (*os.File, fs.FileInfo, error) {
	if info, err := s.root.Stat(name); err != nil {
		return nil, nil, err
	} else if !info.Mode().IsRegular() && !info.IsDir() {
		return nil, nil, fs.ErrNotExist
	}
	file, err := s.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

func (s *site) serveFile(w http.ResponseWriter, r *http.Request, name string, file *os.File, info fs.FileInfo) {
	h := w.Header()
	what := kindOf(name)
	h.Set("Content-Type", what.mime)
	h.Set("Cache-Control", cachePolicy(name))
	stored := name
	if what.compress {
		h.Set("Vary", "Accept-Encoding")
		coding, suffix := choose(r.Header.Get("Accept-Encoding"), func(suffix string) bool { return s.fresh(name+suffix, info) })
		if coding != "" {
			packed, packedInfo, err := s.open(name + suffix)
			if err == nil {
				defer packed.Close()
				h.Set("Content-Encoding", coding)
				file, info, stored = packed, packedInfo, name+suffix
			}
		}
	}
	etag, err := s.etag(stored, file, info)
	if err != nil {
		refuse(w, http.StatusInternalServerError)
		return
	}
	h.Set("ETag", etag)
	if h.Get("Content-Encoding") != "" && r.Header.Get("Range") == "" {
		h.Set("Content-Length", strconv.FormatInt(info.Size(), 10)) // ServeContent leaves it out for encoded files
	}
	http.ServeContent(w, r, "", time.Time{}, file)
}

// fresh tells whether a compressed file is there and no older than the file it was made from.
func (s *site) fresh(name string, original fs.FileInfo) bool {
	info, err := s.root.Stat(name)
	return err == nil && info.Mode().IsRegular() && !info.ModTime().Before(original.ModTime())
}

// etag is strong: a hash of the very bytes that are sent, so that each coding of a file has its own.
func (s *site) etag(name string, file *os.File, info fs.FileInfo) (string, error) {
	s.mu.Lock()
	known, ok := s.tags[name]
	s.mu.Unlock()
	if ok && known.size == info.Size() && known.modified.Equal(info.ModTime()) {
		return known.etag, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	fresh := tag{fmt.Sprintf(`"%x"`, hash.Sum(nil)[:16]), info.Size(), info.ModTime()}
	s.mu.Lock()
	s.tags[name] = fresh
	s.mu.Unlock()
	return fresh.etag, nil
}

// redirectToFolder adds the slash that makes a page's relative addresses right. The address is relative too, so that it
// holds behind a proxy that serves the site from a sub-path.
func redirectToFolder(w http.ResponseWriter, r *http.Request, name string) {
	to := url.URL{Path: "./" + path.Base(name) + "/", RawQuery: r.URL.RawQuery}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusMovedPermanently)
}

func refuse(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	fmt.Fprintln(w, status, http.StatusText(status))
}

// statusOf does not tell apart what is missing and what lies outside the folder.
func statusOf(err error) int {
	if errors.Is(err, fs.ErrPermission) {
		return http.StatusForbidden
	}
	return http.StatusNotFound
}
