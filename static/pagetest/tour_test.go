package pagetest

import (
	"regexp"
	"strings"
	"testing"
)

// The tour's figures are the accountant's, not the text's. Expected: dp_accounting's PLD and the benchmark's published
// noise (epsilon 86.2, advantage 0.93 against 0.165, 88 % against 0.6 % of members at one false alarm in 1,000).
func TestTourTellsTheTruth(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("tour.html"), 1280)
	p.wait("the comparison", `document.getElementById("attack").rows.length === 4`)
	lower, rest, _ := strings.Cut(p.text("true-bounds"), "≤ ε ≤")
	if l, u := number(t, lower), number(t, rest); l > 86.225 || u < 86.225 || u-l > 0.5 {
		t.Errorf("the truth is said to be %v to %v, want 86.225 between", l, u)
	}
	if sigma := number(t, strings.TrimPrefix(p.text("sound-sigma"), "σ = ")); sigma < 0.65072 || sigma > 0.6509 {
		t.Errorf("sigma %v, want 0.65073", sigma)
	}
	want := [][2][2]float64{{{86, 90}, {0.5, 0.8}}, {{90, 100}, {2, 6}}, {{92, 94}, {16, 17}}}
	for i, row := range want {
		for j, limits := range row {
			text := eval[string](p, `document.getElementById("attack").rows[`+string(rune('1'+i))+`].cells[`+string(rune('1'+j))+`].innerText`)
			if v := number(t, text); v < limits[0] || v > limits[1] {
				t.Errorf("row %d, column %d: %s, want %v to %v", i+1, j+1, text, limits[0], limits[1])
			}
		}
	}
	p.clean()
}

// The audit, live: what was published is caught; the sound version is not (false alarm: below 5 %, at an epsilon where
// the attacker is far from it).
func TestTourCatchesTheClaim(t *testing.T) {
	long(t)
	t.Parallel()
	p := open(t, serve(t).page("tour.html"), 1280)
	p.wait("the mechanisms", `document.getElementById("mechanism").options.length === 2 * 13`)
	for _, c := range []struct{ mechanism, verdict, proof, shuffled string }{
		{"published:standard", "Caught: ε is at least", "the noise covers it; accounted under Poisson sampling", "shuffled its batches"},
		{"published:amc-ns", "Caught: ε is at least", "raw data", "shuffled batches"},
		{"sound:fixed", "Not caught", "ε ≤ 3.00; the plan was calibrated", ""},
	} {
		p.choose("mechanism", c.mechanism)
		p.clickButton("Attack it")
		p.wait("the attack", `document.querySelector(".attack button").disabled === false && document.querySelector(".attack .verdict").innerText`)
		if words := eval[string](p, `document.querySelector(".attack .verdict").innerText`); !strings.Contains(words, c.verdict) || !strings.Contains(words, c.proof) || !strings.Contains(words, c.shuffled) {
			t.Errorf("%s: the verdict is %q, want %q, %q and %q", c.mechanism, words, c.verdict, c.proof, c.shuffled)
		} else if strings.Contains(words, "right about 250 of 250") != strings.Contains(words, "the most that so many guesses can show") || !strings.Contains(words, "compiled kernel") {
			t.Errorf("%s: the verdict does not say what it cannot show: %q", c.mechanism, words)
		}
	}
	// The question is about the last of them, and its answer goes with its mechanism.
	right := regexp.MustCompile(`right about (\d+) of 250`).FindStringSubmatch(eval[string](p, `document.querySelector(".attack .verdict").innerText`))
	if right == nil {
		t.Fatal("the verdict does not say how often the attacker was right")
	}
	if p.answered(right[1]) != "Right." || !strings.HasPrefix(p.answered("1"), "Not") {
		t.Errorf("%q are right, it is told; the question takes that for %q, and 1 for %q", right, p.answered(right[1]), p.answered("1"))
	}
	// The same once more is a repetition, and said to be one.
	p.clickButton("Attack it")
	p.wait("the repetition", `document.querySelector(".attack .verdict").innerText.includes("asked twice")`)
	// A verdict goes with its mechanism.
	p.choose("mechanism", "published:standard")
	if words := eval[string](p, `document.querySelector(".attack .verdict").innerText`); words != "" {
		t.Errorf("another mechanism is chosen, and the verdict of the last stays: %q", words)
	}
	if words := p.answered(right[1]); !strings.Contains(words, "Attack it first") {
		t.Errorf("another mechanism is chosen, and the question still has an answer: %q", words)
	}
	p.clean()
}

