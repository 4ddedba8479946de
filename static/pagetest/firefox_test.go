package pagetest

import (
	"archive/zip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloister/cmd/firefox"
)

// fox is a page in a Firefox of its own, with an empty profile.
type fox struct {
	*firefox.Tab
	t *testing.T
}

// openFox opens an address in Firefox, which make test-long brings.
func openFox(t *testing.T, address string, width int) *fox {
	t.Helper()
	if !firefox.Installed() {
		t.Skip("SKIPPED: there is no Firefox to test in; make firefox installs it")
	}
	driven, err := firefox.Open(t.Context(), width, 900)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(driven.Close)
	f := &fox{driven, t}
	f.visit(address)
	return f
}

func (f *fox) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fox) visit(address string) {
	f.t.Helper()
	f.must(f.Visit(address))
}

// seen is the value of a JavaScript expression in Firefox, awaited if it is a promise.
func seen[T any](f *fox, expression string) (value T) {
	f.t.Helper()
	f.must(f.Await(expression, &value))
	return value
}

func (f *fox) wait(what, expression string) {
	f.t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(100 * time.Millisecond) {
		if seen[bool](f, "Promise.resolve("+expression+").then(Boolean)") {
			return
		}
		if time.Now().After(deadline) {
			f.forEyes("in-vain")
			f.t.Fatalf("waited in vain for %s; the page says: %s", what, seen[string](f, `document.querySelector("main").innerText`))
		}
	}
}

func (f *fox) text(id string) string {
	f.t.Helper()
	return seen[string](f, `document.getElementById(`+quote(id)+`).innerText`)
}

func (f *fox) clickOn(element string) {
	f.t.Helper()
	f.must(f.Click(element))
}

func (f *fox) click(id string) {
	f.t.Helper()
	f.clickOn(`document.getElementById(` + quote(id) + `)`)
}

func (f *fox) clickButton(words string) {
	f.t.Helper()
	f.clickOn(`[...document.querySelectorAll("button")].find((b) => b.offsetParent && b.innerText.trim() === ` + quote(words) + `)`)
}

func (f *fox) choose(id, value string) {
	f.t.Helper()
	f.must(f.Await(fmt.Sprintf(`(() => { const e = document.getElementById(%s); e.value = %s; e.dispatchEvent(new Event("change")); })()`, quote(id), quote(value)), nil))
}

// clean fails the test if an error was logged or not caught.
func (f *fox) clean() {
	f.t.Helper()
	if problems := f.Problems(); len(problems) > 0 {
		f.t.Errorf("Firefox logs errors: %s", strings.Join(problems, "\n"))
	}
}

// forEyes takes a picture where PICTURES names a folder.
func (f *fox) forEyes(when string) {
	if folder := os.Getenv("PICTURES"); folder != "" {
		picture, err := f.Picture()
		f.must(err)
		f.must(os.WriteFile(filepath.Join(folder, f.t.Name()+"-"+when+".png"), picture, 0o644))
	}
}

// Every page opens in Firefox, shows what it shows by itself, and fits a phone.
func TestFirefoxOpensEveryPage(t *testing.T) {
	long(t)
	s := serve(t)
	all, err := filepath.Glob(filepath.Join(dist, "*.html"))
	if err != nil || len(all) < 12 {
		t.Fatalf("the site has the pages %v: %v", all, err)
	}
	f := openFox(t, s.page("index.html"), 360)
	for _, file := range all {
		page := filepath.Base(file)
		f.must(f.Resize(1280, 900))
		f.visit(s.page(page))
		if shows := showsByItself[page]; shows != "" {
			f.wait("all of "+page, shows)
		}
		f.forEyes(page)
		f.must(f.Resize(360, 740))
		if wide := seen[int](f, "document.documentElement.scrollWidth"); wide > 360 {
			t.Errorf("%s: %d px wide on a screen of 360", page, wide)
		}
		if problems := f.Problems(); len(problems) > 0 {
			t.Fatalf("%s: Firefox logs errors: %s", page, strings.Join(problems, "\n"))
		}
	}
}

