package pagetest

import (
	"context"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/cmd/chromium"
)

// recorder notes what the page hears from its trainer, without pictures and bytes.
const recorder = `globalThis.heard = [];
	globalThis.Worker = class extends Worker {
		constructor(...args) {
			super(...args);
			this.addEventListener("message", ({ data }) => heard.push(data));
		}
	};`

const heardText = `"[\n" + heard.filter((event) => event.type !== "account").map((event) => JSON.stringify(event, (key, value) =>
	value instanceof Uint8Array ? {} : key === "samples" ? [] : value === Infinity ? "Infinity" : value)).join(",\n") + "\n]\n"`

// Writes static/test/recorded.json, the events that the tests of the page's state are fed with, when RECORD is set: a run
// through to its end, a refused one, and one that is paused and stopped.
func TestRecordsEvents(t *testing.T) {
	if os.Getenv("RECORD") == "" {
		t.Skip("SKIPPED: RECORD is not set")
	}
	if !chromium.Installed() {
		t.Skip("SKIPPED: there is no Chromium to test in; make browser installs it")
	}
	address := serve(t).page("#data=digits&model=logistic&epochs=2")
	driven, err := chromium.Open(context.Background(), chromium.Options{Width: 1280, Height: 900})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(driven.Close)
	if err := driven.Before(recorder); err != nil {
		t.Fatal(err)
	}
	p := &tab{driven, t}
	p.run(chromedp.Navigate(address))
	const told = `["proposal", "rehearsal"].includes(heard.at(-1)?.type)`
	p.wait("the proposal", told)
	p.click("train")
	p.wait("the end", state+` === "done" && `+told)
	p.set("batch", "30000")
	p.wait("the refused proposal", `heard.at(-1).type === "proposal" && !heard.at(-1).proposal`)
	p.click("train")
	p.wait("the refusal", `heard.some((e) => e.type === "error")`)
	p.set("batch", "100")
	p.set("epochs", "50")
	p.click("train")
	p.wait("some steps", state+` === "running" && document.getElementById("progress").value > 0.02`)
	p.click("train")
	p.wait("the pause", state+` === "paused"`)
	p.click("stop")
	p.wait("the end", state+` === "done" && `+told)
	if err := os.WriteFile("../test/recorded.json", []byte(eval[string](p, heardText)), 0o644); err != nil {
		t.Fatal(err)
	}
}
