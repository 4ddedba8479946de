package browser

import (
	"io"
	"net/http"
	"testing"
)

func TestSite(t *testing.T) {
	site, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	if err := site.Mount("/absent/", "testdata/absent"); err == nil {
		t.Error("mounted a folder that is not there")
	}
	if err := site.Mount("/own/", "."); err != nil {
		t.Fatal(err)
	}
	first, second := site.File("a.wasm", []byte("one")), site.File("a.wasm", []byte("two"))
	for _, c := range []struct{ path, kind, content string }{
		{first, "application/wasm", "one"},
		{second, "application/wasm", "two"},
		{"/own/hook.js", "text/javascript; charset=utf-8", hook},
	} {
		kind, content := get(t, site.URL+c.path)
		if kind != c.kind || content != c.content {
			t.Errorf("%s: %q of %d bytes, want %q of %d", c.path, kind, len(content), c.kind, len(c.content))
		}
	}
}

func get(t *testing.T, url string) (kind, content string) {
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Header.Get("Content-Type"), string(body)
}
