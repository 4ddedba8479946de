package pagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/profiler"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

func TestZZCost(t *testing.T) {
	s := serve(t)
	p := open(t, "about:blank", 412)
	p.run(chromedp.EmulateViewport(412, 823))
	_ = emulation.ClearDeviceMetricsOverride
	var events []json.RawMessage
	done := make(chan bool, 1)
	chromedp.ListenTarget(p.Context, func(ev any) {
		switch e := ev.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				b, _ := json.Marshal(v)
				events = append(events, b)
			}
		case *tracing.EventTracingComplete:
			done <- true
		}
	})
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		profiler.Enable().Do(ctx)
		profiler.SetSamplingInterval(200).Do(ctx)
		profiler.Start().Do(ctx)
		return tracing.Start().WithTransferMode(tracing.TransferModeReportEvents).WithTraceConfig(&tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline", "v8", "blink"}}).Do(ctx)
	}))
	p.run(chromedp.Navigate(s.page("")))
	p.wait("the proposal", `document.getElementById("receipt").innerText.includes("≤")`)
	time.Sleep(4 * time.Second)
	var prof *profiler.Profile
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		var err error
		prof, err = profiler.Stop().Do(ctx)
		if err != nil {
			return err
		}
		return tracing.End().Do(ctx)
	}))
	<-done
	f, _ := os.Create("/tmp/cost-trace.json")
	fmt.Fprint(f, "[")
	for i, e := range events {
		if i > 0 {
			fmt.Fprint(f, ",\n")
		}
		f.Write(e)
	}
	fmt.Fprint(f, "]")
	f.Close()
	b, _ := json.Marshal(prof)
	os.WriteFile("/tmp/cost-prof.json", b, 0o644)
	self := map[string]int64{}
	_ = sort.Strings
	_ = self
}
