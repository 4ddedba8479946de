// Package firefox drives a headless Firefox over WebDriver BiDi, which Firefox speaks by itself: no driver is needed beside it.
package firefox

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tab is the one tab of a Firefox of its own, with an empty profile that goes when it is closed.
type Tab struct {
	ctx     context.Context
	session *session
	tab     string // its browsing context
	stop    func()

	mu       sync.Mutex
	problems []string
}

// program is Firefox's name on this machine.
func program() string {
	for _, name := range []string{"firefox-esr", "firefox"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Installed says whether there is a Firefox to drive.
func Installed() bool { return program() != "" }

// preferences keep Firefox from asking its makers for anything, and from asking anybody about leaving a page; calls may be made to this machine, where a
// test listens for them.
const preferences = `user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("dom.disable_beforeunload", true);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.enabled", false);
`

// Open starts Firefox with a viewport of this many pixels, and waits until it answers.
func Open(ctx context.Context, width, height int) (*Tab, error) {
	profile, err := os.MkdirTemp("", "cloister-firefox")
	if err != nil {
		return nil, fmt.Errorf("firefox: %w", err)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(preferences), 0o644); err != nil {
		return nil, fmt.Errorf("firefox: %w", err)
	}
	process := exec.CommandContext(ctx, program(), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank")
	said, err := process.StderrPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("firefox: it does not start ('make firefox' installs it): %w", err)
	}
	t := &Tab{ctx: ctx}
	t.stop = sync.OnceFunc(func() {
		if t.session != nil {
			closing, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			if t.session.do(closing, "browser.close", struct{}{}, nil) != nil {
				process.Process.Kill()
			}
			t.session.conn.Close()
		} else {
			process.Process.Kill()
		}
		process.Wait()
		os.RemoveAll(profile)
	})
	if err := t.start(listening(said), width, height); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

var address = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// listening tells the address that Firefox names among what it says, and goes on reading, so that Firefox never waits to be heard.
func listening(said interface{ Read([]byte) (int, error) }) <-chan string {
	found := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if at := address.FindStringSubmatch(lines.Text()); at != nil {
				found <- at[1]
			}
		}
		close(found)
	}()
	return found
}

func (t *Tab) start(address <-chan string, width, height int) (err error) {
	select {
	case at, ok := <-address:
		if !ok {
			return errors.New("firefox: it ended before it listened")
		}
		if t.session, err = dial(t.ctx, at+"/session", t.hear); err != nil {
			return err
		}
	case <-time.After(5 * time.Minute): // it may start while others keep the machine busy
		return errors.New("firefox: it does not listen")
	}
	if err := t.do("session.new", map[string]any{"capabilities": struct{}{}}, nil); err != nil {
		return err
	}
	if err := t.do("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil); err != nil {
		return err
	}
	var tree struct{ Contexts []struct{ Context string } }
	if err := t.do("browsingContext.getTree", struct{}{}, &tree); err != nil {
		return err
	}
	if len(tree.Contexts) == 0 {
		return errors.New("firefox: it has no tab")
	}
	t.tab = tree.Contexts[0].Context
	return t.Resize(width, height)
}

// Close ends the tab and its Firefox, once.
func (t *Tab) Close() { t.stop() }

func (t *Tab) do(method string, params, out any) error {
	return t.session.do(t.ctx, method, params, out)
}

func (t *Tab) hear(method string, params json.RawMessage) {
	var entry struct{ Level, Text string }
	if method != "log.entryAdded" || json.Unmarshal(params, &entry) != nil || entry.Level != "error" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problems = append(t.problems, entry.Text)
}

// Problems are the exceptions that nobody caught and the errors that pages have logged so far.
func (t *Tab) Problems() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.problems)
}

// Resize gives the page a viewport of this many pixels.
func (t *Tab) Resize(width, height int) error {
	return t.do("browsingContext.setViewport", map[string]any{"context": t.tab, "viewport": map[string]int{"width": width, "height": height}}, nil)
}

