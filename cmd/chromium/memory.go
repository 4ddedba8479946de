package chromium

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"
)

// Memory is the tab's private memory in bytes, as Chromium's own task manager counts it: anonymous pages, resident or
// swapped out, of the process that renders the page, its workers included. Code that processes share is left out.
// It reads /proc, so it works on Linux alone. Chromium keeps a spare renderer; the tab's is the larger.
func (t *Tab) Memory() (int64, error) {
	most := int64(0)
	browser := chromedp.FromContext(t.Context).Browser
	err := t.do(func(ctx context.Context) error {
		processes, err := systeminfo.GetProcessInfo().Do(cdp.WithExecutor(ctx, browser))
		if err != nil {
			return err
		}
		for _, p := range processes {
			if p.Type != "renderer" {
				continue
			}
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.ID))
			if err != nil {
				return err
			}
			size, err := privateBytes(string(status))
			if err != nil {
				return err
			}
			most = max(most, size)
		}
		return nil
	})
	return most, err
}

// privateBytes adds the lines "RssAnon:   123 kB" and "VmSwap:   0 kB" of a process's status.
func privateBytes(status string) (int64, error) {
	total, found := int64(0), 0
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" || fields[0] != "RssAnon:" && fields[0] != "VmSwap:" {
			continue
		}
		kib, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("chromium: memory of a process: %w", err)
		}
		total += kib << 10
		found++
	}
	if found != 2 {
		return 0, fmt.Errorf("chromium: a process's status has no RssAnon and VmSwap")
	}
	return total, nil
}
