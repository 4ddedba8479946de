package pagetest

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

var resumes = flag.Int("resumes", 2, "how often TestRunGoesOnAfterReloads reloads the page")

const (
	offered  = `!document.getElementById("offer").hidden`
	underWay = state + ` === "running" && document.getElementById("progress").value > 0.02`
	goesOn   = `/^(Training: step|Done)/.test(document.getElementById("progress-words").innerText)`
)

// leaving answers yes to whatever a page asks before it is left.
func (p *tab) leaving() {
	chromedp.ListenTarget(p.Context, func(event any) {
		if _, asked := event.(*page.EventJavascriptDialogOpening); asked {
			go chromedp.Run(p.Context, page.HandleJavaScriptDialog(true))
		}
	})
}

// tap presses what a person cannot see: in a tab behind another nothing moves, and no finger reaches it.
func (p *tab) tap(element string) {
	p.t.Helper()
	eval[any](p, `(`+element+`.click(), null)`)
}

func (p *tab) reload() {
	p.t.Helper()
	p.run(chromedp.Reload())
	p.wait("the data", dataReady)
}

// A run whose tab is reloaded amid its steps is offered, goes on with its curve, and ends with no more than its plan's
// epsilon, as one run in one ledger.
func TestRunGoesOnAfterReloads(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page(fmt.Sprintf("#data=digits&model=logistic&epochs=%d&batch=500&epsilon=2", 30+32*(*resumes-2))), 1280) // a reload takes as long as some of its epochs: it is not over before the last
	p.leaving()
	p.start()
	p.wait("some steps", underWay)
	last := 0
	for i := range *resumes {
		p.reload()
		p.wait("the offer", offered)
		p.forEyes("survive-offer")
		words := p.text("offer")
		if !strings.Contains(words, "interrupted at step") || !strings.Contains(words, "stays charged") {
			t.Errorf("the offer is %q", words)
		}
		p.clickButton("Go on with it")
		p.wait("it goes on", goesOn)
		if at := p.steps(); at < last {
			t.Errorf("reload %d: it goes on at step %d, was at %d", i, at, last)
		} else {
			last = at
		}
		if eval[string](p, state) == "running" {
			p.wait("a step more", state+` !== "running" || Number(/step ([\d,]+)/.exec(document.getElementById("progress-words").innerText)?.[1].replace(",", "")) > `+fmt.Sprint(last+20))
		}
	}
	p.wait("the end", state+` === "done"`)
	if spent := number(t, p.text("tile-epsilon")); spent > 2 {
		t.Errorf("spent %v of 2 after %d reloads", spent, *resumes)
	}
	p.wait("one run's total", `document.getElementById("sentences").innerText.includes("ε ≤ 2.00")`)
	if left := p.text("kept"); strings.Contains(left, "interrupted") {
		t.Errorf("the run is still told to be interrupted: %s", left)
	}
	p.clean()
	p.wait("its end is kept", keptThere+`.then((there) => there.runs.some((run) => run.over), () => false)`)
	// It was kept: nothing asks, nothing is offered, and it is in the list.
	p.reload()
	p.wait("the finished run", `document.getElementById("kept").innerText.includes("ε ≤ 2.00")`)
	if eval[bool](p, offered) {
		t.Error("a finished run is offered")
	}
}

// Two tabs that would go on with one run: one does, the other is told, also by whom.
func TestOneTabGoesOn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=200&batch=200"), 1280)
	p.leaving()
	p.start()
	p.wait("some steps", underWay)
	p.click("train")
	p.wait("the pause", state+` === "paused"`)
	p.reload()
	p.wait("the offer", offered)
	second, err := p.Another(chromium.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q := &tab{second, t}
	q.run(chromedp.Navigate(s.page("#data=digits&model=logistic")))
	q.wait("the data", dataReady)
	q.wait("the offer", offered)
	p.tap(`document.querySelector("#offer button")`)
	p.wait("it goes on", goesOn)
	q.tap(`document.querySelector("#offer button")`)
	q.wait("why not", `document.getElementById("problem").innerText.includes("another tab")`)
	if now := eval[string](q, state); now != "idle" {
		t.Errorf("the second tab is %s", now)
	}
	q.run(chromedp.Reload())
	q.wait("the data", dataReady)
	if eval[bool](q, offered) {
		t.Error("what goes on in one tab is offered in another")
	}
}

