package pagetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The first page in one screen: what it is, a live example that trains, and the ways on. On the site's own pages, where the guard takes shadow trees
// away, the element shows itself without one.
func TestFirstPageTrains(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("index.html"), 1280)
	fold := eval[[]float64](p, `[...document.querySelectorAll("h1, cloister-trainer [part=train], .ways-in li > a")].map((e) => e.getBoundingClientRect().bottom)`)
	if len(fold) != 6 || slices.Max(fold) > 900 {
		t.Errorf("what the first page is about ends at %v of 900 px, want 6 things above the fold", fold)
	}
	type way struct {
		Shadow, Light bool
	}
	if w := eval[way](p, `(() => { const e = document.querySelector("cloister-trainer"); return { Shadow: !!e.shadowRoot, Light: e.querySelectorAll("button").length > 0 }; })()`); w.Shadow || !w.Light {
		t.Errorf("on the site's page the element is %+v", w)
	}
	p.clickButton("Train")
	p.wait("the end", `document.querySelector("cloister-trainer [part=status]").innerText.startsWith("Done")`)
	if figures := eval[string](p, `document.querySelector("cloister-trainer [part=figures]").innerText`); !strings.Contains(figures, "≤ 1.00") && !strings.Contains(figures, "≤ 0.99") {
		t.Errorf("a run at an epsilon of 1 shows %q", figures)
	}
	// Stopped early, it has spent what was planned: when to stop may have hung on what was seen.
	eval[any](p, `(document.querySelector("cloister-trainer").setAttribute("epochs", "500"), null)`)
	figures := `document.querySelector("cloister-trainer [part=figures]").innerText`
	p.clickButton("Train")
	p.wait("some of it to be spent", `/≤ 0\.[0-8]/.test(`+figures+`)`)
	p.clickButton("Stop")
	p.wait("what was planned", `!document.querySelector("cloister-trainer [part=train]").disabled && /≤ (1\.00|0\.99)/.test(`+figures+`)`)
	p.run(chromedp.Navigate(s.URL + below + "#data=digits&model=logistic"))
	p.wait("an old link to lead on", `location.pathname.endsWith("train.html") && `+dataReady)
	// The first of the ways in opens where own data go, until that is closed.
	p.run(chromedp.Navigate(s.URL + below))
	p.clickOn(`document.querySelector(".ways-in a")`)
	p.wait("the panel", `location.pathname.endsWith("train.html") && document.getElementById("own")?.hidden === false && location.hash.includes("open=own")`)
	p.clickButton("Close")
	p.wait("an address without it", `document.getElementById("own").hidden && !location.hash.includes("own")`)
	p.clean()
}

