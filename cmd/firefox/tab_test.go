package firefox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testPage = `data:text/html,<button style="margin:2000px 0" onclick="this.textContent='pressed'">press</button><input type="file" hidden>`

func TestTab(t *testing.T) {
	if os.Getenv("CLOISTER_LONG") == "" {
		t.Skip("SKIPPED: CLOISTER_LONG is not set")
	}
	if !Installed() {
		t.Skip("SKIPPED: there is no Firefox; make firefox installs it")
	}
	tab, err := Open(t.Context(), 360, 500)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if err := tab.Visit(testPage); err != nil {
		t.Fatal(err)
	}
	var width int
	if err := tab.Await("new Promise((go) => setTimeout(() => go(innerWidth)))", &width); err != nil || width != 360 {
		t.Errorf("%d, %v, want 360", width, err)
	}
	if err := tab.Await("Promise.reject(new Error('no way'))", nil); err == nil || !strings.Contains(err.Error(), "no way") {
		t.Errorf("error %v", err)
	}
	var text string
	if err := tab.Click(`document.querySelector("button")`); err != nil {
		t.Error(err)
	}
	if err := tab.Await(`document.querySelector("button").textContent`, &text); err != nil || text != "pressed" {
		t.Errorf("after a click the button says %q, %v", text, err)
	}
	file := filepath.Join(t.TempDir(), "some.txt")
	if err := os.WriteFile(file, []byte("words"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tab.Upload(`document.querySelector("input")`, file); err != nil {
		t.Error(err)
	}
	if err := tab.Await(`document.querySelector("input").files[0].text()`, &text); err != nil || text != "words" {
		t.Errorf("the file says %q, %v", text, err)
	}
	if err := tab.Await("new Promise((go) => { setTimeout(() => { setTimeout(go, 100); throw new Error('nobody catches'); }); })", nil); err != nil {
		t.Error(err)
	}
	if p := tab.Problems(); len(p) != 1 || !strings.Contains(p[0], "nobody catches") {
		t.Errorf("problems %q", p)
	}
	tab.Close()
	if err := tab.Visit(testPage); err == nil {
		t.Error("a page is visited in a browser that was closed")
	}
}
