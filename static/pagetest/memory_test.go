package pagetest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"
)

// resident is the memory of the tab in MiB: page, trainer, compute workers and the dataset, without the browser's own
// program, which all tabs share. A browser has spare processes; the tab's is the largest.
func (p *tab) resident() (mib int) {
	p.t.Helper()
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		processes, err := systeminfo.GetProcessInfo().Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
		for _, process := range processes {
			if process.Type == "renderer" {
				mib = max(mib, residentOf(process.ID))
			}
		}
		return err
	}))
	if mib == 0 {
		p.t.Skip("SKIPPED: this system does not tell the memory of a process in /proc")
	}
	return mib
}

func residentOf(pid int64) (mib int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		field := strings.Fields(line)
		if len(field) == 3 && (field[0] == "RssAnon:" || field[0] == "RssShmem:") {
			kib, _ := strconv.Atoi(field[1])
			mib += kib >> 10
		}
	}
	return mib
}

// Over 1,000 steps, with what they show, nothing grows. 30 MiB is the slack of two garbage collectors.
func TestMemoryStaysLevel(t *testing.T) {
	p := serve(t).train(t, "data=digits&model=mlp&epochs=20&batch=200&workers=2")
	at := func(step int) int {
		p.wait(fmt.Sprintf("step %d", step), fmt.Sprintf(`document.getElementById("progress").value * 2000 >= %d`, step))
		return p.resident()
	}
	early, late := at(500), at(1500)
	t.Logf("%d MiB after 500 steps, %d MiB after 1,500", early, late)
	if late > early+30 {
		t.Errorf("the tab grew from %d to %d MiB in 1,000 steps", early, late)
	}
}
