package pagetest

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// loses has the site's compute workers ask at their 30th message who is to be lost: the first that asks does what is said.
func (s *site) loses(t *testing.T, loss string) {
	s.extra["lost/"] = t.TempDir()
	writeFile(t, filepath.Join(s.extra["lost/"], "who"), nil)
	var one sync.Once
	s.change = func(path string, body []byte) []byte {
		if path == "lost/who" {
			one.Do(func() { body = []byte("you") })
		}
		if strings.HasPrefix(path, "assets/compute.") {
			return fmt.Appendf(body, `
				{ const work = self.onmessage; let jobs = 0;
				const chosen = () => { const r = new XMLHttpRequest(); r.open("GET", %q, false); r.send(); return r.responseText === "you" };
				self.onmessage = (event) => { if (++jobs === 30 && chosen()) { %s } return work(event); }; }`, s.folder()+"lost/who", loss)
		}
		return body
	}
}

// A compute worker that dies in the middle of a step is replaced, the person is told, and the run ends as planned, at the
// planned cost. One that hangs is found out by its silence; that takes the trainer 10 seconds.
func TestReplacesLostWorker(t *testing.T) {
	t.Parallel()
	for name, loss := range map[string]string{
		"crash": `throw new Error("lost on purpose")`,
		"hang":  `while (true);`,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "hang" {
				long(t)
			}
			s := serve(t)
			s.loses(t, loss)
			p := s.train(t, "data=digits&model=logistic&epochs=5&batch=500&workers=2&open=log")
			p.wait("the notice", `document.getElementById("log").innerText.includes("worker")`)
			p.wait("the end", state+` === "done"`)
			if spent := number(t, p.text("tile-epsilon")); spent > 3 {
				t.Errorf("spent epsilon %v, more than the target", spent)
			}
			if p.steps() != 200 {
				t.Errorf("%d steps, want 200", p.steps())
			}
			if n := strings.Count(p.text("log"), "was replaced"); n != 1 {
				t.Errorf("%d workers were replaced, want 1: %s", n, p.text("log"))
			}
			if problem := p.text("problem"); problem != "" {
				t.Errorf("what was mended is shown as an error: %q", problem)
			}
		})
	}
}
