package pagetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// write puts a mechanism into the editor, as a link does, and says that it was read.
func (p *tab) write(code string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`(location.hash = new URLSearchParams({ data: "digits", code: %s }), null)`, quote(code)))
	p.wait("the code", `!document.getElementById("shared").hidden`)
	p.click("accept")
}

// codeShown is what stands in the editor, or in the field that it is at first.
const codeShown = `(document.querySelector("#editor textarea")?.value ?? document.querySelector(".cm-content").innerText)`

// idle waits for the end of what a press began.
func (p *tab) idle() {
	p.t.Helper()
	p.wait("the end", state+` === "idle"`)
}

type attempt struct {
	name, code, says string
	released         int // steps, which the ledger keeps
}

// hostile mechanisms, one of a kind, and what is said of each. OUT stands for an address that nobody may reach.
var hostile = []attempt{
	{"breaks out, hidden", "return }); fetch('OUT'); (function () {", "Line 1", 0},
	{"slow expression", `class Mechanism { ask() { /^(a+)+$/.test("a".repeat(60) + "b"); return { bounds: 1 } } }`, "did not answer", 0},
	{"a gigabyte by words", `class Mechanism { ask() { this.all = [new Float64Array("60000000"), new ArrayBuffer({ valueOf: () => 480000000 })]; return { bounds: 1 } } }`, "256 MB", 0},
	{"throws", "class Mechanism {\n  plan() {}\n\n  ask() {\n    return this.nothing.bounds;\n  }\n}", "line 5", 0},
	{"filter of NaN", `class Mechanism { ask() { return { bounds: 1 } } filter(r) { r.gradient[3] = NaN; return r.gradient } }`, "value 3 is NaN", 1},
	{"fetch", `class Mechanism { ask() { fetch("OUT") } }`, "fetch is not defined", 0},
	{"loads", "class Mechanism {\n ask() { return imp\\u006frt('OUT') }\n}", "Line 2", 0},
	{"other clocks", `class Mechanism { ask() { const found = ["performance", "setTimeout", "Intl", "Temporal", "Atomics", "SharedArrayBuffer", "WebAssembly", "WeakRef", "FinalizationRegistry", "Event", "scheduler", "queueMicrotask", "crypto", "navigator", "importScripts"].filter((n) => n in globalThis); throw new Error("found " + found.length) } }`, "found 0", 0},
	{"function of text", `class Mechanism { ask() { return (() => {}).constructor("return fetch('OUT')")() } }`, "is not a function", 0},
	{"throws later", `class Mechanism { ask(step) { if (step === 20) throw new Error("enough"); return { bounds: 1 } } }`, "Step 21: line 1: enough", 20},
}

