package pagetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// inView are what of some elements is not within the screen, without scrolling.
func (p *tab) outOfView(elements string) []string {
	p.t.Helper()
	return eval[[]string](p, fmt.Sprintf(`%s.flatMap((selector) => {
		const box = document.querySelector(selector)?.getBoundingClientRect();
		const seen = box && box.width > 0 && box.height > 0 && box.top >= -0.5 && box.left >= -0.5 && box.bottom <= innerHeight + 0.5 && box.right <= innerWidth + 0.5;
		return seen ? [] : [selector + " " + JSON.stringify(box)];
	})`, elements))
}

const (
	steering = `"#train", "#stop", "#progress-words", "#tile-accuracy", "#tile-epsilon", "#meter"`
	choosing = `"#data", "#preset", "#setting-model", "#setting-epsilon", "#epsilon-slider", "#setting-delta", "#setting-audit", "#setting-epochs", "#setting-batch", "#setting-clip", "#setting-rate", "[data-panel=mechanism] summary", "[data-panel=advanced] summary"`
	both     = `"#learning .chart:not([hidden])", "#spending .chart"`
)

// One screen holds what steers a run, what it came to, both curves and all settings that matter, before and after a run;
// smaller ones hold the run bar, the figures and the first curve, and the bar stays.
func TestEverythingInView(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=1"), 1280)
	p.wait("the proposal", `document.getElementById("receipt").innerText.includes("≤")`)
	for _, when := range []string{"before", "after"} {
		for _, screen := range screens {
			p.run(chromedp.EmulateViewport(screen.Width, screen.Height))
			p.wait("the settings to fold or unfold", fmt.Sprintf(`document.getElementById("rail").open === %t`, screen.Width >= 1280))
			eval[any](p, `(scrollTo({top: 0, behavior: "instant"}), new Promise((go) => setTimeout(go, 200)))`)
			want := steering + `, "#receipt"`
			switch {
			case screen.Width >= 1280:
				want += ", " + choosing + ", " + both
			case screen.Width >= 800:
				want += ", " + both + `, "#rail > summary"`
			default:
				want += `, "#rail > summary", "#learning .chart-head"`
			}
			for _, missing := range p.outOfView("[" + want + "]") {
				t.Errorf("%s a run, %d x %d: out of view: %s", when, screen.Width, screen.Height, missing)
			}
			eval[any](p, `(scrollTo({top: 600, behavior: "instant"}), null)`)
			for _, missing := range p.outOfView(`["#train", "#progress-words"]`) {
				t.Errorf("%s a run, %d x %d, scrolled: out of view: %s", when, screen.Width, screen.Height, missing)
			}
		}
		p.run(chromedp.EmulateViewport(1280, 900))
		if when == "before" {
			p.click("train")
			p.wait("the end", state+` === "done"`)
		}
	}
	p.clean()
}

// What a run will cost is told as settings change, and nothing is charged by it; after a run the ledger's total follows.
func TestKnowsBeforeSpending(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=1"), 1280)
	receipt := func(words string) string {
		t.Helper()
		p.wait(words+" on the receipt", `!document.querySelector("#receipt.stale") && document.getElementById("receipt").innerText.includes(`+quote(words)+`)`)
		return p.text("receipt")
	}
	first := receipt("ε ≤ 3.00")
	p.wait("how long it takes", `!document.getElementById("receipt").innerText.includes("…")`)
	for _, words := range []string{"Noise multiplier", "Steps\n20", "Takes about"} {
		if !strings.Contains(p.text("receipt"), words) {
			t.Errorf("the receipt lacks %q: %s", words, p.text("receipt"))
		}
	}
	if words := p.text("progress-words"); !strings.Contains(words, "charge ε = 3 at δ = 1e-5") {
		t.Errorf("Train does not state what it charges: %q", words)
	}
	p.run(chromedp.Focus("#epsilon-slider", chromedp.ByQuery))
	p.press(kb.ArrowLeft)
	p.press(kb.ArrowLeft)
	p.wait("a smaller epsilon", `document.getElementById("setting-epsilon").value === "2.8"`)
	if second := receipt("ε ≤ 2.80"); second == first {
		t.Errorf("a smaller epsilon needs no more noise: %s", second)
	}
	p.click("train")
	p.wait("the end", state+` === "done"`)
	const total = `parseFloat(document.getElementById("receipt").innerText.split("ε ≤ ")[1])`
	p.wait("two runs on the receipt", `!document.querySelector("#receipt.stale") && `+total+` > 2.8`)
	if two := eval[float64](p, total); two >= 5.6 {
		t.Errorf("two runs of 2.8 come to %v, no less than their sum", two)
	}
	if words := p.text("progress-words"); !strings.Contains(words, "charges another") {
		t.Errorf("Train does not say that it charges once more: %q", words)
	}
	p.clean()
}