// A run in Firefox keeps what it promised, ledger included, goes on after a reload, and a second one on the same records composes.
func TestFirefoxTrains(t *testing.T) {
	long(t)
	s := serve(t)
	f := openFox(t, s.page("#data=digits&model=logistic&epochs=3&epsilon=2"), 1280)
	f.wait("the data", dataReady)
	f.click("train")
	f.wait("the end", state+` === "done"`)
	f.forEyes("done")
	if accuracy := number(t, strings.Replace(f.text("tile-accuracy"), "%", " %", 1)); accuracy < 50 || accuracy > 100 {
		t.Errorf("accuracy %v %%", accuracy)
	}
	first := number(t, f.text("tile-epsilon"))
	if first <= 0 || first > 2 {
		t.Errorf("spent %v of 2", first)
	}
	f.wait("one run's total", `document.getElementById("sentences").innerText.includes("ε ≤ 2.00")`)

	f.visit("about:blank")
	f.visit(s.page("#data=digits&model=logistic&epochs=30&batch=500&epsilon=2"))
	f.wait("the data", dataReady)
	f.click("train")
	f.wait("some steps", underWay)
	f.must(f.Reload())
	f.wait("the data", dataReady)
	f.wait("the offer", offered)
	if words := f.text("offer"); !strings.Contains(words, "interrupted at step") || !strings.Contains(words, "stays charged") {
		t.Errorf("the offer is %q", words)
	}
	f.clickButton("Go on with it")
	f.wait("it goes on", goesOn)
	f.wait("the end", state+` === "done"`)
	if spent := number(t, f.text("tile-epsilon")); spent <= 0 || spent > 2 {
		t.Errorf("spent %v of 2 after a reload", spent)
	}
	ledger := `Number(/with them: ε ≤ ([\d.]+)/.exec(document.getElementById("sentences").innerText)?.[1])`
	f.wait("both runs' total", ledger+" > 2")
	if both := seen[float64](f, ledger); both > 4 {
		t.Errorf("two runs of 2 are told to have spent %v", both)
	}
	f.forEyes("ledger")
	f.clean()
}

// On the first page, and on a teacher's page that was made of the template.
func TestFirefoxTrainsInElements(t *testing.T) {
	long(t)
	s, folder := serve(t), t.TempDir()
	f := openFox(t, s.page("index.html"), 1280)
	f.clickButton("Train")
	f.wait("the end", `document.querySelector("cloister-trainer [part=status]").innerText.startsWith("Done")`)
	f.forEyes("first")
	figures := seen[string](f, `document.querySelector("cloister-trainer [part=figures]").innerText`)
	if !strings.Contains(figures, "Test accuracy") || !strings.Contains(figures, "≤ 1.00") && !strings.Contains(figures, "≤ 0.99") {
		t.Errorf("a run at an epsilon of 1 shows %q", figures)
	}

	f.must(os.CopyFS(filepath.Join(folder, "cloister"), os.DirFS(packageFolder(t))))
	page, err := os.ReadFile("../../template/index.html")
	f.must(err)
	writeFile(t, filepath.Join(folder, "index.html"), page)
	host := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(host.Close)
	f.visit(host.URL)
	part := func(name string) string {
		return `document.querySelector("cloister-trainer").shadowRoot.querySelector("[part=` + name + `]")`
	}
	f.wait("the element", `document.querySelector("cloister-trainer").shadowRoot`)
	f.must(f.Await(part("train")+".click()", nil)) // elementFromPoint does not look into a shadow tree
	f.wait("the end", part("status")+`.innerText.startsWith("Done")`)
	f.forEyes("template")
	if figures := seen[string](f, part("figures")+".innerText"); !strings.Contains(figures, "Test accuracy") {
		t.Errorf("the template's page shows %q", figures)
	}
	f.clean()
}