// A mechanism as published trains on the built-in digits, in the tab: its accuracy, its claim and what can be proven stand
// side by side, marked. A mechanism that steers by raw data has no proof at all.
func TestTourTrainsAsPublished(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("tour.html"), 1280)
	p.wait("the mechanisms", `document.getElementById("replay-mechanism").options.length === 13 && document.getElementById("replay-data").options.length`)
	var published []struct{ mechanism, proven, words string }
	if longer { // each takes half a minute
		published = []struct{ mechanism, proven, words string }{
			{"standard", "≤ ", "accounted under Poisson sampling"},
			{"adaptive", "none", "none: the clip is steered by raw data"},
		}
	}
	for _, c := range published {
		p.choose("replay-mechanism", c.mechanism)
		p.clickButton("Train as published")
		p.wait("the training", `document.querySelector("#replay button").disabled === false && document.querySelector("#replay .verdict").innerText`)
		tile := func(i string) string {
			return eval[string](p, `document.querySelectorAll("#replay dd")[`+i+`].innerText`)
		}
		if accuracy := number(t, tile("0")); accuracy < 50 || accuracy > 100 {
			t.Errorf("%s: accuracy %v %%", c.mechanism, accuracy)
		}
		t.Logf("%s: accuracy %s, claimed %s, proven %s", c.mechanism, tile("0"), tile("1"), tile("2"))
		words := eval[string](p, `document.getElementById("replay").innerText`)
		if tile("1") != "3.00" || !strings.HasPrefix(tile("2"), c.proven) || !strings.Contains(words, "Not private:") || !strings.Contains(words, "The attacker was right about") || !strings.Contains(words, c.words) {
			t.Errorf("%s: %q", c.mechanism, words)
		}
	}
	p.choose("replay-mechanism", "standard")
	p.clickButton("Train as published")
	p.wait("the first steps", `document.querySelector("#replay .buttons").lastChild.disabled === false`)
	p.clickButton("Stop")
	p.wait("the end", `document.querySelector("#replay .verdict").innerText.includes("was stopped after")`)
	p.choose("replay-mechanism", "adaptive") // a result goes with its question
	if words := eval[string](p, `document.querySelector("#replay .replayed").innerText + document.querySelector("#replay .verdict").innerText`); words != "" {
		t.Errorf("another mechanism is chosen, and the result of the last stays: %q", words)
	}
	p.clean()
}

// On the training page the audit attacks the mechanism of the run, beside it.
func TestAttacksOwnMechanism(t *testing.T) {
	long(t)
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=3&mechanism=quantile")
	p.wait("the end", state+` === "done"`)
	p.clickButton("Attack this mechanism")
	p.wait("the attack", `document.querySelector(".attack .verdict").innerText.includes("Not caught")`)
	p.clean()
}

// A run is attacked while it trains, through its own steps, and the verdict waits for its end.
func TestAttacksTheRun(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&epochs=3"), 1280)
	p.wait("the data", dataReady)
	p.click("setting-audit")
	p.click("train")
	p.wait("the plan", `document.getElementById("audited").innerText.includes("watches this run")`)
	p.wait("the end", state+` === "done"`)
	if words := p.text("audited"); !strings.Contains(words, "Not caught: nothing contradicts ε = 3.") || !strings.Contains(words, "Proven: ε ≤ 3.00") || strings.Contains(words, "They saw") {
		t.Errorf("the attacker's verdict: %s", words)
	}
	p.set("epochs", "100") // it is not over before the page has shown some of it
	p.click("train")
	p.wait("some steps", state+` === "running" && document.getElementById("progress").value > 0.01`)
	p.click("stop")
	p.wait("the end", state+` === "done"`)
	if words := p.text("audited"); !strings.Contains(words, "They saw") {
		t.Errorf("the verdict on a run that was stopped: %s", words)
	}
	p.clean()
}
