package pagetest

import (
	"strings"
	"testing"
)

// The accountant answers without data. 86.225 is the epsilon of a published claim of 3: the distribution of the privacy
// loss composed independently (dp_accounting and PRV agree to the digits).
func TestAccountantAnswers(t *testing.T) {
	p := open(t, serve(t).page("accountant.html#kind=epsilon&sigma=0.2385&q=0.00426666666667&steps=1170&delta=1e-5"), 1280)
	p.wait("the answer", `document.getElementById("answer-bounds").innerText.includes("≤ ε ≤")`)
	lower, rest, _ := strings.Cut(p.text("answer-bounds"), "≤ ε ≤")
	if l, u := number(t, lower), number(t, rest); l > 86.225 || u < 86.225 || u-l > 0.5 {
		t.Errorf("bounds %v to %v, want 86.225 between", l, u)
	}
	p.clickButton("MNIST, 5 epochs at ε = 3")
	p.wait("the next answer", `document.getElementById("answer-bounds").innerText.startsWith("2.99")`)
	p.wait("the meaning", `/16\.[0-9] %/.test(document.getElementById("meaning").innerText)`) // advantage 0.165
	p.clean()
}

// From a target to the noise: sigma is rounded up, so that the printed digits keep the promise.
func TestAccountantFindsNoise(t *testing.T) {
	p := open(t, serve(t).page("accountant.html#kind=sigma&epsilon=3&q=0.00426666666667&steps=1170&delta=1e-5"), 1280)
	p.wait("the answer", `document.getElementById("answer-bounds").innerText.startsWith("σ =")`)
	if sigma := number(t, strings.TrimPrefix(p.text("answer-bounds"), "σ = ")); sigma < 0.65072 || sigma > 0.6509 {
		t.Errorf("sigma %v, want 0.65073", sigma)
	}
	p.clean()
}

func TestAccountantRefusesNonsense(t *testing.T) {
	p := open(t, serve(t).page("accountant.html#kind=epsilon&sigma=-1&q=2&steps=1170&delta=1e-5"), 1280)
	p.wait("the refusal", `!document.getElementById("problem").hidden && document.getElementById("problem").innerText.length > 20`)
	if words := p.text("answer-bounds"); words != "–" {
		t.Errorf("an answer is shown beside the refusal: %s", words)
	}
	p.clean()
}
