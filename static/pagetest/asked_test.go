package pagetest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// netLog is what Chromium itself has logged of a site's requests between two times, in milliseconds since 1970: their paths.
// A browser writes the last of it when it ends.
func netLog(t *testing.T, file string, s *site, from, to float64) (paths []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var constants struct {
		TimeTickOffset any
		LogEventTypes  map[string]int
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), ",")
		if text, ok := strings.CutPrefix(line, `{"constants":`); ok {
			if err := json.Unmarshal([]byte(text), &constants); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var event struct {
			Type   int
			Phase  int
			Time   string
			Params struct{ URL string }
		}
		if json.Unmarshal([]byte(line), &event) != nil || event.Type != constants.LogEventTypes["URL_REQUEST_START_JOB"] || event.Phase != 1 {
			continue
		}
		ticks, _ := strconv.ParseFloat(event.Time, 64)
		offset, err := strconv.ParseFloat(fmt.Sprint(constants.TimeTickOffset), 64)
		if err != nil {
			t.Fatal(err)
		}
		if path, ok := strings.CutPrefix(event.Params.URL, s.folder()); ok && ticks+offset > from && ticks+offset < to {
			path, _, _ = strings.Cut(path, "#")
			paths = append(paths, path)
		}
	}
	if constants.LogEventTypes["URL_REQUEST_START_JOB"] == 0 {
		t.Fatal("Chromium's log has another form now")
	}
	return paths
}

const asked = `parseInt(document.getElementById("requests").textContent)`

// The page says how many requests it and its workers have made since the data was loaded, and Chromium's own log says the
// same: none for a run, and every one that page, trainer and compute workers are made to ask.
func TestCountsItsRequests(t *testing.T) {
	long(t)
	t.Parallel()
	s := serve(t)
	const asks = `(async () => {
		const get = (what) => %s + "csp.txt?%s-" + what;
		await fetch(get("fetch"));
		await new Promise((done) => { const x = new XMLHttpRequest(); x.onloadend = done; x.open("GET", get("xhr")); x.send(); });
		await fetch(get("head"), { method: "HEAD" });
		await fetch(%s + "missing?%s").catch(() => {});
		if (globalThis.Image) await new Promise((done) => { const i = new Image(); i.onload = i.onerror = done; i.src = get("image"); });
	})()`
	from := func(who string) string { return fmt.Sprintf(asks, quote(s.folder()), who, quote(s.folder()), who) }
	log := filepath.Join(t.TempDir(), "net.json")
	p := openWith(t, s.page("#data=digits&model=logistic&epochs=2&workers=1"), chromium.Options{
		Width: 1280, Height: 900, Flags: map[string]string{"log-net-log": log}, Whole: true,
	})
	p.wait("the site to be kept", kept)
	p.run(chromedp.Reload())
	p.wait("the count", dataReady+` && `+asked+` === 0`)
	loaded := eval[float64](p, "Date.now()")
	p.click("train")
	p.wait("the end", state+` === "done"`)
	if n := eval[int](p, asked); n != 0 {
		t.Errorf("the page counts %d requests of a run", n)
	}

	// Now each is made to ask. Scripts that are not the build's own are not kept, and so come from the host.
	trained := eval[float64](p, "Date.now()")
	eval[any](p, `navigator.serviceWorker.getRegistration().then((r) => r.unregister()).then(() => null)`)
	s.change = func(path string, body []byte) []byte {
		for _, who := range []string{"trainer", "compute"} {
			if strings.HasPrefix(path, "assets/"+who+".") && strings.HasSuffix(path, ".js") {
				body = append(body, fmt.Sprintf("\nnew BroadcastChannel('ask').addEventListener('message', () => %s);", from(who))...)
			}
		}
		return body
	}
	p.save() // so that nothing would be lost
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("#data=digits&model=logistic&epochs=400&batch=100&workers=1")))
	p.wait("the count", dataReady+` && `+asked+` === 0`)
	p.click("train")
	p.wait("some steps", state+` === "running" && document.getElementById("progress").value > 0`)
	before := eval[int](p, asked)
	again := eval[float64](p, "Date.now()")
	eval[any](p, `(new BroadcastChannel("ask").postMessage(1), `+from("page")+`.then(() => null))`)
	const each = 4
	p.wait("the count", fmt.Sprintf("%s >= %d", asked, before+3*each+1))
	counted := eval[int](p, asked) - before
	words := p.text("requests-words")
	p.Close()

	for _, path := range netLog(t, log, s, loaded, trained) {
		if path != "sw.js" { // the browser looks whether there is another build
			t.Errorf("the page counts none, Chromium has logged %s during a run", path)
		}
	}
	paths := slices.DeleteFunc(netLog(t, log, s, again, math.Inf(1)), func(path string) bool { return !strings.Contains(path, "?") })
	if len(paths) != counted {
		t.Errorf("the page counts %d requests (%s), Chromium %d: %v", counted, words, len(paths), paths)
	}
}
