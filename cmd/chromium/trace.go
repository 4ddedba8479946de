package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// Task is one turn of the main thread of a page, in which nobody's press is answered.
type Task struct {
	Wall, Processor time.Duration // what it lasted, and worked: on a busy machine these differ
	What            string        // the innermost part that took more than half of it
}

// traceEvent is a complete event of Chromium's trace format, with times in microseconds.
type traceEvent struct {
	Name string  `json:"name"`
	Ph   string  `json:"ph"`
	PID  int     `json:"pid"`
	TID  int     `json:"tid"`
	At   float64 `json:"ts"`
	Wall float64 `json:"dur"`
	Work float64 `json:"tdur"`
	Args struct {
		Name string `json:"name"`
		Data struct {
			Function string `json:"functionName"`
			URL      string `json:"url"`
			Line     int    `json:"lineNumber"`
			Type     string `json:"type"`
		} `json:"data"`
	} `json:"args"`
}

// Tasks records a trace while f runs, and returns the tasks of pages' main threads that worked for at least so long, longest first.
func (t *Tab) Tasks(least time.Duration, f func() error) ([]Task, error) {
	var mu sync.Mutex
	var events []traceEvent
	complete := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context)
	defer stop()
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			mu.Lock()
			defer mu.Unlock()
			for _, value := range e.Value {
				var one traceEvent
				if json.Unmarshal(value, &one) == nil && (one.Ph == "X" && one.Work > 1000 || one.Ph == "M") {
					events = append(events, one)
				}
			}
		case *tracing.EventTracingComplete:
			close(complete)
		}
	})
	config := &tracing.TraceConfig{RecordMode: tracing.RecordModeRecordContinuously, IncludedCategories: []string{"devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "blink"}, ExcludedCategories: []string{"*"}}
	if err := t.do(func(ctx context.Context) error {
		return tracing.Start().WithTransferMode(tracing.TransferModeReportEvents).WithTraceConfig(config).Do(ctx)
	}); err != nil {
		return nil, err
	}
	failed := f()
	if err := t.do(func(ctx context.Context) error { return tracing.End().Do(ctx) }); err != nil {
		return nil, err
	}
	select {
	case <-complete:
	case <-time.After(10 * time.Minute):
		return nil, fmt.Errorf("chromium: the trace did not end")
	}
	mu.Lock()
	defer mu.Unlock()
	return tasksOf(events, least), failed
}

func tasksOf(events []traceEvent, least time.Duration) (tasks []Task) {
	type thread struct{ pid, tid int }
	main := map[thread]bool{}
	for _, e := range events {
		if e.Ph == "M" && e.Name == "thread_name" && e.Args.Name == "CrRendererMain" {
			main[thread{e.PID, e.TID}] = true
		}
	}
	for _, e := range events {
		if e.Name != "RunTask" || !main[thread{e.PID, e.TID}] || e.Work < float64(least.Microseconds()) {
			continue
		}
		task := Task{Wall: time.Duration(e.Wall) * time.Microsecond, Processor: time.Duration(e.Work) * time.Microsecond}
		least := e.Work
		for _, inner := range events {
			within := inner.PID == e.PID && inner.TID == e.TID && inner.At >= e.At && inner.At+inner.Wall <= e.At+e.Wall && inner.Name != "RunTask" && inner.Ph == "X"
			if within && inner.Work >= e.Work/2 && inner.Work <= least { // the innermost that accounts for it
				least = inner.Work
				task.What = fmt.Sprintf("%s %s %s (%.0f ms)", inner.Name, inner.Args.Data.Function, inner.Args.Data.Type, inner.Work/1000)
			}
		}
		tasks = append(tasks, task)
	}
	slices.SortFunc(tasks, func(a, b Task) int { return int(b.Processor - a.Processor) })
	return tasks
}
