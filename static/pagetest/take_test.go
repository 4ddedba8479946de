package pagetest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cloister/certificate"
	"cloister/nn/export"
)

// kept presses a button of "Keep" and returns the file that the browser wrote.
func (p *tab) kept(button, pattern string) string {
	p.t.Helper()
	return p.downloaded(pattern, func() { p.clickButton(button) }, func() string { return p.text("keep-words") })
}

// A finished run is taken along: its model in both forms, a certificate that names them and is verified here and on the accountant's page, and
// its results. Elsewhere the model is opened and asked without any run.
func TestTakesARunAlong(t *testing.T) {
	s := serve(t)
	p := s.train(t, "data=digits&model=logistic&epochs=3&batch=500&epsilon=2")
	p.wait("the end", state+` === "done"`)
	p.wait("what to keep", `!document.getElementById("keep-panel").hidden`)
	if eval[bool](p, `performance.getEntriesByType("resource").some(({ name }) => name.includes("take."))`) {
		t.Error("the program that writes files was loaded before anybody asked for it")
	}
	onnx, tensors := p.kept("Model (ONNX)", "*.onnx"), p.kept("Model (safetensors)", "*.safetensors")
	p.openBudget()
	file, page, results := p.kept("Certificate", "*.json"), p.kept("Certificate to print", "*.html"), p.kept("Results (CSV)", "*.csv")

	p.downloaded("*.png", func() { p.clickOn(`document.querySelector("#learning .chart:not([hidden]) .saves button")`) }, func() string { return p.text("learning") })
	p.wait("what was kept, in the history", drawer+`.includes("model (ONNX), model (safetensors), certificate, certificate to print, results (CSV), test accuracy (PNG)")`)
	p.clean()

	v := certificate.Verify(read(t, file))
	if !v.Valid || !(*v.Certificate.PrivacyLoss.PrivacyParameters.Epsilon <= 2) || v.Certificate.DPVariant.Unprotected.Units != 20_000 {
		t.Fatalf("its certificate: %+v", v)
	}
	if !bytes.Contains(read(t, page), []byte(v.Certificate.Model.Files[0].SHA256)) {
		t.Error("the page to print is of another model")
	}
	if n := bytes.Count(read(t, results), []byte("\n")); n != 5 { // a head, and evaluations before and after each epoch
		t.Errorf("%d lines of results", n)
	}
	m, err := export.ReadONNX(read(t, onnx))
	if err != nil {
		t.Fatal(err)
	}
	if other, err := export.ReadSafeTensors(read(t, tensors)); err != nil || m.About.Privacy != v.Certificate.Statement || other.About.Privacy != m.About.Privacy {
		t.Errorf("%v: the model says %q, the certificate %q", err, m.About.Privacy, v.Certificate.Statement)
	}

	q := open(t, s.page("#data=digits&model=mlp"), 1280) // another network: what answers is the file's
	q.wait("the data", dataReady)
	q.upload("model-file", onnx)
	q.wait("the model", `document.querySelector(".model-file [role=status]").innerText.includes("epsilon is at most")`)
	q.run(chromedp.Evaluate(`document.querySelector("#samples button").click()`, nil))
	q.wait("an answer", `document.querySelector("#try [aria-live]").innerText.startsWith("Taken for")`)
	q.upload("model-file", file)
	q.wait("the refusal", `document.querySelector(".model-file [role=status]").innerText.includes("cannot be opened")`)
	q.clickButton("Close it")
	q.wait("the run's place", `document.querySelector("#try [aria-live]").innerText.startsWith("There is a model as soon")`)
	q.clean()

	a := open(t, s.page("accountant.html"), 1280)
	a.upload("certificate-file", file)
	a.wait("yes", `document.getElementById("certificate-answer").innerText.startsWith("Yes. With any one record")`)
	if words := a.text("certificate-why"); !strings.Contains(words, "arithmetic, not honesty") {
		t.Errorf("it says %q", words)
	}
	forged := filepath.Join(t.TempDir(), "forged.json")
	write(t, forged, bytes.Replace(read(t, file), []byte(`"steps_done": 120`), []byte(`"steps_done": 121`), 1))
	a.drop(forged)
	a.wait("no", `document.getElementById("certificate-answer").innerText.startsWith("No.") && document.getElementById("certificate-why").innerText.startsWith("accounting.steps_done")`)
	a.clean()
}

// takenAlong takes the model of a run along and asks it the same on a page that has no data: it says the same.
func (p *tab) takenAlong(s *site, ask func()) {
	p.t.Helper()
	answer := func() []string {
		const shares = `[...document.querySelectorAll("#try .bars .share")]`
		eval[any](p, shares+`.forEach((share) => (share.textContent = ""))`)
		ask()
		p.wait("an answer", shares+`.some((share) => share.textContent)`)
		return eval[[]string](p, `[...document.querySelectorAll("#try .bars li")].map((li) => li.innerText)`)
	}
	want, file := answer(), p.kept("Model (ONNX)", "*.onnx")
	p.leaving()
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("#data=none-of-them")))
	p.wait("that there are no data", `!document.getElementById("problem").hidden && document.getElementById("train").disabled`)
	p.upload("model-file", file)
	p.wait("the model", `document.querySelector(".model-file [role=status]").innerText.includes("epsilon is at most")`)
	if got := answer(); !slices.Equal(got, want) || len(want) < 2 {
		p.t.Errorf("the model says %q, taken along %q", want, got)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
