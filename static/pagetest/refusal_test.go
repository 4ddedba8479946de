package pagetest

import (
	"strings"
	"testing"
)

func TestRefusesBadSettings(t *testing.T) {
	t.Parallel()
	p := open(t, serve(t).page("#data=digits&model=logistic"), 1280)
	p.wait("the data", dataReady)
	p.set("epsilon", "-1") // known to the page to be wrong: said beside the field
	p.click("train")
	p.wait("the fault", `document.getElementById("setting-epsilon-fault").innerText.includes("at least")`)
	if !eval[bool](p, `document.activeElement.id === "setting-epsilon"`) {
		t.Error("the wrong field does not get the focus")
	}
	p.set("epsilon", "3")
	p.set("batch", "30000") // more than there are records: only the trainer knows
	p.click("train")
	p.wait("the trainer's refusal", `!document.getElementById("problem").hidden`)
	if words := p.text("problem"); !strings.Contains(words, "Batch") || !strings.Contains(words, "20000") {
		t.Errorf("the refusal is %q", words)
	}
	if !eval[bool](p, dataReady) {
		t.Error("the settings cannot be mended")
	}
}

// What is refused takes nothing away: the run before is still shown and can still be saved.
func TestRefusalKeepsTheRun(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=1.5&open=plan.log")
	p.wait("the end", state+` === "done" && document.getElementById("plan").innerText.includes("Certified")`) // which is drawn a little later
	accuracy, plan := p.text("tile-accuracy"), p.text("plan")
	refused := func(what string) {
		t.Helper()
		p.wait("the refusal of "+what, `!document.getElementById("problem").hidden`)
		if p.text("tile-accuracy") != accuracy || p.text("plan") != plan || eval[string](p, state) != "done" {
			t.Errorf("after the refusal of %s the page shows %s, %s, %s", what, p.text("tile-accuracy"), eval[string](p, state), p.text("plan"))
		}
	}
	p.set("batch", "30000")
	p.click("train")
	refused("a batch above all records")
	file := p.save()

	eval[any](p, `(() => {
		const input = document.getElementById("restore-file"), files = new DataTransfer();
		files.items.add(new File(["no checkpoint"], "holiday.checkpoint"));
		input.files = files.files;
		input.dispatchEvent(new Event("change"));
	})()`)
	refused("a file that is no checkpoint")

	p.upload("restore-file", file)
	p.wait("the restored run", state+` === "done" && document.getElementById("log").innerText.split("Epoch 1.5: ").length > 2`)
	if log := p.text("log"); strings.Count(log, "Epoch 1.5: ") != 2 {
		t.Errorf("the log does not tell twice of the end amid an epoch: %s", log)
	}
	p.clean()
}

// Other data begin with an empty page: nothing shown is of another dataset's run.
func TestOtherDataClearTheRun(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=1")
	p.wait("the end", state+` === "done"`)
	p.choose("data", "digits")
	p.clickButton("Open")
	p.wait("the data", dataReady+` && `+state+` === "idle"`)
	if !eval[bool](p, `document.getElementById("attack").hidden`) {
		t.Error("the attack is still shown")
	}
	if eval[bool](p, `document.getElementById("confusion").rows.length > 0`) {
		t.Error("a confusion matrix is still shown")
	}
	if promise := p.text("promise"); !strings.Contains(promise, "when you press Train") || strings.Contains(promise, "auditor") {
		t.Errorf("a plan is still shown: %s", promise)
	}
	if charts := p.text("learning"); !strings.Contains(charts, "here you see the network learn") {
		t.Errorf("curves are still shown: %s", charts)
	}
	p.clean()
}

// A trainer that dies, even while it starts a run, says why, and another can be started.
func TestTrainerDies(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/trainer.") && strings.HasSuffix(path, ".js") {
			body = append(body, `
				addEventListener("message", ({ data }) => { if (data.type === "start" && data.config.epsilon === 1) throw new Error("out of breath"); });`...)
		}
		return body
	}
	p := s.train(t, "data=digits&model=logistic&epochs=1&epsilon=1")
	p.wait("the problem", `!document.getElementById("problem").hidden`)
	p.choose("data", "digits") // opens them with another trainer
	p.wait("the data", dataReady+` && document.getElementById("problem").hidden`)
	p.click("train")
	p.wait("the problem", `!document.getElementById("problem").hidden`)
	if words := p.text("problem"); !strings.Contains(words, "out of breath") {
		t.Errorf("the problem is %q", words)
	}
	p.clickButton("Dismiss")
	p.click("train") // of the dead
	p.wait("the way out", `document.getElementById("problem").innerText.includes("has stopped")`)
	p.clickButton("Start the trainer again")
	p.wait("the data", dataReady+` && `+state+` === "idle"`)
	p.set("epsilon", "2")
	p.click("train")
	p.wait("the end", state+` === "done"`)
}