// What somebody writes runs in its sandbox in Firefox too: in the tutorial, and in the editor to which its link leads.
func TestFirefoxTrainsWhatIsWritten(t *testing.T) {
	long(t)
	f := openFox(t, serve(t).page("learn-mechanism.html"), 1280)
	seen[any](f, `(document.getElementById("count").setAttribute("epochs", "1"), null)`)
	f.must(f.Await(`(() => { const t = document.querySelector("#count textarea"); t.value = t.value.replace("0.5", "0.9"); t.dispatchEvent(new Event("input")); })()`, nil))
	f.clickOn(`document.querySelector("#count .primary")`)
	f.wait("the end", `document.querySelector("#count [role=status]").innerText.startsWith("Done")`)
	f.forEyes("tutorial")
	if figures := seen[string](f, `document.querySelector("#count .tiles").innerText`); !strings.Contains(figures, "≤ 1.00") {
		t.Errorf("a run at an epsilon of 1 shows %q", figures)
	}
	f.clickOn(`document.querySelector("#count .buttons a")`)
	f.wait("the code", `location.pathname.endsWith("/mechanism.html") && document.getElementById("shared")?.hidden === false && !document.getElementById("data").disabled`)
	f.click("accept")
	f.wait("the data", dataReady)
	f.click("train")
	f.wait("the run", state+` === "busy"`)
	f.wait("the end", state+` === "idle"`)
	f.forEyes("editor")
	if said, figures := f.text("fault"), f.text("figures"); said != "" || !strings.Contains(figures, "1.00") || !strings.Contains(figures, "%") {
		t.Errorf("in the editor the run says %q and shows %q", said, figures)
	}
	f.clean()
}

// Own data by the file input: a table, and pictures in a ZIP.
func TestFirefoxReadsOwnData(t *testing.T) {
	long(t)
	f := openFox(t, serve(t).page("#data=digits&model=logistic&epochs=1"), 1280)
	f.wait("the data", dataReady)
	train := func(title string) {
		t.Helper()
		f.wait("what would be read", canRead)
		f.clickButton("Read them")
		f.wait("the records", wasRead)
		f.forEyes(title)
		f.clickButton("Train on these")
		f.wait("the records to be handed over", `document.getElementById("own").hidden`)
		if seen[bool](f, `!document.getElementById("question").hidden`) {
			f.clickButton("Open") // the run before is kept beside
		}
		f.wait("the data", `location.hash.includes("data=own") && `+dataReady)
		f.choose("setting-model", "logistic")
		f.choose("setting-epochs", "2")
		f.click("train")
		f.wait("the end", state+` === "done"`)
		if epsilon := number(t, f.text("tile-epsilon")); epsilon <= 0 || epsilon > 3 {
			t.Errorf("%s: it has spent %v", title, epsilon)
		}
	}

	f.click("own-open")
	f.must(f.Upload(`document.getElementById("own-files")`, writeFile(t, filepath.Join(t.TempDir(), "people.csv"), people(2000))))
	f.wait("its columns", `document.getElementById("own-label")`)
	f.choose("own-label", "ill")
	f.wait("the other columns", `document.querySelectorAll(".own-columns li").length === 3`)
	for id, bound := range map[string]string{"own-column-0-low": "0", "own-column-0-high": "90", "own-column-2-low": "0", "own-column-2-high": "10000,5"} {
		f.choose(id, bound)
	}
	f.wait("that nothing is missing", canRead+` && document.getElementById("own-words").innerText.includes("2 classes")`)
	train("table")
	f.choose("own-try-0", "85")
	f.wait("an answer", `document.getElementById("try").innerText.includes("Taken for")`)

	f.click("own-open")
	f.must(f.Upload(`document.getElementById("own-files")`, zipped(t, pets(t, 150))))
	f.wait("the samples", `document.querySelectorAll(".own-samples canvas").length > 10`)
	for id, value := range map[string]string{"own-width": "8", "own-height": "8", "own-colour": "1"} {
		f.choose(id, value)
	}
	f.wait("smaller samples", `document.querySelector(".own-samples canvas").width === 8`)
	train("pictures")
	f.must(f.Upload(`document.getElementById("own-try-file")`, filepath.Join(pets(t, 1), "dog", "001.png")))
	f.wait("an answer", `document.getElementById("try").innerText.includes("Taken for")`)
	f.clean()
}

