package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is for what takes long on a busy machine; nothing waits longer than it must.
const patience = 120 * time.Second

// wrapper starts whichever Chromium there is, with what a test needs.
const wrapper = "../../tools/browser/headless_shell"

func needBrowser(t *testing.T) {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if _, err := exec.LookPath(name); err == nil {
			return
		}
	}
	t.Skip("SKIPPED: there is no Chromium to test in; make browser installs it")
}

// tab is a page in a browser of its own, with an empty profile.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	problems []string // uncaught exceptions and the console's errors
}

// open opens an address in a new tab of the given width.
func open(t *testing.T, address string, width int) *tab {
	t.Helper()
	needBrowser(t)
	path, err := filepath.Abs(wrapper)
	if err != nil {
		t.Fatal(err)
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); end() })
	if err := chromedp.Run(ctx); err != nil { // the browser lives as long as the context that it is started with
		t.Fatal(err)
	}
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	p.run(log.Enable(), chromedp.EmulateViewport(int64(width), 900), chromedp.Navigate(address))
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			p.problems = append(p.problems, e.Entry.Text)
		}
	}
}

// clean fails the test if the console has shown an error.
func (p *tab) clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.problems) > 0 {
		p.t.Errorf("the console shows errors: %s", strings.Join(p.problems, "\n"))
	}
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
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
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if eval[bool](p, "Promise.resolve("+expression+").then(Boolean)") {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %s; the page says: %s", what, eval[string](p, `document.querySelector("main").innerText`))
		}
	}
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

// clickOn clicks as a person would: it waits until the element is there, has stopped moving and is what lies under the
// finger. A click that is aimed while the page still scrolls or draws lands beside its target.
func (p *tab) clickOn(element string) {
	p.t.Helper()
	at := eval[[]float64](p, fmt.Sprintf(`(async () => {
		for (let last, end = performance.now() + 60000; performance.now() < end; ) {
			await new Promise(requestAnimationFrame);
			const target = %s;
			target?.scrollIntoViewIfNeeded();
			const box = target?.getBoundingClientRect();
			const at = box && [box.x + box.width / 2, box.y + box.height / 2];
			if (at && String(at) === String(last) && !target.disabled && target.contains(document.elementFromPoint(...at))) return at;
			last = at;
		}
		throw new Error("nothing to press: it is missing, moves, is disabled or covered");
	})()`, element))
	p.run(chromedp.MouseClickXY(at[0], at[1]))
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
	p.wait("the data", dataReady)
	p.click("train")
	return p
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
