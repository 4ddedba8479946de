package pagetest

import (
	"strings"
	"testing"
)

// Two runs, side by side: what was set differently, what came of it, and both curves in one chart.
func TestComparesTwoRuns(t *testing.T) {
	t.Parallel()
	p := serve(t).train(t, "data=digits&model=logistic&epochs=3&batch=500")
	p.wait("the first run", state+` === "done"`)
	first := p.text("tile-accuracy")
	p.set("epsilon", "0.1")
	p.click("train")
	p.wait("the second run", state+` === "done" && document.getElementById("tile-target").innerText === "0.100"`)
	table := p.text("compare")
	for _, words := range []string{"Kept run\tThis run", "Test accuracy\t" + first + "\t" + p.text("tile-accuracy"), "Epsilon (ε)\t3\t0.1"} {
		if !strings.Contains(table, words) {
			t.Errorf("the comparison lacks %q:\n%s", words, table)
		}
	}
	if strings.Contains(table, "Batch") {
		t.Errorf("settings that are the same are listed:\n%s", table)
	}
	if legend := eval[string](p, `document.querySelector(".chart .legend").innerText`); !strings.Contains(legend, "Kept run") {
		t.Errorf("the chart's legend is %q", legend)
	}
	p.clean()
}
