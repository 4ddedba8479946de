package pagetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// typed replaces what is in a field by typing, as a person would.
func (p *tab) typed(id, text string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`(() => { const f = document.getElementById(%s); f.focus(); f.select(); })()`, quote(id)))
	p.press(kb.Delete)
	p.press(text)
}

const (
	answered = `document.getElementById("answer-bounds").innerText.includes("≤ ε ≤")`
	traced   = `!document.getElementById("attacker").hidden`
	nothing  = `document.getElementById("answer-bounds").innerText === "–" && document.getElementById("attacker").hidden`
)

// The accountant answers without data. 86.225 is the epsilon of a published claim of 3: the distribution of the privacy
// loss composed independently (dp_accounting and PRV agree to the digits).
func TestAccountantAnswers(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html#kind=epsilon&sigma=0.2385&q=0.00426666666667&steps=1170&delta=1e-5"), 1280)
	p.wait("the answer", answered)
	lower, rest, _ := strings.Cut(p.text("answer-bounds"), "≤ ε ≤")
	if l, u := number(t, lower), number(t, rest); l > 86.225 || u < 86.225 || u-l > 0.5 {
		t.Errorf("bounds %v to %v, want 86.225 between", l, u)
	}
	p.clickButton("MNIST, 5 epochs at ε = 3")
	p.wait("the next answer", `document.getElementById("answer-bounds").innerText.startsWith("2.99")`)
	p.wait("the meaning", `/16\.[0-9] %/.test(document.getElementById("meaning").innerText)`) // advantage 0.165
	if words := p.text("answer-question"); words != "σ = 0.6508 · q = 0.0042667 · 1,170 steps · δ = 1e-5" {
		t.Errorf("the answer stands beside the question %q", words)
	}
	p.clean()
}

// From a target to the noise: sigma is rounded up, so that the printed digits keep the promise.
func TestAccountantFindsNoise(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html#kind=sigma&epsilon=3&q=0.00426666666667&steps=1170&delta=1e-5"), 1280)
	p.wait("the answer", `document.getElementById("answer-bounds").innerText.startsWith("σ =")`)
	if sigma := number(t, strings.TrimPrefix(p.text("answer-bounds"), "σ = ")); sigma < 0.65072 || sigma > 0.6509 {
		t.Errorf("sigma %v, want 0.65073", sigma)
	}
	p.clean()
}

// What cannot be right is said beside its field at once, and no answer is left that belongs to another question.
func TestAccountantRefusesNonsense(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html#kind=epsilon&sigma=-1&q=2&steps=1170&delta=1e-5"), 1280)
	p.wait("the refusal", `document.querySelectorAll("#question .fault:not([hidden])").length === 2 && `+nothing)
	if words := p.text("sigma-fault") + p.text("q-fault"); words != "The noise multiplier must be 0 or more.The sampling rate must be from 0 to 1." {
		t.Errorf("it says %q", words)
	}
	p.typed("sigma", "0,6508") // a comma is a point
	p.typed("q", "0.00426666666667")
	p.wait("the attacker", traced)
	if bounds := p.text("answer-bounds"); !strings.HasPrefix(bounds, "2.99") {
		t.Errorf("0,6508 gives %s", bounds)
	}
	for _, bad := range []string{"", "0", "1", "infinity", "1e-400"} {
		p.typed("delta", bad)
		p.wait("the refusal of delta "+bad, `!document.getElementById("delta-fault").hidden && `+nothing)
	}
	p.typed("delta", "1e-5")
	p.press(kb.ArrowDown)
	p.wait("the attacker", traced)
	if delta := eval[string](p, `document.getElementById("delta").value`); delta != "1e-5" {
		t.Errorf("ArrowDown makes delta %s", delta)
	}
	p.clean()
}

// While the next answer is worked out, the one before is marked as old; the attacker of the one before goes with it.
func TestAccountantMarksOldAnswers(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html"), 1280)
	p.wait("the attacker", traced)
	eval[any](p, `(() => { // what stands there a frame after each key
		window.unmarked = [];
		const look = () => { const words = document.getElementById("answer-question").innerText;
			if (document.getElementById("epochs").value !== "5" && words.includes("1,170") && !(document.getElementById("answers").classList.contains("old") && document.getElementById("answer-kicker").innerText.includes("the question before"))) window.unmarked.push(words);
			requestAnimationFrame(look); };
		look();
	})()`)
	p.typed("epochs", "10")
	p.wait("the answer", `document.getElementById("answer-question").innerText.includes("2,340 steps") && `+traced)
	if unmarked := eval[[]string](p, "window.unmarked"); len(unmarked) > 0 {
		t.Errorf("not marked as old while ten epochs are worked out: %q", unmarked)
	}
	if eval[bool](p, `document.getElementById("answers").classList.contains("old")`) {
		t.Error("a new answer is marked as old")
	}
	p.clean()
}

