package pagetest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// framed trains in a frame that may store nothing, and tells the page around it what the element says.
const framed = `import "./element.js";
	const element = document.querySelector("cloister-trainer");
	const told = await element.train().then(({ planned }) => planned.steps, (error) => error.message);
	const note = element.shadowRoot.querySelector("[part=ledger]");
	parent.postMessage({ told, note: note.hidden ? "" : note.textContent, link: note.querySelector("a")?.href }, "*");`

// Elements on a page of another origin: nothing is loaded until Train is pressed, then one trainer for all of them; what may be changed can be
// and the rest not; what they tell are DOM events; they look as the page asks. In a frame that may store nothing it says that nothing is remembered.
func TestElementsShareATrainer(t *testing.T) {
	t.Parallel()
	e := serveEmbedder(t, packageFolder(t), map[string]string{
		"/": `<!doctype html><html lang="en"><title>Elements</title><main>
			<cloister-trainer id="a" model="logistic" epochs="1" epsilon="2" controls="epsilon clip" locks="epochs" charts="accuracy epsilon runs"></cloister-trainer>
			<cloister-trainer id="b" model="logistic" epochs="1" nonprivate charts="accuracy"></cloister-trainer>
			</main><script type="module" src="HOST/element.js"></script>`,
		"/framed": `<!doctype html><title>Framed</title><cloister-trainer model="logistic" epochs="1"></cloister-trainer><script type="module" src="HOST/framed.js"></script>`,
	})
	p := open(t, e.page.URL, 1000)
	p.wait("the elements", `a.shadowRoot && b.shadowRoot`)
	loaded := func() (n int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, asked := range e.asked {
			if strings.HasSuffix(asked, "/trainer.wasm") {
				n++
			}
		}
		return n
	}
	if n := loaded(); n != 0 {
		t.Errorf("the trainer was loaded %d times before anybody trained", n)
	}
	type shown struct {
		Events   []string
		Figures  string
		Marks    []string
		Runs     [][]string
		Locked   []bool
		Accent   string
		Refused  string
		Problems []string
	}
	got := eval[shown](p, `(async () => {
		const told = { Events: [], Problems: [] };
		for (const kind of ["planned", "epoch", "step", "ledger", "done"]) document.addEventListener("cloister-" + kind, ({ target, detail }) => target === a && detail.type === kind && !told.Events.includes(kind) && told.Events.push(kind));
		document.addEventListener("cloister-problem", ({ detail }) => told.Problems.push(detail.message));
		b.style.setProperty("--cloister-accent", "rgb(1, 2, 3)");
		const part = (element, name) => element.shadowRoot.querySelector("[part=" + name + "]");
		told.Locked = [...a.shadowRoot.querySelectorAll("input")].map((input) => input.disabled);
		await Promise.all([a.train(), b.train()]);
		told.Figures = part(a, "figures").innerText;
		told.Marks = [a, b].map((element) => part(element, "not-private").hidden ? "" : part(element, "not-private").innerText);
		const type = (text) => { const input = a.shadowRoot.querySelector("input"); input.value = text; input.dispatchEvent(new Event("change")); };
		type("5");
		await a.train();
		type("none");
		told.Refused = await a.train().catch((error) => error.message);
		told.Runs = [...a.shadowRoot.querySelectorAll("[part=runs] tr")].map((row) => [...row.cells].map((cell) => cell.innerText));
		told.Accent = getComputedStyle(part(b, "train")).backgroundColor;
		return told;
	})()`)
	if n := loaded(); n != 1 {
		t.Errorf("the trainer was loaded %d times for two elements, want once", n)
	}
	if want := []string{"planned", "ledger", "epoch", "step", "done"}; !slices.Equal(got.Events, want) {
		t.Errorf("events are %v, want %v", got.Events, want)
	}
	if !strings.Contains(got.Figures, "Test accuracy") || !strings.Contains(got.Figures, "≤ ") {
		t.Errorf("figures are %q", got.Figures)
	}
	if got.Marks[0] != "" || !strings.Contains(got.Marks[1], "Not private") {
		t.Errorf("runs are marked %q, want the second alone", got.Marks)
	}
	if want := []bool{false, false, true}; !slices.Equal(got.Locked, want) {
		t.Errorf("fields are locked %v, want %v", got.Locked, want)
	}
	if len(got.Runs) != 3 || got.Runs[1][1] != "2" || got.Runs[2][1] != "5" || !strings.HasPrefix(got.Runs[2][4], "≤ 5") && !strings.HasPrefix(got.Runs[2][4], "≤ 4.9") {
		t.Errorf("the table of runs is %q", got.Runs)
	}
	if got.Accent != "rgb(1, 2, 3)" || !strings.Contains(got.Refused, "not a number") || len(got.Problems) != 1 {
		t.Errorf("the accent is %s, a bad number is refused with %q (%q)", got.Accent, got.Refused, got.Problems)
	}

	type noted struct {
		Told       any
		Note, Link string
	}
	in := eval[noted](p, `new Promise((hear) => {
		addEventListener("message", ({ data }) => hear(data), { once: true });
		const frame = document.createElement("iframe");
		frame.sandbox = "allow-scripts";
		frame.src = "/framed";
		document.body.append(frame);
	})`)
	if _, trained := in.Told.(float64); !trained || !strings.Contains(in.Note, "No ledger") || in.Link != e.page.URL+"/framed" {
		t.Errorf("in a frame without storage it says %+v", in)
	}
	// The manifest that editors read names what there is.
	manifest, err := os.ReadFile(filepath.Join(packageFolder(t), "custom-elements.json"))
	if err != nil {
		t.Fatal(err)
	}
	type named struct{ Attributes, Parts, Members []string }
	if missing := eval[named](p, `(() => {
		const stated = `+string(manifest)+`.modules[0].declarations[0], names = (list) => list.map(({ name }) => name);
		const differ = (a, b) => [...a.filter((x) => !b.includes(x)), ...b.filter((x) => !a.includes(x))];
		const there = [...a.shadowRoot.querySelectorAll("[part]")].map((e) => e.getAttribute("part"));
		return {
			Attributes: differ(names(stated.attributes), customElements.get("cloister-trainer").observedAttributes),
			Parts: differ(names(stated.cssParts).filter((name) => name !== "own-window"), [...new Set(there)]), // which only a frame without storage has
			Members: names(stated.members).filter((name) => !(name in a)),
		};
	})()`); len(missing.Attributes)+len(missing.Parts)+len(missing.Members) > 0 {
		t.Errorf("the manifest and the element differ in %+v", missing)
	}
	p.clean()
}
