package pagetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const drawer = `document.getElementById("budget-body").textContent`

// openBudget opens the drawer of the budget.
func (p *tab) openBudget() {
	p.t.Helper()
	p.clickOn(`document.querySelector("#budget-drawer summary")`)
	p.wait("the history", `document.querySelector("#budget-body table tbody") !== null`)
}

// A person sets a lifetime budget: what would exceed it does not start and says what fits; what fits does, and the history has it,
// with what was kept. The ledger goes into a file, and from there into another browser, which knows the spend then.
func TestBudgetAndHistory(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := open(t, s.page("#epochs=0.5&model=logistic&epsilon=3"), 1280)
	p.wait("the data", dataReady)
	p.openBudget()
	for _, words := range []string{"nobody", "No lifetime budget is set", "Nothing was spent", "localhost and 127.0.0.1 are two", "keep this ledger"} {
		p.wait(words, drawer+".includes("+quote(words)+")")
	}
	p.choose("limit-epsilon", "2")
	p.clickButton("Set budget")
	p.wait("what fits", drawer+`.includes("What still fits")`)
	p.forEyes("budget-refused")
	p.click("train")
	p.wait("the refusal", `!document.getElementById("problem").hidden && document.getElementById("problem").innerText.includes("lifetime budget")`)
	p.clickOn(`[...document.querySelectorAll("#budget-body .ways button")].find((b) => b.innerText.startsWith("All"))`)
	p.wait("a plan that fits", drawer+`.includes("with the run as set.")`)
	p.click("train")
	p.wait("the end", state+` === "done"`)
	p.wait("the history", drawer+`.includes("logistic")`)
	p.save()
	p.forEyes("budget-history")

	file := p.downloaded("cloister-ledgers.ledgers", func() { p.clickButton("Export ledgers") }, func() string { return p.text("budget-body") })
	p.wait("the words", drawer+`.includes("no record and no hash")`)
	p.clean()

	q := open(t, s.page(""), 1280)
	q.wait("the data", dataReady)
	q.openBudget()
	q.run(chromedp.SetUploadFiles(`#budget-body input[type="file"]`, []string{file}, chromedp.ByQuery))
	q.wait("the merge", drawer+`.includes("Nothing got lower")`)
	q.wait("the history", drawer+`.includes("from an imported ledger")`)
	q.wait("the budget", drawer+`.includes("Lifetime budget ε = 2")`)
	q.run(chromedp.SetUploadFiles(`#budget-body input[type="file"]`, []string{file}, chromedp.ByQuery))
	q.wait("nothing new", drawer+`.includes("Nothing in the file was new")`)
	q.clean()
}

// Records that a collection knows are told to their owner when they come again, under another name; what is spent on them counts
// in the collection that the owner chooses. Before a run without privacy the page asks, and offers digits that are nobody's; a
// queue of runs on these is charged run by run, and tells what each value came to.
func TestCollectionsKnowTheirRecords(t *testing.T) {
	t.Parallel()
	s := serve(t)
	folder := pets(t, 60)
	p := open(t, s.page(""), 1280)
	p.wait("the data", dataReady)
	p.drop(folder)
	p.read()
	p.choose("own-collection", "Patients")
	p.trainOnOwn()
	p.openBudget()
	p.wait("the collection", drawer+`.includes("collection “Patients”")`)

	again := filepath.Join(t.TempDir(), "renamed")
	if err := os.Rename(folder, again); err != nil {
		t.Fatal(err)
	}
	p.drop(again)
	p.read()
	p.wait("what is shared", `document.getElementById("own").innerText.includes("120 of these 120 records are in your collection “Patients”")`)
	p.choose("own-collection", "Others")
	p.forEyes("own-overlap")
	p.clickButton("Put them into “Patients”")
	p.trainOnOwn()
	p.wait("both runs", `document.querySelectorAll("#budget-body tbody tr").length === 2 && `+drawer+`.includes("logistic on renamed")`)
	if rest := eval[string](p, `document.querySelector(".stage").innerText`); strings.Contains(rest, "120 of these") {
		t.Error("what is shared is told beside the results")
	}

	const unprotected = `document.getElementById("setting-nonprivate")`
	p.tap(unprotected)
	p.click("train")
	p.wait("the question", `document.getElementById("question").innerText.includes("No limit will hold for all runs on these records together any more")`)
	p.clickButton("Use the built-in digits")
	p.wait("the stand-in", dataReady+` && document.getElementById("data").value === "digits" && `+drawer+`.includes("Nothing was spent")`)
	if eval[bool](p, unprotected+".checked") {
		p.tap(unprotected)
	}
	if !longer {
		p.clean()
		return
	}
	p.clickOn(`document.querySelector("#sweep-panel summary")`)
	p.choose("sweep-values", "1; 2")
	p.clickButton("Run them")
	p.wait("what the queue charges", `document.getElementById("question").innerText.includes("come to 3 one by one")`)
	p.clickButton("Run 2")
	for i, epsilon := range []string{"1.00", "2.00"} {
		p.wait("the line of "+epsilon, fmt.Sprintf(`((line) => /1 of 1.*%% to .*≤ %s/s.test(line))(document.querySelectorAll("#sweep tbody tr")[%d]?.innerText)`, epsilon, i))
	}
	p.wait("both in the history", `document.querySelectorAll("#budget-body tbody tr").length === 2`)
	p.forEyes("sweep")
	p.clean()
}