// typeInto replaces what a field holds, key by key, and leaves it.
func (p *tab) typeInto(id, text string) {
	p.t.Helper()
	p.run(chromedp.Focus("#"+id, chromedp.ByQuery))
	eval[any](p, `(document.activeElement.select(), null)`)
	if text == "" {
		p.press(kb.Delete)
	}
	for _, key := range text {
		p.press(string(key))
	}
	p.press(kb.Tab)
}

// Numbers are taken as people write them, or refused in words; never turned into others.
func TestTakesNumbersAsTyped(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic"), 1280)
	p.wait("the data", dataReady)
	value := func(key string) string { return eval[string](p, `document.getElementById("setting-`+key+`").value`) }
	p.typeInto("setting-epsilon", "3,5")
	if target := p.text("tile-target"); target != "3.50" {
		t.Errorf("3,5 promises %s", target)
	}
	p.typeInto("setting-batch", "1,024")
	if fault := p.text("setting-batch-fault"); !strings.Contains(fault, "1024 or 1.024") || value("batch") != "1,024" {
		t.Errorf("1,024 became %s: %q", value("batch"), fault)
	}
	p.run(chromedp.Focus("#setting-batch", chromedp.ByQuery))
	eval[any](p, `(document.activeElement.select(), null)`)
	p.press("7")
	eval[any](p, `(document.dispatchEvent(new Event("visibilitychange")), new Promise((go) => setTimeout(go, 100)))`) // the page draws anew
	if value("batch") != "7" {
		t.Errorf("what was being typed became %s", value("batch"))
	}
	p.typeInto("setting-batch", "1024")
	p.run(chromedp.Focus("#setting-delta", chromedp.ByQuery))
	p.press(kb.ArrowDown)
	p.press(kb.ArrowUp)
	p.press(kb.Tab)
	if value("delta") != "1e-5" {
		t.Errorf("an arrow key made delta %s", value("delta"))
	}
	p.typeInto("setting-delta", "")
	p.click("train")
	p.wait("the fault", `document.getElementById("setting-delta-fault").innerText.includes("needs a number")`)
	if now := eval[string](p, state); now != "idle" {
		t.Errorf("without a delta the page is %s", now)
	}
	// What differs from the preset is marked, and one press sets it back.
	p.clickOn(`document.querySelector(".setting.changed:has(#setting-epsilon) .reset")`)
	if value("epsilon") != "3" || eval[bool](p, `document.querySelector(".setting:has(#setting-epsilon)").matches(".changed")`) {
		t.Errorf("set back, epsilon is %s", value("epsilon"))
	}
	p.clean()
}