// More of the same kinds.
var moreHostile = []attempt{
	{"endless plan", `class Mechanism { plan() { for (;;); } ask() { return { bounds: 1 } } }`, "did not answer", 0},
	{"RTC", `class Mechanism { ask() { new RTCPeerConnection({ iceServers: [{ urls: "stun:OUT" }] }) } }`, "RTCPeerConnection is not defined", 0},
	{"walks the stack", `class Mechanism { ask() { Error.prepareStackTrace = (_, s) => s; return { bounds: 1 } } }`, "not extensible", 0},
	{"no class", `const x = 1`, "no class Mechanism", 0},
	{"hoists over the glue", `function postMessage() { fetch("OUT") } function Object() { fetch("OUT") } class Mechanism { ask() { return { bounds: Object() } } }`, "fetch is not defined", 0},
	{"a gigabyte by two lengths", `class Mechanism { ask() { let n = 0; this.all = new Float64Array({ get length() { return n++ ? 60000000 : 0 } }); return { bounds: this.all.length || 1 } } filter() { throw new Error("got by") } }`, "got by", 1},
	{"negative", `class Mechanism { ask() { return { bounds: -1 } } }`, "bound 0 is -1", 0},
	{"little noise", `class Mechanism { plan({ steps }) { return { noise: new Array(steps).fill(0) } } ask() { return { bounds: 1 } } }`, "Noise schedule is 0", 0},
	{"channel", `class Mechanism { ask() { new BroadcastChannel("cloister asked x").postMessage(1) } }`, "BroadcastChannel is not defined", 0},
	{"pollutes", `Object.prototype.bounds = 5; class Mechanism { ask() { return {} } }`, "not extensible", 0},
	{"a trap of a class", `class Mechanism { constructor() { return new Proxy(this, { get(t, k) { if (k === "filter") throw new Error("no " + k); return t[k] } }) } ask() { return { bounds: 1 } } }`, "no filter", 0},
	{"a state of functions", `class Mechanism { plan() { this.f = () => 1 } ask() { return { bounds: 1 } } }`, "this.f: a checkpoint keeps", 0},
	{"syntax", "class Mechanism {\n  ask( { }\n}", "Line 3", 0},
	{"breaks out", `} fetch("OUT"); {`, "Line 1", 0},
	{"endless at once", `for (;;);`, "did not come to its end", 0},
	{"endless promises", `class Mechanism { ask() { (async () => { for (;;) await 0; })(); return { bounds: 1 } } }`, "did not answer", 1},
	{"a gigabyte", `class Mechanism { ask() { this.all = []; for (let i = 0; i < 16; i++) this.all.push(new Float64Array(1 << 23)); return { bounds: 1 } } }`, "256 MB", 0},
	{"a gigabyte by copies", `class Mechanism { ask() { new Float64Array(1).toSorted() } }`, "is not a function", 0},
	{"a gigabyte that grows", `class Mechanism { ask() { const b = new ArrayBuffer(8, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30); return { bounds: 1 } } }`, "resize", 0},
	{"a gigabyte of an answer", `class Mechanism { ask() { const x = new Float64Array(1); Object.defineProperty(x, "byteLength", { value: 2 ** 30 }); return { bounds: x } } }`, "bytes", 0},
	{"throws nothing", `class Mechanism { ask() { throw { get message() { throw 1 }, toString() { throw 2 } } } }`, "no words", 0},
	{"NaN", `class Mechanism { ask() { return { bounds: NaN } } }`, "bound 0 is NaN", 0},
	{"words for numbers", `class Mechanism { ask() { return { bounds: ["1"] } } }`, "want a number", 0},
	{"wrong lengths", `class Mechanism { plan() { return { groups: "layers" } } ask() { return { bounds: [1] } } }`, "1 bounds for", 0},
	{"wrong filter", `class Mechanism { ask() { return { bounds: 1 } } filter(r) { return r.gradient.slice(1) } }`, "values, want", 1},
	{"a promise", `class Mechanism { async ask() { return { bounds: 1 } } }`, "promise", 0},
	{"WebSocket", `class Mechanism { ask() { new WebSocket("OUT") } }`, "WebSocket is not defined", 0},
	{"request", `class Mechanism { ask() { new XMLHttpRequest() } }`, "XMLHttpRequest is not defined", 0},
	{"storage", `class Mechanism { ask() { indexedDB.open("x") } }`, "indexedDB is not defined", 0},
	{"caches", `class Mechanism { ask() { globalThis.caches.open("x") } }`, "undefined", 0},
	{"messages of others", `class Mechanism { ask() { globalThis.onmessage = (e) => { this.heard = e }; addEventListener("message", () => {}) } }`, "addEventListener is not defined", 0},
	{"posts", `class Mechanism { ask() { postMessage({ ready: true }) } }`, "postMessage is not defined", 0},
	{"a worker", `class Mechanism { ask() { new Worker("OUT") } }`, "Worker is not defined", 0},
	{"loads plainly", "class Mechanism {\n ask() { return import/**/('OUT') }\n}", "Line 2", 0},
	{"clock", `class Mechanism { ask() { return { bounds: 1 + Date.now() } } }`, "Date is not defined", 0},
	{"chance", `class Mechanism { ask() { return { bounds: Math.random() } } }`, "Math.random is not a function", 0},
	{"generators of text", `class Mechanism { ask() { return Object.getPrototypeOf(function* () {}).constructor("fetch('OUT')")().next() } }`, "is not a", 0},
	{"eval", `class Mechanism { ask() { return (0, eval)("1") } }`, "eval is not defined", 0},
	{"pollutes arrays", `Array.prototype.push = function (...x) { throw x }; class Mechanism { ask() { return { bounds: 1 } } }`, "read only", 0},
	{"pollutes typed arrays", `class Mechanism { ask() { Object.getPrototypeOf(Float32Array.prototype).set = () => {}; return { bounds: 1 } } }`, "read only", 0},
	{"asks its caller", `class Mechanism { ask() { return { bounds: [1], x: (function f() { return f.caller })() } } }`, "caller", 0},
	{"a proxy", `class Mechanism { ask() { return new Proxy({}, { get() { throw new Error("got at") } }) } }`, "got at", 0},
	{"unknown answers", `class Mechanism { ask() { return { bounds: 1, noise: 0 } } }`, "there is no noise", 0},
	{"grows", `class Mechanism { ask() { const a = []; for (;;) a.push(new Array(1e6).fill(1.5)) } }`, "did not answer", 0}, // takes more than a gigabyte before it is stopped
}

