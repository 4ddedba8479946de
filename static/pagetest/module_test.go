package pagetest

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cloister/train"
	"cloister/train/protocol"
)

const packed = "../../build/package"

// packageFolder is where the npm package was built.
func packageFolder(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(packed, "types/module/index.d.ts")); err != nil {
		t.Skip("SKIPPED: the package is not built; run make package")
	}
	folder, err := filepath.Abs(packed)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// command runs a program in a folder and returns what it says.
func command(t *testing.T, folder, name string, arguments ...string) string {
	t.Helper()
	c := exec.Command(name, arguments...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// The package as npm packs it: what it exports is there, its types are found by every resolver that reads ES modules, and it is as large as
// its README says.
func TestPackageIsSound(t *testing.T) {
	t.Parallel()
	folder := packageFolder(t)
	tools, err := filepath.Abs("../node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tools, "publint")); err != nil {
		t.Skip("SKIPPED: publint is not installed; run npm ci in static/")
	}
	to := t.TempDir()
	var told []struct {
		Filename           string
		Size, UnpackedSize int
	}
	if err := json.Unmarshal([]byte(command(t, folder, "npm", "pack", "--json", "--silent", "--pack-destination", to)), &told); err != nil || len(told) != 1 {
		t.Fatalf("npm pack tells %v: %v", told, err)
	}
	command(t, folder, "node", filepath.Join(tools, "publint/src/cli.js"), "run", folder, "--strict")
	// The types are looked at without the programs, whose packing would take longer than all the rest.
	light := filepath.Join(to, "light")
	if err := os.CopyFS(light, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"trainer", "intake", "take"} {
		if err := os.Remove(filepath.Join(light, program+".wasm")); err != nil {
			t.Fatal(err)
		}
	}
	command(t, light, "npm", "pack", "--silent")
	command(t, light, "node", filepath.Join(tools, "@arethetypeswrong/cli/dist/index.js"), told[0].Filename, "--profile", "esm-only", "--no-emoji")
	t.Logf("tarball: %.1f MB, unpacked %.1f MB", float64(told[0].Size)/1e6, float64(told[0].UnpackedSize)/1e6)
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	stated := regexp.MustCompile(`The tarball has (\d+\.\d) MB`).FindStringSubmatch(string(readme))
	if stated == nil {
		t.Fatal("the README does not state the tarball's size")
	}
	if said, _ := strconv.ParseFloat(stated[1], 64); math.Abs(said-float64(told[0].Size)/1e6) > 0.3 {
		t.Errorf("the README says that the tarball has %s MB, it has %d bytes", stated[1], told[0].Size)
	}
}

// The example runs in Node and comes to what the accountant says in Go.
func TestPackageAccountsInNode(t *testing.T) {
	t.Parallel()
	folder := packageFolder(t)
	to := t.TempDir()
	if err := os.MkdirAll(filepath.Join(to, "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(folder, filepath.Join(to, "node_modules/cloister")); err != nil {
		t.Fatal(err)
	}
	said := command(t, to, "node", filepath.Join(folder, "examples/accountant.mjs"))
	q, steps := 256./60000, 1170
	bounds := train.Account(protocol.AccountQuestion{Kind: "epsilon", Segments: fmt.Sprintf("1.1:%v:%d", q, steps), Delta: 1e-5})
	sigma := train.Account(protocol.AccountQuestion{Kind: "sigma", Segments: fmt.Sprintf("?:%v:%d", q, steps), Delta: 1e-5, Epsilon: 3})
	for _, want := range []string{fmt.Sprintf("%.3f <= epsilon <= %.3f", bounds.Lower, bounds.Upper), fmt.Sprintf("multiplier of %.4f", sigma.Sigma)} {
		if !strings.Contains(said, want) {
			t.Errorf("the example says %q, want %q in it", said, want)
		}
	}
	script := `import { epsilon, open } from "cloister";
		const aborted = await epsilon("1:0.01:100", 1e-5, { signal: AbortSignal.abort() }).catch((e) => e.name);
		const bad = await epsilon("nonsense", 1e-5).catch((e) => e.constructor.name);
		const none = await open().catch((e) => e.message);
		console.log(JSON.stringify([aborted, bad, none]));`
	if err := os.WriteFile(filepath.Join(to, "refused.mjs"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	said = command(t, to, "node", "refused.mjs")
	for _, want := range []string{`"AbortError"`, `"training needs a browser`} {
		if !strings.Contains(said, want) {
			t.Errorf("refusals are %s, want %s among them", said, want)
		}
	}
}

// embedder serves a page with the policy that the package's README asks for, and a module of another origin that it uses.
type embedder struct {
	page, host *httptest.Server
	mu         sync.Mutex
	asked      []string
}

const embedding = `import * as cloister from %q; globalThis.cloister = cloister; globalThis.here = true;`

func serveEmbedder(t *testing.T, folder string, html map[string]string) *embedder {
	t.Helper()
	e := &embedder{}
	files := http.FileServer(http.Dir(folder))
	e.host = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.note(r)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.URL.Path == "/framed.js" {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, framed)
			return
		}
		files.ServeHTTP(w, r)
	}))
	e.page = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.note(r)
		w.Header().Set("Content-Security-Policy", strings.ReplaceAll(readmePolicy(t, folder), "HOST", e.host.URL)+"; default-src 'none'; frame-src 'self'")
		switch r.URL.Path {
		case "/page.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprintf(w, embedding, e.host.URL+"/index.js")
		case "/", "/framed":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, strings.ReplaceAll(html[r.URL.Path], "HOST", e.host.URL))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(e.host.Close)
	t.Cleanup(e.page.Close)
	return e
}

func (e *embedder) note(r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r.Host+r.URL.Path)
}

