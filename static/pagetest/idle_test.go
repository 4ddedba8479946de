package pagetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// busy is how long the page's own thread has worked, in seconds of a processor: on a busy machine it also waits for one.
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

// While a run goes on the page leaves the processors to it: it takes at most 3 % of one, and never 50 ms at a time.
func TestPageLeavesTheProcessorsAlone(t *testing.T) {
	long(t)
	s := serve(t)
	for _, settings := range []string{
		"data=digits&model=mnist-cnn-tanh&epochs=60",
		"data=digits&model=mnist-cnn-tanh&epochs=60&open=plan.log.budget.sweep.storage.loss.mechanism.advanced",
		"data=mnist&epochs=20",
		"data=mnist&epochs=20&open=plan.log.budget.sweep.storage.mechanism.advanced",
	} {
		t.Run(settings, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(dist, "data/mnist")); err != nil && strings.HasPrefix(settings, "data=mnist") {
				t.Skip("SKIPPED: MNIST is not packed; make data does so")
			}
			p := open(t, s.page("#"+settings), 1280)
			p.run(performance.Enable().WithTimeDomain(performance.EnableTimeDomainThreadTicks))
			p.start()
			p.wait("some of it", `document.getElementById("progress").value > 0.01`)
			worked, began := p.busy(), time.Now()
			time.Sleep(15 * time.Second)
			share := (p.busy() - worked) / time.Since(began).Seconds()
			long, err := p.Tasks(50*time.Millisecond, func() error { time.Sleep(15 * time.Second); return nil })
			if err != nil {
				t.Fatal(err)
			}
			at := eval[string](p, `document.getElementById("progress-words").textContent`)
			t.Logf("%.2f %% of a processor; %s", 100*share, at)
			if now := eval[string](p, state); now != "running" {
				t.Fatalf("the run was over: the page is %s", now)
			}
			if share > 0.03 {
				t.Errorf("the page takes %.1f %% of a processor, want 3 %% at most", 100*share)
			}
			for _, task := range long {
				t.Errorf("the page works for %v at a time: %s", task.Processor, task.What)
			}
		})
	}
}
