package pagetest

import (
	"strings"
	"testing"
)

// A mechanism is put together from parts, each explained; the run is planned and trained with it, and a link carries it.
func TestComposesMechanism(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic&epochs=2&open=plan"), 1280)
	p.wait("the data", dataReady)
	p.choose("mechanism-part-0", "quantile")
	p.choose("mechanism-part-1", "sigma-linear")
	p.choose("mechanism-part-3", "momentum")
	p.choose("mechanism-part-3-beta", "0.5")
	about := eval[string](p, `document.getElementById("mechanism-part-0-about").textContent`)
	for _, words := range []string{"quantile", "It costs one noised count", "arXiv:1905.03871"} {
		if !strings.Contains(about, words) {
			t.Errorf("the mechanism's description lacks %q: %s", words, about)
		}
	}
	const want = "quantile+sigma-linear+momentum(momentum.beta=0.5)"
	if got := eval[string](p, `new URLSearchParams(location.hash.slice(1)).get("mechanism")`); got != want {
		t.Errorf("the address says mechanism=%s, want %s", got, want)
	}
	p.click("train")
	p.wait("the end", state+` === "done"`)
	if plan := p.text("plan"); !strings.Contains(plan, "as scheduled") {
		t.Errorf("the plan does not tell of the schedule: %s", plan)
	}

	// The link opens with the same parts.
	q := open(t, s.page("")+eval[string](p, "location.hash"), 1280)
	q.wait("the data", dataReady)
	for part, value := range map[string]string{"0": "quantile", "1": "sigma-linear", "2": "", "3": "momentum", "3-beta": "0.5"} {
		if got := eval[string](q, `document.getElementById("mechanism-part-`+part+`").value`); got != value {
			t.Errorf("part %s is %q, want %q", part, got, value)
		}
	}
	p.clean()
	q.clean()
}

// An optimiser that a mechanism brings needs a learning rate of its own.
func TestMechanismBringsItsLearningRate(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic"), 1280)
	p.wait("the data", dataReady)
	rate := func() string { return eval[string](p, `document.getElementById("setting-rate").value`) }
	usual := rate()
	p.choose("mechanism-part-0", "dp-adam")
	if rate() != "0.002" {
		t.Errorf("with DP-Adam the learning rate is %s", rate())
	}
	p.choose("mechanism-part-0", "auto-s")
	if rate() != usual {
		t.Errorf("after DP-Adam the learning rate is %s, was %s", rate(), usual)
	}
	p.clean()
}

// What counts takes whole numbers only: the field says so, and Train stops there.
func TestRefusesHalfAStage(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic&mechanism=noise-decay"), 1280)
	p.wait("the data", dataReady)
	for _, value := range []string{"3", "3.5"} {
		p.choose("mechanism-part-0-stages", value)
		if wrong := eval[bool](p, `document.getElementById("mechanism-part-0-stages").ariaInvalid === "true"`); wrong != (value == "3.5") {
			t.Errorf("%s stages are wrong: %v", value, wrong)
		}
	}
	p.click("train")
	p.wait("the field", `document.activeElement.id === "mechanism-part-0-stages"`)
	if words := p.text("mechanism-part-0-stages-fault"); !strings.Contains(words, "Stages") || !strings.Contains(words, "whole number") {
		t.Errorf("the fault is %q", words)
	}
	p.choose("mechanism-part-0-stages", "") // nothing is no number either
	p.click("train")
	p.wait("the fault", `document.getElementById("mechanism-part-0-stages-fault").innerText.includes("needs a number")`)
	if now := eval[string](p, state); now != "idle" {
		t.Errorf("with a faulty parameter Train makes the page %s", now)
	}
	p.clean()
}

func TestRefusesUnknownMechanism(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&mechanism=wishful")
	p.wait("the refusal", `!document.getElementById("problem").hidden`)
	if words := p.text("problem"); !strings.Contains(words, `unknown mechanism "wishful"`) {
		t.Errorf("the refusal is %q", words)
	}
}