// Whatever stands in the editor, it is stopped, what went wrong is said, the ledger knows what was spent, and nothing leaves.
func TestHostileMechanisms(t *testing.T) {
	t.Parallel()
	s, e := serve(t), &ears{t: t, heard: map[string]int{}}
	s.change = hearing
	p := openWith(t, s.page("mechanism.html#data=digits"), chromium.Options{Width: 1280, Height: 900, Whole: true})
	p.wait("the data", dataReady)
	p.choose("epochs", "1")
	all := hostile
	if longer {
		all = append(all, moreHostile...)
	}
	var released []int
	for _, h := range all {
		if h.released > 0 {
			released = append(released, h.released)
		}
		udp, tcp := e.open(h.name)
		code := strings.ReplaceAll(h.code, "stun:OUT", fmt.Sprintf("stun:127.0.0.1:%d", udp))
		code = strings.ReplaceAll(code, "OUT", fmt.Sprintf("http://127.0.0.1:%d/", tcp))
		p.write(code)
		p.click("train")
		p.wait(h.name, state+` === "busy" || !document.getElementById("fault").hidden || !document.getElementById("after").hidden`)
		p.idle()
		if said := p.text("fault"); !strings.Contains(said, h.says) {
			t.Errorf("%s: %q, want %q", h.name, said, h.says)
		}
	}
	if reached := e.list(); len(reached) > 0 {
		t.Errorf("reached the outside: %v", reached)
	}

	eval[any](p, `(trainer.postMessage({ type: "spending", delta: 1e-5, id: 12345 }), null)`)
	p.wait("the ledger", `heard.some((e) => e.type === "spending")`)
	charged := eval[[]int](p, `heard.find((e) => e.type === "spending").spending.runs.map((run) => run.charged).filter((n) => n > 0)`)
	slices.Sort(released)
	if slices.Sort(charged); !slices.Equal(charged, released) {
		t.Errorf("the ledger holds runs of %v steps, want %v", charged, released)
	}
	p.clean()
}

// hearing plants what listens to the trainer of the page.
func hearing(path string, body []byte) []byte {
	if strings.HasPrefix(path, "assets/mechanism.") {
		return append([]byte(listening), body...)
	}
	return body
}

// listening has the page's trainer heard, and another mechanism put in place of the one that the page asks for.
const listening = `{
	const Native = Worker;
	globalThis.heard = [];
	globalThis.Worker = class extends Native {
		constructor(...args) {
			super(...args);
			globalThis.trainer ??= this;
			this.addEventListener("message", ({ data }) => ["step", "epoch", "safepoint", "spending"].includes(data.type) && heard.push(data));
		}
		postMessage(message, ...rest) {
			if (message.type === "start" && globalThis.instead) message = { ...message, config: { ...message.config, mechanism: instead } };
			super.postMessage(message, ...rest);
		}
	};
}
`

// course is what a run told on its way: the joint clip bound at its steps, and the loss at its evaluations.
type course struct{ Bounds, Losses []float64 }

