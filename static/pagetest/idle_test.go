package pagetest

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// busy is how long the page's own thread has worked, in seconds.
func (p *tab) busy() (seconds float64) {
	p.t.Helper()
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		metrics, err := performance.GetMetrics().Do(ctx)
		for _, m := range metrics {
			if m.Name == "TaskDuration" {
				seconds = m.Value
			}
		}
		return err
	}))
	return seconds
}

// While a run goes on the page leaves the processors to it: it takes at most 3 % of one, and never 50 ms at a time. On a
// machine that is busy otherwise these figures are noise.
func TestPageLeavesTheProcessorsAlone(t *testing.T) {
	long(t)
	p := open(t, serve(t).page("#data=digits&model=mnist-cnn-tanh&epochs=40"), 1280)
	p.run(performance.Enable())
	p.wait("the data", dataReady)
	p.click("train")
	p.wait("the first epoch", `document.getElementById("progress").value > 0.05`)
	eval[any](p, `(globalThis.long = [], new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration))).observe({type: "longtask"}), null)`)
	worked, began := p.busy(), time.Now()
	time.Sleep(20 * time.Second)
	share := (p.busy() - worked) / time.Since(began).Seconds()
	long := eval[[]float64](p, "long")
	t.Logf("%.1f %% of a processor, tasks of 50 ms and more: %v", 100*share, long)
	if now := eval[string](p, state); now != "running" {
		t.Fatalf("the run was over: the page is %s", now)
	}
	if share > 0.03 || len(long) > 0 {
		t.Errorf("the page takes %.1f %% of a processor, with %d long tasks", 100*share, len(long))
	}
}