// Every line is explained behind a button.
func TestExplainsEverySetting(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&open=mechanism.advanced"), 1280)
	p.wait("the data", dataReady)
	p.clickOn(`document.querySelector("[aria-controls=setting-clip-why]")`)
	if words := p.text("setting-clip-why"); !strings.Contains(words, "one record") || !strings.Contains(words, "arXiv") {
		t.Errorf("the clip norm is explained by %q", words)
	}
	type row struct {
		Label, Why string
		Help       bool
	}
	for _, r := range eval[[]row](p, `[...document.querySelectorAll("#setup .setting:not(.params .setting)")].filter((s) => s.offsetParent).map((s) => ({
		Label: s.querySelector("label").innerText, Why: s.querySelector(".why").textContent, Help: !!s.querySelector(".help")?.offsetParent || !s.querySelector("select")?.value}))`) {
		if !r.Help || len(r.Why) < 20 && r.Label != "Noise over the run" && r.Label != "Clip norm over the run" && r.Label != "Filter of gradients" && r.Label != "Average of models" {
			t.Errorf("%s is not explained: %q", r.Label, r.Why)
		}
	}
	p.clean()
}

// A link pasted into the open tab brings its settings, Back takes them away again, and open panels are in the address.
func TestLinksWorkInAnOpenTab(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic"), 1280)
	p.wait("the data", dataReady)
	value := func(key string) string { return eval[string](p, `document.getElementById("setting-`+key+`").value`) }
	p.typeInto("setting-epsilon", "2")
	p.clickOn(`document.querySelector("[data-panel=log] summary")`)
	p.wait("the panel in the address", `location.hash.includes("open=log")`)
	eval[any](p, `(location.hash = "#data=digits&model=mlp&clip=0.25&open=plan.log", null)`)
	p.wait("the link's model", `document.getElementById("setting-model").value === "mlp"`)
	if value("clip") != "0.25" || value("epsilon") != "3" {
		t.Errorf("after the link clip norm and epsilon are %s, %s", value("clip"), value("epsilon"))
	}
	p.run(chromedp.NavigateBack())
	p.wait("the model before", `document.getElementById("setting-model").value === "logistic"`)
	if value("epsilon") != "2" {
		t.Errorf("after Back epsilon is %s, was 2", value("epsilon"))
	}
	p.run(chromedp.NavigateBack())
	p.wait("the epsilon before", `document.getElementById("setting-epsilon").value === "3"`)
	p.run(chromedp.NavigateForward())
	p.wait("the epsilon after", `document.getElementById("setting-epsilon").value === "2"`)
	eval[any](p, `(location.hash = "#data=digits&model=logistic&mechanism=bandmf(bands=117)+average-ema", null)`)
	p.wait("what is wrong with the link", `document.getElementById("problem").innerText.includes("unknown mechanism") || document.getElementById("problem").innerText.includes("cannot be")`)
	p.click("train")
	eval[any](p, "new Promise((go) => setTimeout(go, 200))")
	if now := eval[string](p, state); now != "idle" {
		t.Errorf("with an unknown mechanism Train makes the page %s", now)
	}
	p.clean()
}

// Other data are asked for once; the way back brings the run, with its model and its curve.
func TestOtherDataCanBeUndone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.pack(t, "fold #2", "-digits", "2000", "-test-digits", "500")
	p := s.train(t, "data=digits&model=logistic&epochs=2")
	p.wait("the end", state+` === "done" && !document.getElementById("save").disabled`)
	accuracy := p.text("tile-accuracy")
	p.choose("data", "fold #2")
	p.clickButton("Stay")
	if data := eval[string](p, `document.getElementById("data").value`); data != "digits" {
		t.Errorf("after Stay the data are %s", data)
	}
	p.choose("data", "fold #2")
	p.clickButton("Open")
	p.wait("the other data", dataReady+` && location.hash.includes("fold") && document.getElementById("provenance").textContent.startsWith("2,000")`)
	if kept := p.text("kept"); !strings.Contains(kept, accuracy) {
		t.Errorf("the run is not kept: %s", kept)
	}
	p.clickButton("Back to Built-in digits")
	p.wait("the run", state+` === "done" && document.getElementById("tile-accuracy").innerText === `+quote(accuracy))
	if rows := eval[int](p, `(document.querySelector("#learning details").open = true, new Promise((go) => setTimeout(() => go(document.querySelectorAll("#learning .chart tbody")[0].rows.length), 200)))`); rows != 3 {
		t.Errorf("its curve has %d points, had 3", rows)
	}
	if !eval[bool](p, `document.getElementById("compare-panel").hidden`) {
		t.Error("the run is shown twice")
	}
	p.clean()
}