// trained presses Train, waits for the end and returns the run's course.
func (p *tab) trained() (c course) {
	p.t.Helper()
	eval[any](p, `(heard.length = 0, null)`)
	p.click("train")
	p.wait("the run", state+` === "busy"`)
	return p.ended()
}

func (p *tab) ended() course {
	p.t.Helper()
	p.idle()
	if said := p.text("fault"); said != "" {
		p.t.Fatalf("the run failed: %s", said)
	}
	return eval[course](p, `({ Bounds: heard.filter((e) => e.type === "step").map((e) => e.step.clipNorm), Losses: heard.filter((e) => e.type === "epoch").map((e) => e.epoch.loss) })`)
}

// apart is the largest relative difference of two lists.
func apart(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(a[i]-b[i])/math.Abs(b[i]))
	}
	return most
}

// ALDS, written in JavaScript, is the catalogue's ALDS; it goes on after a checkpoint as if nothing had been, once its code was read; and it stands
// on the leaderboard, whose link brings its code back.
func TestWrittenMechanismIsTheCatalogues(t *testing.T) {
	long(t)
	t.Parallel()
	s := serve(t)
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/leaderboard.") { // the experiments have no digits
			return bytes.Replace(body, []byte("standings:["), []byte(`standings:[{setting:"a",dataset:"digits",mechanism:"m",title:"M",accuracy:.5,half:.1,runs:3},`), 1)
		}
		return hearing(path, body)
	}
	p := open(t, s.page("mechanism.html#data=digits&mechanism=alds"), 1280)
	p.wait("the data", dataReady)
	p.choose("model", "small-mlp")
	p.choose("epochs", "2")
	p.choose("seeds", "1")
	p.click("check")
	p.idle()
	if plan := p.text("figures"); !strings.Contains(plan, "Noise multiplier") || !strings.Contains(plan, "3.00") {
		t.Errorf("the plan is %q", plan)
	}
	written := p.trained()
	checkpoint := eval[string](p, `(() => { const all = heard.filter((e) => e.type === "safepoint"); const file = all[Math.floor(all.length / 2)].checkpoint; return btoa(Array.from(file, (b) => String.fromCharCode(b)).join("")); })()`)
	eval[any](p, `(globalThis.instead = { name: "alds" }, null)`)
	catalogues := p.trained()
	if len(written.Bounds) < 20 || len(written.Losses) != 3 || apart(written.Bounds, catalogues.Bounds) > 1e-6 || apart(written.Losses, catalogues.Losses) > 1e-4 {
		t.Errorf("written: %v; the catalogue's: %v", written, catalogues)
	}
	if first, last := written.Bounds[0], written.Bounds[len(written.Bounds)-1]; math.Abs(first-last) < 0.01 {
		t.Errorf("the bounds went from %v to %v: nothing was compared", first, last)
	}

	p.run(chromedp.Navigate(s.page("leaderboard.html#data=digits&setting=own")))
	p.wait("both runs", `document.querySelectorAll("#standings tr.own").length === 2`)
	if rows := eval[string](p, `document.getElementById("standings").innerText`); !strings.Contains(rows, "ALDS, made sound") {
		t.Errorf("the leaderboard says %q", rows)
	}
	p.clickOn(`document.querySelector('#standings a[href^="mechanism.html"]')`)
	p.wait("the code", `location.pathname.endsWith("/mechanism.html") && document.getElementById("shared") && !document.getElementById("shared").hidden && !document.getElementById("data").disabled && document.getElementById("data").value === "digits"`)
	if code := eval[string](p, codeShown); !strings.Contains(code, "class Mechanism") || eval[bool](p, dataReady) {
		t.Errorf("the link brought %q, which nobody has read", code)
	}

	// The file brings its code, which is shown before it runs, and goes on to the same end.
	file, err := base64.StdEncoding.DecodeString(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.checkpoint")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	p.click("accept")
	p.wait("the data", dataReady)
	p.upload("open", path)
	p.wait("the question", `!document.getElementById("shared").hidden`)
	eval[any](p, `(heard.length = 0, null)`)
	p.click("accept")
	restored := p.ended()
	if n := len(restored.Bounds); n == 0 || n >= len(written.Bounds) || restored.Bounds[n-1] != written.Bounds[len(written.Bounds)-1] || restored.Losses[len(restored.Losses)-1] != written.Losses[2] {
		t.Errorf("restored: %v; without a break: %v", restored, written)
	}
	p.clean()
}

