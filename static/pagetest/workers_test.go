package pagetest

import (
	"strings"
	"testing"
)

// inComputeWorkers adds a line to the compute workers' script as it is served.
func (s *site) inComputeWorkers(line string) {
	s.change = func(path string, body []byte) []byte {
		if strings.HasPrefix(path, "assets/compute.") {
			return append(body, "\n"+line...)
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
			// One worker, the one that makes the database, is lost at its 30th message.
			s.inComputeWorkers(`{ const work = self.onmessage; let jobs = 0, chosen = false;
				indexedDB.open("lost").onupgradeneeded = () => (chosen = true);
				self.onmessage = (event) => { if (++jobs >= 30 && chosen) { ` + loss + ` } return work(event); }; }`)
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
