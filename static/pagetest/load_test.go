package pagetest

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// served is the address of the site as cmd/serve serves it: packed, with its headers.
func served(t *testing.T) string {
	t.Helper()
	serve(t) // skips where the site is not built
	binary := filepath.Join(t.TempDir(), "serve")
	build := exec.Command("go", "build", "-o", binary, "./cmd/serve")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	server := exec.Command(binary, "-addr", "127.0.0.1:0", "-dir", dist)
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	_, rest, found := strings.Cut(line, "http://")
	address, _, _ := strings.Cut(rest, "/")
	if err != nil || !found {
		t.Fatalf("serve said %q: %v", line, err)
	}
	return "http://" + address + "/"
}

// The page trains as cmd/serve serves it, so the two policies agree.
func TestTrainsWhenServed(t *testing.T) {
	t.Parallel()
	p := openKept(t, served(t)+"train.html#data=digits&model=logistic&epochs=1")
	p.start()
	p.wait("the end", state+` === "done"`)
	p.wait("the site to be kept", kept)
	p.clean()
	if warnings := p.Warnings(); len(warnings) > 0 { // such as a feature that Permissions-Policy names and nobody knows
		t.Errorf("the browser warns: %s", strings.Join(warnings, "\n"))
	}
}

// Everything that the page names is there, relative to wherever it lies, and is asked for once.
func TestLoadsFromSubPath(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := openWith(t, s.page(""), chromium.Options{}) // a cache in memory has no room for the trainer
	p.wait("the data", dataReady)
	p.wait("the site to be kept", kept)
	_, paths := s.requests(0)
	seen := map[string]bool{}
	for _, path := range paths {
		if strings.HasPrefix(path, "/") {
			t.Errorf("%s was asked for: not below the page's own folder", path)
		}
		again := strings.Contains(path, "favicon") || path == "manifest.webmanifest" || path == "train.html" // of the browser, and of what keeps the site
		if seen[path] && !again {
			t.Errorf("%s was asked for twice", path)
		}
		seen[path] = true
	}
	if eval[bool](p, `document.querySelectorAll("[style], script:not([src]), style").length > 0`) && !s.scripted(p) {
		t.Error("the page has inline styles or scripts")
	}
	p.clean()
}

// scripted says whether what is inline was set by a script through the object model, which the policy allows.
func (s *site) scripted(p *tab) bool {
	return eval[bool](p, `fetch(location.href).then((r) => r.text()).then((html) => !/ style=|<style|<script>/.test(html))`)
}

// shifts adds up how far a page's parts jump while nobody does anything, as browsers measure it (Layout Instability), and
// notes which.
const shifts = `globalThis.shifts = [];
	new PerformanceObserver((list) => {
		for (const { value, hadRecentInput, sources } of list.getEntries()) {
			if (!hadRecentInput) shifts.push({ Value: value, Of: sources.map(({ node, previousRect: from, currentRect: to }) => (node?.id || node?.className || node?.nodeName) + " " + [from.x, to.x, from.y, to.y, from.width, to.width, from.height, to.height].map(Math.round)).join("; ") });
		}
	}).observe({ type: "layout-shift", buffered: true });`

// From the first paint to the end of a run nothing on the training page jumps.
func TestNothingJumps(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, "about:blank", 1280)
	if err := p.Before(shifts); err != nil {
		t.Fatal(err)
	}
	for i, screen := range screens {
		if !longer && i%3 > 0 { // the desk's and the phone's are always tried
			continue
		}
		p.run(chromedp.EmulateViewport(screen.Width, screen.Height), chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("#data=digits&model=logistic&epochs=1")))
		p.wait("the proposal", proposed)
		p.click("train")
		p.wait("the end", state+` === "done" && !document.getElementById("save").disabled`)
		type shift struct {
			Value float64
			Of    string
		}
		sum := 0.0
		all := eval[[]shift](p, "shifts")
		for _, s := range all {
			sum += s.Value
		}
		if sum >= 0.02 {
			t.Errorf("%d x %d: the layout shifts by %.3f: %v", screen.Width, screen.Height, sum, all)
		}
		p.save() // nothing is lost by leaving
	}
}