// Start, pause and end are said to those who do not see the page.
func TestSpeaks(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=100&batch=100"), 1280)
	p.wait("the data", dataReady)
	eval[any](p, `(() => {
		globalThis.said = [];
		const region = document.getElementById("spoken");
		new MutationObserver(() => said.push(region.textContent)).observe(region, {childList: true, characterData: true, subtree: true});
	})()`)
	for _, turn := range []struct{ press, words string }{
		{"train", "started"}, {"train", "Paused"}, {"train", "goes on"}, {"stop", "stopped: test accuracy"},
	} {
		p.click(turn.press)
		p.wait("the word "+turn.words, `said.some((words) => words.includes(`+quote(turn.words)+`))`)
	}
	if title := eval[string](p, "document.title"); !strings.HasPrefix(title, "Done") || !strings.Contains(title, "ε 3.00") {
		t.Errorf("the tab's title is %q", title)
	}
	p.clean()
}

// Nothing on the page of a private run is a clock: not the log, no stamp, no attribute.
func TestPrivateRunShowsNoClock(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=3&open=log.plan")
	p.wait("the end", state+` === "done"`)
	if n := eval[int](p, `document.querySelectorAll("time, [datetime]").length`); n != 0 {
		t.Errorf("%d elements are stamped", n)
	}
	if found := eval[[]string](p, `document.documentElement.outerHTML.match(/\b\d{1,2}:\d\d(:\d\d)?\b|\d\d\d\d-\d\d-\d\d|\d+(\.\d+)? (ms|milliseconds|seconds)\b/g) ?? []`); len(found) > 0 {
		t.Errorf("the page tells times: %v", found)
	}
	if log := p.text("log"); !strings.Contains(log, "Epoch 2") {
		t.Errorf("the log does not go by epochs: %s", log)
	}
	p.clean()
}

// A person draws, and sees what the model takes the drawing for; a test record is taken for what its caption says.
func TestTriesADrawing(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=5")
	p.wait("the end", state+` === "done"`)
	p.clickOn(`document.querySelector("#samples button")`)
	const taken = `document.querySelector("#try .note").innerText`
	p.wait("an answer", taken+`.startsWith("Taken for")`)
	caption := eval[string](p, `document.querySelector("#samples button").getAttribute("aria-label")`)
	if class := strings.TrimSuffix(strings.TrimPrefix(eval[string](p, taken), "Taken for "), "."); !strings.Contains(caption, "taken for "+class) {
		t.Errorf("%q is taken for %s", caption, class)
	}
	p.clickButton("Clear")
	if words := eval[string](p, taken); words != "" {
		t.Errorf("an empty pad is %q", words)
	}
	at := eval[[]float64](p, `(() => { const pad = document.querySelector(".pad"); pad.scrollIntoView({block: "center", behavior: "instant"}); const box = pad.getBoundingClientRect(); return [box.x + box.width / 2, box.y, box.height]; })()`)
	mouse := func(kind input.MouseType, share float64) chromedp.Action {
		return input.DispatchMouseEvent(kind, at[0], at[1]+share*at[2]).WithButton(input.Left).WithClickCount(1)
	}
	p.run(mouse(input.MousePressed, 0.2), mouse(input.MouseMoved, 0.5), mouse(input.MouseMoved, 0.8), mouse(input.MouseReleased, 0.8))
	p.wait("the stroke's answer", taken+`.startsWith("Taken for")`)
	if sum := eval[float64](p, `[...document.querySelectorAll(".bars .share")].reduce((sum, s) => sum + parseFloat(s.innerText), 0)`); sum < 95 || sum > 105 {
		t.Errorf("ten bars add up to %v %%", sum)
	}
	p.clean()
}
