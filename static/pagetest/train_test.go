package pagetest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The built-in digits, as the page trains them when one presses Train: a small network, epsilon 3.
func TestTrainsPrivately(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=mnist-cnn&epochs=8&open=plan")
	p.wait("the end of the run", state+` === "done"`)
	p.clean()

	if accuracy := number(t, p.text("tile-accuracy")); accuracy < 90 {
		t.Errorf("test accuracy %v %%, want at least 90", accuracy)
	}
	if spent := number(t, p.text("tile-epsilon")); spent <= 2.9 || spent > 3 {
		t.Errorf("spent epsilon %v, want the whole budget of 3 and no more", spent)
	}
	if !eval[bool](p, `document.getElementById("not-private").hidden`) {
		t.Error("a private run is marked as not private")
	}
	plan := p.text("plan")
	for _, words := range []string{"add/remove one record", "Poisson", "upper bound", "lower bound", "1e-5"} {
		if !strings.Contains(plan, words) {
			t.Errorf("the plan does not state %q: %s", words, plan)
		}
	}
	// The confusion matrix counts every test record once, and its diagonal is the accuracy.
	type matrix struct{ All, Right float64 }
	m := eval[matrix](p, `(() => {
		const count = (cells) => [...cells].reduce((sum, cell) => sum + (Number(cell.textContent.replace(",", "")) || 0), 0);
		return {All: count(document.querySelectorAll("#confusion tbody td")), Right: count(document.querySelectorAll("#confusion td.right"))};
	})()`)
	if m.All != 4000 || math.Abs(100*m.Right/m.All-number(t, p.text("tile-accuracy"))) > 0.0051 { // shown to two digits
		t.Errorf("the confusion matrix counts %v records, %v right; the page says %s of 4000", m.All, m.Right, p.text("tile-accuracy"))
	}
	if n := eval[int](p, `document.querySelectorAll("#samples .right, #samples .wrong").length`); n == 0 {
		t.Error("no sample shows a prediction")
	}
}

// What is marked as not private: by settings, before and during the run.
func TestMarksWhatIsNotPrivate(t *testing.T) {
	t.Parallel()
	for setting, why := range map[string]string{"diagnostics=1": "diagnostics", "seed=7": "seed", "nonprivate=1": "noise"} {
		t.Run(setting, func(t *testing.T) {
			p := open(t, serve(t).page("#data=digits&model=logistic&epochs=1&"+setting), 1280)
			p.wait("the data", dataReady)
			before := p.text("not-private")
			p.click("train")
			p.wait("the end of the run", state+` === "done"`)
			for _, banner := range []string{before, p.text("not-private")} {
				if !strings.Contains(banner, "not private") || !strings.Contains(strings.ToLower(banner), why) {
					t.Errorf("the banner says %q, want it to say why: %s", banner, why)
				}
			}
			if shown := eval[bool](p, `[...document.querySelectorAll("figcaption")].some((c) => c.textContent.startsWith("Training loss") && c.offsetParent)`); shown != (setting == "diagnostics=1") {
				t.Errorf("training loss shown: %v", shown)
			}
			if words := p.text("spending"); strings.Contains(words, "Epsilon spent") {
				t.Errorf("a run that is not private shows what it spent: %q", words)
			}
			p.clean()
		})
	}
}

