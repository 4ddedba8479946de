package pagetest

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
	"cloister/dp/ledger"
	"cloister/train"
)

var kills = flag.Int("kills", 10, "how often TestKill kills the browser")

// A witness outside the browser hears what a page is told, as soon as it is told it: checkpoints, which name their run and
// step, and each step that is released. What it has heard was released. What takes processor time and is not looked at is
// left out: forecasts, the copy of the site, and the picture of the page.
const witness = `Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined });
document.addEventListener("readystatechange", () => (document.documentElement.style.display = "none"));
globalThis.Worker = class extends Worker {
	postMessage(message, ...more) {
		if (message?.type !== "propose" && message?.type !== "rehearse") super.postMessage(message, ...more);
	}
	constructor(...args) {
		super(...args);
		const bytes = (checkpoint) => btoa(Array.from(checkpoint, (b) => String.fromCharCode(b)).join(""));
		this.addEventListener("message", ({ data }) => {
			if (data?.type === "safepoint" || data?.type === "checkpoint") told(JSON.stringify({ checkpoint: bytes(data.checkpoint) }));
			else if (data?.type === "planned") told(JSON.stringify({ planned: true }));
			else if (data?.type === "step") told(JSON.stringify({ step: data.step.step }));
		});
	}
};`

type released struct {
	mu  sync.Mutex
	run map[ledger.RunID]int // steps
}

func (r *released) add(run ledger.RunID, step int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run[run] = max(r.run[run], step)
}

// listen notes what a tab tells.
func (r *released) listen(p *tab) {
	var run *ledger.RunID // that the tab trains; nil: not yet known
	chromedp.ListenTarget(p.Context, func(event any) {
		called, ok := event.(*runtime.EventBindingCalled)
		if !ok || called.Name != "told" {
			return
		}
		var told struct {
			Checkpoint []byte
			Planned    bool
			Step       int
		}
		if json.Unmarshal([]byte(called.Payload), &told) != nil {
			return
		}
		switch {
		case told.Planned:
			run = nil
		case told.Checkpoint != nil:
			if saved, err := train.DecodeCheckpoint(told.Checkpoint); err == nil {
				run = &saved.Engine.Run
				r.add(*run, saved.Engine.Step)
			}
		case run != nil:
			r.add(*run, told.Step)
		}
	})
	p.run(runtime.AddBinding("told"))
}

// keptThere is what the browser's storage holds: ledgers by their keys, and the runs' checkpoints by their keys.
const keptThere = `(async () => {
	const text = (bytes) => { let s = ""; for (const b of bytes) s += String.fromCharCode(b); return btoa(s); };
	if (!(await indexedDB.databases()).some(({name}) => name === "cloister")) return {ledgers: {}, runs: []};
	const db = await new Promise((go, fail) => { const r = indexedDB.open("cloister"); r.onsuccess = () => go(r.result); r.onerror = () => fail(r.error); });
	const ledgers = {};
	if (db.objectStoreNames.contains("pieces")) {
		const store = db.transaction("pieces").objectStore("pieces");
		const [keys, values] = await Promise.all([store.getAllKeys(), store.getAll()].map((r) => new Promise((go) => (r.onsuccess = () => go(r.result)))));
		keys.forEach(([ledger], i) => (ledgers[ledger] ??= []).push(text(values[i])));
	}
	db.close();
	const runs = [];
	const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("cloister", {create: true});
	for await (const [name, handle] of folder.entries()) {
		if (!name.startsWith("run") || name.endsWith(".new")) continue;
		const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
		const length = new DataView(bytes.buffer).getUint32(8, true);
		const {over, planned} = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)));
		runs.push({over: !!over, planned: !!planned, checkpoint: text(bytes.subarray(12 + length))});
	}
	return {ledgers, runs};
})()`

type stored struct {
	Ledgers map[string][]string
	Runs    []struct {
		Over, Planned bool
		Checkpoint    []byte
	}
}

