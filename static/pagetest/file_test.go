package pagetest

import (
	"path/filepath"
	"strings"
	"testing"
)

// A page that is opened as a file cannot start its program; it says so, and what to do.
func TestSaysWhatToDoWithFiles(t *testing.T) {
	t.Parallel()
	serve(t) // skips where the site is not built
	for _, page := range pages {
		path, err := filepath.Abs(filepath.Join(dist, page))
		if err != nil {
			t.Fatal(err)
		}
		p := open(t, "file://"+path, 1280)
		p.wait("what to do", `document.getElementById("opened-as-file")`)
		if words := p.text("opened-as-file"); !strings.Contains(words, "opened as a file") || !strings.Contains(words, "http.server") {
			t.Errorf("%s says %q", page, words)
		}
	}
}
