package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// patience is for what takes long on a busy machine; nothing waits longer than it must.
const patience = 120 * time.Second

// tab is a page in a browser with an empty profile: see open and openWith.
type tab struct {
	*chromium.Tab
	t *testing.T
}

// longer says that make test-long runs: there is time for more of the same.
var longer = os.Getenv("CLOISTER_LONG") != ""

// long skips what takes more than make test has time for; make test-long runs it.
func long(t *testing.T) {
	t.Helper()
	if !longer {
		t.Skip("SKIPPED: CLOISTER_LONG is not set")
	}
}

// shared is the browser in which each test has tabs of its own, for starting one takes as long as many a test. Its pages share
// one process, so that it compiles the trainer once.
var shared = sync.OnceValues(func() (*chromium.Tab, error) {
	browser, err := chromium.Open(context.Background(), chromium.Options{Flags: map[string]string{"process-per-site": ""}})
	if err == nil {
		closeShared = browser.Close
	}
	return browser, err
})

var closeShared = func() {}

// visited are the hosts that the shared browser has opened.
var visited sync.Map

func TestMain(m *testing.M) {
	code := m.Run()
	closeShared()
	os.Exit(code)
}

// open opens an address in a new tab of the given width, which knows nothing of any other test's. Its browser does not keep the
// site for use offline, as some do not in a private window: that takes a quarter of most tests' time.
func open(t *testing.T, address string, width int) *tab {
	t.Helper()
	return openShared(t, address, chromium.Options{Width: width, Height: 900, Script: keepsNoSite})
}

const keepsNoSite = `delete Navigator.prototype.serviceWorker;`

// openKept opens it where the browser keeps the site for use offline.
func openKept(t *testing.T, address string) *tab {
	t.Helper()
	return openShared(t, address, chromium.Options{Width: 1280, Height: 900})
}

func openShared(t *testing.T, address string, o chromium.Options) *tab {
	t.Helper()
	return reach(t, address, func() (*chromium.Tab, error) {
		browser, err := shared()
		if err != nil {
			return nil, err
		}
		at, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		// What a browser keeps it keeps for a host and port; a test's server has a port of its own.
		if _, again := visited.LoadOrStore(at.Host, true); again && at.Host != "" {
			return browser.Apart(o)
		}
		return browser.Another(o)
	})
}

// openWhole opens it in the browser that people have, with all the doors that it has.
func openWhole(t *testing.T, address string) *tab {
	t.Helper()
	return openWith(t, address, chromium.Options{Width: 1280, Height: 900, Whole: true})
}

// openWith opens it in a browser that no other test has.
func openWith(t *testing.T, address string, o chromium.Options) *tab {
	t.Helper()
	return reach(t, address, func() (*chromium.Tab, error) { return chromium.Open(context.Background(), o) })
}

func reach(t *testing.T, address string, open func() (*chromium.Tab, error)) *tab {
	t.Helper()
	if !chromium.Installed() {
		t.Skip("SKIPPED: there is no Chromium to test in; make browser installs it")
	}
	driven, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(driven.Close)
	p := &tab{driven, t}
	p.run(chromedp.Navigate(address))
	return p
}

// clean fails the test if the console has shown an error.
func (p *tab) clean() {
	p.t.Helper()
	if problems := p.Problems(); len(problems) > 0 {
		p.t.Errorf("the console shows errors: %s", strings.Join(problems, "\n"))
	}
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.Context, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// eval is the value of a JavaScript expression, awaited if it is a promise.
func eval[T any](p *tab, expression string) (value T) {
	p.t.Helper()
	await := func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }
	p.run(chromedp.Evaluate(expression, &value, await))
	return value
}

// wait waits until a JavaScript expression is true; it fails with what the page says when patience ends.
func (p *tab) wait(what, expression string) {
	p.t.Helper()
	p.waitFor(patience, what, expression)
}

func (p *tab) waitFor(most time.Duration, what, expression string) {
	p.t.Helper()
	for deadline := time.Now().Add(most); ; time.Sleep(50 * time.Millisecond) {
		if p.holds("Promise.resolve(" + expression + ").then(Boolean)") {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %s; the page says: %s", what, eval[string](p, `document.querySelector("main").innerText`))
		}
	}
}

// holds is what an expression says. A page that is on its way to another breaks off the question: it does not hold yet.
func (p *tab) holds(expression string) (value bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.Context, patience)
	defer cancel()
	err := chromedp.Run(ctx, chromedp.Evaluate(expression, &value, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	if err != nil && !strings.Contains(err.Error(), "Inspected target navigated or closed") {
		p.t.Fatal(err)
	}
	return value && err == nil
}

// text is what an element shows.
func (p *tab) text(id string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.getElementById(%s).innerText", quote(id)))
}

func (p *tab) click(id string) {
	p.t.Helper()
	p.clickOn(fmt.Sprintf("document.getElementById(%s)", quote(id)))
}

// clickButton presses the first button shown that bears these words.
func (p *tab) clickButton(words string) {
	p.t.Helper()
	p.clickOn(fmt.Sprintf(`[...document.querySelectorAll("button")].find((b) => b.offsetParent && b.innerText.trim() === %s)`, quote(words)))
}

func (p *tab) clickOn(element string) {
	p.t.Helper()
	if err := p.Click(element); err != nil {
		p.t.Fatal(err)
	}
}

// choose gives a select or a field a value, as a person would.
func (p *tab) choose(id, value string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`(() => { const e = document.getElementById(%s); e.value = %s; e.dispatchEvent(new Event("change")); })()`, quote(id), quote(value)))
}

// set writes a value into a setting's field.
func (p *tab) set(key, value string) {
	p.t.Helper()
	p.choose("setting-"+key, value)
}

// upload gives a file input a file.
func (p *tab) upload(id, file string) {
	p.t.Helper()
	p.run(chromedp.SetUploadFiles("#"+id, []string{file}, chromedp.ByQuery))
}

// saving is held by the one test for which the shared browser saves files.
var saving sync.Mutex

// downloaded presses what saves a file, and returns that file once the browser has written all of it. What is said is told if there is none.
func (p *tab) downloaded(pattern string, press func(), said func() string) string {
	p.t.Helper()
	saving.Lock()
	defer saving.Unlock()
	folder := p.t.TempDir()
	p.run(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(folder).WithBrowserContextID(chromedp.FromContext(p.Context).BrowserContextID))
	press()
	before := int64(0)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(folder, pattern))
		if len(files) != 1 {
			continue
		}
		info, err := os.Stat(files[0])
		if err == nil && info.Size() > 0 && info.Size() == before {
			return files[0]
		}
		if err == nil {
			before = info.Size()
		}
	}
	p.t.Fatalf("no %s was downloaded; the page says %q", pattern, said())
	return ""
}

func quote(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

const (
	dataReady = `!document.getElementById("train").disabled`
	state     = `document.body.dataset.state`
)

// train opens the training page with settings in its address, waits for the data and presses Train.
func (s *site) train(t *testing.T, settings string) *tab {
	t.Helper()
	p := open(t, s.page("#"+settings), 1280)
	p.start()
	return p
}

// start presses Train as soon as the data is there.
func (p *tab) start() {
	p.t.Helper()
	p.wait("the data", dataReady)
	p.click("train")
}

var stepWords = regexp.MustCompile(`(?:step |Done: )([\d,]+)`)

// steps is how many steps the page says are done.
func (p *tab) steps() int {
	p.t.Helper()
	words := p.text("progress-words")
	found := stepWords.FindStringSubmatch(words)
	if found == nil {
		p.t.Fatalf("the page tells no step: %q", words)
	}
	n, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}
