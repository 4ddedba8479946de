//go:build !js

package ledger

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

const racers, races = 4, 25

// race enters runs one after the other, as several runs that share a folder do at once.
func race(dir string) error {
	l, err := Open(FileStore{Dir: dir}, "k")
	for range races {
		if err != nil {
			return err
		}
		var id RunID
		if id, err = l.Begin("run", three, 1, ""); err == nil {
			err = l.Charge(id, 3)
		}
	}
	return err
}

// Four processes, and four writers in this one, append to one ledger at once: no record is lost.
func TestRacingAppends(t *testing.T) {
	if dir := os.Getenv("LEDGER_RACE"); dir != "" { // this is one of the processes
		if err := race(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir := t.TempDir()
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			if err := race(dir); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			other := exec.Command(os.Args[0], "-test.run=^TestRacingAppends$")
			other.Env = append(os.Environ(), fmt.Sprint("LEDGER_RACE=", dir))
			if said, err := other.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
	all.Wait()
	l, err := Open(FileStore{Dir: dir}, "k")
	if err != nil {
		t.Fatal(err)
	}
	if runs := l.Runs(); len(runs) != 2*racers*races {
		t.Errorf("%d runs of %d are in the ledger", len(runs), 2*racers*races)
	}
	for _, run := range l.Runs() {
		if run.Charged != 3 {
			t.Errorf("run %x is charged %d steps of 3", run.ID, run.Charged)
		}
	}
}
