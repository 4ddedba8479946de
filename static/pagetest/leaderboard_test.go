package pagetest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"cloister/cmd/experiments/experiment"
)

// The leaderboard shows what docs/experiments says, every row of it and no other; its heads sort; a row's link opens the
// training page with the row's settings.
func TestLeaderboardIsTheExperiments(t *testing.T) {
	t.Parallel()
	rows, err := experiment.ReadRows("../../docs/experiments/results.json")
	if err != nil {
		t.Fatal(err)
	}
	plans, err := experiment.Load("../../docs/experiments")
	if err != nil {
		t.Fatal(err)
	}
	rows = slices.DeleteFunc(rows, func(r experiment.Row) bool {
		return slices.ContainsFunc(plans, func(p experiment.Plan) bool { return p.Unranked && p.Setting == r.Setting })
	})
	published, err := experiment.ReadPublished("../../docs/experiments/published.json")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	s.change = func(path string, body []byte) []byte { // the experiments have no digits, which a test can train on
		if strings.HasPrefix(path, "assets/leaderboard.") {
			return bytes.Replace(body, []byte("standings:["), []byte(`standings:[{setting:"a",dataset:"digits",mechanism:"m",title:"M",accuracy:.5,half:.1,runs:3},`), 1)
		}
		return body
	}
	p := open(t, s.page("leaderboard.html"), 1280)
	p.ready("leaderboard.html")
	for _, dataset := range []string{"mnist", "fashion-mnist", "cifar-10"} {
		eval[any](p, fmt.Sprintf(`(document.querySelector("#view [value='%s']").click(), null)`, dataset))
		want := standings(rows, published, dataset)
		got := eval[[][]string](p, `[...document.querySelector("#standings tbody").rows].map((r) => [r.cells[0].textContent, r.cells[4].textContent, r.cells[1].textContent.split(" ±")[0], r.cells[2].textContent])`)
		if len(got) != len(want) {
			t.Errorf("%s: %d rows, want %d", dataset, len(got), len(want))
		}
		for _, cells := range got {
			found := false
			for _, w := range want {
				found = found || strings.Contains(cells[0], w.name) && cells[1] == w.setting && cells[2] == w.accuracy && strings.HasPrefix(cells[3], w.epsilon)
			}
			if !found {
				t.Errorf("%s: the row %q is not in docs/experiments", dataset, cells)
			}
		}
	}

	first := func() string {
		return eval[string](p, `document.querySelector("#standings tbody").rows[0].cells[1].textContent`)
	}
	best := first()
	p.clickOn(`document.querySelector("[data-by=accuracy]")`)
	if sorted := eval[string](p, `document.querySelector("[aria-sort]").ariaSort + document.activeElement.dataset.by`); sorted != "ascendingaccuracy" || first() == best {
		t.Errorf("sorted by accuracy, least first, it is %q and begins with %s", sorted, first())
	}

	// Of points at one epsilon each can be reached by the keys, and is named.
	eval[any](p, `(document.querySelector("#view [value=mnist]").click(), null)`)
	eval[any](p, `new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame)).then(() => null)`) // the plot is drawn
	p.run(chromedp.Focus("#plot .focusable", chromedp.ByQuery))
	p.press(kb.Home)
	said := map[string]bool{}
	for range 6 {
		p.press(kb.ArrowRight)
		said[eval[string](p, `document.querySelector("#plot .readout").innerText`)] = true
	}
	if len(said) != 6 {
		t.Errorf("six steps along the plot say %v", said)
	}

	p.clickOn(`document.querySelector('#standings a[href*="mechanism=quantile-layer"][href*="mnist-cnn&"]')`)
	p.wait("the training page", `location.pathname.endsWith("/train.html") && document.getElementById("setting-clip") && document.body.dataset.state`)
	if address := eval[string](p, `decodeURIComponent(location.hash)`); !strings.Contains(address, "quantile-layer") || !strings.Contains(address, "data=mnist") || !strings.Contains(address, "seed=42") {
		t.Errorf("the link led to %s", address)
	}

	// A person's own run stands among the others.
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(s.page("train.html#data=digits&model=logistic&epochs=1")))
	p.start()
	p.wait("its end to be kept", state+` === "done" && `+keptThere+`.then((there) => there.runs.some((run) => run.over), () => false)`)
	accuracy := p.text("tile-accuracy")
	p.run(chromedp.Navigate(s.page("leaderboard.html#data=digits&setting=own")))
	p.wait("the run", `document.querySelector("#standings tr.own")`)
	if row := eval[string](p, `document.querySelector("#standings tr.own").innerText`); !strings.Contains(row, "(1)") || !strings.Contains(row, strings.Fields(accuracy)[0]) || !strings.Contains(row, "your own") {
		t.Errorf("a run of %s is shown as %q", accuracy, row)
	}
	p.clean()
}

type standing struct{ name, setting, accuracy, epsilon string }

// standings are the rows that a dataset should have, worked out anew.
func standings(rows []experiment.Row, published []experiment.Published, dataset string) (all []standing) {
	type sums struct{ n, accuracy, epsilon float64 }
	of := map[[2]string]*sums{}
	for _, r := range rows {
		if r.Dataset != dataset || strings.HasSuffix(r.Setting, "-trial") {
			continue
		}
		key := [2]string{r.Mechanism, r.Setting}
		if of[key] == nil {
			of[key] = &sums{}
		}
		of[key].n++
		of[key].accuracy += r.Accuracy
		of[key].epsilon = max(of[key].epsilon, r.EpsilonUpper)
	}
	for key, s := range of {
		all = append(all, standing{key[0], key[1], fmt.Sprintf("%.2f %%", 100*s.accuracy/s.n), fmt.Sprintf("%.2f", math.Ceil(100*s.epsilon)/100)})
	}
	for _, p := range published {
		if accuracy, ok := p.Accuracy[dataset]; ok {
			epsilon := map[string]string{"": "not known", "0.2385:0.00426666666666667:1170": "86.3", "0.6405:0.00512:5850": "6.8"}[p.Segments[dataset]]
			if p.Unproven != "" {
				epsilon = p.Unproven
			}
			all = append(all, standing{p.Title, "published", fmt.Sprintf("%.2f %%", accuracy), epsilon})
		}
	}
	return all
}