func TestPausesResumesStops(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=200&batch=100")
	p.wait("some steps", state+` === "running" && document.getElementById("progress").value > 0`)
	p.click("train")
	p.wait("the pause", state+` === "paused"`)
	at := p.steps()
	p.click("step")
	p.wait("one step", fmt.Sprintf(`document.getElementById("progress-words").innerText.replace(",", "").includes("step %d ")`, at+1))
	p.run(chromedp.EmulateViewport(360, 740)) // where there is least room for one button more
	if lines := eval[int](p, `new Set([...document.querySelectorAll(".bar button:not([hidden])")].map((b) => Math.round(b.getBoundingClientRect().bottom / 10))).size`); lines != 1 {
		t.Errorf("the run bar's buttons stand on %d lines", lines)
	}
	p.run(chromedp.EmulateViewport(1280, 900))
	p.click("train") // now Resume
	p.wait("more steps", state+` === "running" && document.getElementById("progress").value > `+fmt.Sprint(float64(at+1)/40_000))
	p.click("stop")
	p.wait("the end", state+` === "done"`)
	if words := p.text("progress-words"); !strings.Contains(words, "Stopped") || !strings.Contains(words, "planned epsilon") {
		t.Errorf("a stopped run says %q", words)
	}
	if shown := p.text("tile-epsilon"); shown != "3.00" {
		t.Errorf("a stopped run shows epsilon %s, not what was planned", shown)
	}
	if !eval[bool](p, dataReady) {
		t.Error("no new run can start after a stop")
	}
	p.clean()
}

// A link carries the settings; what it states wrongly is said, stays as it was written and stops Train.
func TestAddressCarriesSettings(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#data=digits&model=mlp&epsilon=1.5&batch=many&clip=0.25&schedule=whenever"), 1280)
	p.wait("the data", dataReady)
	value := func(p *tab, key string) string {
		return eval[string](p, `document.getElementById("setting-`+key+`").value`)
	}
	for key, want := range map[string]string{"model": "mlp", "epsilon": "1.5", "clip": "0.25", "batch": "many", "schedule": "whenever"} {
		if got := value(p, key); got != want {
			t.Errorf("%s is %q, the link says %q", key, got, want)
		}
	}
	for _, words := range []string{"many", "whenever"} {
		if told := p.text("problem"); !strings.Contains(told, words) {
			t.Errorf("%q is not said to be wrong: %q", words, told)
		}
	}
	p.click("train")
	p.wait("the field", `document.activeElement.id === "setting-batch"`)
	p.set("batch", "100")
	p.set("schedule", "cosine")
	p.set("epsilon", "2")
	if hash := eval[string](p, "location.hash"); !strings.Contains(hash, "epsilon=2") || !strings.Contains(hash, "clip=0.25") || strings.Contains(hash, "whenever") {
		t.Errorf("the address is %s", hash)
	}
	p.clean()

	q := open(t, s.page("#data=digits&model=oracle"), 1280)
	q.wait("the data", dataReady)
	if told := q.text("problem"); !strings.Contains(told, "oracle") || value(q, "model") != "oracle" {
		t.Errorf("where the address asks for a model that there is not, the model is %q and the page says %q", value(q, "model"), told)
	}
	q.click("train")
	q.wait("the field", `document.activeElement.id === "setting-model"`)
	if now := eval[string](q, state); now != "idle" {
		t.Errorf("with a model that there is not, Train makes the page %s", now)
	}
	q.clean()
}

// Another model brings how it is trained. The budget and the mechanism stay as they were chosen.
func TestAnotherModelKeepsTheBudget(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=mlp"), 1280)
	p.wait("the data", dataReady)
	value := func(key string) string {
		return eval[string](p, `document.getElementById("setting-`+key+`").value`)
	}
	p.set("epsilon", "0.7")
	p.choose("mechanism-part-0", "auto-s")
	p.choose("setting-model", "logistic")
	if value("epsilon") != "0.7" || value("epochs") != "10" {
		t.Errorf("epsilon is %s, was 0.7; epochs are %s, logistic regression has 10", value("epsilon"), value("epochs"))
	}
	if got := eval[string](p, `document.getElementById("mechanism-part-0").value`); got != "auto-s" {
		t.Errorf("the mechanism is %s, was auto-s", got)
	}
	p.clean()
}

// number reads the first number of a text.
func number(t *testing.T, text string) float64 {
	t.Helper()
	field, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	value, err := strconv.ParseFloat(field, 64)
	if err != nil {
		t.Fatalf("%q does not begin with a number", text)
	}
	return value
}
