package pagetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// kept says that the browser has all of the site and answers for it.
const kept = `navigator.serviceWorker.controller?.state === "activated"`

// After one visit the site opens, trains and hands over a model without a network, a packed dataset that was open included.
func TestWorksOffline(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.pack(t, "fold #2", "-digits", "2000", "-test-digits", "500")
	p := openKept(t, s.page("#data=digits&model=logistic"))
	p.wait("the site to be kept", kept)
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("#data=fold+%232&model=logistic&epochs=2")))
	p.wait("the packed data", dataReady+` && document.getElementById("provenance").textContent.startsWith("2,000")`)
	s.Close()
	p.run(chromedp.Reload())
	p.wait("the data without a network", dataReady+` && document.getElementById("provenance").textContent.startsWith("2,000")`)
	p.click("train")
	p.wait("the end", state+` === "done"`)
	p.save()
	p.kept("Model (ONNX)", "*.onnx")
	p.run(chromedp.Navigate(s.page("accountant.html")))
	p.wait("the accountant's answer", answered)
	p.run(chromedp.Navigate(s.page("learn-clip-and-noise.html")))
	p.wait("a tutorial", `document.querySelector("learn-sum svg path") !== null`)
}

// rebuilt is another build of the site: every page and every script says that it is the second.
func rebuilt(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	room := t.TempDir()
	static := filepath.Join(room, "static")
	for _, name := range []string{"pages", "src", "styles", "img", "tutorials", "mechanisms"} {
		if err := os.CopyFS(filepath.Join(static, name), os.DirFS(filepath.Join(root, "static", name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"build.mjs", "tutorials.mjs", "csp.txt", "manifest.webmanifest", "package.json", "tsconfig.json"} {
		copyFile(t, filepath.Join(root, "static", name), filepath.Join(static, name), "")
	}
	for name, from := range map[string]string{filepath.Join(static, "node_modules"): "static/node_modules", filepath.Join(room, "build"): "build"} {
		if err := os.Symlink(filepath.Join(root, from), name); err != nil {
			t.Fatal(err)
		}
	}
	entries, _ := filepath.Glob(filepath.Join(static, "src/pages/*.ts"))
	for _, name := range append(entries, filepath.Join(static, "src/workers/trainer.ts"), filepath.Join(static, "src/workers/compute.ts")) {
		copyFile(t, name, name, "\n(globalThis as any).second = true;\n")
	}
	copyFile(t, filepath.Join(static, "pages/footer.html"), filepath.Join(static, "pages/footer.html"), "\n<p id=\"second\">The second build.</p>\n")
	folder := filepath.Join(room, "dist")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("node", "build.mjs", folder)
	build.Dir = static
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return folder
}

// copyFile copies a file, perhaps onto itself, and adds a text at its end.
func copyFile(t *testing.T, from, to, more string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, append(text, more...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// oneBuild says whether the page and its script are of one build, and of which.
const oneBuild = `[!!document.getElementById("second"), !!globalThis.second].join()`

// While a tab trains, the host gets another build, and loses the first. The tab trains on, and can start another trainer of
// its own build; a second tab gets the new one. Without a network, a page is still of one build.
func TestUpdateBreaksNoTab(t *testing.T) {
	long(t)
	t.Parallel()
	s := serve(t)
	second := rebuilt(t)
	p := openKept(t, s.page("#data=digits&model=logistic&epochs=1000&batch=100"))
	p.start()
	p.wait("the run", `/^Training/.test(document.getElementById("progress-words").innerText)`)
	p.wait("the site to be kept", kept)
	p.click("train") // a pause, for the other tab's sake
	p.wait("the pause", state+` === "paused"`)
	s.mu.Lock()
	s.root = second
	s.mu.Unlock()

	other, stop := chromedp.NewContext(p.Context)
	t.Cleanup(stop)
	if err := chromedp.Run(other); err != nil { // a tab lives as long as the context that it is opened with
		t.Fatal(err)
	}
	q := &tab{&chromium.Tab{Context: other}, t}
	q.run(page.BringToFront(), chromedp.Navigate(s.page("#data=digits&model=logistic&epochs=1")))
	q.wait("the data", dataReady)
	if builds := eval[string](q, oneBuild); builds != "true,true" {
		t.Errorf("the new tab has page and script of the second build: %s", builds)
	}
	q.click("train")
	q.wait("the end", state+` === "done" && !document.getElementById("save").disabled`)
	q.save()

	p.run(page.BringToFront())
	p.click("train")
	p.wait("the first tab to go on", state+` === "running"`)
	p.click("stop")
	p.wait("the end", state+` === "done" && !document.getElementById("save").disabled`)
	p.save()
	p.kept("Model (ONNX)", "*.onnx") // by the program of its own build, which the host has lost
	p.choose("data", "digits")
	p.clickButton("Open")
	p.wait("another trainer", dataReady+` && `+state+` === "idle"`)
	if builds := eval[string](p, oneBuild); builds != "false,false" {
		t.Errorf("the first tab has page and script of the first build: %s", builds)
	}
	s.Close()
	for _, tab := range []*tab{p, q} {
		tab.run(page.BringToFront(), chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("#data=digits&model=logistic&epochs=1")))
		tab.wait("the data without a network", dataReady)
		if builds := eval[string](tab, oneBuild); builds != "true,true" && builds != "false,false" {
			t.Errorf("without a network, page and script are of the second build: %s", builds)
		}
	}
}

// What the host has replaced by something else is not kept: a build is kept whole or not at all.
func TestKeepsNoForeignFile(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.change = func(path string, body []byte) []byte {
		if path == "tour.html" {
			return append(body, "<!-- of another build -->"...)
		}
		return body
	}
	p := openKept(t, s.page("#data=digits&model=logistic&epochs=1"))
	p.wait("the data", dataReady)
	p.wait("the refusal", `navigator.serviceWorker.register("sw.js").then(async (r) => {
		const worker = r.installing ?? r.waiting ?? r.active;
		if (worker && worker.state !== "redundant") await new Promise((go) => worker.addEventListener("statechange", go));
		return worker?.state === "redundant";
	}, () => true)`)
	if eval[bool](p, kept) {
		t.Error("a site is kept that has a file of another build")
	}
}

// The browser offers to install it.
func TestInstallable(t *testing.T) {
	t.Parallel()
	p := openKept(t, serve(t).page(""))
	p.wait("the site to be kept", kept)
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		faults, err := page.GetInstallabilityErrors().Do(ctx)
		for _, fault := range faults {
			t.Errorf("it cannot be installed: %s %v", fault.ErrorID, fault.ErrorArguments)
		}
		return err
	}))
}
