package browser

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

// Memory of the processes that render pages, in bytes: resident, as the operating system counts it.
type Memory struct {
	Now  int64 `json:"now"`
	Peak int64 `json:"peak"` // since the processes started
}

// Memory reads /proc, so it works on Linux alone. The tab is the browser's only page, so all renderers are the tab's.
func (t *Tab) Memory() (Memory, error) {
	var m Memory
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
			one, err := residentSet(int(p.ID))
			if err != nil {
				return err
			}
			m.Now += one.Now
			m.Peak += one.Peak
		}
		return nil
	})
	return m, err
}

func residentSet(pid int) (Memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, err
	}
	now, err := statusBytes(string(status), "VmRSS:")
	if err != nil {
		return Memory{}, err
	}
	peak, err := statusBytes(string(status), "VmHWM:")
	return Memory{now, peak}, err
}

// statusBytes reads a line such as "VmRSS:   123 kB".
func statusBytes(status, key string) (int64, error) {
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == key && fields[2] == "kB" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("browser: no %s in a process's status", key)
}
