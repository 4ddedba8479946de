package train

import (
	"errors"
	"strings"
	"testing"

	"cloister/dp/mechanism"
	"cloister/train/protocol"
)

// What code saw released in one run, which may not have been private, must not steer another.
func TestAnAuthorServesOneRun(t *testing.T) {
	c := &protocol.Config{Mechanism: protocol.Mechanism{Name: mechanism.Written, Source: "class Mechanism {}"}}
	a := &author{code: c.Mechanism.Source}
	if err := a.use(&protocol.Config{Mechanism: protocol.Mechanism{Name: "fixed"}}); err != nil || a.used {
		t.Errorf("a run that needs no author: %v, %v", err, a.used)
	}
	if err := a.use(c); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*author{a, nil} {
		if err := a.use(c); !errors.Is(err, errUnauthored) {
			t.Errorf("a run without an author of its own: %v", err)
		}
	}
	const words = "written, code with SHA-256 "
	if name := mechanismOf(c); !strings.HasPrefix(name, words) || len(name) != len(words)+64 {
		t.Errorf("the run is said to be of %q", name)
	}
}