// readmePolicy is the policy that the README says suffices.
func readmePolicy(t *testing.T, folder string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	found := regexp.MustCompile(`(?m)^script-src .*$`).Find(readme)
	if err != nil || found == nil {
		t.Fatalf("the README states no policy: %v", err)
	}
	return string(found)
}

// A module of another origin trains on a page whose policy allows what the README asks for and nothing else; a run is driven, saved, restored,
// exported, aborted; arrays and files are opened; whoever waits for a trainer that dies is told.
func TestModuleTrainsFromAnotherOrigin(t *testing.T) {
	t.Parallel()
	e := serveEmbedder(t, packageFolder(t), map[string]string{"/": `<!doctype html><title>Embedder</title><main>Embedder</main><script type="module" src="page.js"></script>`})
	p := open(t, e.page.URL, 1000)
	p.wait("the module", "globalThis.here")
	type trained struct {
		Kinds            []string
		Accuracy, Upper  float64
		Planned, Done    bool
		Bytes            int
		Resumed          float64
		Exported         []string
		Refused, Aborted string
		Spent            int
	}
	got := eval[trained](p, `(async () => {
		const session = globalThis.session = await cloister.open("digits");
		const told = {};
		const plan = await session.plan({ model: "logistic", epochs: 2, epsilon: 2 });
		told.Upper = plan.epsilonUpper;
		told.Refused = await session.plan({ model: "logistic", epsilon: -1 }).catch((e) => e.message);
		const run = session.train({ model: "logistic", epochs: 2, epsilon: 2 });
		let checkpoint;
		const kinds = new Set();
		for await (const event of run) {
			kinds.add(event.type);
			if (event.type === "epoch") told.Accuracy = event.epoch.accuracy;
			if (event.type === "epoch" && event.epoch.epoch === 1) {
				await run.pause();
				checkpoint = await run.checkpoint();
				await run.resume();
			}
		}
		told.Kinds = [...kinds].sort();
		told.Planned = (await run.planned).epsilonUpper <= 2;
		told.Done = (await run.done).step.step === plan.steps;
		told.Bytes = checkpoint.length;
		told.Exported = [...(await run.export("onnx")), ...(await run.export("opacus")), ...(await run.export("jax-privacy"))].map(({ name, bytes }) => name.split(".").pop() + (bytes.length > 1000));
		const again = session.restore(checkpoint);
		await again.planned;
		await again.resume();
		for await (const event of again) if (event.type === "epoch") told.Resumed = event.epoch.accuracy;
		const control = new AbortController();
		const long = session.train({ model: "logistic", epochs: 1000 }, { signal: control.signal });
		await long.planned;
		control.abort();
		told.Aborted = await long.done.catch((e) => e.name);
		told.Spent = (await session.spending()).runs.length;
		return told;
	})()`)
	if got.Accuracy < 0.5 || got.Resumed < 0.5 || !got.Planned || !got.Done || got.Upper > 2 || got.Bytes < 1000 || got.Aborted != "AbortError" || got.Spent < 2 {
		t.Errorf("a run came to %+v", got)
	}
	if want := []string{"done", "epoch", "ledger", "planned", "safepoint", "state", "step"}; !slices.Equal(got.Kinds, want) {
		t.Errorf("a run tells %v, want %v", got.Kinds, want)
	}
	if !slices.Equal(got.Exported, []string{"onnxtrue", "pytrue", "pytrue"}) || !strings.Contains(strings.ToLower(got.Refused), "epsilon") {
		t.Errorf("exported %v; a bad epsilon is refused with %q", got.Exported, got.Refused)
	}

	type opened struct {
		Arrays, Files    []float64 // records to train on, classes, and the probabilities of a record
		Private          bool
		Bad, Closed, Ran string
	}
	own := eval[opened](p, `(async () => {
		session.close();
		const told = {};
		told.Closed = await session.predict(new Uint8Array(784)).catch((e) => e.message);
		// Two classes by the sign of their first value; floats, and more than one shard of them.
		const n = 3000, d = 500, values = new Float32Array(n * d).map((_, i) => Math.sin(i * i)), labels = Array.from({ length: n }, (_, i) => (values[i * d] > 0 ? 1 : 0));
		const arrays = { values, labels, shape: [1, 1, d], classes: ["below", "above"] };
		const mine = await cloister.open(arrays);
		const run = mine.train({ model: "logistic", epochs: 1, batchSize: 300 });
		const done = await run.done;
		told.Private = done.planned.private;
		told.Arrays = [mine.dataset.train, mine.dataset.classes.length, ...(await mine.predict(values.slice(0, d)))];
		mine.close();
		told.Bad = await cloister.open({ ...arrays, labels: labels.map((l) => l + 1) }).catch((e) => e.message);
		const rows = Array.from({ length: 200 }, (_, i) => i % 90 + "," + (i % 2 ? "yes" : "no")).join("\n");
		const table = new File(["age,ill\n" + rows], "people.csv", { type: "text/csv" });
		const read = await cloister.open({ files: [table], settings: { label: "ill", columns: { age: { low: 0, high: 120 } } }, collection: "People" });
		told.Files = [read.dataset.train + read.dataset.test, read.dataset.classes.length];
		told.Ran = read.dataset.collection;
		read.close();
		return told;
	})()`)
	if len(own.Arrays) != 4 || own.Arrays[0] != 3000 || own.Arrays[1] != 2 || math.Abs(own.Arrays[2]+own.Arrays[3]-1) > 1e-5 || !own.Private {
		t.Errorf("arrays were opened as %+v", own)
	}
	if !strings.Contains(own.Bad, "label 0 is") && !strings.Contains(own.Bad, "want a whole number") {
		t.Errorf("a label that is none is refused with %q", own.Bad)
	}
	if !slices.Equal(own.Files, []float64{200, 2}) || own.Ran != "People" {
		t.Errorf("a table was opened as %v of %q", own.Files, own.Ran)
	}
	if !strings.Contains(own.Closed, "ended") {
		t.Errorf("a closed session answers %q", own.Closed)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	for _, asked := range e.asked {
		if !strings.HasPrefix(asked, strings.TrimPrefix(e.host.URL, "http://")) && !strings.HasPrefix(asked, strings.TrimPrefix(e.page.URL, "http://")) {
			t.Errorf("asked %s", asked)
		}
	}
	p.clean()
}