// zipped packs a folder.
func zipped(t *testing.T, folder string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), filepath.Base(folder)+".zip")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := zip.NewWriter(out)
	err = w.AddFS(os.DirFS(folder))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// What a policy closes and what the guard takes away is closed in Firefox too, from page, trainer and compute worker, on a host without headers.
// Where Firefox has no Navigation API a script can still leave for another site: RATIONALE says so.
func TestFirefoxLetsNothingOut(t *testing.T) {
	long(t)
	s, o := serve(t), newOutside(t)
	e := &ears{t: t, heard: map[string]int{}}
	scripts := map[string]string{"trainer": s.script(e, "trainer", pastPolicy) + ";" + s.attempts(o, "trainer-policy"), "compute": s.script(e, "compute", pastPolicy) + ";" + s.attempts(o, "compute-policy")}
	s.change = func(path string, body []byte) []byte {
		for who, script := range scripts {
			if strings.HasPrefix(path, "assets/"+who+".") && strings.HasSuffix(path, ".js") {
				body = append(body, "\n"+script...)
			}
		}
		return body
	}
	f := openFox(t, s.page("#data=digits&model=logistic&epochs=20&workers=1"), 1280)
	f.wait("the data", dataReady)
	f.click("train")
	stay, leave := map[string]string{}, map[string]string{}
	for way, script := range pastPolicyOfPage {
		if slices.Contains([]string{"location", "assign", "link", "refresh"}, way) {
			leave[way] = script
		} else {
			stay[way] = script
		}
	}
	seen[bool](f, s.attempts(o, "page-policy"))
	seen[bool](f, s.script(e, "page", pastPolicy, stay))
	for _, who := range []string{"page", "trainer", "compute", "page-policy", "trainer-policy", "compute-policy"} {
		for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			if _, asked := s.requests(0); slices.Contains(asked, "ran/"+who) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s did not get through its ways", who)
			}
		}
	}
	if reached := append(e.list(), o.list()...); len(reached) > 0 {
		t.Errorf("reached the outside: %v", reached)
	}
	told := seen[bool](f, `"navigation" in globalThis`)
	for way, script := range leave {
		_, tcp := e.open("leaving by " + way)
		f.Await(fmt.Sprintf("(async (tcp) => { %s; await new Promise((go) => setTimeout(go, 1500)); })(%d)", script, tcp), nil)
		if left := slices.Contains(e.list(), "leaving by "+way+" by TCP"); left == told {
			t.Errorf("Navigation API %v: a script leaves by %s: %v", told, way, left)
		}
		f.visit(s.page("accountant.html"))
	}
	t.Logf("Navigation API: %v; heard: %v", told, e.list())
}

// Without the guard the same ways lead out of Firefox: the test above can fail.
func TestFirefoxWaysLeadOutWithoutGuard(t *testing.T) {
	long(t)
	s, e := serve(t), &ears{t: t, heard: map[string]int{}}
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/guard.") {
			return []byte("// nothing")
		}
		return body
	}
	f := openFox(t, s.page("accountant.html"), 1280)
	seen[bool](f, s.script(e, "page", map[string]string{"peer": pastPolicy["peer"], "frame": pastPolicyOfPage["frame"], "shadow": pastPolicyOfPage["shadow"]}))
	_, tcp := e.open("leaving")
	f.Await(fmt.Sprintf("(async (tcp) => { %s; await new Promise((go) => setTimeout(go, 1500)); })(%d)", pastPolicyOfPage["location"], tcp), nil)
	for _, way := range []string{"page: peer by UDP", "page: frame by UDP", "page: shadow by UDP", "leaving by TCP"} {
		if !slices.Contains(e.list(), way) {
			t.Errorf("%s did not get out; only %v did", way, e.list())
		}
	}
}