// elsewhere has the worker that keeps files run a line first.
const elsewhere = `globalThis.Blob = class extends Blob {
	constructor(parts = [], options) { super(String(parts[0]).includes("/keeper.") ? [%s, ...parts] : parts, options); }
};`

// Without files of its own a browser keeps runs in its database; where it denies both, and where it is full, that is told
// and training goes on.
func TestStorageThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, line, log string }{
		{"no files", "delete StorageManager.prototype.getDirectory;", ""},
		{"nothing", "delete StorageManager.prototype.getDirectory; IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') };", "denies the page its storage"},
		{"full", "FileSystemSyncAccessHandle.prototype.write = () => 0;", "is full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name != "nothing" {
				long(t)
			}
			s := serve(t)
			p := openShared(t, "about:blank", chromium.Options{Script: fmt.Sprintf(elsewhere, quote(c.line))})
			p.leaving()
			epochs := 30
			if c.log != "" { // it runs to its end
				epochs = 10
			}
			p.run(chromedp.Navigate(s.page(fmt.Sprintf("#data=digits&model=logistic&epochs=%d&batch=500&open=log", epochs))))
			p.start()
			p.wait("some steps", underWay)
			if c.log != "" {
				p.wait("what is missing", `document.getElementById("log").innerText.includes(`+quote(c.log)+`)`)
				p.wait("the end", state+` === "done"`)
				return
			}
			p.reload()
			p.wait("the offer", offered)
			p.clickButton("Go on with it")
			p.wait("it goes on", goesOn)
		})
	}
}

// Own data go with the tab unless the person has them kept; then they open after a reload, and so does a run on them.
// Forgetting takes data, runs and ledger at once.
func TestKeepsOwnDataAndForgets(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=1"), 1280)
	p.leaving()
	p.wait("the data", dataReady)
	p.click("own-open")
	p.upload("own-folder", pets(t, 60))
	p.read()
	p.click("own-keep")
	p.forEyes("survive-keep")
	p.trainOnOwn()
	p.wait("leaving would lose nothing", settled)
	p.reload()
	p.wait("the kept data", `location.hash.includes("data=own") && document.getElementById("data").selectedOptions[0].innerText === "pets"`)
	p.wait("its run", `document.getElementById("kept").innerText.includes("pets")`)
	p.clickOn(`document.querySelector("#storage-panel summary")`)
	p.wait("what is kept", `document.getElementById("storage").innerText.includes("pets") && document.querySelector("#storage input").checked`)
	p.forEyes("survive-storage")
	p.tap(`document.querySelector("#storage button")`)
	p.wait("the question", `document.getElementById("question").innerText.includes("stays spent")`)
	key := eval[string](p, `localStorage.getItem("cloister-split-key")`)
	eval[any](p, `(globalThis.before = true, null)`)
	p.forEyes("survive-question")
	p.clickOn(`document.querySelector("#question button")`)
	p.wait("a new page", `globalThis.before === undefined && document.getElementById("train")?.disabled === false`)
	const left = `(async () => {
		const names = [];
		for await (const name of (await (await navigator.storage.getDirectory()).getDirectoryHandle("cloister", {create: true})).keys()) names.push(name);
		for (const { name } of await indexedDB.databases()) {
			const db = await new Promise((go) => (indexedDB.open(name).onsuccess = (e) => go(e.target.result)));
			for (const store of db.objectStoreNames) {
				const n = await new Promise((go) => (db.transaction(store).objectStore(store).count().onsuccess = (e) => go(e.target.result)));
				if (n) names.push(name + "/" + store);
			}
			db.close();
		}
		return [...names, ...Object.keys(localStorage).filter((key) => key.startsWith("cloister") && key !== "cloister-split-key")];
	})()`
	if names := eval[[]string](p, left); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	if made := eval[string](p, `localStorage.getItem("cloister-split-key") ?? ""`); made == key {
		t.Error("the key that held records out is still there")
	}
	if choices := p.text("data"); strings.Contains(choices, "pets") {
		t.Errorf("the data are still offered: %s", choices)
	}
	p.clean()
}

// With correlated noise the page says before a run what a break would cost, and offers less of it.
func TestSaysWhatABreakLoses(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=2&mechanism=bandmf(bandmf.bands=16)"), 1280)
	p.wait("what a break loses", `document.getElementById("receipt").innerText.includes("round of 16 steps")`)
	p.forEyes("survive-bands")
	p.clickButton("Fewer bands")
	p.wait("fewer", `document.getElementById("receipt").innerText.includes("round of 8 steps")`)
	p.clean()
}
