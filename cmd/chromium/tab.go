// Package chromium drives a headless Chromium. The tests of the page, the benchmark and the experiments share it.
package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is one tab of a Chromium, of its own unless [Tab.Another] or [Tab.Apart] made it. A profile that nobody named goes when it is closed.
type Tab struct {
	Context context.Context // for chromedp's actions

	stop     func() // closes what there is
	drop     func() // forgets what is dead
	log      io.Writer
	mu       sync.Mutex
	problems []string
	warnings []string
}

// Options of a tab; the zero value will do.
type Options struct {
	Width, Height int               // of the viewport in pixels; 0: 1280 by 1000
	Log           io.Writer         // gets what pages log and errors that they do not catch, a line each; nil: nobody does
	Flags         map[string]string // further switches of Chromium, without dashes
	Profile       string            // folder that outlives the browser; "": an empty one, which does not
	Script        string            // runs in every page before its own; "": none
	Whole         bool              // the browser that people have, even where one built without a window is installed
}

// Installed says whether there is a Chromium to drive.
func Installed() bool {
	return slices.ContainsFunc([]string{"chromium", "chromium-browser", "google-chrome"}, func(name string) bool {
		_, err := exec.LookPath(name)
		return err == nil
	})
}

// Open starts Chromium and waits until it answers.
func Open(ctx context.Context, o Options) (*Tab, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	if o.Width == 0 {
		o.Width, o.Height = 1280, 1000
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		// The wrapper finds Chromium and adds what root and a machine without a network need.
		chromedp.ExecPath(filepath.Join(root, "tools/browser/headless_shell")),
		// Nobody types addresses: the page that suggests some would be a renderer of its own.
		chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"),
		chromedp.WindowSize(1280, 1000),
		chromedp.WSURLReadTimeout(2*time.Minute), // it may start while others keep the machine busy
	)
	if o.Whole {
		options = append(options, chromedp.Env("WHOLE_BROWSER=1"))
	}
	if o.Profile != "" {
		options = append(options, chromedp.UserDataDir(o.Profile))
	}
	for name, value := range o.Flags {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	tab, stopTab := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // newer events than cdproto knows
	t := &Tab{Context: tab, log: o.Log, stop: sync.OnceFunc(func() { chromedp.Cancel(tab); stopTab(); stopBrowser() })}
	t.drop = func() { stopTab(); stopBrowser() }
	return t, t.start(o)
}

// Another opens one more tab of the same browser and of the same profile; it ends with t at the latest.
func (t *Tab) Another(o Options) (*Tab, error) { return t.beside(o) }

// Apart opens one more tab of the same browser, with cookies, storage and permissions of its own, as a private window has.
func (t *Tab) Apart(o Options) (*Tab, error) { return t.beside(o, chromedp.WithNewBrowserContext()) }

func (t *Tab) beside(o Options, more ...chromedp.ContextOption) (*Tab, error) {
	tab, stop := chromedp.NewContext(t.Context, more...)
	second := &Tab{Context: tab, log: o.Log, stop: sync.OnceFunc(func() { chromedp.Cancel(tab); stop() }), drop: stop}
	if o.Width == 0 {
		o.Width, o.Height = 1280, 1000
	}
	return second, second.start(o)
}

func (t *Tab) start(o Options) error {
	if t.log == nil {
		t.log = io.Discard
	}
	chromedp.ListenTarget(t.Context, t.hear)
	if err := chromedp.Run(t.Context); err != nil { // the browser lives as long as the context that it is started with
		t.stop()
		return fmt.Errorf("chromium: it does not start ('make browser' installs it): %w", err)
	}
	if err := chromedp.Run(t.Context, log.Enable(), chromedp.EmulateViewport(int64(o.Width), int64(o.Height))); err != nil {
		t.stop()
		return fmt.Errorf("chromium: %w", err)
	}
	if o.Script == "" {
		return nil
	}
	return t.Before(o.Script)
}

// Close ends the tab and, where it has one of its own, its Chromium, once.
func (t *Tab) Close() { t.stop() }

// Kill ends the whole Chromium at once, as a crash would, and waits until it is gone.
func (t *Tab) Kill() error {
	process := chromedp.FromContext(t.Context).Browser.Process()
	if err := process.Kill(); err != nil {
		return fmt.Errorf("chromium: killing it: %w", err)
	}
	t.drop() // waits for the process
	t.stop = func() {}
	return nil
}

func (t *Tab) hear(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		fmt.Fprintln(t.log, consoleLine(e))
	case *runtime.EventExceptionThrown:
		t.problems = append(t.problems, e.ExceptionDetails.Error())
		fmt.Fprintln(t.log, "uncaught:", e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		switch e.Entry.Level {
		case log.LevelError:
			t.problems = append(t.problems, e.Entry.Text)
		case log.LevelWarning:
			t.warnings = append(t.warnings, e.Entry.Text)
		}
	}
}

// Problems are the exceptions that nobody caught and the errors that the browser has logged so far.
func (t *Tab) Problems() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.problems)
}

