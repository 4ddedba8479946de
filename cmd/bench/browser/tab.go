package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is one tab of a Chromium of its own, with a profile of its own that goes when the tab is closed.
type Tab struct {
	Context context.Context // for chromedp's actions
	stop    func()
}

// Open starts Chromium and waits until it answers. What pages log, and errors that they do not catch, go to log,
// a line each.
func Open(ctx context.Context, log io.Writer) (*Tab, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		// The wrapper finds Chromium and adds what root and a machine without a network need.
		chromedp.ExecPath(filepath.Join(root, "tools/browser/headless_shell")),
		chromedp.WindowSize(1280, 1000),
	)
	allocator, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	tab, stopTab := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // newer events than cdproto knows
	t := &Tab{Context: tab, stop: func() { chromedp.Cancel(tab); stopTab(); stopBrowser() }}
	chromedp.ListenTarget(tab, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			fmt.Fprintln(log, consoleLine(e))
		case *runtime.EventExceptionThrown:
			fmt.Fprintln(log, "uncaught:", e.ExceptionDetails.Error())
		}
	})
	if err := chromedp.Run(tab); err != nil {
		t.stop()
		return nil, fmt.Errorf("browser: Chromium does not start ('make browser' installs it): %w", err)
	}
	return t, nil
}

// Close ends the tab and its Chromium.
func (t *Tab) Close() { t.stop() }

// Visit loads an address and waits for the page's load event.
func (t *Tab) Visit(url string) error {
	if err := chromedp.Run(t.Context, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("browser: %s: %w", url, err)
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
		return fmt.Errorf("browser: %s: %w", shorten(expression), err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return fmt.Errorf("browser: %s gave %s: %w", shorten(expression), shorten(text), err)
	}
	return nil
}

// Call awaits a function of the page with arguments passed as JSON.
func (t *Tab) Call(function string, out any, args ...any) error {
	texts := make([]string, len(args))
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("browser: argument %d of %s: %w", i, function, err)
		}
		texts[i] = string(text)
	}
	return t.Await(function+"("+strings.Join(texts, ", ")+")", out)
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
		return fmt.Errorf("browser: %w", err)
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
