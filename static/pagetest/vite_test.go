package pagetest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tarball, installed in an empty project of Vite and built by it, trains the built-in digits.
func TestTarballTrainsInVite(t *testing.T) {
	long(t) // it installs Vite
	t.Parallel()
	folder, project := packageFolder(t), t.TempDir()
	tarball := strings.TrimSpace(command(t, folder, "npm", "pack", "--silent", "--pack-destination", project))
	for name, text := range map[string]string{
		"package.json": `{ "private": true, "type": "module" }`,
		"index.html":   `<!doctype html><title>Vite</title><main id="main">Waiting</main><script type="module" src="/main.js"></script>`,
		"main.js": `import { open } from "cloister";
			const session = await open("digits");
			const run = session.train({ model: "logistic", epochs: 2 });
			let accuracy = 0;
			for await (const event of run) if (event.type === "epoch") accuracy = event.epoch.accuracy;
			document.title = accuracy > 0.5 ? "trained" : "learned nothing: " + accuracy;`,
	} {
		if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command(t, project, "npm", "install", "--silent", "--no-audit", "--no-fund", "vite@7", "./"+tarball)
	command(t, project, "npx", "vite", "build", "--base", "./")
	if t.Failed() {
		return
	}
	host := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(project, "dist"))))
	t.Cleanup(host.Close)
	p := open(t, host.URL, 800)
	p.wait("the end of training", `document.title === "trained" || document.title.startsWith("learned")`)
	if title := eval[string](p, "document.title"); title != "trained" {
		t.Error(title)
	}
	p.clean()
}
