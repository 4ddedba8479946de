package train

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"cloister/dp/mechanism"
	"cloister/train/protocol"
)

// A mechanism that somebody wrote: its code is in the configuration, and runs where the page has it run.

// author is who answers for one piece of code, in one run at most: what it has seen released in one, which may not have been
// private, must not steer another.
type author struct {
	code string
	used bool
	mechanism.Author
}

// mostCode is how long the code of a mechanism may be, in bytes.
const mostCode = 1 << 16

// meet takes the author that a page hands over. Runs that go on keep theirs.
func (t *Trainer) meet(r protocol.Request) error {
	answers, err := t.host.Author(r.Port.Handle, func(why error) {
		t.emit(protocol.Event{Type: "unanswered", Message: Words(why)})
	})
	if err == nil {
		t.author = &author{code: r.Code, Author: answers}
	}
	return err
}

// of is who answers for a configuration's mechanism; nil where none is needed.
func (a *author) of(c *protocol.Config) (mechanism.Author, error) {
	switch code := c.Mechanism.Source; {
	case c.Mechanism.Name != mechanism.Written && code != "":
		return nil, fmt.Errorf("train: mechanism %q has no code of its own", c.Mechanism.Name)
	case c.Mechanism.Name != mechanism.Written:
		return nil, nil
	case code == "" || len(code) > mostCode:
		return nil, fmt.Errorf("train: the code of a mechanism has %d bytes, want 1 to %d", len(code), mostCode)
	case a == nil || a.code != code:
		return nil, errUnauthored
	}
	return a.Author, nil
}

// mechanismOf names a configuration's mechanism for those who read of the run later; code by its SHA-256.
func mechanismOf(c *protocol.Config) string {
	m := c.Mechanism
	if m.Source == "" {
		return m.Name
	}
	return fmt.Sprintf("%s, code with SHA-256 %x", m.Name, sha256.Sum256([]byte(m.Source)))
}

// use takes the author for a run.
func (a *author) use(c *protocol.Config) error {
	if c.Mechanism.Name != mechanism.Written {
		return nil
	}
	if a == nil || a.used {
		return errUnauthored
	}
	a.used = true
	return nil
}

var errUnauthored = errors.New("train: nobody runs the code of this mechanism yet: read it, and open it where mechanisms are written")