// Steps are counted as training counts them: 78 batches of 256 in 20,000 records, so 97 in 1.25 epochs.
func TestAccountantCountsStepsAsTrainingDoes(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html#records=20000&batch=256&epochs=1,25"), 1280)
	p.wait("the steps", `document.getElementById("derived").innerText.includes("97 steps") && document.getElementById("answer-question").innerText.includes("97 steps")`)
	p.clean()
}

// A schedule is read by the accountant's own parser, as rows and as text; an example shows all that it asks.
func TestAccountantReadsSchedules(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html"), 1280)
	p.wait("the answer", answered)
	p.clickButton("Noise that decays")
	p.wait("the noise", `document.getElementById("answer-bounds").innerText.startsWith("σ =")`)
	if eval[bool](p, `[...document.querySelectorAll("#q, #steps, #records")].some((f) => f.offsetParent)`) {
		t.Error("fields are shown that the schedule does not use")
	}
	rows := `[...document.querySelectorAll("#schedule [role=group]")].map((r) => [...r.querySelectorAll("input")].map((f) => f.value).join(" "))`
	if got := eval[[]string](p, rows); len(got) != 2 || got[1] != "0.8 0.00426666666667 585" {
		t.Errorf("the rows are %q", got)
	}
	p.clickOn(`document.querySelector("#schedule summary")`)
	p.typed("segments", "1 * ?:0.004:500;0.8 * ?:0.004:500")
	p.wait("the answer", `document.getElementById("answer-question").innerText.startsWith("σ = ") && `+rows+`[1] === "0.8 0.004 500" && `+traced)
	p.typed("segments", "?:0.004:500;0.8*?:4:500")
	p.wait("the fault", `document.getElementById("segments-fault").innerText.includes("rate")`)
	p.click("add-row")
	p.wait("three stretches", `document.getElementById("answer-question").innerText.includes("3 stretches")`)
	if hash := eval[string](p, "decodeURIComponent(location.hash)"); strings.Count(hash, "?:0.004:500") != 3 {
		t.Errorf("the address is %s", hash)
	}
	p.clean()
}

// Each part stands alone: an attacker that cannot be worked out leaves the bounds.
func TestAccountantPartsFailAlone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/trainer.") && strings.HasSuffix(path, ".js") {
			return append([]byte(`{ const post = self.postMessage.bind(self); 
				self.postMessage = (m) => post(m.answer?.fpr ? { ...m, answer: { error: "accountant: broken on purpose" } } : m); }`+"\n"), body...)
		}
		return body
	}
	p := open(t, s.page("accountant.html"), 1280)
	p.wait("the answer", answered)
	p.wait("the fault", `document.getElementById("attacker-problem").innerText.includes("Broken on purpose")`)
	if !eval[bool](p, answered) || !strings.HasPrefix(p.text("answer-bounds"), "2.99") {
		t.Errorf("the bounds are %s", p.text("answer-bounds"))
	}
	p.clean()
}

// Curves of several runs stand in one chart and one table.
func TestAccountantComparesRuns(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("accountant.html"), 1280)
	p.wait("the attacker", traced)
	p.click("keep")
	p.typed("sigma", "0.2385")
	p.wait("the next attacker", `document.getElementById("answer-question").innerText.startsWith("σ = 0.2385") && `+traced)
	if rows := eval[int](p, `document.getElementById("compare").tBodies[0].rows.length`); rows != 2 {
		t.Errorf("%d rows, want this run and A", rows)
	}
	if table := p.text("compare"); !strings.Contains(table, "σ = 0.6508") || !strings.Contains(table, "3.00") || !strings.Contains(table, "86.3") {
		t.Errorf("the table lacks a run: %s", table)
	}
	if legend := eval[string](p, `document.querySelector("#tradeoff .legend").innerText`); !strings.Contains(legend, "This run") || !strings.Contains(legend, "A") {
		t.Errorf("the legend says %q", legend)
	}
	p.clickButton("Remove")
	p.wait("the end of the comparison", `document.getElementById("compared").hidden`)
	p.clean()
}