// Code has nothing of an earlier run; what a link brings during runs does not run; and what a person writes is there after a reload.
func TestWrittenMechanismsStayApart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("mechanism.html#data=digits"), 1280)
	p.wait("the data", dataReady)
	p.choose("model", "logistic")
	p.choose("epochs", "1")
	p.write(`let runs = 0; class Mechanism { ask(step) { if (step === 0) runs++; return { bounds: runs } } }`)
	p.choose("seeds", "3")
	p.click("train")
	p.wait("the second seed", `document.getElementById("figures").innerText.includes("With earlier seeds")`)
	eval[any](p, `(location.hash = "code=" + encodeURIComponent("class Mechanism { ask() { throw new Error('unread') } }"), null)`)
	p.wait("the refusal", `document.getElementById("said").innerText.includes("not followed")`)
	p.idle()
	if said, figures := p.text("fault"), p.text("figures"); said != "" || !regexp.MustCompile(`(?s)Clip norm\s+1\s`).MatchString(figures) {
		t.Errorf("the third run: %q, %q", said, figures)
	}

	// A plan that takes long is stopped at once, and nothing is the worse for it.
	p.choose("seeds", "0")
	p.write(`class Mechanism { plan({ steps }) { return { noise: Array.from({ length: steps }, (_, i) => 1 + (i % 32) / 32) } } ask() { return { bounds: 1 } } }`)
	p.choose("epochs", "200")
	p.click("train")
	p.wait("the planning", state+` === "busy"`)
	p.click("stop")
	p.wait("the end", state+` === "idle" && document.getElementById("fault").innerText.includes("stopped")`)
	p.write(`class Mechanism { ask() { return { bounds: 2 } } }`)
	p.choose("epochs", "1")
	p.click("train")
	p.wait("a run", `document.getElementById("figures").innerText.includes("Accuracy")`)
	p.idle()
	if said := p.text("fault"); said != "" {
		t.Errorf("after that a run says %q", said)
	}

	// The field becomes an editor where somebody goes into it, and is typed into at once.
	p.clickOn(`document.querySelector("#editor textarea")`)
	p.wait("the editor", `document.activeElement.matches(".cm-content")`)
	if behind := eval[string](p, `getComputedStyle(document.querySelector(".cm-gutters")).backgroundColor`); behind != "rgba(0, 0, 0, 0)" {
		t.Errorf("behind the numbers of lines is %s, in the dark theme too", behind)
	}
	p.run(chromedp.KeyEvent("// Mine. "))
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("mechanism.html")))
	p.wait("the data", dataReady)
	if code := eval[string](p, codeShown); !strings.Contains(code, "// Mine. ") {
		t.Errorf("after a reload the editor holds %q", code)
	}
	p.clean()
}

// Every example trains.
func TestExamplesOfMechanismsTrain(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("mechanism.html#data=digits"), 1280)
	p.wait("the data", dataReady)
	p.choose("model", "logistic")
	p.choose("epochs", "1")
	examples := eval[int](p, `document.getElementById("example").options.length - 1`)
	if examples < 8 {
		t.Fatalf("%d examples", examples)
	}
	for i := range examples {
		if !longer && i%3 != 1 {
			continue
		}
		p.choose("example", fmt.Sprint(i))
		p.click("train")
		p.wait("the run", state+` === "busy"`)
		p.idle()
		if said, figures := p.text("fault"), p.text("figures"); said != "" || !strings.Contains(figures, "%") || strings.Contains(figures, "Not private") {
			t.Errorf("example %d: %q, %q", i, said, figures)
		}
	}
	p.clean()
}