// entries are those of all ledgers, read by the ledger's own code.
func (k *stored) entries(t *testing.T) map[ledger.RunID]ledger.Entry {
	t.Helper()
	all := map[ledger.RunID]ledger.Entry{}
	for key, pieces := range k.Ledgers {
		var whole []byte
		for _, piece := range pieces {
			b, err := base64.StdEncoding.DecodeString(piece)
			if err != nil {
				t.Fatal(err)
			}
			whole = append(whole, b...)
		}
		store := &ledger.MemoryStore{}
		if err := store.Append(key, 0, 0, whole); err != nil {
			t.Fatal(err)
		}
		l, err := ledger.Open(store, key)
		if err != nil {
			t.Fatalf("after a kill the ledger cannot be read: %v", err)
		}
		for _, e := range l.Runs() {
			all[e.ID] = e
		}
	}
	return all
}

// check holds the storage against what the witness has heard.
func (r *released) check(t *testing.T, k *stored) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	entries, there := k.entries(t), map[ledger.RunID]int{}
	for _, run := range k.Runs {
		if len(run.Checkpoint) == 0 { // it was killed before it began: nothing was released
			continue
		}
		saved, err := train.DecodeCheckpoint(run.Checkpoint)
		if err != nil {
			t.Errorf("a kept run is damaged: %v", err)
			continue
		}
		there[saved.Engine.Run] = saved.Engine.Step
		if e := entries[saved.Engine.Run]; e.Charged < saved.Engine.Step {
			t.Errorf("a kept run is at step %d, charged %d", saved.Engine.Step, e.Charged)
		}
	}
	for id, step := range r.run {
		e, ok := entries[id]
		if !ok || e.Charged < step {
			t.Errorf("run %x released %d steps, the ledger says %d (it knows the run: %v)", id, step, e.Charged, ok)
		}
		if at, ok := there[id]; step > 0 && (!ok || at > step+block(&e)) {
			t.Errorf("run %x released %d steps and is not kept, or at step %d", id, step, at)
		}
	}
}

func block(e *ledger.Entry) int {
	steps := 0
	for _, s := range e.Events {
		steps += s.Steps
	}
	return (steps + 99) / 100
}

// The whole browser is killed at random instants of runs, in half of them with two tabs at once that train on the same
// records or grasp at the same interrupted run. After each kill: the ledger can be read, lacks no entry and no step that
// anybody was told of, and every run that had begun is there, whole, and goes on or says why not.
func TestKill(t *testing.T) {
	s := serve(t)
	s.pack(t, "small", "-digits", "1000", "-test-digits", "100")
	address := s.page("#data=small&model=logistic&epochs=100&batch=50")
	profile, heard := t.TempDir(), &released{run: map[ledger.RunID]int{}}
	random := rand.New(rand.NewPCG(14, 4))
	wentOn, told := 0, 0
	for i := range *kills + 1 {
		p := openWith(t, "about:blank", chromium.Options{Profile: profile, Script: witness, Flags: map[string]string{"disable-features": "LockProfileCookieDatabase", "in-process-gpu": ""}})
		tabs := []*tab{p}
		if i%2 == 1 {
			second, err := p.Another(chromium.Options{Script: witness})
			if err != nil {
				t.Fatal(err)
			}
			tabs = append(tabs, &tab{second, t})
		}
		for _, q := range tabs {
			heard.listen(q)
			q.run(chromedp.Navigate(address))
		}
		for _, q := range tabs {
			q.wait("the data", dataReady)
		}
		// The database is locked until the last process of the browser that was killed is gone, which takes a moment after the first one is.
		p.wait("the database", keptThere+`.then(() => true, () => false)`)
		k := eval[stored](p, keptThere)
		heard.check(t, &k)
		if t.Failed() || i == *kills {
			break
		}
		for _, q := range tabs {
			if eval[bool](q, offered) {
				q.tap(`document.querySelector("#offer button")`)
			} else {
				q.tap(`document.getElementById("train")`)
			}
		}
		if random.IntN(4) > 0 { // else it dies while it begins
			for _, q := range tabs {
				q.wait("a run, or why not", goesOn+` || !document.getElementById("problem").hidden`)
				if eval[bool](q, `!document.getElementById("problem").hidden`) {
					told++
					if words := q.text("problem"); !strings.Contains(words, "another tab") {
						t.Errorf("why not: %q", words)
					}
				} else {
					wentOn++
				}
			}
		}
		time.Sleep(time.Duration(random.IntN(1200)) * time.Millisecond)
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d runs began or went on, %d were told why not; %d runs, of which the witness saw steps released", wentOn, told, len(heard.run))
	if wentOn == 0 || len(heard.run) == 0 {
		t.Error("nothing ran")
	}
}
