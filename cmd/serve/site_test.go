package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const testPolicy = "default-src 'none'; script-src 'self'"

// build writes a small site and returns its folder.
func build(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dist")
	all := map[string]string{"csp.txt": testPolicy + "\n", "index.html": "<!doctype html>home"}
	maps.Copy(all, files)
	for name, content := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, dir string) *site {
	t.Helper()
	s, err := openSite(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ask sends one request; headers are name, value, name, value.
func ask(s http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "http://site.test/", nil)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestFilesAndTypes(t *testing.T) {
	s := open(t, build(t, map[string]string{
		"assets/app.0123456789.js": "js", "a.mjs": "mjs", "t.wasm": "wasm", "s.css": "css", "m.webmanifest": "{}",
		"data/x/manifest.blob": "b", "c.msgp": "m", "x.unknown": "<script>", "noextension": "n", "page.html": "p", "i.svg": "<svg/>",
	}))
	for path, mime := range map[string]string{
		"/":                         "text/html; charset=utf-8",
		"/page.html":                "text/html; charset=utf-8",
		"/assets/app.0123456789.js": "text/javascript; charset=utf-8",
		"/a.mjs":                    "text/javascript; charset=utf-8",
		"/t.wasm":                   "application/wasm",
		"/s.css":                    "text/css; charset=utf-8",
		"/m.webmanifest":            "application/manifest+json",
		"/data/x/manifest.blob":     "application/octet-stream",
		"/c.msgp":                   "application/octet-stream",
		"/x.unknown":                "application/octet-stream",
		"/noextension":              "application/octet-stream",
		"/i.svg":                    "image/svg+xml",
	} {
		r := ask(s, "GET", path)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != mime {
			t.Errorf("GET %s: %d %q, want 200 %q", path, r.StatusCode, r.Header.Get("Content-Type"), mime)
		}
	}
}

func TestEveryAnswerIsSecured(t *testing.T) {
	s := open(t, build(t, map[string]string{"sub/index.html": "x", trainingPage: "y"}))
	etag := ask(s, "GET", "/"+trainingPage).Header.Get("ETag")
	answers := map[int]*http.Response{
		200: ask(s, "GET", "/"+trainingPage),
		301: ask(s, "GET", "/sub"),
		304: ask(s, "GET", "/"+trainingPage, "If-None-Match", etag),
		404: ask(s, "GET", "/nothing"),
		405: ask(s, "POST", "/"),
	}
	for status, r := range answers {
		if r.StatusCode != status {
			t.Errorf("status %d, want %d", r.StatusCode, status)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": testPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("status %d: %s is %q, want %q", status, name, got, want)
			}
		}
		devices := "()"
		if status == 200 || status == 304 { // the training page, where a model can be asked about a picture or a sound
			devices = "(self)"
		}
		for _, want := range []string{"camera=" + devices, "microphone=" + devices, "geolocation=()"} {
			if !strings.Contains(r.Header.Get("Permissions-Policy"), want) {
				t.Errorf("status %d: the Permissions-Policy lacks %s", status, want)
			}
		}
	}
	if answers[405].Header.Get("Allow") != "GET, HEAD" {
		t.Error("405 does not say what is allowed")
	}
}

func TestPathsThatAskForNothing(t *testing.T) {
	dir := build(t, map[string]string{"sub/file.txt": "inside", ".hidden": "h", ".git/config": "g", "empty/x/y.txt": "y"})
	secret := filepath.Join(filepath.Dir(dir), "secret.txt")
	if err := os.WriteFile(secret, []byte("outside"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"leak.txt": "../secret.txt", "absolute.txt": secret, "up": "..", "sub/up.txt": "../../secret.txt", "inner.txt": "sub/file.txt"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	for _, path := range []string{
		"/../secret.txt", "/sub/../../secret.txt", "/sub/../index.html", "/..", "//etc/passwd", "//evil.test/", "/./index.html", "/sub//file.txt",
		"/..\\secret.txt", "/index.html\x00.txt", "/leak.txt", "/absolute.txt", "/up/secret.txt", "/sub/up.txt", "/.hidden", "/.git/config",
		"/empty", "/empty/", "/sub/", "/sub/file.txt/", "/index.html/x", "/missing", "/" + strings.Repeat("a", 5000),
	} {
		r := ask(s, "GET", path)
		if content := body(t, r); r.StatusCode != 404 || strings.Contains(content, "outside") || strings.Contains(content, "file.txt") {
			t.Errorf("GET %.60q: %d %.60q, want 404", path, r.StatusCode, content)
		}
	}
	if got := body(t, ask(s, "GET", "/inner.txt")); got != "inside" {
		t.Errorf("a link that stays inside gives %q", got)
	}
}

// TestTraversalOnTheWire sends paths as a hostile client would write them, past the checks of Go's own client.
func TestTraversalOnTheWire(t *testing.T) {
	dir := build(t, nil)
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "secret.txt"), []byte("outside"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(open(t, dir))
	defer server.Close()
	for _, target := range []string{"/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%5csecret.txt", "/x/..%2f..%2fsecret.txt"} {
		r, err := http.Get(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		if content := body(t, r); r.StatusCode != 404 || strings.Contains(content, "outside") {
			t.Errorf("GET %s: %d %q, want 404", target, r.StatusCode, content)
		}
		r.Body.Close()
	}
}

func TestFolders(t *testing.T) {
	s := open(t, build(t, map[string]string{"docs/a b/index.html": "in"}))
	if got := body(t, ask(s, "GET", "/docs/a b/")); got != "in" {
		t.Errorf("a folder's page is %q", got)
	}
	r := ask(s, "GET", "/docs/a b?model=mlp")
	if to := r.Header.Get("Location"); r.StatusCode != 301 || to != "./a%20b/?model=mlp" {
		t.Errorf("a folder without its slash: %d to %q, want 301 to ./a%%20b/?model=mlp", r.StatusCode, to)
	}
}

func TestCaching(t *testing.T) {
	dir := build(t, map[string]string{"app.0123abcd.js": "hashed", "app.js": "plain", "x.deadbeef.blob": "b", "face.js": "f"})
	s := open(t, dir)
	for path, want := range map[string]string{
		"/app.0123abcd.js": "public, max-age=31536000, immutable",
		"/x.deadbeef.blob": "public, max-age=31536000, immutable",
		"/app.js":          "no-cache",
		"/face.js":         "no-cache",
		"/":                "no-cache",
	} {
		if got := ask(s, "GET", path).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
	}
	etag := ask(s, "GET", "/app.js").Header.Get("ETag")
	if !regexp.MustCompile(`^"[0-9a-f]{32}"$`).MatchString(etag) {
		t.Errorf("ETag %q is not a strong hash", etag)
	}
	if r := ask(s, "GET", "/app.js", "If-None-Match", `"other", `+etag); r.StatusCode != 304 || body(t, r) != "" {
		t.Errorf("the same ETag again: %d, want 304 and nothing else", r.StatusCode)
	}
	later := time.Now().Add(time.Hour)
	path := filepath.Join(dir, "app.js")
	if err := os.WriteFile(path, []byte("PLAIN"), 0o644); err != nil { // of the same length
		t.Fatal(err)
	}
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	r := ask(s, "GET", "/app.js", "If-None-Match", etag)
	if r.StatusCode != 200 || r.Header.Get("ETag") == etag || body(t, r) != "PLAIN" {
		t.Errorf("a changed file: %d with ETag %s, want 200 and another than %s", r.StatusCode, r.Header.Get("ETag"), etag)
	}
}

func TestHeadAndRange(t *testing.T) {
	s := open(t, build(t, map[string]string{"x.bin": "0123456789"}))
	r := ask(s, "HEAD", "/x.bin")
	if r.StatusCode != 200 || r.Header.Get("Content-Length") != "10" || r.Header.Get("ETag") == "" || body(t, r) != "" {
		t.Errorf("HEAD: %d, %v", r.StatusCode, r.Header)
	}
	r = ask(s, "GET", "/x.bin", "Range", "bytes=4-6")
	if got := body(t, r); r.StatusCode != 206 || got != "456" {
		t.Errorf("range: %d %q, want 206 \"456\"", r.StatusCode, got)
	}
	if r := ask(s, "GET", "/x.bin", "Range", "bytes=50-"); r.StatusCode != 416 {
		t.Errorf("range beyond the end: %d, want 416", r.StatusCode)
	}
}

func TestSiteWithoutPolicyIsNotServed(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "default-src 'none'",
		"default-src *":                       "default-src 'none'",
		"default-src 'none';\nscript-src *":   "single line",
		"default-src 'none'; script-src\x00é": "single line",
	} {
		_, err := openSite(build(t, map[string]string{"csp.txt": text}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("policy %q: error %v, want one that says %q", text, err, want)
		}
	}
	dir := build(t, nil)
	if err := os.Remove(filepath.Join(dir, "csp.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := openSite(dir); err == nil || !strings.Contains(err.Error(), "csp.txt") || !strings.Contains(err.Error(), "make build") {
		t.Errorf("no policy: error %v", err)
	}
	if _, err := openSite(filepath.Join(dir, "nothing")); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("no folder: error %v", err)
	}
}

// TestThePolicyOfThisSite holds the committed policy to what the design promises: own origin only, and no inline script but that of the
// sandboxed frame, whose hash the build puts there.
func TestThePolicyOfThisSite(t *testing.T) {
	policy, err := readPolicy(os.DirFS(filepath.Join("..", "..", "static")))
	if err != nil {
		t.Fatal(err)
	}
	const want = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' '{{frame}}'; style-src 'self'; font-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
		"manifest-src 'self'; connect-src 'self'; worker-src 'self' blob:; form-action 'none'; base-uri 'none'"
	if policy != want {
		t.Errorf("static/csp.txt is\n%s\nwant\n%s", policy, want)
	}
}

func TestServeStopsGracefully(t *testing.T) {
	started, finish := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-finish
		io.WriteString(w, "whole")
	})
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, "127.0.0.1:0", handler, in) }()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://127\.0\.0\.1:[1-9][0-9]*/`).Find(line[:n])
	if address == nil {
		t.Fatalf("no address in %q", line[:n])
	}
	answer := make(chan string, 1)
	go func() {
		r, err := http.Get(string(bytes.TrimSpace(address)))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer r.Body.Close()
		content, _ := io.ReadAll(r.Body)
		answer <- string(content)
	}()
	<-started
	cancel() // while a request is under way
	close(finish)
	if got := <-answer; got != "whole" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
	if _, err := http.Get(string(address)); err == nil {
		t.Error("it still answers")
	}
}

func TestRunExplains(t *testing.T) {
	busy := httptest.NewServer(nil)
	defer busy.Close()
	dir := build(t, nil)
	for want, args := range map[string][]string{
		"make build":            {"-dir", filepath.Join(dir, "missing")},
		"-addr":                 {"-dir", dir, "-addr", strings.TrimPrefix(busy.URL, "http://")},
		`unknown argument "x"`:  {"x"},
		"flag provided but not": {"-no-such-flag"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("serve %v: error %v, want one that says %q", args, err, want)
		}
	}
}