// In each tutorial the question is answered by what came out above it, and by nothing else.
func TestTutorialsAnswer(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("learn-clip-and-noise.html"), 1280)
	verdict := p.answered
	// Lengths are bounded by the clip norm: the odd record moves the sum by 2.5, whatever else.
	eval[any](p, `(() => { const c = document.querySelector("learn-sum input[type=range]"); c.value = 2.5; c.dispatchEvent(new Event("input")); })()`)
	if right, wrong := verdict("2.5"), verdict("6"); right != "Right." || !strings.HasPrefix(wrong, "Not") {
		t.Errorf("2.5 is %q, 6 is %q", right, wrong)
	}

	p.run(chromedp.Navigate(p.base() + "learn-epsilon.html"))
	if before := verdict("50"); !strings.Contains(before, "Ask the accountant first") {
		t.Errorf("before anything was run the answer is %q", before)
	}
	eval[any](p, `(() => { const s = document.querySelector("learn-odds input"); s.value = 3; s.dispatchEvent(new Event("input")); })()`)
	p.clickButton("Ask the accountant")
	p.wait("the curve", `document.querySelector("learn-odds").answer > 0`)
	// At epsilon 1 nobody who suspected one in ten is surer than e/(9+e), which is 23.2 %.
	if sure := eval[float64](p, `document.querySelector("learn-odds").answer`); sure < 10 || sure > 23.3 {
		t.Errorf("an attacker is %.1f %% sure", sure)
	}
	if shown := eval[string](p, `[...document.querySelectorAll("learn-odds dd")][2].innerText`); verdict(shown) != "Right." {
		t.Errorf("%q, as shown, is %q", shown, verdict(shown))
	}

	p.run(chromedp.Navigate(p.base() + "learn-own-data.html"))
	p.clickButton("Add them up")
	p.wait("the sum", `document.querySelector("learn-total").answer > 0`)
	if all := eval[float64](p, `document.querySelector("learn-total").answer`); all <= 1 || all >= 4 || verdict(eval[string](p, `document.querySelector("learn-total dd").innerText.slice(2)`)) != "Right." {
		t.Errorf("four runs at 1 cost %v", all)
	}

	p.run(chromedp.Navigate(p.base() + "learn-accuracy.html"))
	eval[any](p, `document.querySelectorAll("#batch input").forEach((input, i) => { if (!input.disabled) { input.value = [1000, 1][i]; input.dispatchEvent(new Event("change")); } })`)
	if before := verdict("50"); !strings.HasPrefix(before, "Run it first") {
		t.Errorf("before anything was trained the answer is %q", before)
	}
	eval[any](p, `document.querySelector("#batch [part=train]").click()`)
	p.wait("the end", `document.querySelector("#batch [part=status]").innerText.startsWith("Done")`)
	reached := eval[string](p, `document.querySelector("#batch [part=figures] dd").innerText`)
	if right, wrong := verdict(reached), verdict("101"); right != "Right." || !strings.HasPrefix(wrong, "Not") {
		t.Errorf("%q, as shown, is %q; 101 is %q", reached, right, wrong)
	}
	if row := eval[string](p, `document.querySelector("#batch [part=runs] tbody tr").innerText`); !strings.Contains(row, "1000") || !strings.Contains(row, reached) {
		t.Errorf("the table has %q", row)
	}

	// Two real trainings: without privacy the secret is learned, almost surely; at epsilon 3 it is as good as hidden, which one try cannot show.
	p.run(chromedp.Navigate(p.base() + "learn-gives-away.html"))
	eval[any](p, `document.querySelectorAll("learn-secret input")[2].click()`)
	p.clickButton("Train both, and ask")
	p.wait("both models", `document.querySelector("learn-secret").answer !== undefined`)
	rows := eval[[][]string](p, `[...document.querySelectorAll("learn-secret tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText))`)
	if len(rows) != 2 || rows[0][5] != "1 of 1" || number(t, strings.TrimSuffix(rows[0][3], " %")) < 50 {
		t.Errorf("the models told %q: want the first to tell the secret", rows)
	}
	if told := rows[1][5]; told != "0 of 1" && told != "1 of 1" {
		t.Errorf("the private model told %q", rows[1])
	}
	// And yet it has learned the rule: by chance it would be right about a quarter of the others.
	if others := number(t, strings.TrimSuffix(rows[1][6], " %")); others < 40 {
		t.Errorf("the private model is right about %v %% of the others, want the rule to stand out", others)
	}
	p.clean()
}

// answered is what a tutorial's question says to an answer.
func (p *tab) answered(answer string) string {
	p.t.Helper()
	return eval[string](p, `(() => {
		const question = document.querySelector("learn-question");
		question.querySelector("input").value = `+quote(answer)+`;
		question.querySelector("form").requestSubmit();
		return question.querySelector("[role=status]").innerText;
	})()`)
}

// base is the folder of the page that is shown.
func (p *tab) base() string { return eval[string](p, `new URL(".", location.href).href`) }

