package pagetest

import (
	"strings"
	"testing"
)

// A person who wants to be told that a run has ended hears it, or reads it where the tab is hidden; nobody else is told.
func TestTellsTheEnd(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the data", dataReady)
	eval[any](p, `(() => { // what the browser is asked to play and to show
		globalThis.tones = 0;
		globalThis.shown = [];
		const { start } = OscillatorNode.prototype;
		OscillatorNode.prototype.start = function (...at) { tones++; return start.apply(this, at); };
		globalThis.Notification = class { static permission = "granted"; static requestPermission = async () => "granted"; constructor(title, { body }) { shown.push(body); } };
		return null;
	})()`)
	train := func() {
		p.t.Helper()
		p.click("train")
		p.wait("the run", state+` === "running" || `+state+` === "done" && !document.getElementById("progress").hidden`)
		p.wait("the end", state+` === "done" && !document.getElementById("save").disabled`)
	}
	told := func() (tones, shown int) { return eval[int](p, "tones"), eval[int](p, "shown.length") }
	train()
	if tones, shown := told(); tones+shown != 0 {
		t.Errorf("%d tones and %d notifications, and nobody wanted any", tones, shown)
	}
	p.click("bell")
	p.wait("the bell", `document.getElementById("bell").getAttribute("aria-pressed") === "true"`)
	train()
	p.wait("two tones", "tones === 2")
	if _, shown := told(); shown != 0 {
		t.Error("a notification covers a page that is looked at")
	}
	eval[any](p, `(Object.defineProperty(document, "visibilityState", { value: "hidden" }), null)`)
	train()
	p.wait("the notification", "shown.length === 1")
	if words := eval[string](p, "shown[0]"); !strings.Contains(words, "test accuracy") || !strings.Contains(words, "epsilon at most 3.00") {
		t.Errorf("it says %q", words)
	}
	p.clean()
}
