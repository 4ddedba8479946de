package pagetest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README of the template, followed to the letter in an empty folder, ends with a page that trains.
func TestFirstTutorialInTenMinutes(t *testing.T) {
	t.Parallel()
	packageFolder(t)
	project, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(project, "template/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) != 2 || !strings.Contains(blocks[1][1], "http-server") {
		t.Fatalf("the README has the commands %q, want those that make the page and one that serves it", blocks)
	}
	folder := t.TempDir()
	shell := exec.Command("sh", "-e", "-c", strings.ReplaceAll(blocks[0][1], "PROJECT", project))
	shell.Dir = folder
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Any static server will do, it says: this is one.
	host := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(host.Close)
	p := open(t, host.URL, 900)
	p.wait("the element", `document.querySelector("cloister-trainer").shadowRoot`)
	eval[any](p, `document.querySelector("cloister-trainer").shadowRoot.querySelector("[part=train]").click()`)
	p.wait("the end", `document.querySelector("cloister-trainer").shadowRoot.querySelector("[part=status]").innerText.startsWith("Done")`)
	figures := eval[string](p, `document.querySelector("cloister-trainer").shadowRoot.querySelector("[part=figures]").innerText`)
	if !strings.Contains(figures, "Test accuracy") {
		t.Errorf("the page shows %q", figures)
	}
	p.clean()
}