// The tutorial on mechanisms trains with what its reader wrote, and answers by it. Whatever the code wants, it gets neither less noise nor a way out, and
// epsilon is what it was; a link takes it to the editor as it stands.
func TestTutorialOnMechanisms(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("learn-mechanism.html"), 1280)
	eval[any](p, `(document.querySelectorAll("learn-written").forEach((e) => e.setAttribute("epochs", "1")), null)`)
	write := func(id, from, to string) {
		t.Helper()
		if !eval[bool](p, `(() => { const t = document.querySelector("#`+id+` textarea"), before = t.value; t.value = before.replace(`+quote(from)+`, `+quote(to)+`); t.dispatchEvent(new Event("input")); return t.value !== before; })()`) {
			t.Fatalf("#%s has no %q", id, from)
		}
	}
	type outcome struct {
		Figures []string // accuracy, epsilon, noise multiplier, clip norm
		Fault   string
	}
	train := func(id string) (o outcome) {
		t.Helper()
		p.clickOn(`document.querySelector("#` + id + ` .primary")`)
		p.wait("the end", `!document.querySelector("#`+id+` .primary").disabled`)
		o = eval[outcome](p, `({ Figures: [...document.querySelectorAll("#`+id+` dd")].map((e) => e.innerText), Fault: document.querySelector("#`+id+` .problem").innerText })`)
		if o.Fault == "" && (len(o.Figures) != 4 || o.Figures[1] != "≤ 1.00" || number(t, strings.TrimSuffix(o.Figures[0], " %")) < 5) {
			t.Errorf("#%s comes to %q", id, o.Figures)
		}
		return o
	}

	asItWas := func(id string) {
		t.Helper()
		p.clickOn(`[...document.querySelectorAll("#` + id + ` button")].find((b) => b.innerText === "As it was")`)
	}

	fixed := train("fixed")
	write("fixed", "8", "1")
	if lower := train("fixed"); fixed.Figures[3] != "8" || lower.Figures[3] != "1" || fixed.Figures[2] != lower.Figures[2] {
		t.Errorf("with a bound of 8 %q, of 1 %q", fixed, lower)
	}
	if rows := eval[int](p, `document.querySelectorAll("#fixed tbody tr").length`); rows != 2 {
		t.Errorf("two runs are %d lines of the table", rows)
	}
	for i, says := range []string{"there is no noise", "fetch is not defined", "Date is not defined", ""} {
		if !longer && i != 1 {
			continue
		}
		eval[any](p, fmt.Sprintf(`(() => { const s = document.querySelector("#cheat select"); s.value = %d; s.dispatchEvent(new Event("change")); })()`, i))
		if got := train("cheat").Fault; !strings.Contains(got, says) || says == "" && got != "" {
			t.Errorf("the mechanism that means no good, %d, is told %q, want %q", i, got, says)
		}
	}
	if bound := number(t, train("follow").Figures[3]); bound < 0.01 || bound >= 8 {
		t.Errorf("the bound that follows the signal ends at %v", bound)
	}

	// The gradient's noise, thrown from within: it is a little larger where a count shares the budget.
	if longer {
		shares := map[string]float64{}
		for _, id := range []string{"follow", "count"} {
			write(id, "if (released) {", "if (released) { throw new Error(released.noiseStd * 1024 / 8);")
			_, thrown, _ := strings.Cut(train(id).Fault, "line 10: ")
			thrown, _, _ = strings.Cut(thrown, "\n") // the line that threw it comes behind
			shares[id] = number(t, thrown)
			asItWas(id)
		}
		if more := shares["count"] / shares["follow"]; !(more > 1 && more < 1.001) {
			t.Errorf("the noise of the gradient is %v", shares)
		}
	}

	// The answer is the reader's own mechanism's, not that of what stood there.
	half := train("count")
	if before := p.answered(half.Figures[3]); !strings.HasPrefix(before, "Change the mechanism") {
		t.Errorf("with the mechanism as it was, the answer is %q", before)
	}
	write("count", "0.5", "0.9")
	more := train("count")
	if right, wrong := p.answered(more.Figures[3]), p.answered("-1"); right != "Right." || !strings.HasPrefix(wrong, "Not") {
		t.Errorf("%s, as shown, is %q; -1 is %q", more.Figures[3], right, wrong)
	}
	// Twenty steps from 8, which is too long: slower down where more shall be shorter. What a count costs is in the noise of both.
	if at, below := number(t, more.Figures[3]), number(t, half.Figures[3]); at <= below || half.Figures[2] != fixed.Figures[2] {
		t.Errorf("fixed %q, half shorter %q, nine in ten shorter %q", fixed, half, more)
	}

	eval[any](p, `(document.getElementById("follow").setAttribute("epochs", "500"), null)`)
	p.clickOn(`document.querySelector("#follow .primary")`)
	p.wait("some of it", `document.querySelector("#follow [role=status]").innerText.startsWith("Training: step")`)
	p.clickOn(`[...document.querySelectorAll("#follow button")].find((b) => b.innerText === "Stop")`)
	p.wait("the end", `document.querySelector("#follow [role=status]").innerText.startsWith("Stopped after")`)
	asItWas("fixed")
	if code := eval[string](p, `document.querySelector("#fixed textarea").value`); !strings.Contains(code, "bound = 8") {
		t.Errorf("as it was, the code is %q", code)
	}

	p.clickOn(`document.querySelector("#count .buttons a")`)
	p.wait("the editor", `location.pathname.endsWith("/mechanism.html") && document.getElementById("shared")?.hidden === false && !document.getElementById("data").disabled`)
	if code, settings := eval[string](p, codeShown), eval[[]string](p, `["data", "model", "epsilon", "epochs"].map((id) => document.getElementById(id).value)`); !strings.Contains(code, "within - 0.9") || strings.Join(settings, " ") != "digits small-mlp-tanh 1 1" {
		t.Errorf("the editor has %q and %q", settings, code)
	}
	p.clean()
}