// Warnings are those that the browser has logged so far.
func (t *Tab) Warnings() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.warnings)
}

// Visit loads an address and waits for the page's load event.
func (t *Tab) Visit(url string) error {
	if err := chromedp.Run(t.Context, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("chromium: %s: %w", url, err)
	}
	return nil
}

// Before runs a script in every page that is loaded from now on, before the page's own.
func (t *Tab) Before(script string) error {
	return t.do(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}

// Await evaluates an expression in the page, waits if it is a promise, and stores its JSON value in out (nil: ignored).
func (t *Tab) Await(expression string, out any) error {
	var text string
	wrapped := fmt.Sprintf("(async () => JSON.stringify(await (%s)) ?? 'null')()", expression)
	err := chromedp.Run(t.Context, chromedp.Evaluate(wrapped, &text, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
	if err != nil {
		return fmt.Errorf("chromium: %s: %w", shorten(expression), err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return fmt.Errorf("chromium: %s gave %s: %w", shorten(expression), shorten(text), err)
	}
	return nil
}

// Call awaits a function of the page with arguments passed as JSON.
func (t *Tab) Call(function string, out any, args ...any) error {
	texts := make([]string, len(args))
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("chromium: argument %d of %s: %w", i, function, err)
		}
		texts[i] = string(text)
	}
	return t.Await(function+"("+strings.Join(texts, ", ")+")", out)
}

// Click clicks on the element that an expression finds, as a person would: it waits, for up to a minute, until the
// element is there, has stopped moving and is what lies under the finger. A click that is aimed while the page still
// scrolls or draws lands beside its target.
func (t *Tab) Click(element string) error {
	var at []float64
	err := t.Await(fmt.Sprintf(`(async () => {
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
	})()`, element), &at)
	if err != nil {
		return err
	}
	if err := chromedp.Run(t.Context, chromedp.MouseClickXY(at[0], at[1])); err != nil {
		return fmt.Errorf("chromium: clicking on %s: %w", shorten(element), err)
	}
	return nil
}

// Version is the browser's own name and version.
func (t *Tab) Version() (string, error) {
	var product string
	err := t.do(func(ctx context.Context) error {
		_, p, _, _, _, err := cdpbrowser.GetVersion().Do(ctx)
		product = p
		return err
	})
	return product, err
}

func (t *Tab) do(f func(context.Context) error) error {
	if err := chromedp.Run(t.Context, chromedp.ActionFunc(f)); err != nil {
		return fmt.Errorf("chromium: %w", err)
	}
	return nil
}

func consoleLine(e *runtime.EventConsoleAPICalled) string {
	parts := []string{"console." + string(e.Type) + ":"}
	for _, a := range e.Args {
		switch {
		case a.Value != nil:
			parts = append(parts, strings.Trim(string(a.Value), `"`))
		default:
			parts = append(parts, a.Description)
		}
	}
	return strings.Join(parts, " ")
}

func shorten(s string) string {
	if len(s) > 120 {
		return s[:120] + "..."
	}
	return s
}

// Root is the repository's folder: the nearest one above the working directory that holds go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("chromium: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("chromium: no go.mod above the working directory: run inside the repository")
		}
		dir = parent
	}
}