// Visit loads an address and waits for the page's load event.
func (t *Tab) Visit(url string) error {
	return t.do("browsingContext.navigate", map[string]any{"context": t.tab, "url": url, "wait": "complete"}, nil)
}

// Reload loads the page once more.
func (t *Tab) Reload() error {
	return t.do("browsingContext.reload", map[string]any{"context": t.tab, "wait": "complete"}, nil)
}

// evaluated is what a script came to: a value of the page, or what it threw.
type evaluated struct {
	Type   string
	Result struct {
		Value    json.RawMessage
		SharedID string // of an element
	}
	ExceptionDetails struct{ Text string }
}

func (t *Tab) evaluate(expression string) (e evaluated, err error) {
	err = t.do("script.evaluate", map[string]any{"expression": expression, "target": map[string]string{"context": t.tab}, "awaitPromise": true}, &e)
	if err == nil && e.Type != "success" {
		err = fmt.Errorf("firefox: %s: %s", shorten(expression), e.ExceptionDetails.Text)
	}
	return e, err
}

// Await evaluates an expression in the page, waits if it is a promise, and stores its JSON value in out (nil: ignored).
func (t *Tab) Await(expression string, out any) error {
	e, err := t.evaluate(fmt.Sprintf("(async () => JSON.stringify(await (%s)) ?? 'null')()", expression))
	if err != nil || out == nil {
		return err
	}
	var text string
	if err = json.Unmarshal(e.Result.Value, &text); err == nil {
		err = json.Unmarshal([]byte(text), out)
	}
	if err != nil {
		return fmt.Errorf("firefox: %s gave %s: %w", shorten(expression), shorten(text), err)
	}
	return nil
}

// element waits, for up to a minute, until an expression finds an element that can be pressed: it has stopped moving and is what lies under the pointer.
func (t *Tab) element(expression string) (map[string]any, error) {
	e, err := t.evaluate(fmt.Sprintf(`(async () => {
		for (let last, end = performance.now() + 60000; performance.now() < end; ) {
			await new Promise(requestAnimationFrame);
			const target = %s;
			target?.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
			const box = target?.getBoundingClientRect();
			const at = box && [box.x + box.width / 2, box.y + box.height / 2];
			if (at && String(at) === String(last) && !target.disabled && target.contains(document.elementFromPoint(...at))) return target;
			last = at;
		}
		throw new Error("nothing to press: it is missing, moves, is disabled or covered");
	})()`, expression))
	return map[string]any{"sharedId": e.Result.SharedID}, err
}

// Click clicks on the element that an expression finds, as a person would.
func (t *Tab) Click(element string) error {
	target, err := t.element(element)
	if err != nil {
		return err
	}
	steps := []map[string]any{
		{"type": "pointerMove", "x": 0, "y": 0, "origin": map[string]any{"type": "element", "element": target}},
		{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0},
	}
	return t.do("input.performActions", map[string]any{"context": t.tab, "actions": []any{map[string]any{"type": "pointer", "id": "mouse", "actions": steps}}}, nil)
}

// Upload gives a file input, found by an expression, files.
func (t *Tab) Upload(input string, files ...string) error {
	e, err := t.evaluate(input)
	if err != nil {
		return err
	}
	if e.Result.SharedID == "" {
		return fmt.Errorf("firefox: %s is no element", shorten(input))
	}
	return t.do("input.setFiles", map[string]any{"context": t.tab, "element": map[string]any{"sharedId": e.Result.SharedID}, "files": files}, nil)
}

// Picture is the whole page as a PNG.
func (t *Tab) Picture() ([]byte, error) {
	var taken struct{ Data string }
	if err := t.do("browsingContext.captureScreenshot", map[string]any{"context": t.tab, "origin": "document"}, &taken); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(taken.Data)
}

func shorten(s string) string {
	if s = strings.TrimSpace(s); len(s) > 120 {
		return s[:120] + "..."
	}
	return s
}
