package pagetest

import (
	"fmt"
	"runtime"
	"testing"

	"cloister/cmd/chromium"
)

// resident is the memory of the tab in MiB: page, trainer, compute workers and the dataset, without the browser's own
// program, which all tabs share.
func (p *tab) resident() int {
	p.t.Helper()
	if runtime.GOOS != "linux" {
		p.t.Skip("SKIPPED: this system does not tell the memory of a process in /proc")
	}
	bytes, err := p.Memory()
	if err != nil {
		p.t.Fatal(err)
	}
	return int(bytes >> 20)
}

// Over 1,000 steps, with what they show, nothing grows, once the browser has kept the site for use offline. 30 MiB is the slack of two garbage collectors.
func TestMemoryStaysLevel(t *testing.T) {
	long(t)
	p := openWith(t, serve(t).page("#data=digits&model=mlp&epochs=30&batch=200&workers=2"), chromium.Options{}) // no other test's memory is counted
	p.start()
	at := func(step int) int {
		p.wait(fmt.Sprintf("step %d", step), fmt.Sprintf(`document.getElementById("progress").value * 3000 >= %d`, step))
		return p.resident()
	}
	early, late := at(1500), at(2500)
	t.Logf("%d MiB after 1,500 steps, %d MiB after 2,500", early, late)
	if late > early+30 {
		t.Errorf("the tab grew from %d to %d MiB in 1,000 steps", early, late)
	}
}
