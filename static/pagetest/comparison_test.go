package pagetest

import (
	"strings"
	"testing"
)

// Two runs, side by side: what was set differently, what came of it, and both curves in one chart.
func TestComparesTwoRuns(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=3&batch=500")
	p.wait("the first run", state+` === "done"`)
	first := p.text("tile-accuracy")
	p.set("epsilon", "0.1")
	p.click("train")
	p.wait("the second run", state+` === "done" && document.getElementById("tile-target").innerText === "0.100"`)
	table := p.text("compare")
	for _, words := range []string{"Logistic regression on Handwriting-like digits, generated\tThis run", "Test accuracy\t" + first + "\t" + p.text("tile-accuracy"), "Epsilon (ε)\t3\t0.1"} {
		if !strings.Contains(table, words) {
			t.Errorf("the comparison lacks %q:\n%s", words, table)
		}
	}
	if strings.Contains(table, "Batch") {
		t.Errorf("settings that are the same are listed:\n%s", table)
	}
	if legend := eval[string](p, `document.querySelector(".chart .legend").innerText`); !strings.Contains(legend, "Logistic regression on Handwriting-like digits") {
		t.Errorf("the chart's legend is %q", legend)
	}
	p.clean()
}

// The list of runs: named, coloured, annotated, sorted, compared, duplicated with changes and discarded; what the person
// wrote is there after a reload.
func TestKeepsAListOfRuns(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=1&batch=500")
	p.leaving()
	p.wait("the first run", state+` === "done"`)
	for _, epsilon := range []string{"0.1", "8"} {
		p.set("epsilon", epsilon)
		p.click("train")
		p.wait("the next run", state+` === "done" && parseFloat(document.getElementById("tile-target").innerText) === `+epsilon)
	}
	p.wait("the runs", `document.querySelectorAll("#kept li").length === 2`)
	write := func(element, text string) {
		t.Helper()
		eval[any](p, `(() => { const e = `+element+`; e.focus(); e.value = `+quote(text)+`; e.dispatchEvent(new Event("change")); })()`)
	}
	write(`document.querySelectorAll("#kept .run-name")[1]`, "the first of them")
	write(`document.querySelectorAll("#kept textarea")[1]`, "keep this one")
	p.clickOn(`document.querySelectorAll("#kept input[type=checkbox]")[1]`)
	p.wait("three runs side by side", `document.querySelector("#compare thead tr").cells.length === 4`)
	if colours := eval[int](p, `new Set([...document.querySelectorAll("#kept .swatch-button")].map((b) => getComputedStyle(b).backgroundColor)).size`); colours != 2 {
		t.Errorf("two runs in %d colours", colours)
	}
	p.forEyes("runs")
	p.choose("sort-runs", "name")
	p.wait("the other order", `document.querySelector("#kept .run-name").value.startsWith("Logistic")`)
	p.choose("sort-runs", "accuracy")
	p.wait("the other order", `document.querySelector("#kept .run-name").value === "the first of them"`)
	p.clickButton("Duplicate")
	if epsilon := eval[string](p, `document.getElementById("setting-epsilon").value`); epsilon != "3" {
		t.Errorf("the duplicate promises %s, the run 3", epsilon)
	}
	p.wait("it is kept", settled)
	p.reload()
	p.wait("the runs", `document.querySelectorAll("#kept li").length === 3`)
	last := eval[string](p, `[...document.querySelectorAll("#kept .run-name")].at(-1).value + ": " + [...document.querySelectorAll("#kept textarea")].at(-1).value`)
	if last != "the first of them: keep this one" {
		t.Errorf("after a reload the oldest run is %q", last)
	}
	p.clickOn(`[...document.querySelectorAll("#kept li:last-child .ways button")].at(-1)`)
	p.wait("one less", `document.querySelectorAll("#kept li").length === 2 && `+settled)
	p.reload()
	p.wait("one less still", `document.querySelectorAll("#kept li").length === 2`)
	p.clean()
}

// settled says that the page may be left: nothing would be lost.
const settled = `dispatchEvent(new Event("beforeunload", { cancelable: true }))`
