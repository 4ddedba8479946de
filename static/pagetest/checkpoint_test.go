package pagetest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// save presses Save and returns the file that the browser wrote.
func (p *tab) save() string {
	p.t.Helper()
	file := p.downloaded("*.checkpoint", func() { p.click("save") }, func() string { return p.text("log") })
	p.wait("a finished run to be kept: nothing asks who leaves now", state+` !== "done" || `+settled)
	return file
}

// curve is the first curve's table, a line a point.
func (p *tab) curve() []string {
	p.t.Helper()
	p.run(chromedp.Evaluate(`document.querySelector("#learning details").open = true`, nil))
	p.wait("the table", `document.querySelector("#learning .chart tbody").rows.length > 0`)
	return eval[[]string](p, `[...document.querySelector("#learning .chart tbody").rows].map((row) => row.textContent)`)
}

func TestSavesAndRestores(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.train(t, "data=digits&model=logistic&epochs=40&batch=500&epsilon=2")
	p.wait("some steps", state+` === "running" && document.getElementById("progress").value > 0.05`)
	p.click("train")
	p.wait("the pause", state+` === "paused"`)
	at, accuracy := p.steps(), p.text("tile-accuracy")
	file := p.save()

	// Elsewhere: another browser, without this one's ledger and with other settings in the form.
	q := open(t, s.page("#data=digits&model=logistic&epochs=3&open=plan"), 1280)
	q.wait("the data", dataReady)
	q.upload("restore-file", file)
	q.wait("the restored run", state+` === "paused"`)
	if q.steps() != at {
		t.Errorf("restored at step %d, saved at %d", q.steps(), at)
	}
	if had, has := p.curve(), q.curve(); len(has) < len(had) || len(has) > len(had)+1 || !slices.Equal(has[:len(had)], had) {
		t.Errorf("the restored curve is %q, was %q; it may go on with where the model stands", has, had)
	}
	if target := q.text("tile-target"); target != "2.00" {
		t.Errorf("the restored run's target is %s, want 2.00, its own", target)
	}
	if plan := q.text("plan"); !strings.Contains(plan, "1,600, 40 an epoch") {
		t.Errorf("the restored plan is %s", plan)
	}
	q.click("train") // now Resume
	q.wait("the end", state+` === "done"`)
	if end := number(t, q.text("tile-accuracy")); end < number(t, accuracy)-5 || end < 80 {
		t.Errorf("test accuracy %v %% at the end, %s when saved", end, accuracy)
	}
	if spent := number(t, q.text("tile-epsilon")); spent <= 1.9 || spent > 2 {
		t.Errorf("spent epsilon %v, want the whole budget of 2 and no more", spent)
	}
	p.clean()
	q.clean()
}

func TestRefusesBrokenCheckpoint(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#data=digits&model=logistic"), 1280)
	p.wait("the data", dataReady)
	file := filepath.Join(t.TempDir(), "broken.checkpoint")
	if err := os.WriteFile(file, []byte("this was never a checkpoint"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.upload("restore-file", file)
	p.wait("the refusal", `!document.getElementById("problem").hidden`)
	if words := p.text("problem"); !strings.Contains(words, "checkpoint") {
		t.Errorf("the refusal is %q", words)
	}
	if !eval[bool](p, dataReady) {
		t.Error("nothing can be trained after a broken checkpoint")
	}
	p.clean()
}
