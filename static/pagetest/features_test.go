package pagetest

import (
	"strings"
	"testing"
	"time"
)

// Fixed features of a small set: computed in the tab with progress, trained on, kept on the device, found there by the next page, and
// removed.
func TestComputesFeatures(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.pack(t, "small", "-digits", "300", "-test-digits", "100")
	p := open(t, s.page("#data=small"), 1280)
	p.wait("the data", dataReady)
	p.click("features-open")
	p.clickButton("Compute them")
	p.wait("the map", `document.getElementById("features-words").innerText.includes("Making the map")`)
	p.clickButton("Cancel")
	p.wait("the end of it", `document.getElementById("features-words").innerText === "Cancelled."`)
	p.clickButton("Compute them")
	for range 4 { // half a minute on an idle machine
		if p.within(patience, `document.getElementById("features-words").innerText.includes("of 400 records") || `+haveFeatures) {
			break
		}
	}
	p.wait("the features", haveFeatures)
	if words := p.text("features"); !strings.Contains(words, "kept on this device") {
		t.Errorf("of what is kept the panel says %q", words)
	}
	p.choose("setting-model", "logistic")
	p.set("epochs", "3")
	p.click("train")
	p.wait("the end", state+` === "done"`)

	p.choose("data", "small")
	p.clickButton("Open")
	p.wait("the records", `location.hash.includes("data=small&") && `+dataReady)
	p.clickButton("Compute them")
	p.wait("the kept features", haveFeatures)
	p.clickButton("Remove them")
	p.wait("their end", `!document.getElementById("features").innerText.includes("are kept on this device")`)
	p.clean()
}

// within waits for an expression to be true, and tells whether it became so in time.
func (p *tab) within(limit time.Duration, expression string) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if eval[bool](p, expression) {
			return true
		}
	}
	return false
}

const haveFeatures = `location.hash.includes("data=small%2Bfeatures") && document.getElementById("features-words").innerText.startsWith("Ready") && ` + dataReady
